//! Scripted faults: where a test makes the hub misbehave.
//!
//! The server asks [`Faults::choose`] once per request, with the operation id,
//! and then calls the chosen fault before and after the work.

use crate::envelope::Answer;
use crate::state::HubState;

/// What to do wrong, and when; see the project's design notes for the file format.
#[derive(Clone, Debug, Default)]
pub struct FaultScript {}

/// The script of a hub and how far it has been played.
pub(crate) struct Faults {}

/// A fault chosen for one request.
pub(crate) struct Fault {}

/// What happens before the work.
#[expect(dead_code, reason = "the script decides")]
pub(crate) enum Step {
    /// Go on.
    Continue,
    /// Do not do the work, answer this.
    Answer(Answer),
    /// Do not do the work, cut the connection.
    Cut,
}

/// What happens to the answer of the work.
#[expect(dead_code, reason = "the script decides")]
pub(crate) enum Delivery {
    /// Send it (it may have been changed).
    Whole(Answer),
    /// The work is done, but its answer is lost.
    Cut,
    /// Headers and about half of the body, then the connection is cut.
    Half(Answer),
}

impl Faults {
    pub(crate) fn new(_script: FaultScript) -> Self {
        Self {}
    }

    /// The fault for a request of this operation, if any; counts the request.
    pub(crate) fn choose(&self, _operation: &str) -> Option<Fault> {
        None
    }
}

impl Fault {
    pub(crate) async fn before_work(&self, _hub: &HubState) -> Step {
        Step::Continue
    }

    pub(crate) async fn after_work(&self, _hub: &HubState, answer: Answer) -> Delivery {
        Delivery::Whole(answer)
    }
}
