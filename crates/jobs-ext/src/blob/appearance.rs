//! What a file looks like that should be an error log.

/// What the first bytes of a file look like, as the end of a sentence.
pub(super) fn appearance(head: &[u8]) -> &'static str {
    const MAGIC: [(&[u8], &str); 5] = [
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\xff\xfe", "UTF-16 text"),
        (b"\xfe\xff", "UTF-16 text"),
    ];
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return name;
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if text.contains(&0) {
        return "binary data";
    }
    // The last character may be cut.
    if std::str::from_utf8(text).is_err_and(|error| error.error_len().is_some()) {
        return "binary data";
    }
    let text = text.trim_ascii_start().to_ascii_lowercase();
    match text.as_slice() {
        [b'<', b'!', b'd', ..] => "an HTML page",
        [b'<', b'h', b't', b'm', b'l', ..] => "an HTML page",
        [b'<', ..] => "XML or HTML",
        [b'[', ..] => "a JSON array",
        [b'{', ..] => "JSON of another kind",
        [b'"' | b'\'', ..] => "quoted text, such as CSV",
        _ => "plain text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_their_first_bytes() {
        for (head, name) in [
            (&b"\x1f\x8b\x08\0"[..], "gzip"),
            (b"\xff\xfe{\0", "UTF-16 text"),
            (b"\x7fELF\x02\0", "binary data"),
            (b"\xe9t\xe9 ", "binary data"),
            ("h\u{e9}".as_bytes().split_at(2).0, "plain text"),
            (b"\n<!DOCTYPE html>", "an HTML page"),
            (b"<?xml?>", "XML or HTML"),
            (b"[{}]", "a JSON array"),
            (b"{\"a\":1}", "JSON of another kind"),
            (b"\"{\"\"deviceId", "quoted text, such as CSV"),
            (b"all well", "plain text"),
        ] {
            assert_eq!(appearance(head), name);
        }
    }
}
