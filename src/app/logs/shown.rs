//! How lines of containers are shown, by `logs` and by an attached `up`.

use super::request::FollowRequest;
use crate::app::output::lines::Line;
use crate::settings::Context;
use crate::ui;
use crate::ui::logs::{Piece, Style};

/// Returns how lines are printed.
pub(in crate::app) fn style(context: &Context, request: &FollowRequest) -> Style {
    Style { has_prefix: !request.no_prefix, is_coloured: !request.no_color && ui::logs::is_coloured(context) }
}

/// Returns a container's name without the project in front: `web-1` for `shop-web-1`.
pub(in crate::app) fn short_name(project: &str, name: &str) -> String {
    let rest = name.strip_prefix(project).and_then(|rest| rest.strip_prefix(['-', '_']));
    rest.unwrap_or(name).to_owned()
}

/// Returns a line as it is printed.
pub(in crate::app) fn piece(line: &Line, with_time: bool) -> Piece<'_> {
    Piece { bytes: &line.bytes, time: if with_time { &line.time } else { "" }, is_start: line.is_start }
}
