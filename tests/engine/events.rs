//! Events of every kind of object.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use inception::engine::{EventQuery, ObjectKind, RemoveOptions};
use inception::model::{NetworkSpec, VolumeSpec};

use crate::common::real::IMAGE;
use crate::{Made, engine, in_time, unique};

#[tokio::test]
async fn networks_volumes_containers_and_images_tell_what_happens_to_them() {
    let Some(engine) = engine().await else { return };
    let mut stream = in_time(engine.object_events(EventQuery::default())).await.unwrap();
    let (network, volume, image) = (unique("network"), unique("volume"), format!("{}:1", unique("image")));

    let id = engine.create_network(&NetworkSpec { name: network.as_str().into(), ..Default::default() }).await.unwrap();
    engine.create_volume(&VolumeSpec { name: volume.as_str().into(), ..Default::default() }).await.unwrap();
    engine.tag_image(IMAGE, &image).await.unwrap();
    let made = Made::created(&engine, &["true"], |_| {}).await;
    engine.remove_container(&made.id, RemoveOptions::default()).await.unwrap();
    engine.remove_image(&image).await.unwrap();
    engine.remove_volume(&volume.as_str().into()).await.unwrap();
    engine.remove_network(&id).await.unwrap();

    let mut wanted: BTreeSet<(ObjectKind, String, &str)> = [
        (ObjectKind::Network, id.as_str(), "create"),
        (ObjectKind::Network, id.as_str(), "destroy"),
        (ObjectKind::Volume, volume.as_str(), "create"),
        (ObjectKind::Volume, volume.as_str(), "destroy"),
        (ObjectKind::Container, made.id.as_str(), "create"),
        (ObjectKind::Container, made.id.as_str(), "destroy"),
        (ObjectKind::Image, image.as_str(), "tag"),
    ]
    .into_iter()
    .map(|(kind, id, action)| (kind, id.to_owned(), action))
    .collect();
    while !wanted.is_empty() {
        let event = in_time(stream.next()).await.unwrap().unwrap();
        assert!(event.time_nanos > 0, "{event:?}");
        wanted.retain(|(kind, id, action)| {
            let is_it = event.id == *id || event.attributes.get("name") == Some(id);
            !(event.kind == *kind && is_it && event.action == *action)
        });
    }
}

#[tokio::test]
async fn a_query_for_containers_by_label_tells_of_nothing_else() {
    let Some(engine) = engine().await else { return };
    let label = format!("inception.test={}", unique("label"));
    let mut stream = in_time(engine.events(std::slice::from_ref(&label), None)).await.unwrap();
    let _other = Made::created(&engine, &["true"], |_| {}).await;
    let (key, value) = label.split_once('=').unwrap();
    let made =
        Made::created(&engine, &["true"], |spec| drop(spec.labels.insert(key.to_owned(), value.to_owned()))).await;
    let event = in_time(stream.next()).await.unwrap().unwrap();
    assert_eq!((&event.id, event.action.as_str()), (&made.id, "create"));
}
