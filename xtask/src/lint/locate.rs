//! Which line of a JSON text a pointer leads to.

use std::collections::HashMap;

use crate::diff::document::escape;

/// The line of each value, by JSON pointer. The text must be valid JSON.
pub(super) fn lines(text: &str) -> HashMap<String, usize> {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        position: 0,
        line: 1,
        found: HashMap::new(),
    };
    scanner.value("");
    scanner.found
}

struct Scanner<'a> {
    bytes: &'a [u8],
    position: usize,
    line: usize,
    found: HashMap<String, usize>,
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
        self.found.entry(pointer.to_owned()).or_insert(self.line);
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
        while self.peek() == b'"' {
            let line = self.line;
            let name = self.text();
            let child = format!("{pointer}/{}", escape(&name));
            self.found.insert(child.clone(), line);
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
        let lines = super::lines(text);
        assert_eq!(lines[""], 1);
        assert_eq!(lines["/a"], 2);
        assert_eq!(lines["/a/0"], 2);
        assert_eq!(lines["/a/1"], 3);
        assert_eq!(lines["/a/1/b~1c"], 3);
        assert_eq!(lines["/d"], 4);
        assert_eq!(lines.len(), 6);
    }
}
