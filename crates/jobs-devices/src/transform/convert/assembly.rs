//! A row made from the cells of a table.

use super::cell::{json, quote, text};
use super::columns::{Column, Kind, Member, Section};
use crate::checked::members;
use crate::field::string;
use crate::object::{Field, Object, Shape};
use crate::{Json, JsonObject, Properties, Row};

/// The members of a twin's section that stand in columns of their own, as they come. Names are kept as JSON, for not every one is a text.
#[derive(Debug, Default)]
struct Tree(Vec<(String, Node)>);

#[derive(Debug)]
enum Node {
    Json(String),
    Object(Tree),
}

impl Tree {
    fn set(&mut self, names: &[String], json: String) {
        let Some((first, rest)) = names.split_first() else {
            return;
        };
        let first = quote(first);
        if rest.is_empty() {
            return self.place(first, json);
        }
        let at = self.0.iter().position(|(name, _)| *name == first);
        let at = at.unwrap_or_else(|| {
            self.0.push((first, Node::Object(Tree::default())));
            self.0.len() - 1
        });
        // The header has no column within the member of another one.
        if let Node::Object(tree) = &mut self.0[at].1 {
            tree.set(rest, json);
        }
    }

    /// Sets the member of a name that is JSON.
    fn place(&mut self, name: String, json: String) {
        match self.0.iter().position(|(known, _)| *known == name) {
            Some(at) => self.0[at].1 = Node::Json(json),
            None => self.0.push((name, Node::Json(json))),
        }
    }

    /// The members of an object's text; of any other text none.
    fn of(json: &str) -> Tree {
        let mut tree = Tree::default();
        for (name, value) in members(json) {
            let mut written = Vec::new();
            name.push_json(&mut written);
            let name = String::from_utf8_lossy(&written).into_owned();
            tree.place(name, value.to_owned());
        }
        tree
    }

    fn write(&self, out: &mut String) {
        out.push('{');
        for (n, (name, node)) in self.0.iter().enumerate() {
            if n > 0 {
                out.push(',');
            }
            out.push_str(name);
            out.push(':');
            match node {
                Node::Json(json) => out.push_str(json),
                Node::Object(tree) => tree.write(out),
            }
        }
        out.push('}');
    }
}

/// Why a row of a table cannot be taken.
pub(super) enum Unfit {
    /// One of its cells does not fit, or one is missing.
    Cell(String),
    /// The column of a whole section and the column at this place have different values of one member.
    Overlap(usize),
}

impl From<String> for Unfit {
    fn from(reason: String) -> Self {
        Unfit::Cell(reason)
    }
}

/// A row in the making, cell by cell.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    row: Row,
    /// Members of tags, desired and reported properties in columns of their own.
    trees: [Tree; 3],
    /// Unknown members in columns of their own.
    others: Vec<(String, String)>,
}

impl Assembly {
    /// Takes a cell; the reason when it does not fit. Reasons quote no cell, for it may be a key.
    pub(super) fn set(&mut self, column: &Column, cell: &str) -> Result<(), String> {
        if cell.is_empty() {
            return Ok(());
        }
        let row = &mut self.row;
        match &column.member {
            Member::Row(path, shape) => {
                let json = match shape {
                    Shape::Bool => json(cell, Kind::Bool)?,
                    Shape::Texts => {
                        let texts = serde_json::from_str::<Vec<String>>(cell);
                        texts.map_err(|_| "expected a JSON array of strings")?;
                        cell.to_owned()
                    }
                    Shape::Integer | Shape::Json | Shape::Object(_) => cell.to_owned(),
                    Shape::Text | Shape::Word(_) => quote(&text(cell)),
                };
                row.set(path, &json).map_err(|misfit| misfit.message)?;
            }
            Member::Twin(section, names) if names.is_empty() => {
                let whole = JsonObject::new(cell).map_err(|error| error.to_string())?;
                self.whole(*section, whole);
            }
            Member::Twin(section, names) => {
                self.trees[*section as usize].set(names, json(cell, column.kind)?);
            }
            Member::Other(None) => {
                let object = JsonObject::new(cell).map_err(|error| error.to_string())?;
                for (name, value) in members(object.as_str()) {
                    let half = "a member's name has half of a surrogate pair";
                    let pushed = row.extra.push(name.as_text().ok_or(half)?, value);
                    pushed.map_err(|error| error.to_string())?;
                }
            }
            Member::Other(Some(name)) => {
                let value = json(cell, column.kind)?;
                self.others.push((name.clone(), value));
            }
        }
        Ok(())
    }

    /// Adds the unknown members that have columns of their own to those of the column of all.
    fn other_members(&mut self, columns: &[Column]) -> Result<(), Unfit> {
        for (name, value) in std::mem::take(&mut self.others) {
            match self.row.extra.get(&name) {
                Some(there) if is_same(&value, there.as_str()) => {}
                Some(_) => {
                    let is_it =
                        |column: &Column| column.member == Member::Other(Some(name.clone()));
                    return Err(Unfit::Overlap(
                        columns.iter().position(is_it).unwrap_or_default(),
                    ));
                }
                None => self
                    .row
                    .extra
                    .insert(name.as_str(), Json::from_checked(&value)),
            }
        }
        Ok(())
    }

    fn whole(&mut self, section: Section, object: JsonObject) {
        let (row, whole) = (&mut self.row, Field::Value(object));
        if section == Section::Tags {
            row.tags = whole;
            return;
        }
        let properties = row.properties.get_or_insert_with(Properties::new);
        match section {
            Section::Desired => properties.desired = whole,
            _ => properties.reported = whole,
        }
    }

    /// The row; the reason when there is no id, or when one of the columns contradicts another.
    pub(super) fn finish(mut self, columns: &[Column]) -> Result<Row, Unfit> {
        if self.row.id.is_empty() {
            return Err("the id is empty".to_owned().into());
        }
        self.other_members(columns)?;
        for section in Section::ALL {
            let tree = std::mem::take(&mut self.trees[section as usize]);
            if tree.0.is_empty() {
                continue;
            }
            let mut merged = Tree::of(section.of(&self.row).unwrap_or("{}"));
            for (name, node) in tree.0 {
                let mut path = Vec::new();
                if !merged.lay_over(name, node, &mut path) {
                    return Err(overlap(columns, section, &path));
                }
            }
            let mut text = String::new();
            merged.write(&mut text);
            self.whole(section, JsonObject::from_checked(&text));
        }
        Ok(self.row)
    }
}

impl Tree {
    /// Sets a member; an object is laid over one that is there. False when another value is there, whose names `path` then has.
    fn lay_over(&mut self, name: String, node: Node, path: &mut Vec<String>) -> bool {
        path.push(name.clone());
        let at = self.0.iter().position(|(known, _)| *known == name);
        let fits = match (node, at.map(|at| &self.0[at].1)) {
            (Node::Json(json), Some(Node::Json(there))) => is_same(&json, there),
            (Node::Json(json), _) => {
                self.place(name, json);
                true
            }
            (Node::Object(_), Some(Node::Json(there))) if !there.starts_with('{') => false,
            (Node::Object(tree), _) => {
                let mut base = match at.map(|at| self.0.remove(at).1) {
                    Some(Node::Json(json)) => Tree::of(&json),
                    Some(Node::Object(tree)) => tree,
                    None => Tree::default(),
                };
                let mut nodes = tree.0.into_iter();
                let fits = nodes.all(|(name, node)| base.lay_over(name, node, path));
                self.0.push((name, Node::Object(base)));
                fits
            }
        };
        if fits {
            path.pop();
        }
        fits
    }
}

/// Whether two texts of JSON are one value: the same text, or strings that differ only in escapes.
fn is_same(json: &str, other: &str) -> bool {
    let unescaped = |json| string(json).ok();
    json == other
        || (json.starts_with('"') && other.starts_with('"') && unescaped(json) == unescaped(other))
}

/// The column of a section's member that contradicts the column of the section.
fn overlap(columns: &[Column], section: Section, path: &[String]) -> Unfit {
    let leads_to = |column: &Column| match &column.member {
        Member::Twin(other, names) if *other == section && !names.is_empty() => names
            .iter()
            .zip(path)
            .all(|(name, part)| quote(name) == *part),
        _ => false,
    };
    Unfit::Overlap(columns.iter().position(leads_to).unwrap_or_default())
}
