//! Texts that lost their quotes.

use super::ast::{Condition, Expr, Path};
use super::names::canonical_name;

/// Members of a row that twins do not have under these names.
const OF_ROWS: [&str; 4] = ["id", "twinETag", "importMode", "authentication"];

impl Condition {
    /// Bare names that something is compared with and that neither a twin nor a row has: most often texts without their quotes
    /// (`status = enabled`, or `status = 'enabled'` after a shell took the quotes). Such a comparison is good grammar and selects nothing.
    ///
    /// ```
    /// use jobs_devices::query::parse_condition;
    /// assert_eq!(parse_condition("status = enabled AND tags.a = 'b'")?.unquoted(), ["enabled"]);
    /// # Ok::<(), jobs_devices::query::ParseError>(())
    /// ```
    pub fn unquoted(&self) -> Vec<&str> {
        let mut found = Vec::new();
        if let Some(expr) = self.expr() {
            walk(expr, &mut found);
        }
        found
    }
}

/// The parser bounds the height of a tree.
fn walk<'a>(expr: &'a Expr, found: &mut Vec<&'a str>) {
    match expr {
        Expr::Compare { left, right, .. } => {
            found.extend(bare(right));
            walk(left, found);
            walk(right, found);
        }
        Expr::In { needle, list, .. } => {
            found.extend(list.iter().filter_map(bare));
            walk(needle, found);
            list.iter().for_each(|item| walk(item, found));
        }
        Expr::And(parts) | Expr::Or(parts) | Expr::Array(parts) => {
            parts.iter().for_each(|part| walk(part, found));
        }
        Expr::Call { arguments, .. } => arguments.iter().for_each(|part| walk(part, found)),
        Expr::Not(inner) | Expr::Negate(inner) => walk(inner, found),
        Expr::Arithmetic { left, right, .. } => {
            walk(left, found);
            walk(right, found);
        }
        Expr::Literal(_) | Expr::Path(_) => {}
    }
}

fn bare(expr: &Expr) -> Option<&str> {
    let Expr::Path(Path { root, rest }) = expr else {
        return None;
    };
    let of_rows = OF_ROWS.iter().any(|known| known.eq_ignore_ascii_case(root));
    (rest.is_empty() && !of_rows && canonical_name(root).is_none()).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::super::parse_condition;

    #[test]
    fn bare_names_are_found_where_they_are_compared() {
        for (text, names) in [
            ("status = enabled", &["enabled"][..]),
            ("tags.site IN [a, 'b', deviceId]", &["a"]),
            ("NOT (status != disabled) OR tags.n > 3", &["disabled"]),
            ("deviceId = moduleId AND ETAG = twinetag", &[]),
            ("status = 'enabled'", &[]),
            ("tags.a = tags.b", &[]),
            ("IS_DEFINED(custom)", &[]),
            ("*", &[]),
        ] {
            assert_eq!(parse_condition(text).unwrap().unquoted(), names, "{text}");
        }
    }
}
