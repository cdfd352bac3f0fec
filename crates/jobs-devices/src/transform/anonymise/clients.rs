//! The devices and modules that an edge hub names as its clients.

use crate::checked::members;

/// The reported properties of an edge hub with new names for its clients, which stand as `device/module` or `device` under `clients`.
/// None when it names no clients.
pub(super) fn rename(reported: &str, rename: impl Fn(&str) -> String) -> Option<String> {
    let is_clients =
        |name: Option<&str>, value: &str| name == Some("clients") && value.starts_with('{');
    if !members(reported).any(|(name, value)| is_clients(name.as_text(), value)) {
        return None;
    }
    let mut out = vec![b'{'];
    for (n, (name, value)) in members(reported).enumerate() {
        out.extend((n > 0).then_some(b','));
        name.push_json(&mut out);
        out.push(b':');
        if !is_clients(name.as_text(), value) {
            out.extend_from_slice(value.as_bytes());
            continue;
        }
        out.push(b'{');
        for (n, (client, value)) in members(value).enumerate() {
            out.extend((n > 0).then_some(b','));
            let parts = client.shown();
            let parts = parts.split('/').map(|part| match part.starts_with('$') {
                true => part.to_owned(),
                false => rename(part),
            });
            crate::text::push_string(&mut out, &parts.collect::<Vec<_>>().join("/"));
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
        }
        out.push(b'}');
    }
    out.push(b'}');
    Some(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::rename;

    #[test]
    fn clients_get_new_names_and_all_else_stays() {
        let new = |name: &str| format!("<{name}>");
        let reported = r#"{"a/b":1.0,"clients":{"d":{"status":"c"},"d/m" : null,"d/$edgeAgent":{"d":1}}, "\ud800":[]}"#;
        assert_eq!(
            rename(reported, new).as_deref(),
            Some(
                r#"{"a/b":1.0,"clients":{"<d>":{"status":"c"},"<d>/<m>":null,"<d>/$edgeAgent":{"d":1}},"\ud800":[]}"#
            )
        );
        for none in ["{}", r#"{"x":{"clients":{"d":1}}}"#, r#"{"clients":["d"]}"#] {
            assert_eq!(rename(none, new), None, "{none}");
        }
    }
}
