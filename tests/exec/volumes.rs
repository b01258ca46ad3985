//! Runs in which a volume is recreated.

use crate::common::{engine, observed, plan_up, project, run, up};
use inception::engine::{ChangeEngine, ReadEngine, RemoveOptions};
use inception::plan::UpOptions;

#[tokio::test(start_paused = true)]
async fn containers_of_a_recreated_volume_are_gone_before_their_names_and_ports_are_taken() {
    let engine = engine();
    let before = "
services:
  web: { image: app:1, volumes: [data:/data], ports: ['8001:80'] }
  api: { image: app:1 }
volumes: { data: {} }
";
    assert!(up(&engine, &project(before)).await.unwrap().is_success());
    let after = "
services:
  web: { image: slow:1 }
  api: { image: app:1, ports: ['8001:80'] }
  new: { image: app:1, volumes: [data:/data] }
volumes: { data: { driver_opts: { type: tmpfs, device: tmpfs, o: '1' } } }
";
    let wanted = project(after);
    let options = UpOptions { recreate_volumes: ["data".to_owned()].into(), ..UpOptions::default() };
    let outcome = run(&engine, &plan_up(&wanted, &observed(&engine).await, &options)).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert!(plan_up(&wanted, &observed(&engine).await, &UpOptions::default()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_port_is_taken_after_its_holder_is_gone_though_another_volume_without_users_is_made_anew() {
    let engine = engine();
    let yaml = |version: u32, web: &str, api: &str| {
        format!(
            "
services:
  web: {{ image: slow:1, volumes: [kept:/data]{web} }}
  api: {{ image: app:1, volumes: [other:/data]{api} }}
volumes:
  kept: {{ driver_opts: {{ type: tmpfs, device: tmpfs, o: '{version}' }} }}
  other: {{ driver_opts: {{ type: tmpfs, device: tmpfs, o: '{version}' }} }}
"
        )
    };
    let port = ", ports: ['8001:80']";
    assert!(up(&engine, &project(&yaml(0, port, ""))).await.unwrap().is_success());
    let api = engine.inspect_container("p-api-1").await.unwrap().id;
    engine.remove_container(&api, RemoveOptions { force: true, volumes: false }).await.unwrap();
    let options =
        UpOptions { recreate_volumes: ["kept".to_owned(), "other".to_owned()].into(), ..UpOptions::default() };
    let plan = plan_up(&project(&yaml(1, "", port)), &observed(&engine).await, &options);
    let outcome = run(&engine, &plan).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
}
