//! `COUNT`, `AVG`, `SUM`, `MIN` and `MAX`, over everything or by groups.

use std::cmp::Ordering;
use std::collections::HashMap;

use jobs_devices::query::{Aggregate, Path, Projected, Query, Selection};
use rusqlite::types::Value as Sql;
use rusqlite::{Row, params_from_iter};
use serde_json::{Map, Value, json};

use super::condition::Filter;
use super::members::member;
use super::window::{WINDOW, last_row, table};
use crate::envelope::{HubResult, ServiceError};
use crate::registry::Store;

/// The results, one for each group in the order in which groups are met; without GROUP BY there is exactly one.
pub(super) fn aggregate(store: &Store, query: &Query) -> HubResult<Vec<Value>> {
    let Selection::Items(items) = &query.select else {
        return Ok(Vec::new());
    };
    let mut groups = Groups::default();
    if query.group_by.is_empty() {
        groups.of(Vec::new(), items.len());
    }
    let last = store.read(|connection| last_row(connection, query.from))?;
    let mut after = 0;
    while after < last {
        let (sql, filter) = statement(query, after)?;
        store.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let values = filter.values_for(&statement);
            let mut rows = statement.query(params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                groups.add(query, row)?;
            }
            Ok(())
        })?;
        after += WINDOW;
    }
    Ok(groups.into_rows(query))
}

/// Selects kind and value of each path: those grouped by, then those under the aggregates.
fn statement(query: &Query, after: i64) -> HubResult<(String, Filter)> {
    let mut filter = Filter::new(query.from, query.filter.as_ref());
    let mut columns = Vec::new();
    for path in query.group_by.iter().chain(aggregated_paths(query)) {
        let value = member(query.from, path, filter.constants());
        let (kind, value) = value.as_columns().ok_or_else(|| {
            ServiceError::argument(format!("{path} is an object; results can be grouped by, and computed over, single values only"))
        })?;
        columns.push(kind);
        columns.push(value);
    }
    if columns.is_empty() {
        columns.push("1".to_owned());
    }
    let (table, common) = table(query.from);
    let (after, until) = (
        filter.bind(after),
        filter.bind(after.saturating_add(WINDOW)),
    );
    let sql = format!(
        "SELECT {} FROM {table} WHERE {common} AND seq > {after} AND seq <= {until} AND {}",
        columns.join(", "),
        filter.sql()
    );
    Ok((sql, filter))
}

fn aggregated_paths(query: &Query) -> impl Iterator<Item = &Path> {
    let items = match &query.select {
        Selection::Items(items) => items.as_slice(),
        _ => &[],
    };
    items.iter().filter_map(|item| match &item.value {
        Projected::Aggregate(
            Aggregate::Avg(path)
            | Aggregate::Sum(path)
            | Aggregate::Min(path)
            | Aggregate::Max(path),
        ) => Some(path),
        _ => None,
    })
}

/// Groups in the order in which they were met.
#[derive(Default)]
struct Groups {
    order: Vec<Group>,
    by_key: HashMap<Vec<String>, usize>,
}

struct Group {
    /// The values grouped by; `None` where a member is not there.
    key: Vec<Option<Value>>,
    tallies: Vec<Tally>,
}

impl Groups {
    fn of(&mut self, key: Vec<Option<Value>>, items: usize) -> &mut Group {
        let text = key
            .iter()
            .map(|value| value.as_ref().map_or_else(String::new, Value::to_string))
            .collect();
        let at = *self.by_key.entry(text).or_insert_with(|| {
            self.order.push(Group {
                key,
                tallies: vec![Tally::default(); items],
            });
            self.order.len() - 1
        });
        &mut self.order[at]
    }

    fn add(&mut self, query: &Query, row: &Row<'_>) -> HubResult<()> {
        let Selection::Items(items) = &query.select else {
            return Ok(());
        };
        let grouped = query.group_by.len();
        let mut key = Vec::with_capacity(grouped);
        for n in 0..grouped {
            key.push(read(row, n)?);
        }
        let group = self.of(key, items.len());
        let mut column = grouped;
        for (item, tally) in items.iter().zip(&mut group.tallies) {
            match &item.value {
                Projected::Aggregate(Aggregate::Count) => tally.count += 1,
                Projected::Aggregate(_) => {
                    tally.take(read(row, column)?);
                    column += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn into_rows(self, query: &Query) -> Vec<Value> {
        let Selection::Items(items) = &query.select else {
            return Vec::new();
        };
        let row = |group: Group| {
            let mut row = Map::new();
            for (item, tally) in items.iter().zip(&group.tallies) {
                let value = match &item.value {
                    Projected::Aggregate(aggregate) => tally.result(aggregate),
                    Projected::Path(path) => {
                        let at = query
                            .group_by
                            .iter()
                            .position(|grouped| same(grouped, path));
                        at.and_then(|at| group.key.get(at).cloned().flatten())
                    }
                    _ => None,
                };
                if let Some(value) = value {
                    row.insert(item.output_name().to_owned(), value);
                }
            }
            Value::Object(row)
        };
        self.order.into_iter().map(row).collect()
    }
}

fn same(a: &Path, b: &Path) -> bool {
    a.root().eq_ignore_ascii_case(b.root()) && a.rest() == b.rest()
}

/// The `n`th pair of kind and value.
fn read(row: &Row<'_>, n: usize) -> HubResult<Option<Value>> {
    let kind: Option<String> = row.get(2 * n)?;
    let value: Sql = row.get(2 * n + 1)?;
    Ok(kind.map(|kind| match (kind.as_str(), value) {
        ("true", _) => Value::Bool(true),
        ("false", _) => Value::Bool(false),
        ("array" | "object", Sql::Text(text)) => serde_json::from_str(&text).unwrap_or_default(),
        (_, Sql::Text(text)) => Value::String(text),
        (_, Sql::Integer(whole)) => json!(whole),
        (_, Sql::Real(float)) => number(float),
        _ => Value::Null,
    }))
}

/// Whole numbers without a point, so that 1 and 1.0 are one group.
fn number(float: f64) -> Value {
    // Whole floats below 2^53 in size convert without loss.
    if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 {
        json!(float as i64)
    } else {
        json!(float)
    }
}

/// What has been seen of one aggregate of one group.
#[derive(Clone, Default)]
struct Tally {
    count: u64,
    numbers: u64,
    sum: f64,
    least: Option<Value>,
    most: Option<Value>,
}

impl Tally {
    fn take(&mut self, value: Option<Value>) {
        let Some(value) = value else { return };
        if let Some(number) = value.as_f64() {
            self.numbers += 1;
            self.sum += number;
        } else if !value.is_string() {
            return;
        }
        if self
            .least
            .as_ref()
            .is_none_or(|least| order(&value, least).is_lt())
        {
            self.least = Some(value.clone());
        }
        if self
            .most
            .as_ref()
            .is_none_or(|most| order(&value, most).is_gt())
        {
            self.most = Some(value);
        }
    }

    fn result(&self, aggregate: &Aggregate) -> Option<Value> {
        match aggregate {
            Aggregate::Count => Some(json!(self.count)),
            Aggregate::Sum(_) => (self.numbers > 0).then(|| number(self.sum)),
            Aggregate::Avg(_) => (self.numbers > 0).then(|| number(self.sum / self.numbers as f64)),
            Aggregate::Min(_) => self.least.clone(),
            Aggregate::Max(_) => self.most.clone(),
            _ => None,
        }
    }
}

/// Numbers before texts, each in their own order.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.as_str().cmp(&b.as_str()),
    }
}
