//! Which line of a JSON text a pointer leads to, and which members an object names twice.

use std::collections::{HashMap, HashSet};

use crate::spec::document::escape;

/// Where the values of a JSON text are.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The line of each value, by JSON pointer.
    pub(crate) lines: HashMap<String, usize>,
    /// The members that their object names more than once, each time but the first.
    pub(crate) repeated: Vec<Repeated>,
}

/// A member that its object has already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repeated {
    /// Where, as a JSON pointer.
    pub(crate) pointer: String,
    /// The line of this one.
    pub(crate) line: usize,
    /// The line of the one before.
    pub(crate) before: usize,
}

/// The places of a text that must be valid JSON.
pub(crate) fn places(text: &str) -> Places {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        position: 0,
        line: 1,
        found: Places::default(),
    };
    scanner.value("");
    scanner.found
}

struct Scanner<'a> {
    bytes: &'a [u8],
    position: usize,
    line: usize,
    found: Places,
}

impl Scanner<'_> {
    fn peek(&mut self) -> u8 {
        while let Some(byte) = self.bytes.get(self.position) {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                other => return *other,
            }
            self.position += 1;
        }
        0
    }

    fn value(&mut self, pointer: &str) {
        let first = self.peek();
        self.found
            .lines
            .entry(pointer.to_owned())
            .or_insert(self.line);
        match first {
            b'{' => self.members(pointer),
            b'[' => self.items(pointer),
            b'"' => {
                self.text();
            }
            _ => {
                while self
                    .bytes
                    .get(self.position)
                    .is_some_and(|byte| !b",]} \t\r\n".contains(byte))
                {
                    self.position += 1;
                }
            }
        }
    }

    fn members(&mut self, pointer: &str) {
        self.position += 1;
        let mut seen = HashSet::new();
        while self.peek() == b'"' {
            let line = self.line;
            let name = self.text();
            let child = format!("{pointer}/{}", escape(&name));
            let before = self.found.lines.insert(child.clone(), line);
            if !seen.insert(name) {
                self.found.repeated.push(Repeated {
                    pointer: child.clone(),
                    line,
                    before: before.unwrap_or(line),
                });
            }
            if self.peek() == b':' {
                self.position += 1;
            }
            self.value(&child);
            if self.peek() == b',' {
                self.position += 1;
            }
        }
        self.position += 1;
    }

    fn items(&mut self, pointer: &str) {
        self.position += 1;
        let mut index = 0;
        while !matches!(self.peek(), b']' | 0) {
            self.value(&format!("{pointer}/{index}"));
            index += 1;
            if self.peek() == b',' {
                self.position += 1;
            }
        }
        self.position += 1;
    }

    fn text(&mut self) -> String {
        let start = self.position;
        self.position += 1;
        while let Some(byte) = self.bytes.get(self.position) {
            match byte {
                b'\\' => self.position += 1,
                b'"' => break,
                _ => {}
            }
            self.position += 1;
        }
        self.position = (self.position + 1).min(self.bytes.len());
        let raw = &self.bytes[start..self.position];
        serde_json::from_slice(raw).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_pointer_has_the_line_of_its_name() {
        let text = "{\n \"a\": [1,\n  {\"b/c\": \"x\\\"}\"}],\n \"d\":\n  null\n}\n";
        let lines = super::places(text).lines;
        assert_eq!(lines[""], 1);
        assert_eq!(lines["/a"], 2);
        assert_eq!(lines["/a/0"], 2);
        assert_eq!(lines["/a/1"], 3);
        assert_eq!(lines["/a/1/b~1c"], 3);
        assert_eq!(lines["/d"], 4);
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn member_that_is_named_twice_is_found_and_its_own_members_are_not() {
        let text = "{\n \"a\": {\"b\": 1},\n \"c\": [{\"a\": 1}],\n \"\\u0061\": {\"b\": 2}\n}\n";
        let repeated = super::places(text).repeated;
        let found: Vec<_> = repeated
            .iter()
            .map(|member| (member.pointer.as_str(), member.line, member.before))
            .collect();
        assert_eq!(found, [("/a", 4, 2)]);
    }
}
