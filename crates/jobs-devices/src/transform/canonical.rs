//! Comparing JSON by what it means.

use crate::checked::{Name, Token, Tokens, members};

/// The text with one spelling for each meaning: members in byte order with the last of a repeated name, no spaces,
/// strings escaped in one way, numbers by value (`1.0`, `1` and `10e-1` are one).
pub(crate) fn canonical(json: &str) -> String {
    let nodes = nodes_of(json);
    let mut out = Vec::with_capacity(json.len());
    let mut steps = Vec::new();
    if !nodes.is_empty() {
        steps.push(Step::Node(0));
    }
    while let Some(step) = steps.pop() {
        match step {
            Step::Byte(byte) => out.push(byte),
            Step::Name(name) => {
                name.push_json(&mut out);
                out.push(b':');
            }
            Step::Node(at) => match &nodes[at] {
                Node::Leaf(text) => push_leaf(text, &mut out),
                Node::Array(items) => {
                    out.push(b'[');
                    steps.push(Step::Byte(b']'));
                    for (n, item) in items.iter().enumerate().rev() {
                        steps.push(Step::Node(*item));
                        steps.extend((n > 0).then_some(Step::Byte(b',')));
                    }
                }
                Node::Object(members) => {
                    out.push(b'{');
                    steps.push(Step::Byte(b'}'));
                    for (n, (name, value)) in members.iter().enumerate().rev() {
                        steps.extend([Step::Node(*value), Step::Name(name)]);
                        steps.extend((n > 0).then_some(Step::Byte(b',')));
                    }
                }
            },
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A value; those within another by their place among all.
enum Node<'t> {
    Leaf(&'t str),
    Array(Vec<usize>),
    Object(Vec<(Name<'t>, usize)>),
}

/// What is still to be written. A list of its own, for a line may nest deeper than the stack reaches.
enum Step<'n> {
    Byte(u8),
    Name(&'n Name<'n>),
    Node(usize),
}

/// Every value of the text, the whole first; members in order.
fn nodes_of(json: &str) -> Vec<Node<'_>> {
    let (mut nodes, mut open, mut name) = (Vec::<Node<'_>>::new(), Vec::new(), None);
    for token in Tokens::of(json) {
        let node = match token {
            Token::Name(raw) => {
                name = Some(Name::of(raw));
                continue;
            }
            Token::End => {
                if let Some(Node::Object(members)) =
                    open.pop().and_then(|at: usize| nodes.get_mut(at))
                {
                    sort(members);
                }
                continue;
            }
            Token::Object => Node::Object(Vec::new()),
            Token::Array => Node::Array(Vec::new()),
            Token::Text(raw) | Token::Word(raw) => Node::Leaf(raw),
        };
        let at = nodes.len();
        match open.last().and_then(|outer| nodes.get_mut(*outer)) {
            Some(Node::Object(members)) => members.extend(name.take().map(|name| (name, at))),
            Some(Node::Array(items)) => items.push(at),
            Some(Node::Leaf(_)) | None => {}
        }
        if !matches!(node, Node::Leaf(_)) {
            open.push(at);
        }
        nodes.push(node);
    }
    nodes
}

fn push_leaf(json: &str, out: &mut Vec<u8>) {
    match json.as_bytes().first() {
        // A string and a name have one spelling.
        Some(b'"') => Name::of(json).push_json(out),
        Some(b't' | b'f' | b'n') | None => out.extend_from_slice(json.as_bytes()),
        Some(_) => push_number(json, out),
    }
}

/// The members of an object by name, the last of each name alone.
pub(crate) fn sorted_members(object: &str) -> Vec<(Name<'_>, &str)> {
    let mut members: Vec<_> = members(object).collect();
    sort(&mut members);
    members
}

/// Puts members in the order of their names, the last of each name alone.
fn sort<T>(members: &mut Vec<(Name<'_>, T)>) {
    if members.is_sorted_by(|(a, _), (b, _)| a < b) {
        return;
    }
    // Stable, so that of one name the last stays last.
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members.reverse();
    members.dedup_by(|a, b| a.0 == b.0);
    members.reverse();
}

/// Significant digits and a power of ten: `-12.50e3` is `-125e2`.
fn push_number(number: &str, out: &mut Vec<u8>) {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        out.push(b'0');
        return;
    }
    let dropped = all.len() - all.trim_end_matches('0').len();
    // Both are lengths of one line.
    let shift = dropped as i128 - fraction.len() as i128;
    let exponent = exponent.trim_start_matches('+');
    let power = exponent.parse::<i128>().ok();
    out.extend_from_slice(sign.as_bytes());
    out.extend_from_slice(significant.as_bytes());
    match power.and_then(|power| power.checked_add(shift)) {
        Some(0) => {}
        Some(power) => out.extend_from_slice(format!("e{power}").as_bytes()),
        // An exponent beyond 128 bits is compared by its digits.
        None => {
            let (sign, digits) = match exponent.strip_prefix('-') {
                Some(digits) => ("-", digits),
                None => ("", exponent),
            };
            let digits = digits.trim_start_matches('0');
            out.extend_from_slice(format!("e{sign}{digits}+{shift}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn one_meaning_has_one_spelling() {
        for (a, b) in [
            (r#"{"a":1,"b":[1,2]}"#, r#" { "b" : [ 1 , 2 ] , "a" : 1 } "#),
            (r#""\u0041\/""#, r#""A/""#),
            ("1.0", "1"),
            ("10e-1", "1"),
            ("-12.50e3", "-12500"),
            ("0.0e9", "-0"),
            ("1E+2", "100"),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"b":{},"a":[ ]}"#, r#"{"a":[],"b":{ }}"#),
            ("1e99999999999999999999", "1.0E+0099999999999999999999"),
            ("10e-99999999999999999999", "1e-99999999999999999998"),
            (
                &format!("1e{}", "9".repeat(50)),
                &format!("1E+0{}", "9".repeat(50)),
            ),
            (r#"{"\uD800":"\uDC00x\u0041"}"#, r#"{"\ud800":"\udc00xA"}"#),
        ] {
            assert_eq!(canonical(a), canonical(b), "{a} {b}");
        }
        for (a, b) in [
            ("1", "10"),
            ("1", "-1"),
            ("12345678901234567890", "12345678901234567891"),
            (r#""1""#, "1"),
            ("[1,2]", "[2,1]"),
            ("null", "false"),
            (r#"{"a":null}"#, "{}"),
            ("1e99999999999999999999", "1e99999999999999999998"),
            (r#"{"\ud800":1}"#, r#"{"\ud801":1}"#),
            (r#"{"\ud800":1,"z":1}"#, r#"{"\ud800":1,"z":2}"#),
            (r#"{"\ud800":1}"#, r#"{"\\ud800":1}"#),
        ] {
            assert_ne!(canonical(a), canonical(b), "{a} {b}");
        }
    }

    #[test]
    fn no_depth_is_too_deep() {
        let nested = |inner: &str| {
            format!(
                "{}{inner}{}",
                r#"{"b":[{"a":"#.repeat(200_000),
                "}]}".repeat(200_000)
            )
        };
        assert_eq!(canonical(&nested("1.0")), canonical(&nested(" 1 ")));
        assert_ne!(canonical(&nested("1")), canonical(&nested("2")));
    }
}
