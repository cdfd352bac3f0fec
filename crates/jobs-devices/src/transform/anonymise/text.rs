//! Replacing the strings of a JSON text and nothing else.

/// The text with every string value replaced; member names, numbers and spaces stay.
pub(super) fn mask_strings(json: &str, mask: &mut impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 2);
    let mut rest = json;
    while let Some(at) = rest.find('"') {
        let (before, string_on) = rest.split_at(at);
        out.push_str(before);
        let length = string_length(string_on);
        let (string, after) = string_on.split_at(length);
        rest = after;
        let is_name = after.trim_start().starts_with(':');
        if is_name {
            out.push_str(string);
            continue;
        }
        // Half of a surrogate pair is no text; it is masked by its spelling.
        let masked = match crate::field::string(string) {
            Ok(text) => mask(&text),
            Err(_) => mask(string),
        };
        let mut quoted = Vec::with_capacity(masked.len() + 2);
        crate::text::push_string(&mut quoted, &masked);
        out.push_str(&String::from_utf8_lossy(&quoted));
    }
    out.push_str(rest);
    out
}

/// How many bytes the string at the start of the text has, its quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::mask_strings;

    #[test]
    fn values_change_and_all_else_stays() {
        let json = r#"{ "a" : "x\"y" , "b":[1.0,"z",{"c":null}],"d\":":"","e":"\ud800"}"#;
        let mut seen = Vec::new();
        let out = mask_strings(json, &mut |text| {
            seen.push(text.to_owned());
            "M".to_owned()
        });
        assert_eq!(
            out,
            r#"{ "a" : "M" , "b":[1.0,"M",{"c":null}],"d\":":"M","e":"M"}"#
        );
        assert_eq!(seen, ["x\"y", "z", "", "\"\\ud800\""]);
    }
}
