//! Resource use.

use futures_util::StreamExt;
use inception::engine::ErrorKind;

use crate::{Made, engine, in_time};

#[tokio::test]
async fn samples_come_as_long_as_the_container_is_there() {
    let Some(engine) = engine().await else { return };
    let made = Made::created(&engine, &["sh", "-c", "while :; do :; done"], |_| {}).await;
    made.start().await;
    let mut stream = in_time(engine.stats(&made.id)).await.unwrap();
    let mut used = 0.0;
    for _ in 0..3 {
        let sample = in_time(stream.next()).await.unwrap().unwrap();
        assert!(sample.memory.used > 0 && sample.memory.limit >= sample.memory.used, "{sample:?}");
        assert!(sample.pids > 0 && sample.cpu.container_nanos > 0 && !sample.read.is_empty(), "{sample:?}");
        assert!(sample.networks.contains_key("eth0"), "{sample:?}");
        used = sample.cpu_percent();
    }
    assert!(used > 1.0 && used <= 100.0 * 1024.0, "{used}");
    made.remove().await;
    let end = async { while stream.next().await.is_some_and(|sample| sample.is_ok()) {} };
    in_time(end).await;
    assert_eq!(engine.stats(&made.id).await.err().unwrap().kind, ErrorKind::NotFound);
}
