//! `inside`: what engine and kernel made of a service's container.

use crate::app::look::replica::{self, ReplicaRequest};
use crate::app::project;
use crate::app::run::session;
use crate::engine::{ContainerDetails, ReadEngine};
use crate::failure::{Exit, Failure};
use crate::model::inside::Section;
use crate::model::{ContainerState, ObservedContainer};
use crate::observe::kernel::{self, Other};
use crate::settings::Context;
use crate::ui;

/// What is asked of `inside`.
#[derive(Clone, Debug, Default)]
pub struct InsideRequest {
    /// The replica.
    pub replica: ReplicaRequest,
    /// Print one JSON document.
    pub is_json: bool,
}

/// Runs `inside`.
pub fn inside(context: &Context, request: &InsideRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let work = async {
            let container = replica::find_running(&*engine, &found, &request.replica).await?;
            let details = engine.inspect_container(container.id.as_str()).await?;
            let mut sections = vec![endpoints(&container, &details)];
            match engine.is_this_machines().await {
                true => {
                    let others = others(&*engine, found.name(), &container).await?;
                    let all = container.networks.values().map(|one| one.ip_address.clone());
                    let addresses: Vec<String> = all.filter(|address| !address.is_empty()).collect();
                    sections.extend(kernel::sections(details.pid, &others, &addresses));
                }
                false => {
                    let mut kernel = Section::new(
                        "kernel",
                        "Namespaces, control groups, privileges, mounts and interfaces are the kernel's.",
                    );
                    kernel.unread = Some("the engine's processes are not known to be of this machine".to_owned());
                    sections.push(kernel);
                }
            }
            Ok((container, sections))
        };
        let (container, sections) = session::answer(&interrupt, work).await?;
        ui::print_owned(ui::inside::render(container.name.as_str(), &sections, request.is_json));
        Ok(Exit::SUCCESS)
    })
}

fn endpoints(container: &ObservedContainer, details: &ContainerDetails) -> Section {
    let mut section = Section::new(
        "networks",
        "On each network the container has an address, by which others on that network reach all of its ports, published or not.",
    );
    for (name, endpoint) in &container.networks {
        let address = if endpoint.ip_address.is_empty() { "no address" } else { &endpoint.ip_address };
        let known = details.definition.endpoint(name);
        let aliases = known.map_or_else(String::new, |known| known.aliases.join(", "));
        let remark = if aliases.is_empty() { aliases } else { format!("named {aliases}") };
        section.add(name.as_str(), address, remark);
    }
    if container.networks.is_empty() {
        section.add("none", container.network_mode.clone(), "the mode of the network");
    }
    section
}

/// Returns this machine, by this program, and the other running containers of the project.
async fn others(engine: &dyn ReadEngine, project: &str, container: &ObservedContainer) -> Result<Vec<Other>, Failure> {
    let mut found = vec![Other { name: "this machine".to_owned(), pid: i64::from(std::process::id()) }];
    for one in replica::containers(engine, project).await? {
        if one.state != ContainerState::Running || one.id == container.id {
            continue;
        }
        let details = engine.inspect_container(one.id.as_str()).await?;
        found.push(Other { name: one.name.to_string(), pid: details.pid });
    }
    Ok(found)
}
