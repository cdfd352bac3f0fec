//! Names of files and paths of machines.

use std::path::Path;

/// Names that say nothing about what is inside.
const FORBIDDEN: [&str; 5] = ["util", "utils", "common", "helpers", "misc"];

pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for part in Path::new(path).iter().filter_map(|part| part.to_str()) {
        let stem = part.split('.').next().unwrap_or(part);
        if FORBIDDEN.contains(&stem) {
            findings.push(format!(
                "{path}: the name `{stem}` says nothing; name it after what is inside"
            ));
        }
    }
    for (index, line) in text.lines().enumerate() {
        if let Some(found) = machine_path(line) {
            findings.push(format!(
                "{path}:{}: `{found}` is a path of somebody's machine; make it relative, or take it from the environment",
                index + 1
            ));
        }
    }
    findings
}

/// A folder that exists on one machine only.
fn machine_path(line: &str) -> Option<String> {
    // Written in parts, so that this file is clean itself.
    let roots = [
        ["/ho", "me/"],
        ["/Use", "rs/"],
        ["/ro", "ot/"],
        ["C:\\Use", "rs\\"],
        ["/wo", "rk/"],
        ["/mn", "t/"],
    ];
    roots.iter().map(|parts| parts.concat()).find_map(|root| {
        let start = line.find(&root)?;
        // Inside a URL or a longer path it is somebody else's folder.
        let before = line[..start].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || "./-_:}>~".contains(letter)) {
            return None;
        }
        let rest: String = line[start + root.len()..]
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || "._-/\\".contains(*letter))
            .collect();
        (!rest.is_empty()).then(|| format!("{root}{rest}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planted_machine_path_is_found() {
        let planted = format!("let path = \"{}alice/project\";", ["/ho", "me/"].concat());
        assert_eq!(
            machine_path(&planted),
            Some(format!("{}alice/project", ["/ho", "me/"].concat()))
        );
        assert_eq!(check("src/lib.rs", &planted).len(), 1);
    }

    #[test]
    fn addresses_are_not_machine_paths() {
        assert_eq!(
            machine_path(&format!("https://example.com{}x", ["/ho", "me/"].concat())),
            None
        );
        assert_eq!(machine_path("the home folder"), None);
    }

    #[test]
    fn names_that_say_nothing_are_rejected() {
        assert_eq!(check("crates/jobs-ext/src/util.rs", "").len(), 1);
        assert_eq!(check("crates/jobs-ext/src/common/mod.rs", "").len(), 1);
        assert_eq!(
            check("crates/jobs-ext/src/utility_meter.rs", ""),
            Vec::<String>::new()
        );
    }
}
