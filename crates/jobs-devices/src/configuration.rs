//! The lines of `configurations.txt`.

use crate::{
    field::{FromText, Misfit, members},
    json::JsonObject,
    object::{Field, Object, object},
    row::ImportMode,
    text::ObjectWriter,
};

/// How the names of members are spelt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameCase {
    /// `targetCondition`, as the official .NET client writes for an import.
    #[default]
    Camel,
    /// `TargetCondition`, as the service exports.
    Pascal,
}

object! {
    /// An automatic device or module configuration. Names are read in any case and written in the case they were read in.
    ///
    /// ```
    /// use jobs_devices::Configuration;
    /// let line = r#"{"Id":"winter","TargetCondition":"tags.site='a'","Priority":10}"#;
    /// let configuration: Configuration = line.parse()?;
    /// assert_eq!(configuration.target_condition.as_deref(), Some("tags.site='a'"));
    /// assert_eq!(configuration.to_line(), line);
    /// # Ok::<(), jobs_devices::Misfit>(())
    /// ```
    Configuration at ConfigurationPlaces {
        /// The configuration's id: lower case.
        id: String = "id",
        /// The version of the schema, such as `1.0`.
        schema_version: Field<String> = "schemaVersion",
        /// Labels, for people.
        labels: Field<JsonObject> = "labels",
        /// `deviceContent`, `moduleContent` and `modulesContent`, as they stand.
        content: Field<JsonObject> = "content",
        /// The kind of content.
        content_type: Field<String> = "contentType",
        /// Which devices it is for: a condition over their twins, or `*`.
        target_condition: Field<String> = "targetCondition",
        /// When it was made, as the service wrote it.
        created_time_utc: Field<String> = "createdTimeUtc",
        /// When it was changed last, as the service wrote it.
        last_updated_time_utc: Field<String> = "lastUpdatedTimeUtc",
        /// The one with the higher priority wins where two apply.
        priority: Field<i64> = "priority",
        /// Results and queries of the service's own metrics.
        system_metrics: Field<JsonObject> = "systemMetrics",
        /// Results and queries of custom metrics.
        metrics: Field<JsonObject> = "metrics",
        /// The version.
        etag: Field<String> = "etag",
        /// What an import does with it; the official client offers `createOrUpdateIfMatchETag` alone.
        import_mode: Field<ImportMode> = "importMode",
    }
    with {
        /// How names are written.
        name_case: NameCase,
    }
}

impl Configuration {
    /// A configuration with nothing but an id.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            ..Self::default()
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let spelling = match self.name_case {
            NameCase::Camel => None,
            NameCase::Pascal => Some(pascal as fn(&str) -> String),
        };
        self.write_with(ObjectWriter::begin(out).spelled(spelling));
    }
}

/// A name in the case in which the service exports it.
fn pascal(name: &str) -> String {
    match name {
        "etag" => "ETag".to_owned(),
        name => name[..1].to_ascii_uppercase() + &name[1..],
    }
}

impl FromText for Configuration {
    fn from_text(json: &str) -> Result<Self, Misfit> {
        let (mut configuration, mut has_id) = (Self::default(), false);
        members(json, |name, json| {
            let mut known = Self::TABLE.iter().map(|known| known.name);
            let known = known.find(|known| known.eq_ignore_ascii_case(&name));
            if known == Some("id") {
                has_id = true;
                configuration.name_case = match name.starts_with('I') {
                    true => NameCase::Pascal,
                    false => NameCase::Camel,
                };
            }
            configuration.set_any(known.unwrap_or(&name), json)
        })?;
        if has_id {
            return Ok(configuration);
        }
        Err(Misfit {
            path: "id".to_owned(),
            message: "missing; every configuration needs one".to_owned(),
        })
    }
}
