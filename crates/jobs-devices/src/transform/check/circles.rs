//! Edge devices that are above themselves, through however many others.
//!
//! A graph of the links is held in memory, about 80 bytes a link, and no more than [`MOST_LINKS`] of them: a hub has a million
//! identities at most, and edge devices below others are few among them.

mod replay;

use super::Finding;
use crate::rules::Severity;

/// How many links are held.
const MOST_LINKS: usize = 200_000;

/// A row of an edge device that names another edge device as its parent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// Hashes of the names of both.
    pub(super) child: u64,
    pub(super) parent: u64,
    pub(super) line: u64,
    pub(super) offset: u64,
    /// The row creates the child, so that it is not on the hub before.
    pub(super) is_new: bool,
}

/// The links of a file.
#[derive(Debug, Default)]
pub(super) struct Circles {
    links: Vec<Link>,
    /// The first link that was not held.
    left_out: Option<Link>,
}

impl Circles {
    pub(super) fn push(&mut self, link: Link) {
        if self.links.len() < MOST_LINKS {
            self.links.push(link);
        } else {
            self.left_out.get_or_insert(link);
        }
    }

    /// Finds the rows whose parents lead back to them.
    pub(super) fn find(self, mut found: impl FnMut(Finding)) {
        if let Some(Link { line, offset, .. }) = self.left_out {
            found(Finding {
                line,
                offset,
                severity: Severity::Warning,
                rule: "parent-cycle",
                message: format!(
                    "the file has more than {MOST_LINKS} edge devices with a parent; from this line on, parents are not checked for circles"
                ),
            });
        }
        // What is in a circle remains when whatever has no parent, or no child, is taken away again and again.
        let circles = without_ends(self.links, |link| (link.child, link.parent));
        let circles = without_ends(circles, |link| (link.parent, link.child));
        replay::rejected(circles, |line, offset, is_rejected| {
            let (severity, message) = match is_rejected {
                true => (
                    Severity::Error,
                    "the parents of the edge device lead into a circle; the hub rejects the row",
                ),
                false => (
                    Severity::Warning,
                    "the parents of the edge device lead into a circle; the hub takes this row only if these devices exist already, \
                     and then rejects another row of the circle",
                ),
            };
            found(Finding {
                line,
                offset,
                severity,
                rule: "parent-cycle",
                message: message.to_owned(),
            });
        });
    }
}

/// Without the links that end, after however many others, at a name from which no link goes on.
fn without_ends(mut links: Vec<Link>, ends: impl Fn(&Link) -> (u64, u64)) -> Vec<Link> {
    let from = |link: &Link| ends(link).0;
    let to = |link: &Link| ends(link).1;
    links.sort_unstable_by_key(to);
    let mut names: Vec<u64> = links
        .iter()
        .flat_map(|link| [from(link), to(link)])
        .collect();
    names.sort_unstable();
    names.dedup();
    let place = |name: u64| names.partition_point(|other| *other < name);
    let mut going_on = vec![0_u32; names.len()];
    for link in &links {
        going_on[place(from(link))] += 1;
    }
    let mut ended: Vec<usize> = (0..names.len()).filter(|at| going_on[*at] == 0).collect();
    while let Some(at) = ended.pop() {
        let start = links.partition_point(|link| to(link) < names[at]);
        for link in links[start..]
            .iter()
            .take_while(|link| to(link) == names[at])
        {
            let before = place(from(link));
            going_on[before] -= 1;
            if going_on[before] == 0 {
                ended.push(before);
            }
        }
    }
    links.retain(|link| going_on[place(to(link))] > 0);
    links
}
