//! Networks, volumes and images that `down` must keep, because a container of the project that stays uses them: the
//! engine would refuse to remove them.

use crate::diag::Diagnostic;
use crate::model::{ObservedContainer, Project, Span, labels};
use crate::plan::builder::Builder;
use crate::plan::container::owned;
use crate::plan::resources::inactive;

/// Returns whether `what` (`network \`shop_default\``) must stay, because a container of the project uses it and is not
/// removed by the plan. Adds a diagnostic that names the container and says how to remove both. The removals of
/// containers must be planned before.
pub(crate) fn keep(builder: &mut Builder, project: &Project, what: &str, users: Vec<&ObservedContainer>) -> bool {
    let is_ours = |one: &&ObservedContainer| one.label(labels::PROJECT) == Some(project.name.as_str());
    let staying: Vec<&ObservedContainer> =
        users.into_iter().filter(is_ours).filter(|one| builder.removal_of(&one.id).is_none()).collect();
    if staying.is_empty() {
        return false;
    }
    let is_inactive =
        |one: &ObservedContainer| project.disabled_services.contains_key(one.service().unwrap_or_default());
    let is_orphan = |one: &ObservedContainer| !is_inactive(one) && !owned::is_from_elsewhere(project, one);
    let (kind, help) = if staying.iter().all(|one| is_orphan(one)) {
        ("orphan ", "`--remove-orphans` removes both".to_owned())
    } else if staying.iter().all(|one| is_inactive(one)) {
        ("", format!("{} removes both", inactive::flags(project, &staying)))
    } else {
        ("", "remove the containers first".to_owned())
    };
    let verb = if staying.len() == 1 { "uses" } else { "use" };
    let message = format!("{what} stays, for {kind}{} {verb} it", owned::names(&staying));
    builder.tell(Diagnostic::warning("still-in-use", Span::NONE, message).help(help));
    true
}
