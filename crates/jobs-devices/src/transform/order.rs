//! Rows in the order in which an import can make them.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher as _;
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
    links: Links,
}

/// Which edge device is the parent of which. A scope is held as a hash with a random key: two scopes of a million have the same one with a
/// chance below one in 10^7.
#[derive(Default)]
struct Links {
    hasher: RandomState,
    /// Every edge device by its own scope.
    edges: HashMap<u64, Edge>,
    /// Scopes that rows name as their parent's and that no edge device before them has, with the first row that does.
    unknown: HashMap<String, (u64, Place)>,
    /// Rows that name further such scopes, beyond [`MOST_UNKNOWN`].
    more_unknown: u64,
}

/// What is known of an edge device.
struct Edge {
    /// The scope of its parent; [`NO_PARENT`] where it has none.
    parent: u64,
    /// How many edge devices of the file are above it, and one more for a parent that the file lacks. Known once it was asked for.
    depth: Option<u32>,
}

/// Not the hash of any scope.
const NO_PARENT: u64 = 0;
/// How many scopes are held until their edge device comes.
const MOST_UNKNOWN: usize = 50_000;

impl Links {
    fn hash(&self, scope: &str) -> u64 {
        self.hasher.hash_one(scope).max(NO_PARENT + 1)
    }

    fn edge(&mut self, own: &str, parent: Option<&str>) {
        let parent = parent.map_or(NO_PARENT, |parent| self.hash(parent));
        let edge = Edge {
            parent,
            depth: None,
        };
        self.edges.insert(self.hash(own), edge);
        self.unknown.remove(own);
    }

    fn child(&mut self, parent: &str, place: Place) {
        if self.edges.contains_key(&self.hash(parent)) {
            return;
        }
        if let Some((rows, _)) = self.unknown.get_mut(parent) {
            *rows += 1;
        } else if self.unknown.len() < MOST_UNKNOWN {
            self.unknown.insert(parent.to_owned(), (1, place));
        } else {
            self.more_unknown += 1;
        }
    }

    /// How many parents are above a row with this parent; links in a circle end where they close. Each link is followed once, however long
    /// the chains are.
    fn depth(&mut self, parent: Option<&str>) -> u32 {
        let mut path = Vec::new();
        let mut above = parent.map_or(NO_PARENT, |parent| self.hash(parent));
        let mut depth = loop {
            if above == NO_PARENT {
                break 0;
            }
            match self.edges.get_mut(&above) {
                // A parent that the file lacks.
                None => break 1,
                Some(Edge {
                    depth: Some(known), ..
                }) => break *known + 1,
                Some(edge) => {
                    // Whoever comes here again on this path has closed a circle.
                    edge.depth = Some(0);
                    path.push(above);
                    above = edge.parent;
                }
            }
        };
        for scope in path.into_iter().rev() {
            if let Some(edge) = self.edges.get_mut(&scope) {
                edge.depth = Some(depth);
            }
            depth = depth.saturating_add(1);
        }
        depth
    }
}

impl ParentsFirst {
    pub(crate) fn new(context: &Context<'_>) -> Result<Self, TransformError> {
        Ok(ParentsFirst {
            edges: Spool::new(context)?,
            devices: Spool::new(context)?,
            modules: Spool::new(context)?,
            links: Links::default(),
        })
    }

    pub(crate) fn push(&mut self, row: &Row, place: Place) -> Result<(), TransformError> {
        let parent = parent_scope(row);
        if let Some(parent) = parent {
            self.links.child(parent, place);
        }
        if row.module_id.is_some() {
            self.modules.push(row)
        } else if row.is_edge() {
            if let Some(own) = own_scope(row) {
                self.links.edge(own, parent);
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
        let edges = sort_edges(self.edges, self.links, reverse, run.context)?;
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
        let mut missing: Vec<_> = self.links.unknown.iter().collect();
        missing.sort_by_key(|(_, (_, place))| place.line);
        let last = missing.last().map(|(_, (_, place))| *place);
        for (scope, (rows, place)) in missing {
            let message = format!(
                "{rows} row(s) from here on have the parent scope {scope}, which no edge device of this file has; \
                 the hub must have that device already"
            );
            run.problem(*place, ProblemKind::Warning, None, message);
        }
        if let (Some(place), more @ 1..) = (last, self.links.more_unknown) {
            let message = format!(
                "{more} row(s) from here on name further parents that no edge device before them has; whether one follows was not looked at"
            );
            run.problem(place, ProblemKind::Warning, None, message);
        }
    }
}

fn sort_edges(
    edges: Spool,
    mut links: Links,
    reverse: bool,
    context: &Context<'_>,
) -> Result<Sorter, TransformError> {
    let mut sorter = Sorter::new(context);
    let mut number = 0;
    edges.each(|line| {
        let row: Row = String::from_utf8_lossy(line)
            .parse()
            .map_err(|misfit| TransformError::Spill(std::io::Error::other(misfit)))?;
        let depth = u64::from(links.depth(parent_scope(&row)));
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
