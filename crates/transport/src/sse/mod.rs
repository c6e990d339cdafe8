//! The stream of flags: server-sent events.

mod lines;
mod stream;

pub use stream::EventStream;
