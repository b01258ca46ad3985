//! Commits, histories, exports and pushes.

use futures_util::StreamExt;
use inception::engine::{CommitSpec, ErrorKind, PushEvent};

use crate::common::real::Stranger;
use crate::common::real::docker;
use crate::{Made, engine, in_time, unique};

/// An image name that is removed when the value is dropped.
struct Named(String);

impl Drop for Named {
    fn drop(&mut self) {
        docker(&["rmi", "-f", &self.0]);
    }
}

#[tokio::test]
async fn a_commit_has_a_history_and_can_be_exported() {
    let Some(engine) = engine().await else { return };
    let made = Made::idle(&engine).await;
    let name = Named(format!("{}:7", unique("commit")));
    let spec = CommitSpec {
        name: Some(name.0.clone()),
        comment: "made by a test".into(),
        author: "a test".into(),
        changes: vec!["CMD [\"true\"]".into(), "LABEL a=b".into()],
        without_pause: true,
    };
    let id = in_time(engine.commit_container(&made.id, &spec)).await.unwrap();
    let image = engine.inspect_image(&name.0).await.unwrap().unwrap();
    assert_eq!((&image.id, image.labels.get("a").map(String::as_str)), (&id, Some("b")));

    let history = engine.image_history(&name.0).await.unwrap();
    assert_eq!((&history[0].id, history[0].comment.as_str()), (&id, "made by a test"));
    assert!(history[0].tags.contains(&name.0) && history[0].created > 0, "{history:?}");
    assert!(history.iter().any(|layer| layer.size > 100_000), "{history:?}");

    let mut stream = in_time(engine.export_images(std::slice::from_ref(&name.0))).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = in_time(stream.next()).await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    let mut archive = tar::Archive::new(bytes.as_slice());
    let names: Vec<String> =
        archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
    assert!(names.iter().any(|name| name == "manifest.json"), "{names:?}");
}

#[tokio::test]
async fn failed_commits_pushes_and_exports_are_told_by_their_kind() {
    let Some(engine) = engine().await else { return };
    let gone = Made::created(&engine, &["true"], |_| {}).await;
    gone.remove().await;
    let error = engine.commit_container(&gone.id, &CommitSpec::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    let missing = unique("missing");
    assert_eq!(engine.image_history(&missing).await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(engine.export_images(std::slice::from_ref(&missing)).await.err().unwrap().kind, ErrorKind::NotFound);
    let error = engine.push_image("a@sha256:00").await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Invalid);
    // No registry answers at this address: the error is the last item of the stream.
    let image = Stranger::image(&format!("localhost:1/{}:1", unique("push")));
    let mut stream = in_time(engine.push_image(&image.name)).await.unwrap();
    let mut last = None;
    while let Some(item) = in_time(stream.next()).await {
        assert!(!matches!(item, Ok(PushEvent::Pushed { .. })), "{item:?}");
        last = Some(item);
    }
    let error = last.unwrap().unwrap_err();
    assert!(error.request.contains("push image localhost:1/") && error.kind == ErrorKind::Engine, "{error}");
}
