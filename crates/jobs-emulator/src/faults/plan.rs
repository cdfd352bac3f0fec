//! Which rule acts on a request: counting only, no clock and no connection.

use std::time::Duration;

use super::script::{FaultAction, FaultRule, FaultScript};

/// What is to be done to one request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    /// To be waited first, in real time.
    pub(crate) delay: Duration,
    pub(crate) action: Option<FaultAction>,
}

/// A script and how far each of its rules has come.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    rules: Vec<Counted>,
}

#[derive(Debug)]
struct Counted {
    rule: FaultRule,
    /// Requests still to let pass.
    to_skip: u64,
    acted: u64,
}

impl FaultPlan {
    pub(crate) fn new(script: FaultScript) -> Self {
        let rules = script
            .rules
            .into_iter()
            .map(|rule| Counted {
                to_skip: rule.skip,
                acted: 0,
                rule,
            })
            .collect();
        Self { rules }
    }

    /// What happens to the next request of this operation.
    pub(crate) fn next(&mut self, operation: &str) -> Option<Fault> {
        for counted in &mut self.rules {
            let rule = &counted.rule;
            if rule.operation != "*" && rule.operation != operation {
                continue;
            }
            if counted.to_skip > 0 {
                counted.to_skip -= 1;
                continue;
            }
            if rule.times.is_some_and(|times| counted.acted >= times) {
                continue;
            }
            counted.acted += 1;
            return Some(Fault {
                delay: Duration::from_millis(rule.delay_ms),
                action: rule.action.clone(),
            });
        }
        None
    }

    /// The script again, and how often each rule has acted.
    pub(crate) fn report(&self) -> (FaultScript, Vec<u64>) {
        let rules = self.rules.iter().map(|counted| counted.rule.clone());
        (
            FaultScript::new(rules),
            self.rules.iter().map(|counted| counted.acted).collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stall(operation: &str, seconds: u64) -> FaultRule {
        FaultRule::new(operation, FaultAction::Stall { seconds })
    }

    fn seconds(plan: &mut FaultPlan, operation: &str) -> Option<u64> {
        match plan.next(operation)?.action? {
            FaultAction::Stall { seconds } => Some(seconds),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_rule_skips_then_acts_its_times_then_rests() {
        let mut plan = FaultPlan::new(FaultScript::new([stall("Jobs_GetImportExportJob", 1)
            .skip(2)
            .times(3)]));
        let acted: Vec<bool> = (0..7)
            .map(|_| plan.next("Jobs_GetImportExportJob").is_some())
            .collect();
        assert_eq!(acted, [false, false, true, true, true, false, false]);
    }

    #[test]
    fn other_operations_are_neither_touched_nor_counted() {
        let mut plan = FaultPlan::new(FaultScript::new([stall("Jobs_GetImportExportJob", 1)
            .skip(1)
            .times(1)]));
        assert_eq!(seconds(&mut plan, "Devices_GetIdentity"), None);
        assert_eq!(seconds(&mut plan, "Jobs_GetImportExportJob"), None);
        assert_eq!(seconds(&mut plan, "Jobs_GetImportExportJob"), Some(1));
    }

    #[test]
    fn rules_one_after_the_other_make_a_sequence() {
        let mut plan = FaultPlan::new(FaultScript::new([
            stall("*", 1).times(1),
            stall("*", 2).times(2),
            stall("*", 3),
        ]));
        let order: Vec<_> = (0..5)
            .map(|_| seconds(&mut plan, "Query_GetTwins"))
            .collect();
        assert_eq!(order, [Some(1), Some(2), Some(2), Some(3), Some(3)]);
        assert_eq!(plan.report().1, [1, 2, 2]);
    }

    proptest! {
        #[test]
        fn a_lone_rule_acts_on_a_run_of_requests_after_those_it_skips(skip in 0u64..20, times in 0u64..20, sent in 0usize..60) {
            let mut plan = FaultPlan::new(FaultScript::new([stall("*", 1).skip(skip).times(times)]));
            let acted: Vec<bool> = (0..sent).map(|_| plan.next("Query_GetTwins").is_some()).collect();
            let expected: Vec<bool> = (0..sent as u64).map(|n| n >= skip && n < skip + times).collect();
            prop_assert_eq!(acted, expected);
        }

        #[test]
        fn every_request_is_acted_on_at_most_once_and_no_rule_acts_too_often(
            limits in proptest::collection::vec((0u64..4, proptest::option::of(0u64..4)), 0..5),
            sent in 0u64..40,
        ) {
            let rules = limits.iter().map(|(skip, times)| FaultRule { times: *times, ..stall("*", 1).skip(*skip) });
            let mut plan = FaultPlan::new(FaultScript::new(rules));
            let acted = (0..sent).filter(|_| plan.next("Query_GetTwins").is_some()).count() as u64;
            let counts = plan.report().1;
            prop_assert_eq!(counts.iter().sum::<u64>(), acted);
            for ((_, times), count) in limits.iter().zip(counts) {
                prop_assert!(times.is_none_or(|times| count <= times));
            }
        }
    }
}
