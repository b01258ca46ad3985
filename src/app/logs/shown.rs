//! How lines of containers are shown, by `logs` and by an attached `up`.

use super::request::FollowRequest;
use crate::app::output::lines::Line;
use crate::settings::Context;
use crate::ui;
use crate::ui::logs::{Piece, Source, Style};

/// Returns how lines are printed.
pub(in crate::app) fn style(context: &Context, request: &FollowRequest) -> Style {
    let is_coloured = !request.no_color && ui::logs::is_coloured(context);
    Style { is_json: request.is_json, has_prefix: !request.no_prefix, is_coloured }
}

/// Returns a container's name without the project in front: `web-1` for `shop-web-1`.
pub(in crate::app) fn short_name(project: &str, name: &str) -> String {
    let rest = name.strip_prefix(project).and_then(|rest| rest.strip_prefix(['-', '_']));
    rest.unwrap_or(name).to_owned()
}

/// Returns a container as its lines show it. `name` is its final name.
pub(in crate::app) fn source(project: &str, name: &str, service: &str, number: &str) -> Source {
    Source {
        name: short_name(project, name),
        container: name.to_owned(),
        service: service.to_owned(),
        replica: number.parse().ok(),
    }
}

/// Returns a line as it is printed.
pub(in crate::app) fn piece(line: &Line, with_time: bool) -> Piece<'_> {
    let time = if with_time { &line.time } else { "" };
    Piece { is_error: line.is_error, bytes: &line.bytes, time, is_start: line.is_start }
}
