//! `cp`, `export` and `commit`: files of containers, in and out.
//!
//! | file | what it does |
//! |---|---|
//! | `place` | reads the arguments, decides what arrives where; pure |
//! | `pack`, `unpack` | files of this machine to and from archives |
//! | `pipe` | the way between them and the engine, a few pieces wide |
//! | [`cp`] | the command; `arriving` and `leaving` are its two directions |
//! | [`request`] | what `cp` is asked, and how it fails |
//! | [`export`], [`commit`] | all files of a container as an archive, and as an image |

mod arriving;
pub mod commit;
pub mod cp;
pub mod export;
mod leaving;
mod pack;
pub(in crate::app) mod pipe;
mod place;
pub mod request;
mod unpack;
