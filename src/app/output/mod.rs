//! Output of an attached `up`: who is followed (`followed`), until when (`follow`), and what ends then (`attached`).

pub(super) mod attached;
mod follow;
mod followed;
mod subscription;
mod successors;
mod watched;
