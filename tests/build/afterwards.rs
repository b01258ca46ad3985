//! What happens after a build: a container is recreated where its image has changed, and only there.

use crate::common::real::is_ready;
use crate::setup::Built;

#[test]
fn an_unchanged_build_recreates_nothing_and_a_changed_one_recreates() {
    if !is_ready() {
        return;
    }
    let built = Built::new(
        "services:
  a: { build: ., init: true, stop_grace_period: 0s, command: [sleep, '1000'] }
  b: { build: ., init: true, stop_grace_period: 0s, command: [sleep, '1000'] }
  c: { build: { context: ., target: other }, init: true, stop_grace_period: 0s, command: [sleep, '1000'] }
",
    );
    let text = |word: &str| {
        format!(
            "FROM IMAGE AS first\nRUN echo PROJECT > /first\nFROM first AS other\nRUN echo other > /other\nFROM first\nCOPY mark /mark\nRUN echo {word} > /word\n"
        )
    };
    built.stack.file("mark", "1");
    built.dockerfile(&text("one"));
    built.stack.ok(&["up", "-d", "--build"]);
    let before = built.stack.containers();
    for _ in 0..2 {
        built.stack.ok(&["up", "-d", "--build"]);
        assert_eq!(built.stack.containers(), before);
    }
    built.stack.file("mark", "2");
    built.stack.ok(&["up", "-d", "--build"]);
    let after = built.stack.containers();
    let is_same: Vec<bool> = before.iter().zip(&after).map(|(old, new)| old.id == new.id).collect();
    assert_eq!(is_same, [false, false, true], "{before:?} {after:?}");
    assert_eq!(built.stack.exec("a", &["cat", "/mark"]), "2");
}
