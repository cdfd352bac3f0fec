//! Which members of a row stand in which columns of a table.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use crate::Row;
use crate::object::{Object, Shape, each_leaf};
use crate::query::{Path, Segment, parse_path};

/// The columns of a table, in order.
///
/// Written as `header=member` pairs with commas or line breaks between them: `id,site=tags.site,fw=properties.desired.fw.version:string`.
/// A pair without `=` has the member's own name as header. A mapping that has no column for `id` adds its columns to
/// [all](Columns::all) that rows have. Members are named by the paths of the query language:
/// those of a row (`id`, `moduleId`, `authentication.type`, `authentication.symmetricKey.primaryKey`, …), `tags` and
/// `properties.desired` as a whole, or any member in them, an odd one as `tags['my site']`. `other` is the object of all members
/// this crate does not know.
///
/// For a member in a twin a type may follow: `:string` takes every cell as text, `:number` and `:bool` take nothing else,
/// `:json` takes JSON alone. Without one, a cell that is JSON is taken as such (`3`, `true`, `[1]`), `TRUE`, `True` and the
/// like as truth values, and any other as text; so is a number that would come back with other digits (`3.10`, `1e5`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    columns: Vec<Column>,
    /// How many of the last columns were asked for by name; a table that is read must have these.
    named: usize,
}

/// Why a text names no columns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ColumnsError(pub(super) String);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) header: String,
    pub(super) member: Member,
    pub(super) kind: Kind,
}

/// A member of a row that a column can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    /// A member that is neither an object nor in a twin: its path in the row, and what it is.
    Row(Vec<&'static str>, Shape),
    Twin(Section, Vec<String>),
    /// All members without a field of their own, or the one of that name.
    Other(Option<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Tags,
    Desired,
    Reported,
}

/// How the cells of a twin's member are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Any,
    Text,
    Number,
    Bool,
    Json,
}

/// All members by their paths, in the order in which the service writes them.
pub(super) static MEMBERS: LazyLock<Vec<(String, Member)>> = LazyLock::new(|| {
    let mut members = Vec::new();
    each_leaf(&mut Vec::new(), Row::TABLE, &mut |path, shape| {
        let name = path.join(".");
        let mut sections = Section::ALL.into_iter();
        let member = match sections.find(|section| section.path() == name) {
            Some(section) => Member::Twin(section, Vec::new()),
            None => Member::Row(path.to_vec(), shape),
        };
        members.push((name, member));
    });
    members.push(("other".to_owned(), Member::Other(None)));
    members
});

/// Names that people and other tools have for the same members.
const ALIASES: &[(&str, &str)] = &[
    ("deviceId", "id"),
    ("authenticationType", "authentication.type"),
    ("primaryKey", "authentication.symmetricKey.primaryKey"),
    ("secondaryKey", "authentication.symmetricKey.secondaryKey"),
    (
        "primaryThumbprint",
        "authentication.x509Thumbprint.primaryThumbprint",
    ),
    (
        "secondaryThumbprint",
        "authentication.x509Thumbprint.secondaryThumbprint",
    ),
    ("iotEdge", "capabilities.iotEdge"),
    ("desired", "properties.desired"),
    ("reported", "properties.reported"),
];

impl Columns {
    /// A column for every member that a row has a field for, twins as JSON, and one for all other members.
    pub fn all() -> Columns {
        let column = |(path, member): &(String, Member)| Column {
            header: path.clone(),
            member: member.clone(),
            kind: Kind::Any,
        };
        Columns {
            columns: MEMBERS.iter().map(column).collect(),
            named: 0,
        }
    }

    pub(super) fn as_slice(&self) -> &[Column] {
        &self.columns
    }

    /// The columns that were asked for by name.
    pub(super) fn named(&self) -> &[Column] {
        &self.columns[self.columns.len() - self.named..]
    }
}

impl Column {
    /// The column whose header is itself the name or the path of a member.
    pub(super) fn named(header: &str) -> Result<Column, ColumnsError> {
        let (path, kind) = split_kind(header);
        Ok(Column {
            header: path.to_owned(),
            member: Member::parse(path)?,
            kind,
        })
    }
}

impl Column {
    /// Whether one of both holds a member within the other's member. Whole sections are another matter: a table with all columns has
    /// them next to columns for single members, and both have the same values.
    pub(super) fn overlaps(&self, other: &Column) -> bool {
        match (&self.member, &other.member) {
            (Member::Twin(section, names), Member::Twin(of, other)) if section == of => {
                let is_part = names.starts_with(other) || other.starts_with(names);
                is_part && !names.is_empty() && !other.is_empty()
            }
            _ => false,
        }
    }
}

impl FromStr for Columns {
    type Err = ColumnsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut columns: Vec<Column> = Vec::new();
        for pair in pairs(text) {
            let column = column(pair)?;
            if column.kind != Kind::Any
                && !matches!(&column.member, Member::Twin(_, path) if !path.is_empty())
            {
                let header = &column.header;
                return Err(ColumnsError(format!(
                    "`{header}`: only a member in tags or properties can have a type"
                )));
            }
            if columns.iter().any(|known| known.header == column.header) {
                return Err(ColumnsError(format!(
                    "two columns are called `{}`",
                    column.header
                )));
            }
            if columns.iter().any(|known| known.member == column.member) {
                return Err(ColumnsError(format!(
                    "two columns hold `{}`",
                    column.member
                )));
            }
            columns.push(column);
        }
        if columns.is_empty() {
            return Err(ColumnsError("no column is named".to_owned()));
        }
        let named = columns.len();
        if !columns.iter().any(|column| column.member.is_id()) {
            let mut all = Columns::all().columns;
            all.retain(|standard| {
                !columns.iter().any(|column| {
                    column.member == standard.member || column.header == standard.header
                })
            });
            columns.splice(0..0, all);
        }
        Ok(Columns { columns, named })
    }
}

/// The column of one pair, `header=member` or, where only that makes sense, `member=header`.
fn column(pair: &str) -> Result<Column, ColumnsError> {
    let Some((left, right)) = split_pair(pair) else {
        return Column::named(pair);
    };
    let of = |header: &str, member: &str| {
        let (path, kind) = split_kind(member);
        Member::parse(path).map(|member| Column {
            header: header.to_owned(),
            member,
            kind,
        })
    };
    of(left, right).or_else(|error| of(right, left).map_err(|_| error))
}

/// The pairs of a mapping: commas and line breaks separate them, but in quotes.
fn pairs(text: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    let separates = move |c: char| match (quote, c) {
        (None, ',' | '\n') => true,
        (None, '\'' | '"') => {
            quote = Some(c);
            false
        }
        (Some(open), c) if open == c => {
            quote = None;
            false
        }
        _ => false,
    };
    text.split(separates)
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
}

/// Header and member at the first `=` outside a member's own quotes.
fn split_pair(pair: &str) -> Option<(&str, &str)> {
    let (header, member) = pair.split_once('=')?;
    (!header.contains('[')).then(|| (header.trim(), member.trim()))
}

fn split_kind(member: &str) -> (&str, Kind) {
    let kinds = [
        (":string", Kind::Text),
        (":number", Kind::Number),
        (":bool", Kind::Bool),
        (":json", Kind::Json),
    ];
    for (suffix, kind) in kinds {
        if let Some(path) = member.strip_suffix(suffix) {
            return (path, kind);
        }
    }
    (member, Kind::Any)
}

impl Member {
    pub(super) fn is_id(&self) -> bool {
        matches!(self, Member::Row(path, _) if path[..] == ["id"])
    }

    /// How many names lead to it within its section.
    pub(super) fn depth(&self) -> usize {
        match self {
            Member::Twin(_, names) => names.len(),
            _ => 0,
        }
    }

    fn parse(name: &str) -> Result<Member, ColumnsError> {
        let alias = ALIASES
            .iter()
            .find(|(alias, _)| alias.eq_ignore_ascii_case(name));
        let name = alias.map_or(name, |(_, path)| path);
        if let Some((_, member)) = MEMBERS
            .iter()
            .find(|(path, _)| path.eq_ignore_ascii_case(name))
        {
            return Ok(member.clone());
        }
        let unknown = |why: String| {
            ColumnsError(format!(
                "`{name}` is no member of a row ({why}); map the column to one, as in {name}=tags.{name}"
            ))
        };
        let path = parse_path(name).map_err(|error| unknown(error.to_string()))?;
        Member::of_path(&path).ok_or_else(|| {
            unknown("members are id, status, tags.x, properties.desired.x, other.x …".to_owned())
        })
    }

    fn of_path(path: &Path) -> Option<Member> {
        let mut names = Vec::new();
        for step in path.rest() {
            match step {
                Segment::Key(name) => names.push(name.clone()),
                Segment::Index(_) => return None,
            }
        }
        match path.root().to_ascii_lowercase().as_str() {
            "tags" => Some(Member::Twin(Section::Tags, names)),
            "properties" if !names.is_empty() => {
                let section = match names.remove(0).to_ascii_lowercase().as_str() {
                    "desired" => Section::Desired,
                    "reported" => Section::Reported,
                    _ => return None,
                };
                Some(Member::Twin(section, names))
            }
            "other" if names.len() == 1 => Some(Member::Other(names.pop())),
            _ => None,
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((path, _)) = MEMBERS.iter().find(|(_, member)| member == self) {
            return f.write_str(path);
        }
        match self {
            Member::Twin(section, names) => write!(f, "{}.{}", section.path(), names.join(".")),
            Member::Other(Some(name)) => f.write_str(name),
            _ => Ok(()),
        }
    }
}

impl Section {
    pub(super) const ALL: [Section; 3] = [Section::Tags, Section::Desired, Section::Reported];

    pub(super) fn path(self) -> &'static str {
        match self {
            Section::Tags => "tags",
            Section::Desired => "properties.desired",
            Section::Reported => "properties.reported",
        }
    }

    pub(super) fn of(self, row: &Row) -> Option<&str> {
        let properties = row.properties.as_ref();
        let object = match self {
            Section::Tags => row.tags.as_ref(),
            Section::Desired => properties.and_then(|p| p.desired.as_ref()),
            Section::Reported => properties.and_then(|p| p.reported.as_ref()),
        };
        object.map(|object| object.as_str())
    }
}
