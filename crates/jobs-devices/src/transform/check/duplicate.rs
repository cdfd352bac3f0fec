//! Member names that are repeated in one object.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::checked::{Name, Token, Tokens};

/// How many names are compared one by one; the hashes of more go through a set, which needs far less memory than the names.
const FEW: usize = 24;

/// Names are compared down to this level: far more levels than a twin may have, which another rule reports.
const MOST_OPEN: usize = 1_000;

/// The first name that is repeated in one object of a checked line.
pub(super) fn repeated_name(line: &str) -> Option<String> {
    let mut names: Vec<Name<'_>> = Vec::new();
    let mut open: Vec<Level> = Vec::new();
    let mut below = 0_usize;
    let key = RandomState::new();
    let has_escapes = line.contains('\\');
    for (at, token) in Tokens::of(line).enumerate() {
        match token {
            Token::Object | Token::Array if open.len() == MOST_OPEN => below += 1,
            Token::End if below > 0 => below -= 1,
            Token::Name(_) if below > 0 => {}
            Token::Object | Token::Array => open.push(Level {
                at,
                start: names.len(),
                bits: 0,
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
                let name = match has_escapes {
                    true => Name::of(raw),
                    false => Name::without_escapes(raw),
                };
                let few = &names[level.start..];
                let bit = bit_of(&name);
                let may_be_there = level.bits & bit != 0;
                level.bits |= bit;
                let is_new = if may_be_there && few.contains(&name) {
                    false
                } else if few.len() < FEW {
                    names.push(name);
                    continue;
                } else {
                    let many = level.many.get_or_insert_default();
                    let [a, b, c, d, e, ..] = key.hash_one(&name).to_ne_bytes();
                    many.insert([a, b, c, d, e]) || !level.has(line, &name, at)
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

/// One of 64 bits. Different names rarely share one.
fn bit_of(name: &Name<'_>) -> u64 {
    let bytes = name.text().as_bytes();
    let (first, last) = (bytes.first(), bytes.last());
    let sum =
        bytes.len() * 5 + usize::from(*first.unwrap_or(&0)) * 3 + usize::from(*last.unwrap_or(&0));
    1 << (sum % 64)
}

/// An object, or an array, that has not ended.
struct Level {
    /// Which token of the line it starts with.
    at: usize,
    /// Where its first names stand among those of all levels.
    start: usize,
    /// The bits of its names: a name whose bit is not there is a new one.
    bits: u64,
    /// The hashes of its other names, five bytes of each: hardly two are equal among the names of a line, and the names of those
    /// are compared.
    many: Option<HashSet<[u8; 5]>>,
}

impl Level {
    /// Whether the object has the name before a token: two names may have one hash.
    fn has(&self, line: &str, name: &Name<'_>, before: usize) -> bool {
        let mut depth = 0_usize;
        let tokens = Tokens::of(line).take(before).skip(self.at + 1);
        for token in tokens {
            match token {
                Token::Object | Token::Array => depth += 1,
                Token::End => depth = depth.saturating_sub(1),
                Token::Name(raw) if depth == 0 && Name::of(raw) == *name => return true,
                _ => {}
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_among_many_is_found_in_its_own_object_alone() {
        let names = |from: usize, to: usize| {
            let members = (from..to).map(|n| format!("\"n{n}\":{{\"n99\":[{{\"x\":{n}}}]}}"));
            members.collect::<Vec<_>>().join(",")
        };
        let line = |more: &str| format!("{{\"id\":\"a\",\"tags\":{{{}{more}}}}}", names(0, 90));
        assert_eq!(repeated_name(&line("")), None);
        assert_eq!(repeated_name(&line(",\"n99\":1")), None);
        for name in ["n0", "n23", "n24", "n89"] {
            let found = repeated_name(&line(&format!(",\"{name}\":1")));
            assert_eq!(found.as_deref(), Some(name));
        }
        assert_eq!(
            repeated_name(&line(",\"n8\\u0039\":1")).as_deref(),
            Some("n89")
        );
    }

    #[test]
    fn names_of_one_hash_are_compared() {
        let line = "{\"a\":{\"c\":1},\"b\":2,\"c\":3}";
        let level = Level {
            at: 0,
            start: 0,
            bits: 0,
            many: None,
        };
        let before = Tokens::of(line).count() - 3;
        for (raw, has) in [("\"a\"", true), ("\"b\"", true), ("\"c\"", false)] {
            assert_eq!(level.has(line, &Name::of(raw), before), has, "{raw}");
        }
    }
}
