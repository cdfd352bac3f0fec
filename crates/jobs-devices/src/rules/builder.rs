//! Rows made by hand, checked as they are built.

use super::Violations;
use crate::{
    json::JsonObject,
    object::Field,
    row::{Authentication, Capabilities, ImportMode, Properties, Row, Status},
};

impl Row {
    /// Starts a row that is checked against the service's rules when built.
    pub fn builder(id: impl Into<String>) -> RowBuilder {
        RowBuilder::new(id)
    }

    /// What the service would refuse in this row on import, all of it.
    ///
    /// # Errors
    /// When any rule is broken; warnings alone are no error.
    pub fn validate(&self) -> Result<(), Violations> {
        Violations::from_errors(super::row(self))
    }
}

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
            status: Field::Value(Status::Enabled),
            ..Row::new(id)
        })
    }

    /// Makes it a module of the device.
    pub fn module(mut self, id: impl Into<String>) -> Self {
        self.0.module_id = Field::Value(id.into());
        self
    }

    /// The version the identity must have, for modes that compare it.
    pub fn etag(mut self, etag: impl Into<String>) -> Self {
        self.0.etag = Field::Value(etag.into());
        self
    }

    /// What an import does with the row.
    pub fn import_mode(mut self, mode: ImportMode) -> Self {
        self.0.import_mode = Field::Value(mode);
        self
    }

    /// Whether it may connect; enabled unless said otherwise.
    pub fn status(mut self, status: Status) -> Self {
        self.0.status = Field::Value(status);
        self
    }

    /// Why it has that status.
    pub fn status_reason(mut self, reason: impl Into<String>) -> Self {
        self.0.status_reason = Field::Value(reason.into());
        self
    }

    /// How it proves itself. Without this the service makes new keys.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.0.authentication = Field::Value(authentication);
        self
    }

    /// The version the twin must have, for the mode that compares it.
    pub fn twin_etag(mut self, etag: impl Into<String>) -> Self {
        self.0.twin_etag = Field::Value(etag.into());
        self
    }

    /// The twin's tags.
    pub fn tags(mut self, tags: JsonObject) -> Self {
        self.0.tags = Field::Value(tags);
        self
    }

    /// The twin's desired properties.
    pub fn desired(mut self, desired: JsonObject) -> Self {
        self.0
            .properties
            .get_or_insert_with(Properties::new)
            .desired = Field::Value(desired);
        self
    }

    /// The twin's reported properties.
    pub fn reported(mut self, reported: JsonObject) -> Self {
        self.0
            .properties
            .get_or_insert_with(Properties::new)
            .reported = Field::Value(reported);
        self
    }

    /// Makes it an edge device, or says that it is none.
    pub fn edge(mut self, edge: bool) -> Self {
        self.0.capabilities = Field::Value(Capabilities::edge(edge));
        self
    }

    /// The scope of its parent.
    pub fn device_scope(mut self, scope: impl Into<String>) -> Self {
        self.0.device_scope = Field::Value(scope.into());
        self
    }

    /// The scopes of its parents.
    pub fn parent_scopes(mut self, scopes: Vec<String>) -> Self {
        self.0.parent_scopes = Field::Value(scopes);
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
