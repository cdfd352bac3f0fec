//! Equal messages, grouped: the first few of a group are kept, all are counted.

use std::collections::HashMap;

/// How many different groups are kept; messages of further groups are counted together, so that memory stays flat.
const MOST_GROUPS: usize = 10_000;

/// Under which key the messages of further groups are counted.
pub(crate) const OTHERS: &str = "others";

/// Counts messages by what they have in common, and keeps the first few of each kind.
#[derive(Debug)]
pub(crate) struct Groups<T> {
    kept_each: usize,
    places: HashMap<String, usize>,
    groups: Vec<Group<T>>,
}

/// Messages that have a key in common.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Group<T> {
    /// What they have in common; [`OTHERS`] where too many groups are counted together.
    pub(crate) key: String,
    /// How many there are.
    pub(crate) count: u64,
    /// The first of them, in their order.
    pub(crate) first: Vec<T>,
}

impl<T> Group<T> {
    /// How many messages are not among the first.
    pub(crate) fn hidden(&self) -> u64 {
        self.count - self.first.len() as u64
    }
}

impl<T: Ord> Groups<T> {
    /// Keeps the `kept_each` smallest messages of each group: put what they are sorted by first, such as a line number.
    pub(crate) fn keeping(kept_each: usize) -> Self {
        Self {
            kept_each,
            places: HashMap::new(),
            groups: Vec::new(),
        }
    }

    /// Counts a message of the group `key`.
    pub(crate) fn add(&mut self, key: &str, message: T) {
        let known = self.places.get(key).copied();
        let place = known.unwrap_or_else(|| self.new_group(key));
        let group = &mut self.groups[place];
        group.count += 1;
        let at = group.first.partition_point(|other| *other <= message);
        if at < self.kept_each {
            group.first.truncate(self.kept_each - 1);
            group.first.insert(at, message);
        }
    }

    fn new_group(&mut self, key: &str) -> usize {
        let key = match self.groups.len() {
            MOST_GROUPS.. => OTHERS,
            _ => key,
        };
        let next = self.groups.len();
        let place = *self.places.entry(key.to_owned()).or_insert(next);
        if place == next {
            self.groups.push(Group {
                key: key.to_owned(),
                count: 0,
                first: Vec::new(),
            });
        }
        place
    }

    /// The groups in the order in which they came up.
    pub(crate) fn into_groups(self) -> Vec<Group<T>> {
        self.groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_messages_of_a_group_are_kept_and_all_are_counted() {
        let mut groups = Groups::keeping(2);
        for (key, line) in [("a", 3), ("b", 9), ("a", 1), ("a", 2), ("a", 4)] {
            groups.add(key, line);
        }
        let found: Vec<_> = groups
            .into_groups()
            .into_iter()
            .map(|group| (group.hidden(), group.key, group.count, group.first))
            .collect();
        let expected = [(2, "a", 4, vec![1, 2]), (0, "b", 1, vec![9])];
        assert_eq!(
            found,
            expected.map(|(hidden, key, count, first)| (hidden, key.to_owned(), count, first))
        );
    }

    #[test]
    fn groups_without_end_are_counted_together() {
        let mut groups = Groups::keeping(1);
        for number in 0..MOST_GROUPS + 5 {
            groups.add(&number.to_string(), number);
        }
        let groups = groups.into_groups();
        let last = groups.last().expect("a group");
        assert_eq!(groups.len(), MOST_GROUPS + 1);
        assert_eq!((last.key.as_str(), last.count), (OTHERS, 5));
    }
}
