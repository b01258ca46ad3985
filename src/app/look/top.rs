//! `top`: the processes of running containers.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::replica;
use crate::app::project;
use crate::app::run::session;
use crate::engine::{Processes, ReadEngine};
use crate::failure::{Exit, Failure};
use crate::model::{ContainerState, ObservedContainer};
use crate::settings::Context;
use crate::ui;

/// So many containers are asked at the same time.
const AT_ONCE: usize = 8;

/// Runs `top`: one table for all containers, a row for each process.
pub fn top(context: &Context, services: &[String]) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let all = async {
            let list = replica::containers(&*engine, found.name()).await?;
            let mut list = replica::of_services(list, &found, services)?;
            list.retain(|one| one.state == ContainerState::Running);
            processes(&*engine, list).await
        };
        let all = session::answer(&interrupt, all).await?;
        ui::print_owned(text(&all));
        Ok(Exit::SUCCESS)
    })
}

async fn processes(
    engine: &dyn ReadEngine,
    list: Vec<ObservedContainer>,
) -> Result<Vec<(ObservedContainer, Processes)>, Failure> {
    let of_one = |container: ObservedContainer| async move {
        match engine.top(&container.id, "").await {
            Ok(processes) => Ok(Some((container, processes))),
            // The container has ended since the list was made.
            Err(error) if error.is_not_found() || error.kind == crate::engine::ErrorKind::Conflict => Ok(None),
            Err(error) => Err(Failure::from(error)),
        }
    };
    let found: Vec<Option<_>> = stream::iter(list).map(of_one).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Renders one table. Containers whose engine names other columns get these columns beside the others.
fn text(all: &[(ObservedContainer, Processes)]) -> String {
    let mut titles: Vec<&str> = Vec::new();
    for title in all.iter().flat_map(|(_, processes)| &processes.titles) {
        if !titles.contains(&title.as_str()) {
            titles.push(title);
        }
    }
    if titles.is_empty() {
        return String::new();
    }
    let row = |container: &ObservedContainer, processes: &Processes, cells: &[String]| {
        let number = container.number().map(|number| number.to_string()).unwrap_or_default();
        let cell = |title: &&str| {
            let column = processes.titles.iter().position(|one| one == title);
            column.and_then(|column| cells.get(column)).cloned().unwrap_or_default()
        };
        let service = container.service().unwrap_or_default().to_owned();
        [service, number].into_iter().chain(titles.iter().map(cell)).collect::<Vec<_>>()
    };
    let rows = all
        .iter()
        .flat_map(|(container, processes)| processes.rows.iter().map(move |cells| (container, processes, cells)));
    let rows = rows.map(|(container, processes, cells)| row(container, processes, cells)).collect();
    let head: Vec<&str> = ["SERVICE", "#"].into_iter().chain(titles.iter().copied()).collect();
    ui::table(&head, rows)
}
