//! What the client asks about the registry before a job changes it: how many devices there are, and which of them exist.

use std::collections::{HashMap, HashSet};

use jobs_api::types::QuerySpecification;
use jobs_devices::query::module_condition;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::http::core::JobsClient;
use crate::http::paging::Pages;
use crate::http::pipeline::Call;

/// The longest condition of a query, in bytes. The service rejects conditions of about 8,200 bytes (a public support case).
const LONGEST_CONDITION: usize = 8_000;
/// Rows that are asked for in one page.
const PAGE: i32 = 1_000;
/// The operation, as errors and traces name it.
const OPERATION: &str = "query registry";

/// A row of a query: its members follow from what the query selects.
type QueryRow = Map<String, Value>;

/// The name of an identity in the registry: a device, or a module of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct IdentityName {
    /// The id of the device.
    pub device_id: String,
    /// The id of the module, for the identity of a module.
    pub module_id: Option<String>,
}

impl IdentityName {
    /// The identity of a device.
    pub fn device(id: impl Into<String>) -> Self {
        Self {
            device_id: id.into(),
            module_id: None,
        }
    }

    /// The identity of a module.
    pub fn module(device_id: impl Into<String>, module_id: impl Into<String>) -> Self {
        Self {
            device_id: device_id.into(),
            module_id: Some(module_id.into()),
        }
    }
}

impl JobsClient {
    /// How many devices the registry holds, enabled and disabled ones. The number lags behind changes, usually by some seconds.
    ///
    /// ```no_run
    /// # async fn example(client: jobs_ext::JobsClient) -> Result<(), jobs_ext::Error> {
    /// println!("{} devices", client.device_count().await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `Unauthorized` when the policy may not read the registry; transport and service errors; `Decode` when the response has no count.
    pub async fn device_count(&self) -> Result<u64> {
        let operation = "get device statistics";
        let call = Call::repeatable(operation, None);
        let (model, _) = self
            .core()
            .call(call, |api| async move {
                api.statistics_get_device_statistics().await
            })
            .await?;
        model
            .total_device_count
            .and_then(|count| u64::try_from(count).ok())
            .ok_or_else(|| {
                let text = "the statistics have no totalDeviceCount";
                Error::new(ErrorKind::Decode, text).with_operation(operation, None)
            })
    }

    /// How many devices a condition selects, or modules where it starts with `FROM devices.modules WHERE`. `*` and an empty text select all
    /// devices. The number lags behind changes, usually by some seconds.
    ///
    /// # Errors
    /// `BadRequest` when the hub cannot read the condition, `Unauthorized` when the policy may not read the registry; transport and service
    /// errors; `Decode` when the response has no count.
    pub async fn count_matches(&self, condition: &str) -> Result<u64> {
        let query = count_query(condition);
        let mut count = None;
        self.query_rows(&query, |row| {
            count = row.get("matches").and_then(Value::as_u64);
        })
        .await?;
        count.ok_or_else(|| {
            Error::new(ErrorKind::Decode, "the response has no count")
                .with_operation(OPERATION, None)
        })
    }

    /// Which of these identities exist, with the type of authentication that each has now (`sas`, `selfSigned`,
    /// `certificateAuthority`, `none`; empty where the hub names none). An empty registry is found by its statistics alone; else queries
    /// of many ids each are sent. What changed in the last seconds may be missing.
    ///
    /// ```no_run
    /// # async fn example(client: jobs_ext::JobsClient) -> Result<(), jobs_ext::Error> {
    /// use jobs_ext::IdentityName;
    ///
    /// let names = [IdentityName::device("truck-1"), IdentityName::module("truck-1", "gps")];
    /// for (name, authentication) in client.existing_identities(&names).await? {
    ///     println!("{name:?} exists ({authentication})");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `Unauthorized` when the policy may not read the registry; transport and service errors.
    pub async fn existing_identities(
        &self,
        names: &[IdentityName],
    ) -> Result<HashMap<IdentityName, String>> {
        let mut found = HashMap::new();
        if names.is_empty() || self.device_count().await? == 0 {
            return Ok(found);
        }
        let wanted: HashSet<&IdentityName> = names.iter().collect();
        for (is_module, select) in [
            (false, "SELECT deviceId, authenticationType FROM devices"),
            (
                true,
                "SELECT deviceId, moduleId, authenticationType FROM devices.modules",
            ),
        ] {
            let ids = wanted
                .iter()
                .filter(|name| name.module_id.is_some() == is_module)
                .map(|name| name.device_id.as_str());
            for list in id_lists(ids) {
                let query = format!("{select} WHERE deviceId IN [{list}]");
                self.query_rows(&query, |row| {
                    let name = IdentityName {
                        device_id: text(row, "deviceId").unwrap_or_default(),
                        module_id: text(row, "moduleId").filter(|_| is_module),
                    };
                    if wanted.contains(&name) {
                        let authentication = text(row, "authenticationType");
                        found.insert(name, authentication.unwrap_or_default());
                    }
                })
                .await?;
            }
        }
        Ok(found)
    }

    /// Sends a query and passes each row of all pages on. One page is in memory at a time.
    async fn query_rows(&self, query: &str, mut each: impl FnMut(&QueryRow)) -> Result<()> {
        let mut body = QuerySpecification::default();
        body.query = Some(query.to_owned());
        let mut pages = Pages::new(self.core(), OPERATION);
        loop {
            let (body, token) = (&body, pages.token());
            let (rows, answer) = self
                .core()
                .call(pages.call(), |api| async move {
                    api.query_get_twins(token, Some(PAGE), body).await
                })
                .await?;
            rows.iter().for_each(&mut each);
            if !pages.advance(&answer)? {
                return Ok(());
            }
        }
    }
}

fn text(row: &QueryRow, member: &str) -> Option<String> {
    row.get(member)?.as_str().map(str::to_owned)
}

/// The query that counts what the condition of a scheduled job selects.
fn count_query(condition: &str) -> String {
    let condition = condition.trim();
    let (source, condition) = match module_condition(condition) {
        Some(condition) => ("devices.modules", condition),
        None => ("devices", condition),
    };
    let select = format!("SELECT COUNT() AS matches FROM {source}");
    match condition {
        "" | "*" => select,
        condition => format!("{select} WHERE {condition}"),
    }
}

/// The ids as the insides of `IN [...]`, each list short enough for a condition.
fn id_lists<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut lists: Vec<String> = Vec::new();
    for id in ids {
        // An id has no double quote and no backslash, but it may have a single quote.
        let quote = if id.contains('\'') { '"' } else { '\'' };
        match lists.last_mut() {
            Some(list) if list.len() + id.len() + 3 <= LONGEST_CONDITION => {
                list.extend([',', quote]);
                list.push_str(id);
                list.push(quote);
            }
            _ => lists.push(format!("{quote}{id}{quote}")),
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_quoted_and_lists_stay_below_the_limit() {
        let ids = ["a", "it's"];
        assert_eq!(id_lists(ids.into_iter()), ["'a',\"it's\""]);
        let long: Vec<String> = (0..2_000).map(|n| format!("{n:0>128}")).collect();
        let lists = id_lists(long.iter().map(String::as_str));
        assert!(lists.iter().all(|list| list.len() <= LONGEST_CONDITION));
        let count: usize = lists.iter().map(|list| list.split(',').count()).sum();
        assert_eq!(count, 2_000);
    }

    #[test]
    fn a_condition_over_modules_counts_modules() {
        let all = "SELECT COUNT() AS matches FROM devices";
        assert_eq!(count_query(" * "), all);
        assert_eq!(count_query(""), all);
        assert_eq!(count_query("tags.a = 1"), format!("{all} WHERE tags.a = 1"));
        assert_eq!(
            count_query("FROM  devices.modules where moduleId = 'm'"),
            "SELECT COUNT() AS matches FROM devices.modules WHERE moduleId = 'm'"
        );
    }
}
