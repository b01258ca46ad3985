//! Commands that connect the streams of this program to a process in a container.
//!
//! | file | what it holds |
//! |---|---|
//! | [`exec`] | a command in a running container |
//! | [`run`] | a one-off container of a service |
//! | [`attach`] | the streams of a container that runs |
//! | `streams` | the connection while it is open: bytes both ways, the terminal's modes and size, signals |
//! | `input` | standard input, read by a thread that can be told to stop |
//! | `signals` | the signals of a session |
//! | `keys` | the keys that end a session |

pub mod attach;
pub mod exec;
mod input;
mod keys;
pub mod run;
mod signals;
mod streams;
