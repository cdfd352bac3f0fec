//! Rows in the order in which an import can make them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, Write};

use super::scope::{own_scope, parent_scope};
use super::spill::{Key, Record, Sorter, temporary_file};
use super::{Context, Output, Place, ProblemKind, Run, TransformError};
use crate::Row;

/// Rows waiting for their turn: edge devices by depth, then other devices, then modules, each in the order they came.
pub(crate) struct ParentsFirst {
    edges: Spool,
    devices: Spool,
    modules: Spool,
    /// The parent's scope of every edge device, by its own scope.
    parent_of: HashMap<String, Option<String>>,
    /// Scopes that rows name as their parent's, with the first row that does.
    named: HashMap<String, (u64, Place)>,
}

impl ParentsFirst {
    pub(crate) fn new(context: &Context<'_>) -> Result<Self, TransformError> {
        Ok(ParentsFirst {
            edges: Spool::new(context)?,
            devices: Spool::new(context)?,
            modules: Spool::new(context)?,
            parent_of: HashMap::new(),
            named: HashMap::new(),
        })
    }

    pub(crate) fn push(&mut self, row: &Row, place: Place) -> Result<(), TransformError> {
        let parent = parent_scope(row);
        if let Some(parent) = parent {
            match self.named.get_mut(parent) {
                Some((rows, _)) => *rows += 1,
                None => {
                    self.named.insert(parent.to_owned(), (1, place));
                }
            }
        }
        if row.module_id.is_some() {
            self.modules.push(row)
        } else if row.is_edge() {
            if let Some(own) = own_scope(row) {
                self.parent_of
                    .insert(own.to_owned(), parent.map(str::to_owned));
            }
            self.edges.push(row)
        } else {
            self.devices.push(row)
        }
    }

    /// Writes all rows, children first when `reverse`, and warns of parents that are not among them.
    pub(crate) fn write<W: Write>(
        self,
        output: &mut Output<W>,
        reverse: bool,
        run: &mut Run<'_, '_>,
    ) -> Result<(), TransformError> {
        self.warn_of_missing_parents(run);
        let edges = sort_edges(self.edges, &self.parent_of, reverse, run.context)?;
        if !reverse {
            write_edges(edges, output)?;
            self.devices.write(output)?;
            return self.modules.write(output);
        }
        self.modules.write(output)?;
        self.devices.write(output)?;
        write_edges(edges, output)
    }

    fn warn_of_missing_parents(&self, run: &mut Run<'_, '_>) {
        let missing = self
            .named
            .iter()
            .filter(|(scope, _)| !self.parent_of.contains_key(*scope));
        let mut missing: Vec<_> = missing.collect();
        missing.sort_by_key(|(_, (_, place))| place.line);
        for (scope, (rows, place)) in missing {
            let message = format!(
                "{rows} row(s) from here on have the parent scope {scope}, which no edge device of this file has; \
                 the hub must have that device already"
            );
            run.problem(*place, ProblemKind::Warning, None, message);
        }
    }
}

fn sort_edges(
    edges: Spool,
    parent_of: &HashMap<String, Option<String>>,
    reverse: bool,
    context: &Context<'_>,
) -> Result<Sorter, TransformError> {
    let mut sorter = Sorter::new(context);
    let mut number = 0;
    edges.each(|line| {
        let row: Row = String::from_utf8_lossy(line)
            .parse()
            .map_err(|misfit| TransformError::Spill(std::io::Error::other(misfit)))?;
        let depth = depth(&row, parent_of);
        let rank = if reverse { u64::MAX - depth } else { depth };
        number += 1;
        sorter.push(Record {
            key: Key {
                id: format!("{rank:020}"),
                module_id: None,
            },
            number,
            body: line.to_vec(),
        })
    })?;
    Ok(sorter)
}

fn write_edges<W: Write>(edges: Sorter, output: &mut Output<W>) -> Result<(), TransformError> {
    for record in edges.sorted()? {
        output.raw(&record?.body)?;
    }
    Ok(())
}

/// How many parents stand above the edge device; links in a circle end where they close.
fn depth(row: &Row, parent_of: &HashMap<String, Option<String>>) -> u64 {
    let mut depth = 0;
    let most = parent_of.len() as u64;
    let mut parent = parent_scope(row);
    while let Some(scope) = parent {
        if depth >= most {
            break;
        }
        depth += 1;
        parent = parent_of.get(scope).and_then(|up| up.as_deref());
    }
    depth
}

/// Rows in a temporary file, in order.
struct Spool(BufWriter<File>);

impl Spool {
    fn new(context: &Context<'_>) -> Result<Spool, TransformError> {
        let file = temporary_file(context.temporary.as_deref())?;
        Ok(Spool(BufWriter::with_capacity(256 * 1024, file)))
    }

    fn push(&mut self, row: &Row) -> Result<(), TransformError> {
        let mut line = Vec::with_capacity(1024);
        row.write_line(&mut line);
        line.push(b'\n');
        self.0.write_all(&line).map_err(TransformError::Spill)
    }

    fn each(
        self,
        mut each: impl FnMut(&[u8]) -> Result<(), TransformError>,
    ) -> Result<(), TransformError> {
        let spill = TransformError::Spill;
        let mut file = self
            .0
            .into_inner()
            .map_err(|error| spill(error.into_error()))?;
        file.rewind().map_err(spill)?;
        let mut lines = BufReader::with_capacity(256 * 1024, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            if lines.read_until(b'\n', &mut line).map_err(spill)? == 0 {
                return Ok(());
            }
            each(line.strip_suffix(b"\n").unwrap_or(&line))?;
        }
    }

    fn write<W: Write>(self, output: &mut Output<W>) -> Result<(), TransformError> {
        self.each(|line| output.raw(line))
    }
}
