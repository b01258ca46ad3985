//! Volumes: no data is lost unless the user asks for exactly that.

use crate::common::real::{IMAGE, Stack, Stranger, Tool, docker, told};

crate::scenarios! {
    a_changed_volume_keeps_its_data,
    a_changed_volume_keeps_its_data_though_every_question_is_answered_yes,
    a_changed_label_of_a_volume_touches_no_data,
    a_renamed_volume_leaves_the_old_one,
    a_volume_of_others_survives_down_with_volumes,
    an_external_volume_survives_down_with_volumes,
}

const PLAIN: &str = "
services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, volumes: [data:/data] } }
volumes: { data: { name: PROJECT-data } }
";

fn begun(tool: Tool) -> Stack {
    let stack = Stack::with(tool, PLAIN);
    stack.ok(&["up", "-d"]);
    stack.put("a", "/data/mark", "kept");
    stack
}

/// Whether the volume still holds the mark.
fn is_kept(volume: &str) -> bool {
    told(&["run", "--rm", "-v", &format!("{volume}:/data"), IMAGE, "cat", "/data/mark"]) == "kept"
}

fn changed(tool: Tool, definition: &str, flags: &[&str]) -> (Stack, crate::common::real::Run) {
    let stack = begun(tool);
    stack.write(&PLAIN.replace("{ name: PROJECT-data }", definition));
    let run = stack.go(&[&["up", "-d"], flags].concat());
    (stack, run)
}

const OPTIONS: &str = "{ name: PROJECT-data, driver_opts: { type: tmpfs, device: tmpfs, o: size=1m } }";

fn a_changed_volume_keeps_its_data(tool: Tool) {
    let (stack, run) = changed(tool, OPTIONS, &[]);
    let volume = format!("{}-data", stack.project);
    stack.both("the data is there", is_kept(&volume));
    stack.both("the service still runs", stack.is_running("a"));
    stack.ours("the exit code says that the wish was not carried out", !run.is_success());
}

fn a_changed_volume_keeps_its_data_though_every_question_is_answered_yes(tool: Tool) {
    let (stack, run) = changed(tool, OPTIONS, &["-y"]);
    let volume = format!("{}-data", stack.project);
    stack.ours("the data is there", is_kept(&volume));
    stack.ours("the service still runs", stack.is_running("a"));
    stack.ours("the exit code says that the wish was not carried out", !run.is_success());
}

fn a_changed_label_of_a_volume_touches_no_data(tool: Tool) {
    let (stack, run) = changed(tool, "{ name: PROJECT-data, labels: { a: b } }", &["-y"]);
    let volume = format!("{}-data", stack.project);
    stack.ours("the data is there", is_kept(&volume));
    stack.both("the service runs", stack.is_running("a"));
    stack.both("the run succeeds", run.is_success());
}

fn a_renamed_volume_leaves_the_old_one(tool: Tool) {
    let (stack, run) = changed(tool, "{ name: PROJECT-other }", &["-y"]);
    let (old, new) = (format!("{}-data", stack.project), format!("{}-other", stack.project));
    stack.both("the run succeeds", run.is_success());
    stack.both("the old volume is there with its data", is_kept(&old));
    stack.both("the service uses the new one", stack.inspect("a", "{{range .Mounts}}{{.Name}}{{end}}") == new);
}

fn a_volume_of_others_survives_down_with_volumes(tool: Tool) {
    let stack = Stack::with(tool, PLAIN);
    let volume = Stranger::volume(&format!("{}-data", stack.project));
    docker(&["run", "--rm", "-v", &format!("{}:/data", volume.name), IMAGE, "sh", "-c", "echo kept > /data/mark"]);
    stack.ok(&["up", "-d"]);
    stack.both("the volume is used", stack.exec("a", &["cat", "/data/mark"]) == "kept");
    stack.go(&["down", "-v"]);
    stack.ours("it is still there, with its data", volume.exists() && is_kept(&volume.name));
}

fn an_external_volume_survives_down_with_volumes(tool: Tool) {
    let yaml = PLAIN.replace("{ name: PROJECT-data }", "{ name: PROJECT-data, external: true }");
    let stack = Stack::with(tool, &yaml);
    let run = stack.go(&["up", "-d"]);
    stack.both("a missing one is told", !run.is_success());
    stack.ours("before anything is made", stack.count() == 0);
    let volume = Stranger::volume(&format!("{}-data", stack.project));
    stack.ok(&["up", "-d"]);
    stack.put("a", "/data/mark", "kept");
    stack.ok(&["down", "-v"]);
    stack.both("it is still there, with its data", volume.exists() && is_kept(&volume.name));
}
