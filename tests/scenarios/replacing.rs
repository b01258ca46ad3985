//! A changed service is replaced, an unchanged one stays, and no data is lost.

use crate::common::real::{IMAGE, OTHER, Stack, Stranger, Tool, docker};
use crate::running::PAIR;

crate::scenarios! {
    a_changed_environment_recreates_only_its_service,
    a_changed_image_recreates_its_service,
    changed_content_of_configs_and_secrets_is_noticed,
    anonymous_volumes_are_carried_over,
    an_anonymous_volume_that_the_file_has_dropped_is_gone,
    volumes_from_follows_the_container_that_was_made_again,
    dependents_with_restart_are_restarted,
    a_changed_container_name_is_taken_on,
    a_recreate_can_be_forced,
}

fn a_changed_environment_recreates_only_its_service(tool: Tool) {
    let stack = Stack::with(tool, PAIR);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    stack.write(&PAIR.replace("TITLE: a", "TITLE: b"));
    stack.ok(&["up", "-d"]);
    let after = stack.containers();
    stack.both("the names are exact", stack.names() == ["db-1", "web-1"]);
    stack.both("db was left alone", after[0] == before[0]);
    stack.both("web was recreated", after[1].id != before[1].id);
    stack.both("with the new value", stack.inspect("web", "{{.Config.Env}}").contains("TITLE=b"));
}

fn a_changed_image_recreates_its_service(tool: Tool) {
    let stack = Stack::with(
        tool,
        "services: { a: { image: 'PROJECT:app', init: true, stop_grace_period: 0s, pull_policy: never }, b: { image: IMAGE, init: true, stop_grace_period: 0s } }",
    );
    let name = format!("{}:app", stack.project);
    let _image = Stranger::image(&name);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    docker(&["tag", OTHER, &name]);
    stack.ok(&["up", "-d"]);
    let after = stack.containers();
    stack.both("a was recreated, b was not", after[0].id != before[0].id && after[1] == before[1]);
    let image = |name: &str| crate::common::real::told(&["image", "inspect", "-f", "{{.Id}}", name]);
    stack.both("from the new image", stack.inspect("a", "{{.Image}}") == image(OTHER) && image(OTHER) != image(IMAGE));
    // The tag is removed at the end of the test, so the containers must go before.
    stack.ok(&["down"]);
}

fn changed_content_of_configs_and_secrets_is_noticed(tool: Tool) {
    let yaml = "
services:
  a: { image: IMAGE, init: true, stop_grace_period: 0s, secrets: [s], configs: [c] }
  b: { image: IMAGE, init: true, stop_grace_period: 0s }
secrets: { s: { file: ./s.txt } }
configs: { c: { file: ./c.txt } }
";
    let stack = Stack::with(tool, yaml);
    stack.file("s.txt", "one");
    stack.file("c.txt", "one");
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    let read = || (stack.exec("a", &["cat", "/run/secrets/s"]), stack.exec("a", &["cat", "/c"]));
    stack.both("both are there", read() == ("one".to_owned(), "one".to_owned()));
    // The files are replaced by new ones of the same name, as editors do it.
    for name in ["s.txt", "c.txt"] {
        std::fs::remove_file(stack.folder.path().join(name)).unwrap();
        stack.file(name, "two");
    }
    stack.ok(&["up", "-d"]);
    let after = stack.containers();
    stack.both("b was left alone", after[1] == before[1]);
    stack.ours("a was recreated", after[0].id != before[0].id);
    stack.ours("and reads the new content", read() == ("two".to_owned(), "two".to_owned()));
}

fn anonymous_volumes_are_carried_over(tool: Tool) {
    let yaml = "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, volumes: [/scratch], environment: { A: '1' } } }";
    let stack = Stack::with(tool, yaml);
    stack.ok(&["up", "-d"]);
    stack.put("a", "/scratch/mark", "kept");
    let before = stack.id("a");
    stack.write(&yaml.replace("'1'", "'2'"));
    stack.ok(&["up", "-d"]);
    stack.both("the container was recreated", stack.id("a") != before);
    stack.both("with its data", stack.exec("a", &["cat", "/scratch/mark"]) == "kept");
    stack.ok(&["up", "-d", "-V", "--force-recreate"]);
    stack.both("-V makes them anew", stack.exec("a", &["ls", "/scratch"]).is_empty());
}

fn an_anonymous_volume_that_the_file_has_dropped_is_gone(tool: Tool) {
    let yaml = "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, MORE } }";
    let stack = Stack::with(tool, &yaml.replace("MORE", "volumes: [/tmp, /var]"));
    stack.ok(&["up", "-d"]);
    stack.put("a", "/var/mark", "kept");
    let mounts = || stack.inspect("a", "{{range .Mounts}}{{.Destination}} {{end}}");
    stack.write(&yaml.replace("MORE", "volumes: [/var], tmpfs: [/tmp]"));
    stack.ok(&["up", "-d"]);
    stack.both("what is declared still has its data", stack.exec("a", &["cat", "/var/mark"]) == "kept");
    stack.both("the other is gone", mounts().trim() == "/var");
    let is_memory = stack.exec("a", &["cat", "/proc/mounts"]).lines().any(|line| line.starts_with("tmpfs /tmp "));
    stack.both("memory is where it was", is_memory);
    stack.write(&yaml.replace("MORE", "environment: { A: '1' }"));
    stack.ok(&["up", "-d"]);
    stack.both("both are gone", mounts().is_empty());
}

fn volumes_from_follows_the_container_that_was_made_again(tool: Tool) {
    let yaml = "
services:
  data: { image: IMAGE, init: true, stop_grace_period: 0s, volumes: [/d] }
  user: { image: IMAGE, init: true, stop_grace_period: 0s, volumes_from: [data] }
";
    let stack = Stack::with(tool, yaml);
    stack.ok(&["up", "-d"]);
    docker(&["rm", "-f", &stack.name("data")]);
    stack.ok(&["up", "-d"]);
    stack.put("data", "/d/mark", "shared");
    stack.both("they share the volume", stack.exec("user", &["cat", "/d/mark"]) == "shared");
}

fn dependents_with_restart_are_restarted(tool: Tool) {
    let yaml = "
services:
  db: { image: IMAGE, init: true, stop_grace_period: 0s, environment: { A: '1' } }
  web: { image: IMAGE, init: true, stop_grace_period: 0s, depends_on: { db: { condition: service_started, restart: true } } }
  api: { image: IMAGE, init: true, stop_grace_period: 0s, depends_on: [db] }
";
    let stack = Stack::with(tool, yaml);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    stack.write(&yaml.replace("'1'", "'2'"));
    stack.ok(&["up", "-d"]);
    let after = stack.containers();
    stack.both("all run under their names", stack.names() == ["api-1", "db-1", "web-1"]);
    stack.both("api was left alone", after[0] == before[0]);
    stack.both("db was recreated", after[1].id != before[1].id);
    stack.both(
        "web is the same container, started anew",
        after[2].id == before[2].id && after[2].started != before[2].started,
    );
}

fn a_changed_container_name_is_taken_on(tool: Tool) {
    let stack = Stack::with(tool, "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }");
    stack.ok(&["up", "-d"]);
    stack.write("services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, container_name: PROJECT-named } }");
    stack.ok(&["up", "-d"]);
    stack.both("there is one, under the new name", stack.names() == ["named"]);
}

fn a_recreate_can_be_forced(tool: Tool) {
    let stack = Stack::with(tool, PAIR);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    stack.put("db", "/data/mark", "kept");
    stack.ok(&["up", "-d", "--force-recreate"]);
    let after = stack.containers();
    stack.both("both were recreated", after.iter().zip(&before).all(|(after, before)| after.id != before.id));
    stack.both("the names are exact", stack.names() == ["db-1", "web-1"]);
    stack.both("the data is there", stack.exec("db", &["cat", "/data/mark"]) == "kept");
}
