//! Writing JSON text: exact escapes, no spaces, members in the order given.

/// Appends `text` as a JSON string. Escapes what RFC 8259 requires and nothing else, the short forms where they exist.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    // Nearly all texts need no escape; asking for all bytes at once lets the compiler use vector instructions.
    if !bytes
        .iter()
        .fold(false, |any, &byte| any | is_escaped(byte))
    {
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if !is_escaped(byte) {
            continue;
        }
        out.extend_from_slice(&bytes[from..at]);
        push_escape(out, byte);
        from = at + 1;
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'"');
}

#[inline(always)]
fn is_escaped(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        _ => out.extend_from_slice(&[
            b'\\',
            b'u',
            b'0',
            b'0',
            HEX[usize::from(byte >> 4)],
            HEX[usize::from(byte & 15)],
        ]),
    }
}

/// Writes one JSON object, member by member.
pub(crate) struct ObjectWriter<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
    spelling: Option<fn(&str) -> String>,
}

impl<'o> ObjectWriter<'o> {
    pub(crate) fn begin(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self {
            out,
            first: true,
            spelling: None,
        }
    }

    /// Spells the names of [`ObjectWriter::name`] in another way.
    pub(crate) fn spelled(self, spelling: Option<fn(&str) -> String>) -> Self {
        Self { spelling, ..self }
    }

    /// Starts a member whose name needs no escape.
    pub(crate) fn name(&mut self, name: &str) -> &mut Vec<u8> {
        self.separate();
        self.out.push(b'"');
        match self.spelling {
            Some(spelling) => self.out.extend_from_slice(spelling(name).as_bytes()),
            None => self.out.extend_from_slice(name.as_bytes()),
        }
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// Starts a member with any name.
    pub(crate) fn escaped_name(&mut self, name: &str) {
        self.separate();
        push_string(self.out, name);
        self.out.push(b':');
    }

    /// The value of the member just started.
    pub(crate) fn raw(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    fn separate(&mut self) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
    }

    pub(crate) fn end(self) {
        self.out.push(b'}');
    }
}
