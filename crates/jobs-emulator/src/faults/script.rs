//! The fault file and its types.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::object::{self, Object};

/// The operations that a rule can name, by the ids of the service's API description.
pub const OPERATIONS: &[&str] = &[
    "BulkRegistry_UpdateRegistry",
    "Configuration_CreateOrUpdate",
    "Configuration_Delete",
    "Configuration_Get",
    "Configuration_GetConfigurations",
    "Configuration_TestQueries",
    "Devices_CreateOrUpdateIdentity",
    "Devices_DeleteIdentity",
    "Devices_GetDevices",
    "Devices_GetIdentity",
    "Devices_GetTwin",
    "Devices_ReplaceTwin",
    "Devices_UpdateTwin",
    "Jobs_CancelImportExportJob",
    "Jobs_CancelScheduledJob",
    "Jobs_CreateImportExportJob",
    "Jobs_CreateScheduledJob",
    "Jobs_GetImportExportJob",
    "Jobs_GetImportExportJobs",
    "Jobs_GetScheduledJob",
    "Jobs_QueryScheduledJobs",
    "Modules_CreateOrUpdateIdentity",
    "Modules_DeleteIdentity",
    "Modules_GetIdentity",
    "Modules_GetModulesOnDevice",
    "Modules_GetTwin",
    "Modules_ReplaceTwin",
    "Modules_UpdateTwin",
    "Query_GetTwins",
    "Statistics_GetDeviceStatistics",
    "Statistics_GetServiceStatistics",
];

/// What shall go wrong, in order.
///
/// ```
/// use jobs_emulator::FaultScript;
///
/// let script: FaultScript = r#"{"rules":[{
///     "operation": "Jobs_GetImportExportJob", "skip": 1, "times": 2,
///     "action": {"kind": "respond", "status": 429, "errorCode": "ThrottlingException", "retryAfter": "1"}
/// }]}"#.parse()?;
/// assert_eq!(script.rules.len(), 1);
/// # Ok::<(), jobs_emulator::FaultScriptError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FaultScript {
    /// Asked in order.
    #[serde(deserialize_with = "object::each")]
    pub rules: Vec<FaultRule>,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct FaultRule {
    /// An operation of [`OPERATIONS`], or `*` for all of them.
    pub operation: String,
    /// Requests of the operation that pass before the rule acts; none when absent.
    #[serde(default)]
    pub skip: u64,
    /// Requests that the rule acts on; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Milliseconds of real time to wait before acting; none when absent.
    #[serde(default)]
    pub delay_ms: u64,
    /// What to do; when absent the request is only delayed.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    pub action: Option<FaultAction>,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[non_exhaustive]
pub enum FaultAction {
    /// Refuse in the service's envelope; nothing is done.
    Respond {
        /// Status of the response, 200 to 599.
        status: u16,
        /// The service's name of the error, for the header and the body.
        error_code: String,
        /// Value of a `Retry-After` header: seconds or a date.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<String>,
        /// Text behind the error's name; a plain one when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Answer with any body, as a gateway or proxy might; nothing is done.
    Body {
        /// Status of the response, 200 to 599.
        status: u16,
        /// Its `Content-Type`.
        content_type: String,
        /// The body.
        text: String,
    },
    /// Break the connection.
    Cut {
        /// When.
        when: Moment,
    },
    /// Do the work, then set members of the JSON response (of each element, where the response is an array).
    Patch {
        /// The members and their new values, `null` included.
        set: Map<String, Value>,
    },
    /// Keep the client waiting in real time, then go on as usual.
    Stall {
        /// How long.
        seconds: u64,
    },
}

/// When a connection is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Moment {
    /// Before anything is done.
    BeforeWork,
    /// After the work was done and before a byte of the response: the response is lost.
    AfterWork,
    /// After the work was done and within the body of the response; a response without a body is lost as a whole.
    MidBody,
}

/// Why a text is no fault script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fault script is not usable: {0}")]
pub struct FaultScriptError(String);

impl std::str::FromStr for FaultScript {
    type Err = FaultScriptError;

    /// Reads a fault file and holds it to the rules that its types cannot express.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Object(script): Object<Self> =
            serde_json::from_str(text).map_err(|error| FaultScriptError(error.to_string()))?;
        script.check()?;
        Ok(script)
    }
}

impl FaultScript {
    /// A script of these rules.
    pub fn new(rules: impl IntoIterator<Item = FaultRule>) -> Self {
        Self {
            rules: rules.into_iter().collect(),
        }
    }

    /// Whether every rule can be carried out.
    ///
    /// # Errors
    /// Names the rule by its position from 0, and what is wrong with it.
    pub fn check(&self) -> Result<(), FaultScriptError> {
        for (position, rule) in self.rules.iter().enumerate() {
            rule.check()
                .map_err(|problem| FaultScriptError(format!("rules[{position}]: {problem}")))?;
        }
        Ok(())
    }
}

impl FaultRule {
    /// A rule that does this to every request of the operation.
    pub fn new(operation: impl Into<String>, action: FaultAction) -> Self {
        Self {
            operation: operation.into(),
            skip: 0,
            times: None,
            delay_ms: 0,
            action: Some(action),
        }
    }

    /// Acts on this many requests only.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Lets this many requests pass first.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Waits this long before acting.
    #[must_use]
    pub fn delay_ms(mut self, delay_ms: u64) -> Self {
        self.delay_ms = delay_ms;
        self
    }

    fn check(&self) -> Result<(), String> {
        let operation = self.operation.as_str();
        if operation != "*" && !OPERATIONS.contains(&operation) {
            let near = OPERATIONS
                .iter()
                .find(|known| known.eq_ignore_ascii_case(operation));
            return Err(match near {
                Some(known) => format!("operation `{operation}` is written `{known}`"),
                None => format!(
                    "operation `{operation}` is unknown; use `*` or one of {}",
                    OPERATIONS.join(", ")
                ),
            });
        }
        let header =
            |name: &str, value: &str| match value.bytes().all(|b| (0x20..0x7f).contains(&b))
                && !value.is_empty()
            {
                true => Ok(()),
                false => Err(format!(
                    "{name} cannot stand in a header: give printable ASCII"
                )),
            };
        let status = |status: &u16| match (200..=599).contains(status) {
            true => Ok(()),
            false => Err(format!("status {status} is not between 200 and 599")),
        };
        match &self.action {
            Some(FaultAction::Respond {
                status: code,
                error_code,
                retry_after,
                ..
            }) => {
                status(code)?;
                header("errorCode", error_code)?;
                retry_after
                    .as_deref()
                    .map_or(Ok(()), |value| header("retryAfter", value))
            }
            Some(FaultAction::Body {
                status: code,
                content_type,
                ..
            }) => {
                status(code)?;
                header("contentType", content_type)
            }
            Some(FaultAction::Patch { set }) if set.is_empty() => {
                Err("patch sets no member".to_owned())
            }
            None if self.delay_ms == 0 => {
                Err("it has neither an action nor delayMs, so it would do nothing".to_owned())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(text: &str) -> String {
        text.parse::<FaultScript>().unwrap_err().to_string()
    }

    // Every action kind as design section 8 writes it.
    const ALL: &str = r#"{"rules":[
        {"operation":"Jobs_GetImportExportJob","skip":0,"times":2,"delayMs":0,
         "action":{"kind":"respond","status":429,"errorCode":"ThrottlingException","retryAfter":"1"}},
        {"operation":"*","action":{"kind":"body","status":503,"contentType":"text/html","text":"<p>busy"}},
        {"operation":"*","action":{"kind":"cut","when":"beforeWork"}},
        {"operation":"*","action":{"kind":"cut","when":"afterWork"}},
        {"operation":"*","action":{"kind":"cut","when":"midBody"}},
        {"operation":"*","action":{"kind":"patch","set":{"status":"paused"}}},
        {"operation":"*","action":{"kind":"stall","seconds":30}}]}"#;

    #[test]
    fn every_kind_of_the_design_is_read_and_written_again() {
        let script: FaultScript = ALL.parse().unwrap();
        assert_eq!(script.rules.len(), 7);
        assert_eq!(script.rules[0].times, Some(2));
        let again: FaultScript = serde_json::to_string(&script).unwrap().parse().unwrap();
        assert_eq!(again, script);
    }

    #[test]
    fn unknown_members_are_refused_at_every_level() {
        assert!(rejection(r#"{"rules":[],"more":1}"#).contains("more"));
        assert!(rejection(r#"{"rules":[{"operation":"*","delayMS":1,"action":{"kind":"cut","when":"midBody"}}]}"#).contains("delayMS"));
        assert!(
            rejection(
                r#"{"rules":[{"operation":"*","action":{"kind":"stall","seconds":1,"text":""}}]}"#
            )
            .contains("text")
        );
        assert!(
            rejection(r#"{"rules":[{"operation":"*","action":{"kind":"explode"}}]}"#)
                .contains("explode")
        );
    }

    #[test]
    fn a_rule_that_could_never_act_is_refused_by_its_position() {
        let misspelt = rejection(
            r#"{"rules":[{"operation":"jobs_getimportexportjob","action":{"kind":"stall","seconds":1}}]}"#,
        );
        assert!(
            misspelt.contains("rules[0]") && misspelt.contains("Jobs_GetImportExportJob"),
            "{misspelt}"
        );
        assert!(rejection(r#"{"rules":[{"operation":"*"}]}"#).contains("do nothing"));
        assert!(rejection(r#"{"rules":[{"operation":"*","action":{"kind":"respond","status":99,"errorCode":"X"}}]}"#).contains("99"));
        assert!(rejection(r#"{"rules":[{"operation":"*","action":{"kind":"respond","status":500,"errorCode":"a\r\nb"}}]}"#).contains("errorCode"));
    }
}
