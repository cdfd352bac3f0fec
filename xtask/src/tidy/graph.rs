//! Who imports whom.

use cargo_metadata::{DependencyKind, Metadata};

/// What each package may depend on among ours. Dev-dependencies are free, unless they make a cycle.
const ALLOWED: [(&str, &[&str]); 7] = [
    ("jobs-api", &[]),
    ("jobs-devices", &[]),
    ("jobs-ext", &["jobs-api", "jobs-devices"]),
    ("jobs-emulator", &["jobs-devices"]),
    ("jobs-cli", &["jobs-ext", "jobs-devices", "jobs-emulator"]),
    ("xtask", &[]),
    ("workspace-tests", &[]),
];

/// Packages that only these may name: the generator's, and those that would bring a second TLS.
const RESERVED: [(&str, &[&str]); 4] = [
    ("progenitor", &["xtask"]),
    ("progenitor-impl", &["xtask"]),
    ("progenitor-client", &["jobs-api", "jobs-ext"]),
    ("openapiv3", &["xtask"]),
];

pub(super) fn check(metadata: &Metadata) -> Vec<String> {
    let mut edges = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            edges.push(Edge {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                is_dev: dependency.kind == DependencyKind::Development,
            });
        }
    }
    let ours: Vec<String> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    judge(&ours, &edges)
}

struct Edge {
    from: String,
    to: String,
    is_dev: bool,
}

fn judge(ours: &[String], edges: &[Edge]) -> Vec<String> {
    let mut findings = Vec::new();
    for name in ours {
        if !ALLOWED.iter().any(|(known, _)| known == name) {
            findings.push(format!(
                "{name}: no rule says what it may import; add one to xtask/src/tidy/graph.rs"
            ));
        }
    }
    for Edge { from, to, is_dev } in edges {
        let allowed = ALLOWED
            .iter()
            .find(|(name, _)| name == from)
            .map_or(&[][..], |(_, allowed)| *allowed);
        if ours.contains(to) && !is_dev && !allowed.contains(&to.as_str()) {
            findings.push(format!("{from} imports {to}, which the import direction does not allow (see ARCHITECTURE.md)"));
        }
        let reserved = RESERVED.iter().find(|(name, _)| name == to);
        if let Some((_, users)) =
            reserved.filter(|(_, users)| !is_dev && !users.contains(&from.as_str()))
        {
            findings.push(format!(
                "{from} imports {to}, which only {} may",
                users.join(" and ")
            ));
        }
        // A package may depend on itself there: that is how its tests ask for its own features.
        if *is_dev && from != to && ours.contains(to) && reaches(to, from, edges) {
            findings.push(format!(
                "{from} and {to} depend on each other through dev-dependencies"
            ));
        }
    }
    findings
}

/// Whether one package leads to another, dev-dependencies included.
fn reaches(start: &str, goal: &str, edges: &[Edge]) -> bool {
    let mut waiting = vec![start];
    let mut seen = Vec::new();
    while let Some(next) = waiting.pop() {
        if next == goal {
            return true;
        }
        if !seen.contains(&next) {
            seen.push(next);
            waiting.extend(
                edges
                    .iter()
                    .filter(|edge| edge.from == next)
                    .map(|edge| edge.to.as_str()),
            );
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(from: &str, to: &str, is_dev: bool) -> Vec<String> {
        let ours: Vec<String> = ALLOWED.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut edges = vec![Edge {
            from: "jobs-ext".into(),
            to: "jobs-api".into(),
            is_dev: false,
        }];
        edges.push(Edge {
            from: from.into(),
            to: to.into(),
            is_dev,
        });
        judge(&ours, &edges)
    }

    #[test]
    fn direction_is_held() {
        assert_eq!(judged("jobs-cli", "jobs-ext", false), Vec::<String>::new());
        assert_eq!(judged("jobs-emulator", "jobs-api", false).len(), 1);
        assert_eq!(judged("jobs-cli", "jobs-api", false).len(), 1);
        assert_eq!(judged("xtask", "jobs-devices", false).len(), 1);
        assert_eq!(
            judged("jobs-ext", "jobs-emulator", true),
            Vec::<String>::new()
        );
    }

    #[test]
    fn cycle_through_dev_dependencies_is_found() {
        assert_eq!(judged("jobs-api", "jobs-ext", true).len(), 1);
    }

    #[test]
    fn generator_stays_in_the_xtask() {
        for generator in ["progenitor", "progenitor-impl"] {
            assert_eq!(judged("jobs-api", generator, false).len(), 1);
            assert_eq!(judged("xtask", generator, false), Vec::<String>::new());
        }
    }

    #[test]
    fn new_package_needs_a_rule() {
        assert_eq!(judge(&["jobs-new".to_owned()], &[]).len(), 1);
    }
}
