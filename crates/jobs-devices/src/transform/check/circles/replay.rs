//! Which rows of circles the hub rejects.
//!
//! If none of the identities exists, no row of a circle can be applied: each one waits for its parent. If those exist that rows do
//! not create, the hub applies the rows in the order of the file and rejects the one that closes a circle. This module applies the
//! rows as the hub does in the second case; a row that is rejected there is rejected in both.

use super::Link;

/// How many steps along links are taken. Rows that are left then may be taken by the hub.
const MOST_STEPS: u64 = 20_000_000;

/// Calls `each` with the line and the offset of every row, and whether the hub rejects it for certain.
pub(super) fn rejected(mut links: Vec<Link>, mut each: impl FnMut(u64, u64, bool)) {
    links.sort_unstable_by_key(|link| (link.line, link.child, link.parent));
    let mut hub = Hub::new(&links);
    let mut waiting: Vec<&[Link]> = Vec::new();
    for row in links.chunk_by(|one, next| one.line == next.line) {
        match hub.apply(row) {
            Applied::Waits => waiting.push(row),
            applied => each(row[0].line, row[0].offset, applied == Applied::Rejected),
        }
    }
    let mut before = usize::MAX;
    while waiting.len() < before {
        before = waiting.len();
        waiting.retain(|row| match hub.apply(row) {
            Applied::Waits => true,
            applied => {
                each(row[0].line, row[0].offset, applied == Applied::Rejected);
                false
            }
        });
    }
    for row in waiting {
        each(row[0].line, row[0].offset, hub.steps < MOST_STEPS);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Applied {
    Taken,
    Rejected,
    /// A parent does not exist yet.
    Waits,
}

/// The edge devices of circles, by their places among the sorted names.
struct Hub {
    names: Vec<u64>,
    exists: Vec<bool>,
    /// Links of rows that were taken: the last one of each child, and the one before each.
    last: Vec<u32>,
    links: Vec<(u32, u32)>,
    /// Devices that links connect have one representative.
    connected: Vec<u32>,
    /// The number of the last search that came by.
    visited: Vec<u32>,
    search: u32,
    steps: u64,
}

const NOTHING: u32 = u32::MAX;

impl Hub {
    fn new(links: &[Link]) -> Self {
        let mut names: Vec<u64> = links.iter().map(|link| link.child).collect();
        names.sort_unstable();
        names.dedup();
        let count = names.len();
        let mut hub = Self {
            names,
            exists: vec![true; count],
            last: vec![NOTHING; count],
            links: Vec::with_capacity(links.len()),
            connected: (0..count as u32).collect(),
            visited: vec![0; count],
            search: 0,
            steps: 0,
        };
        for link in links.iter().filter(|link| link.is_new) {
            let child = hub.place(link.child);
            hub.exists[child] = false;
        }
        hub
    }

    /// Each name that is a parent in a circle is a child, too.
    fn place(&self, name: u64) -> usize {
        let at = self.names.partition_point(|other| *other < name);
        at.min(self.names.len().saturating_sub(1))
    }

    fn apply(&mut self, row: &[Link]) -> Applied {
        self.steps += row.len() as u64;
        if self.steps >= MOST_STEPS {
            return Applied::Taken;
        }
        let child = self.place(row[0].child);
        if row.iter().any(|link| !self.exists[self.place(link.parent)]) {
            return Applied::Waits;
        }
        for link in row {
            let parent = self.place(link.parent);
            if self.representative(parent) == self.representative(child)
                && self.leads(parent, child)
            {
                return Applied::Rejected;
            }
        }
        self.exists[child] = true;
        for link in row {
            let parent = self.place(link.parent);
            let (one, other) = (self.representative(parent), self.representative(child));
            self.connected[one] = other as u32;
            self.links.push((parent as u32, self.last[child]));
            self.last[child] = (self.links.len() - 1) as u32;
        }
        Applied::Taken
    }

    fn representative(&mut self, mut at: usize) -> usize {
        while self.connected[at] as usize != at {
            // Each device on the way skips one from now on.
            let next = self.connected[at] as usize;
            self.connected[at] = self.connected[next];
            at = next;
        }
        at
    }

    /// Whether the parents of a device lead to another one.
    fn leads(&mut self, from: usize, to: usize) -> bool {
        self.search += 1;
        let mut above = vec![from];
        while let Some(at) = above.pop() {
            if at == to {
                return true;
            }
            let seen = std::mem::replace(&mut self.visited[at], self.search);
            if seen == self.search {
                continue;
            }
            let mut link = self.last[at];
            while let Some((parent, before)) = self.links.get(link as usize) {
                self.steps += 1;
                above.push(*parent as usize);
                link = *before;
            }
        }
        false
    }
}
