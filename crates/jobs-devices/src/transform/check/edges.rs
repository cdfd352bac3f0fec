//! The rules `edge-scope` and `modules`: parents that are not edge devices, and devices with too many modules.

use super::links::reaches_an_identity;
use crate::rules::Severity;
use crate::transform::marks::{Mark, Marker};
use crate::transform::scope::edge_of_scope;
use crate::{ImportMode, RowRef};

type Found = (Severity, &'static str, String);

/// What the row of a device says of the scope that its children name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParentTag {
    /// Nothing: the hub knows.
    Unknown,
    /// It is not an edge device from this row on.
    NotEdge,
    /// It is not an edge device, unless it exists and is one.
    NotSaid,
    /// A new edge device, with a scope that the row names, or with one that the hub makes.
    New(Option<u32>),
    /// An edge device that gets this scope if it does not exist.
    Edge(Option<u32>),
}

/// How many bits of a tag say which of its cases it is.
const CASE_BITS: u32 = 3;

impl ParentTag {
    pub(super) fn of(row: &RowRef<'_>, marker: &Marker) -> Self {
        let mode = row.effective_mode();
        if !reaches_an_identity(row) {
            return Self::Unknown;
        }
        let own = || {
            let scope = row.device_scope();
            let scope = scope.filter(|scope| edge_of_scope(scope).is_some_and(|id| id == row.id()));
            scope.map(|scope| marker.short_hash(&scope, CASE_BITS + 1))
        };
        match (row.iot_edge(), mode) {
            (Some(true), ImportMode::Create) => Self::New(own()),
            (Some(true), mode) if mode.creates() => Self::Edge(own()),
            (Some(false), ImportMode::CreateOrUpdate | ImportMode::Update)
            | (Some(false) | None, ImportMode::Create) => Self::NotEdge,
            (Some(false), mode) if mode.overwrites_identity() => Self::NotSaid,
            (None, mode) if mode.creates() => Self::NotSaid,
            _ => Self::Unknown,
        }
    }

    pub(super) fn to_bits(self) -> u32 {
        let scope = |scope: Option<u32>| scope.map_or(0, |hash| hash << 1 | 1) << CASE_BITS;
        match self {
            Self::Unknown => 0,
            Self::NotEdge => 1,
            Self::NotSaid => 2,
            Self::New(own) => 3 | scope(own),
            Self::Edge(own) => 4 | scope(own),
        }
    }

    pub(super) fn from_bits(bits: u32) -> Self {
        let scope = bits >> CASE_BITS;
        let scope = (scope & 1 == 1).then_some(scope >> 1);
        match bits & ((1 << CASE_BITS) - 1) {
            1 => Self::NotEdge,
            2 => Self::NotSaid,
            3 => Self::New(scope),
            4 => Self::Edge(scope),
            _ => Self::Unknown,
        }
    }

    /// What is wrong with a child of the parent, as far as the file shows it.
    pub(super) fn rejects(self, parent: &Mark, child: &Mark) -> Option<Found> {
        let is_below = child.line > parent.line;
        let of_child = Some(ChildTag::from_bits(child.tag).0);
        let (severity, what) = match self {
            Self::NotEdge if is_below => (Severity::Error, "is not an edge device"),
            Self::NotEdge | Self::NotSaid => (
                Severity::Warning,
                "is not an edge device, unless it exists and is one",
            ),
            Self::New(None) => (
                Severity::Error,
                "is a new edge device without `deviceScope`, so that the hub gives it another scope",
            ),
            Self::New(own) if own != of_child => {
                (Severity::Error, "is a new edge device with another scope")
            }
            Self::Edge(own) if own != of_child => (
                Severity::Warning,
                "is an edge device that has this scope only if it exists with it",
            ),
            _ => return None,
        };
        let message = format!(
            "the parent on line {} {what}; the hub takes as a parent only an edge device by its own scope",
            parent.line
        );
        Some((severity, "edge-scope", message))
    }
}

/// The scope that a row names as its parent's.
pub(super) struct ChildTag(u32);

impl ChildTag {
    pub(super) fn of(scope: &str, marker: &Marker) -> Self {
        Self(marker.short_hash(scope, CASE_BITS + 1))
    }

    pub(super) fn to_bits(&self) -> u32 {
        self.0
    }

    fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

/// Modules that a device can have on a hub.
const MOST_MODULES: usize = 50;

/// How many bits of a tag say what the row of a module does.
const MODULE_BITS: u32 = 2;
const MAY_CREATE: u32 = 1;
const CREATES: u32 = 2;

/// Whether the row may add a module to its device, and a number for its name.
pub(super) fn module_tag(marker: &Marker, row: &RowRef<'_>, module: &str) -> u32 {
    let counts = reaches_an_identity(row) && !module.is_empty() && !module.starts_with('$');
    let creates = match row.effective_mode() {
        _ if !counts => 0,
        ImportMode::Create => CREATES,
        mode if mode.creates() => MAY_CREATE,
        _ => 0,
    };
    marker.short_hash(module, MODULE_BITS) << MODULE_BITS | creates
}

/// The modules that rows add to one device.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// The line of the device, if it is in the file.
    device: Option<u64>,
    above: Vec<u32>,
    below: Vec<u32>,
}

impl Modules {
    pub(super) fn of(device: Option<u64>) -> Self {
        Self {
            device,
            ..Self::default()
        }
    }

    /// Takes the next row of the device's modules, in the order of the file.
    pub(super) fn take(&mut self, mark: &Mark) -> Option<Found> {
        let (creates, name) = (mark.tag & ((1 << MODULE_BITS) - 1), mark.tag >> MODULE_BITS);
        if creates == 0 || self.above.contains(&name) || self.below.contains(&name) {
            return None;
        }
        // A module above its device waits until the end if the device is new.
        let is_above = self.device.is_some_and(|line| mark.line < line);
        let total = self.above.len() + self.below.len();
        let names = match is_above {
            true => &mut self.above,
            false => &mut self.below,
        };
        let is_certain = creates == CREATES && names.len() >= MOST_MODULES;
        if names.len() < MOST_MODULES {
            names.push(name);
        }
        if total < MOST_MODULES {
            return None;
        }
        let severity = match is_certain {
            true => Severity::Error,
            false => Severity::Warning,
        };
        let what = match is_certain {
            true => "the hub rejects the row",
            false => "the hub rejects the row, or another one of them that is new",
        };
        let message = format!(
            "the file has more than {MOST_MODULES} modules of the device, and a hub has no more; {what}"
        );
        Some((severity, "modules", message))
    }
}
