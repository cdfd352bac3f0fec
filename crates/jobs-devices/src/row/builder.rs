//! Rows made by hand, checked as they are built.

use crate::{
    json::JsonObject,
    row::{Authentication, Capabilities, ImportMode, Properties, Row, Status},
    rules::Violations,
};

/// Makes a [`Row`] that the service would take.
///
/// ```
/// use jobs_devices::{Authentication, Row};
/// let row = Row::builder("pump-7").tags(r#"{"site":"a"}"#.parse()?).build()?;
/// assert_eq!(row.to_line(), r#"{"id":"pump-7","status":"enabled","tags":{"site":"a"}}"#);
///
/// let refused = Row::builder("pump 7").build().unwrap_err();
/// assert!(refused.to_string().contains("id"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct RowBuilder(Row);

impl RowBuilder {
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self(Row {
            status: Some(Status::Enabled),
            ..Row::new(id)
        })
    }

    /// Makes it a module of the device.
    pub fn module(mut self, id: impl Into<String>) -> Self {
        self.0.module_id = Some(id.into());
        self
    }

    /// The version the identity must have, for modes that compare it.
    pub fn etag(mut self, etag: impl Into<String>) -> Self {
        self.0.etag = Some(etag.into());
        self
    }

    /// What an import does with the row.
    pub fn import_mode(mut self, mode: ImportMode) -> Self {
        self.0.import_mode = Some(mode);
        self
    }

    /// Whether it may connect; enabled unless said otherwise.
    pub fn status(mut self, status: Status) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Why it has that status.
    pub fn status_reason(mut self, reason: impl Into<String>) -> Self {
        self.0.status_reason = Some(reason.into());
        self
    }

    /// How it proves itself. Without this the service makes new keys.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.0.authentication = Some(authentication);
        self
    }

    /// The version the twin must have, for the mode that compares it.
    pub fn twin_etag(mut self, etag: impl Into<String>) -> Self {
        self.0.twin_etag = Some(etag.into());
        self
    }

    /// The twin's tags.
    pub fn tags(mut self, tags: JsonObject) -> Self {
        self.0.tags = Some(tags);
        self
    }

    /// The twin's desired properties.
    pub fn desired(mut self, desired: JsonObject) -> Self {
        self.0
            .properties
            .get_or_insert_with(Properties::new)
            .desired = Some(desired);
        self
    }

    /// The twin's reported properties.
    pub fn reported(mut self, reported: JsonObject) -> Self {
        self.0
            .properties
            .get_or_insert_with(Properties::new)
            .reported = Some(reported);
        self
    }

    /// Makes it an edge device, or says that it is none.
    pub fn edge(mut self, edge: bool) -> Self {
        self.0.capabilities = Some(Capabilities::edge(edge));
        self
    }

    /// The scope of its parent.
    pub fn device_scope(mut self, scope: impl Into<String>) -> Self {
        self.0.device_scope = Some(scope.into());
        self
    }

    /// The scopes of its parents.
    pub fn parent_scopes(mut self, scopes: Vec<String>) -> Self {
        self.0.parent_scopes = Some(scopes);
        self
    }

    /// The row, if the service would take it.
    ///
    /// # Errors
    /// With every rule that it breaks.
    pub fn build(self) -> Result<Row, Violations> {
        self.0.validate()?;
        Ok(self.0)
    }
}
