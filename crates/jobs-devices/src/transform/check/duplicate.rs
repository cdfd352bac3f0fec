//! Member names that stand twice in one object.

use std::collections::HashSet;

use crate::checked::{Name, Token, Tokens};

/// How many names are compared one by one; more go through a set.
const FEW: usize = 24;

/// The first name that stands twice in one object, at any level of a checked line.
pub(super) fn repeated_name(line: &str) -> Option<String> {
    let mut names: Vec<Name<'_>> = Vec::new();
    let mut open: Vec<Level<'_>> = Vec::new();
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
                if few.contains(&name)
                    || level.many.as_ref().is_some_and(|many| many.contains(&name))
                {
                    return Some(name.shown().chars().take(64).collect());
                }
                if few.len() < FEW {
                    names.push(name);
                } else {
                    level.many.get_or_insert_default().insert(name);
                }
            }
            Token::Text(_) | Token::Word(_) => {}
        }
    }
    None
}

/// An object, or an array, that has not ended.
struct Level<'t> {
    /// Where its first names stand among those of all levels.
    start: usize,
    /// Its other names.
    many: Option<HashSet<Name<'t>>>,
}
