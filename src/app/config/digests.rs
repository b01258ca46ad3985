//! `config --resolve-image-digests` and `--lock-image-digests`: image names with the digests that their registries
//! give.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use serde_json::Value;

use crate::app::run::session;
use crate::diag::Diagnostic;
use crate::engine::EngineError;
use crate::failure::Failure;
use crate::loader::Loaded;
use crate::model::{Span, image_name};
use crate::settings::Context;

/// A service's image, its full name, and its digest; no digest if the name already has one.
struct Resolved {
    service: String,
    image: String,
    full: String,
    digest: Result<Option<String>, EngineError>,
}

/// Requests the digests of all images, eight at a time, and writes them into the model. A lock file has nothing else.
pub(super) fn resolve_images(context: &Context, loaded: &mut Loaded, is_lock: bool) -> Result<(), Failure> {
    let services = loaded.model.get("services").and_then(Value::as_object).into_iter().flatten();
    let images: BTreeMap<String, String> = services
        .filter_map(|(name, service)| Some((name.clone(), service.get("image")?.as_str()?.to_owned())))
        .collect();
    let (mut faults, mut names) = (Vec::new(), BTreeMap::new());
    for resolved in ask(context, images)? {
        let Resolved { service, image, full, digest } = resolved;
        match digest {
            Ok(None) => drop(names.insert(service, full)),
            Ok(Some(digest)) => drop(names.insert(service, format!("{full}@{digest}"))),
            Err(error) => faults.push(unknown(loaded, &service, &image, &error)),
        }
    }
    if !faults.is_empty() {
        return Err(Failure::Diagnostics { list: faults, sources: Box::new(std::mem::take(&mut loaded.sources)) });
    }
    write(loaded, names, is_lock);
    Ok(())
}

fn ask(context: &Context, images: BTreeMap<String, String>) -> Result<Vec<Resolved>, Failure> {
    session::block_on(async {
        let engine = session::connect(context).await?;
        let ask = |(service, image): (String, String)| {
            let engine = engine.clone();
            async move {
                let full = image_name::canonical(&image);
                let digest = if full.contains('@') { Ok(None) } else { engine.image_digest(&full).await.map(Some) };
                Resolved { service, image, full, digest }
            }
        };
        Ok(futures_util::stream::iter(images.into_iter().map(ask)).buffered(8).collect::<Vec<_>>().await)
    })
}

fn unknown(loaded: &Loaded, service: &str, image: &str, error: &EngineError) -> Diagnostic {
    let shown = crate::text::escape_controls(image).into_owned();
    let message = format!("service `{service}`: the digest of image `{shown}` cannot be had");
    let place = loaded.tree.as_ref().and_then(|root| root.get("services")?.get(service)?.get("image"));
    let span = place.map_or(Span::NONE, |node| node.span);
    Diagnostic::error("engine", span, message).cause(crate::text::one_line(&error.message))
}

fn write(loaded: &mut Loaded, mut names: BTreeMap<String, String>, is_lock: bool) {
    let Some(services) = loaded.model.get_mut("services").and_then(Value::as_object_mut) else { return };
    for (name, service) in services.iter_mut() {
        if is_lock {
            *service = serde_json::json!({ "command": null, "entrypoint": null });
        }
        if let (Some(image), Some(map)) = (names.remove(name), service.as_object_mut()) {
            map.insert("image".to_owned(), Value::from(image));
        }
    }
    if is_lock {
        loaded.model.retain(|key, _| key == "services");
        loaded.tree = None;
    }
}
