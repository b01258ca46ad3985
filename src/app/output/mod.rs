//! Output of containers: one reader of lines for all commands (`reader`, with `lines` for each stream and `mux` for many
//! containers), and the output of an attached `up`: who is followed (`followed`), from when and until when (`follow`, with
//! `happened` for events), how
//! the output of a container is had that somebody else has started (`rejoin`), and what ends then (`attached`).

pub(super) mod attached;
pub(super) mod follow;
pub(super) mod followed;
mod happened;
pub(super) mod lines;
pub(super) mod mux;
pub(super) mod reader;
mod rejoin;
pub(super) mod rotated;
pub(super) mod subscription;
mod successors;
mod watched;
