//! Member names that stand twice in one object.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::checked::{Name, Token, Tokens};

/// How many names are compared one by one; the hashes of more go through a set, which needs less memory than the names. Two names of one
/// hash are taken for one: 128 random bits make that less likely than a fault of the memory.
const FEW: usize = 24;

/// The first name that stands twice in one object, at any level of a checked line.
pub(super) fn repeated_name(line: &str) -> Option<String> {
    let mut names: Vec<Name<'_>> = Vec::new();
    let mut open: Vec<Level> = Vec::new();
    let keys = [RandomState::new(), RandomState::new()];
    for token in Tokens::of(line) {
        match token {
            Token::Object | Token::Array => open.push(Level {
                start: names.len(),
                many: None,
            }),
            Token::End => {
                if let Some(level) = open.pop() {
                    names.truncate(level.start);
                }
            }
            Token::Name(raw) => {
                let Some(level) = open.last_mut() else {
                    continue;
                };
                let (name, few) = (Name::of(raw), &names[level.start..]);
                let is_new = if few.contains(&name) {
                    false
                } else if few.len() < FEW {
                    names.push(name.clone());
                    true
                } else {
                    let hash = [keys[0].hash_one(&name), keys[1].hash_one(&name)];
                    level.many.get_or_insert_default().insert(hash)
                };
                if !is_new {
                    return Some(name.shown().chars().take(64).collect());
                }
            }
            Token::Text(_) | Token::Word(_) => {}
        }
    }
    None
}

/// An object, or an array, that has not ended.
struct Level {
    /// Where its first names stand among those of all levels.
    start: usize,
    /// The hashes of its other names.
    many: Option<HashSet<[u64; 2]>>,
}
