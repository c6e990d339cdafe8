//! Connections: accepting them, answering on them, ending them.

mod framing;
mod listener;
mod service;
mod socket;

pub(crate) use listener::{Listener, bind};
pub(crate) use service::{Abandoned, Service};
pub(crate) use socket::Control;
