//! Running a statement, one page at a time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jobs_devices::query::{Collection, MAX_CONDITION_BYTES, Query, Selection, parse_query};
use ring::digest;
use rusqlite::{Connection, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::aggregate::aggregate;
use super::condition::Filter;
use super::project::project;
use super::window::{WINDOW, last_row, table};
use crate::envelope::{HubResult, ServiceError};
use crate::registry::identity::{COLUMNS, Identity};
use crate::registry::{Store, column};

/// What a caller asks for.
pub(crate) struct PageRequest<'a> {
    pub(crate) query: &'a str,
    pub(crate) size: usize,
    pub(crate) continuation: Option<&'a str>,
}

/// Some results and the token of the next ones.
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    /// For the header: what the items are.
    pub(crate) kind: &'static str,
    pub(crate) continuation: Option<String>,
}

/// How far a statement has been answered: what a token holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Place {
    /// Of the statement, so that a token is not used with another one.
    query: String,
    /// The row after which to go on, or, of aggregated results, how many were given.
    after: i64,
    given: u64,
}

/// The text is about etags on the service, too.
pub(crate) fn check_length(query: &str) -> HubResult<()> {
    if query.len() <= MAX_CONDITION_BYTES {
        return Ok(());
    }
    Err(ServiceError::precondition(
        "Precondition failed: the etag does not match. The query condition is too long.",
    ))
}

/// Runs a statement. To be called from a thread that may block.
pub(crate) fn run(store: &Store, request: &PageRequest<'_>) -> HubResult<Page> {
    check_length(request.query)?;
    let query = parse_query(request.query)
        .map_err(|error| ServiceError::argument(format!("the query cannot be read: {error}")))?;
    let place = Place::read(request)?;
    if query.is_aggregate() {
        return aggregated(store, &query, place, request.size);
    }
    rows(store, &query, place, request.size)
}

fn rows(store: &Store, query: &Query, mut place: Place, size: usize) -> HubResult<Page> {
    let top = query.top.unwrap_or(u64::MAX);
    let wanted = usize::try_from(top.saturating_sub(place.given))
        .unwrap_or(usize::MAX)
        .min(size);
    let mut found = Vec::new();
    let last = store.read(|connection| last_row(connection, query.from))?;
    // One more than wanted tells whether there is a next page.
    while found.len() <= wanted && place.after < last {
        let until = place.after.saturating_add(WINDOW);
        let more = wanted + 1 - found.len();
        let batch = store.read(|connection| select(connection, query, place.after, until, more))?;
        place.after = if batch.len() < more { until } else { last };
        found.extend(batch);
    }
    let another = found.len() > wanted;
    found.truncate(wanted);
    place.given += found.len() as u64;
    place.after = found.last().map_or(0, |(row, _)| *row);
    let continuation = (another && place.given < top).then(|| place.token());
    let items = found.into_iter().map(|(_, item)| item).collect();
    Ok(Page {
        items,
        kind: kind(query),
        continuation,
    })
}

/// What the service calls the results.
fn kind(query: &Query) -> &'static str {
    match (query.from, &query.select) {
        (Collection::Jobs, _) => "DeviceJob",
        (_, Selection::All) => "Twin",
        _ => "Raw",
    }
}

fn select(
    connection: &Connection,
    query: &Query,
    after: i64,
    until: i64,
    limit: usize,
) -> HubResult<Vec<(i64, Value)>> {
    let mut filter = Filter::new(query.from, query.filter.as_ref());
    let (table, common) = table(query.from);
    let columns = if query.from == Collection::Jobs {
        "seq, record"
    } else {
        COLUMNS
    };
    let (after, until) = (filter.bind(after), filter.bind(until));
    let limit = filter.bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE {common} AND seq > {after} AND seq <= {until} AND {} ORDER BY seq LIMIT {limit}",
        filter.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let values = filter.values_for(&statement);
    let found = statement.query_map(params_from_iter(values), |row| {
        if query.from == Collection::Jobs {
            return Ok((row.get(0)?, column::decoded(row, 1, "a device of a job")?));
        }
        let identity = Identity::from_row(row)?;
        Ok((identity.seq, identity.twin_json()))
    })?;
    let mut rows = Vec::new();
    for row in found {
        let (seq, document) = row?;
        rows.push(match &query.select {
            Selection::Items(items) => (seq, project(&document, items)),
            _ => (seq, document),
        });
    }
    Ok(rows)
}

fn aggregated(store: &Store, query: &Query, mut place: Place, size: usize) -> HubResult<Page> {
    let mut items = aggregate(store, query)?;
    items.truncate(
        query
            .top
            .and_then(|top| usize::try_from(top).ok())
            .unwrap_or(usize::MAX),
    );
    let start = usize::try_from(place.given)
        .unwrap_or(usize::MAX)
        .min(items.len());
    let end = start.saturating_add(size).min(items.len());
    let another = end < items.len();
    place.given = end as u64;
    Ok(Page {
        items: items.drain(start..end).collect(),
        kind: "Raw",
        continuation: another.then(|| place.token()),
    })
}

impl Place {
    /// The place that a token names; without one, the beginning.
    fn read(request: &PageRequest<'_>) -> HubResult<Self> {
        let query = fingerprint(request.query);
        let Some(token) = request.continuation.filter(|token| !token.is_empty()) else {
            return Ok(Self {
                query,
                ..Self::default()
            });
        };
        let refused = || ServiceError::argument("x-ms-continuation is no token of this hub");
        let text = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
        let place: Self = serde_json::from_slice(&text).map_err(|_| refused())?;
        // Rows are numbered from 1; from far below them the walk would never arrive.
        if place.after < 0 {
            return Err(refused());
        }
        if place.query != query {
            return Err(ServiceError::argument(
                "x-ms-continuation belongs to another query",
            ));
        }
        Ok(place)
    }

    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

fn fingerprint(query: &str) -> String {
    let hash = digest::digest(&digest::SHA256, query.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..9])
}
