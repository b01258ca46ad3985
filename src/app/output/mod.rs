//! Output of containers: one reader of lines for all commands (`lines`), and the output of an attached `up`: who is followed
//! (`followed`), until when (`follow`), and what ends then (`attached`).

pub(super) mod attached;
mod follow;
mod followed;
pub(super) mod lines;
mod subscription;
mod successors;
mod watched;
