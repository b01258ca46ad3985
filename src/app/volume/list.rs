//! `volume ls` and `volume inspect`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::select::{self, Kept};
use crate::app::run::session;
use crate::engine::ReadEngine;
use crate::failure::{Exit, Failure};
use crate::model::ObservedVolume;
use crate::observe;
use crate::plan;
use crate::settings::Context;
use crate::ui;
use crate::ui::listing::{self, Format, KeptRow, Standing};

/// The option of the driver `local` that names a directory or device.
const DEVICE: &str = "device";

/// Runs `volume ls`.
pub fn list(context: &Context, format: &Format) -> Result<Exit, Failure> {
    let rows = looked(context, None)?.into_iter().map(|(_, row)| row).collect::<Vec<_>>();
    ui::print_owned(listing::render(format, &rows)?);
    Ok(Exit::SUCCESS)
}

/// Runs `volume inspect KEY`.
pub fn inspect(context: &Context, name: &str, is_json: bool) -> Result<Exit, Failure> {
    let found = looked(context, Some(name))?;
    let documents = found.iter().map(|(kept, row)| document(kept, row));
    match is_json {
        true => documents.for_each(|one| ui::print_owned(format!("{one:#}\n"))),
        false => documents.for_each(|one| ui::print_owned(listing::properties(&one))),
    }
    Ok(Exit::SUCCESS)
}

/// Looks at the volumes of the project, or at one of them.
fn looked(context: &Context, name: Option<&str>) -> Result<Vec<(Kept, KeptRow)>, Failure> {
    let found = select::project(context)?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let work = async {
            let mut all = select::volumes(&*engine, &found).await?;
            if let Some(name) = name {
                all = select::chosen(&found, all, &[name.to_owned()])?;
            }
            // Engine 20.10 refuses to measure for two clients at once. Then directories are measured here, as far as they can be.
            let sizes = engine.volume_sizes().await.unwrap_or_default();
            let mut rows = Vec::new();
            for kept in all {
                let row = row(&*engine, &kept, &sizes).await;
                rows.push((kept, row));
            }
            Ok(rows)
        };
        session::answer(&interrupt, work).await
    })
}

async fn row(engine: &dyn ReadEngine, kept: &Kept, sizes: &BTreeMap<String, u64>) -> KeptRow {
    let folder = match &kept.observed {
        Some(volume) => folder(engine, volume).await,
        None => None,
    };
    let is_plain = kept.observed.as_ref().is_some_and(|volume| volume.options.is_empty());
    // The engine measures the directory of a mounted file system beneath the mount, so its number counts for plain volumes only.
    let told = sizes.get(&kept.name).copied().filter(|_| is_plain);
    let disk = folder.as_deref().and_then(observe::volumes::disk).map(|disk| (disk.total, disk.free));
    let size = told.or_else(|| folder.as_deref().and_then(observe::volumes::bytes_below));
    KeptRow {
        key: kept.key.clone(),
        name: kept.name.clone(),
        driver: kept.observed.as_ref().map(|volume| volume.driver.clone()).unwrap_or_default(),
        standing: match kept {
            Kept { observed: None, .. } => Standing::Missing,
            Kept { is_declared: false, .. } => Standing::Orphan,
            Kept { users, .. } if users.is_empty() => Standing::Unused,
            _ => Standing::Used,
        },
        is_external: kept.is_external,
        size,
        users: kept.users.iter().map(|one| one.name.to_string()).collect(),
        disk,
    }
}

/// Returns the directory of a volume of the driver `local` on this machine; `None` where it is elsewhere, or where the volume
/// is a file system of its own that only a running container mounts.
async fn folder(engine: &dyn ReadEngine, volume: &ObservedVolume) -> Option<PathBuf> {
    let is_bind = || volume.options.get("o").is_some_and(|words| words.split(',').any(|word| word == "bind"));
    let path = match volume.options.get(DEVICE) {
        None if volume.options.is_empty() => PathBuf::from(&volume.mountpoint),
        Some(device) if is_bind() => PathBuf::from(device),
        _ => return None,
    };
    (volume.driver == "local" && engine.shares_path(&path).await).then_some(path)
}

fn document(kept: &Kept, row: &KeptRow) -> Value {
    let volume = kept.observed.clone().unwrap_or_default();
    let options: BTreeMap<String, String> = volume
        .options
        .into_iter()
        .map(|(name, value)| match plan::is_hidden(&format!("driver_opts.{name}"), &value) {
            // The mount options of network file systems may contain passwords.
            true => (name, "(secret)".to_owned()),
            false => (name, value),
        })
        .collect();
    let user = |one: &crate::model::ObservedContainer| {
        let mount = one.mounts.iter().find(|mount| mount.name == kept.name);
        json!({
            "Container": one.name.as_str(),
            "Service": one.service(),
            "State": one.state.as_str(),
            "Path": mount.map(|mount| mount.destination.as_str()),
            "IsWritable": mount.is_some_and(|mount| mount.is_writable),
        })
    };
    json!({
        "Key": row.key,
        "Name": row.name,
        "Driver": row.driver,
        "Options": options,
        "Labels": volume.labels,
        "Created": volume.created,
        "Mountpoint": volume.mountpoint,
        "Standing": row.standing.word(),
        "IsExternal": row.is_external,
        "SizeBytes": row.size,
        "Size": row.shown_size(),
        "Disk": row.fullness(),
        "DiskTotalBytes": row.disk.map(|(total, _)| total),
        "DiskFreeBytes": row.disk.map(|(_, free)| free),
        "Users": kept.users.iter().map(user).collect::<Vec<_>>(),
    })
}
