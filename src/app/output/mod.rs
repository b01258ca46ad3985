//! Output of containers. One reader of lines serves all commands: `reader`, with `lines` for each stream and `mux` for
//! many containers. The other files are about an attached `up`: which containers it follows (`followed`), from when and
//! until when (`follow`, with `happened` for events), how it reads a container that somebody else has started
//! (`rejoin`, with `catch_up` for what its log has told by then), and how it ends (`attached`). `services`
//! follows the logs of services for `logs --follow`, in the order of time (`ordered`).

pub(super) mod attached;
pub(super) mod follow;
pub(super) mod followed;
mod happened;
pub(super) mod lines;
mod mux;
mod ordered;
pub(super) mod reader;
mod rejoin;
pub(super) mod rotated;
pub(super) mod services;
pub(super) mod subscription;
mod successors;
mod watched;
