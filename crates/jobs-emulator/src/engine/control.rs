//! The controls of a job: hold, resume, finish.

/// The controls that are set for a job.
#[derive(Clone, Debug, Default)]
pub(crate) struct Control {
    /// Stay where it is.
    pub(crate) held: bool,
    /// Skip the delays.
    pub(crate) hurried: bool,
    /// The job is over, or gone.
    pub(crate) stop: bool,
}
