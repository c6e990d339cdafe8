//! The stream of flags: server-sent events.

mod beginning;
mod lines;
mod stream;

pub use stream::EventStream;
