//! Output of containers: one reader of lines for all commands (`reader`, with `lines` for each stream and `mux` for many
//! containers), and the output of an attached `up`: who is followed (`followed`), from when and until when (`follow`, with
//! `happened` for events), how
//! the output of a container is had that somebody else has started (`rejoin`), and what ends then (`attached`). `services`
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
