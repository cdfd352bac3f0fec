//! Scripted faults: what a test wants to go wrong, where and how often.
//!
//! A [`FaultScript`] is a list of rules. A rule names an operation (or `*`), lets some requests of it pass, then acts on
//! as many as it says. Rules are asked in order and a request is acted on by at most one of them; a request that one
//! rule acts on is not seen by the rules after it, so that rules one after the other make a sequence.
//!
//! The hub's own paths (`/`, `/healthz`, `/_local`) are never touched. The server asks [`Faults::choose`] once per
//! request, with the operation id, and then calls the chosen fault before and after the work.

mod members;
mod plan;
mod play;
mod script;

pub use script::{FaultAction, FaultRule, FaultScript, FaultScriptError, Moment, OPERATIONS};

pub(crate) use play::{Delivery, Faults, Step};
