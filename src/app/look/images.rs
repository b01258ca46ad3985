//! `images`: the images behind the containers of a project.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::replica;
use crate::app::project;
use crate::app::run::session;
use crate::engine::{ImageDetails, ReadEngine};
use crate::failure::{Exit, Failure};
use crate::model::{ImageId, ObservedContainer};
use crate::settings::Context;
use crate::ui;
use crate::ui::listing::{self, Format, ImageRow};

/// So many images are asked for at the same time.
const AT_ONCE: usize = 8;

/// The request of `images`.
#[derive(Clone, Debug, Default)]
pub struct ImagesRequest {
    /// Services; empty means all.
    pub services: Vec<String>,
    /// `--quiet`: ids only.
    pub quiet: bool,
    /// `--format`.
    pub format: Format,
}

/// Runs `images`: one call for the containers, and one for each image that is told in full.
#[expect(clippy::disallowed_methods, reason = "tells how long ago images were named")]
pub fn images(context: &Context, request: &ImagesRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let look = async {
            let list = replica::containers(&*engine, found.name()).await?;
            let list = replica::of_services(list, &found, &request.services)?;
            let details = if request.quiet { BTreeMap::new() } else { details(&*engine, &list).await? };
            Ok((list, details))
        };
        let (list, details) = session::answer(&interrupt, look).await?;
        if request.quiet {
            let ids: BTreeSet<&str> = list.iter().map(|one| plain(one.image_id.as_str())).collect();
            ui::print_owned(listing::shown_names(ids));
            return Ok(Exit::SUCCESS);
        }
        let now = jiff::Timestamp::now().as_second();
        let row = |container| row(container, &details, now);
        ui::print_owned(listing::render(&request.format, &list.iter().map(row).collect::<Vec<_>>())?);
        Ok(Exit::SUCCESS)
    })
}

async fn details(
    engine: &dyn ReadEngine,
    list: &[ObservedContainer],
) -> Result<BTreeMap<ImageId, ImageDetails>, Failure> {
    let ids: BTreeSet<ImageId> = list.iter().map(|one| one.image_id.clone()).collect();
    let of_one = |id: ImageId| async move {
        let details = engine.inspect_image(id.as_str()).await?;
        Ok::<_, Failure>(details.map(|details| (id, details)))
    };
    let found: Vec<Option<_>> = stream::iter(ids).map(of_one).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

fn row(container: &ObservedContainer, details: &BTreeMap<ImageId, ImageDetails>, now: i64) -> ImageRow {
    let (repository, tag) = name_parts(&container.image);
    let details = details.get(&container.image_id).cloned().unwrap_or_default();
    ImageRow {
        container: container.name.to_string(),
        repository,
        tag,
        platform: details.platform,
        id: container.image_id.to_string(),
        size: details.size,
        created: details.created,
        tagged: details.last_tagged,
        now,
    }
}

/// Parts the name of an image into repository and tag. Compat: an image that was asked for by its id has neither.
fn name_parts(image: &str) -> (String, String) {
    let none = || "<none>".to_owned();
    if image.starts_with("sha256:") {
        return (none(), none());
    }
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    match name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
        Some((repository, tag)) => (repository.to_owned(), tag.to_owned()),
        None if digest.is_some() => (name.to_owned(), none()),
        None => (name.to_owned(), "latest".to_owned()),
    }
}

/// Returns an id without its algorithm.
fn plain(id: &str) -> &str {
    id.strip_prefix("sha256:").unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_repository_and_a_tag() {
        let parts = |image| {
            let (repository, tag) = name_parts(image);
            format!("{repository} {tag}")
        };
        assert_eq!(parts("nginx"), "nginx latest");
        assert_eq!(parts("host:5000/a/b:1.2"), "host:5000/a/b 1.2");
        assert_eq!(parts("host:5000/a"), "host:5000/a latest");
        assert_eq!(parts("a@sha256:0000"), "a <none>");
        assert_eq!(parts("a:1@sha256:0000"), "a 1");
        assert_eq!(parts("sha256:0000"), "<none> <none>");
    }
}
