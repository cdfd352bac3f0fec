//! Names that stand twice in one object: readers of JSON disagree about them.

use std::borrow::Cow;

/// Whether a name stands twice in one object of a checked JSON text, at any level. One pass; only names with escapes are decoded.
pub(crate) fn repeats_a_name(json: &str) -> bool {
    let bytes = json.as_bytes();
    // The names of the objects that are open, and where those of each begin.
    let (mut names, mut starts) = (Vec::<Cow<'_, str>>::new(), Vec::new());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' => starts.push(names.len()),
            b'}' => {
                let start = starts.pop().unwrap_or_default();
                if has_equals(&mut names[start..]) {
                    return true;
                }
                names.truncate(start);
            }
            b'"' => {
                let end = end_of_string(bytes, at);
                let behind = bytes[end..].iter().skip(1);
                if behind.copied().find(|byte| !byte.is_ascii_whitespace()) == Some(b':') {
                    names.push(decoded(json, at, end));
                }
                at = end + 1;
            }
            _ => {}
        }
    }
    false
}

/// Where the closing quote of a string is that begins here.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at.min(bytes.len())
}

fn decoded(json: &str, start: usize, end: usize) -> Cow<'_, str> {
    let raw = json.get(start..end).unwrap_or_default();
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    // Half of a surrogate pair cannot be decoded: it is no name of a twin, which the rules say.
    serde_json::from_str(&format!("\"{raw}\"")).map_or(Cow::Borrowed(raw), Cow::Owned)
}

fn has_equals(names: &mut [Cow<'_, str>]) -> bool {
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::repeats_a_name;

    #[test]
    fn only_names_of_one_object_repeat() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061" : 2}"#,
            r#"{"x":[{"a":{"b":1,"c":2,"b":3}}]}"#,
            r#"{"a":"\\","b":"\"","a":1}"#,
        ] {
            assert!(repeats_a_name(text), "{text}");
        }
        for text in [
            "{}",
            r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#,
            r#"{"a":"a","b":"a","c":["a","a"]}"#,
            r#"{"a":"\"b\":1,\"b\":2","A":"}{\\"}"#,
        ] {
            assert!(!repeats_a_name(text), "{text}");
        }
    }

    proptest! {
        /// What serde_json writes has every name once; with one more member of a known name, it has not.
        #[test]
        fn a_name_added_once_more_is_found(names in proptest::collection::btree_set("[a-c\"\\\\{}:é]{1,4}", 1..40), pick in any::<proptest::sample::Index>()) {
            let object = |names: &[String]| {
                let members: Vec<_> = names.iter().map(|name| format!("{}:{{\"in\":[1]}}", Value::from(name.as_str()))).collect();
                format!("{{\"o\":{{{}}}}}", members.join(","))
            };
            let names: Vec<_> = names.into_iter().collect();
            let once = repeats_a_name(&object(&names));
            prop_assert!(!once);
            let again = pick.get(&names).clone();
            let twice = repeats_a_name(&object(&[names, vec![again]].concat()));
            prop_assert!(twice);
        }
    }
}
