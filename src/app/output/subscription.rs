//! A subscription to the engine's events that survives the loss of its connection.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::engine::{EngineEvent, EngineResult, ReadEngine};

/// Between two tries to subscribe again.
const PAUSE: Duration = Duration::from_secs(1);

/// Goes on with a subscription whose stream is `first`. The events have no end; `None` stands where some may have been
/// missed, because the connection was lost and another was made.
pub(in crate::app) fn events(
    engine: Arc<dyn ReadEngine>,
    filter: Vec<String>,
    first: BoxStream<'static, EngineResult<EngineEvent>>,
) -> BoxStream<'static, Option<EngineEvent>> {
    let state = (engine, filter, Some(first));
    futures_util::stream::unfold(state, |(engine, filter, mut stream)| async move {
        loop {
            match &mut stream {
                Some(open) => match open.next().await {
                    Some(Ok(event)) => return Some((Some(event), (engine, filter, stream))),
                    _ => stream = None,
                },
                None => {
                    tokio::time::sleep(PAUSE).await;
                    if let Ok(open) = engine.events(&filter, None).await {
                        return Some((None, (engine, filter, Some(open))));
                    }
                }
            }
        }
    })
    .boxed()
}
