//! What vouches for vector instructions: a type that only detection makes.

/// Makes a type that exists only where the running processor has the instructions, which are named once.
macro_rules! instructions {
    ($(#[$doc:meta])* $name:ident: $($feature:tt),+) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $name(());

        impl $name {
            /// Looks for the instructions.
            #[inline]
            pub(super) fn detect() -> Option<Self> {
                let there = true $(&& std::arch::is_x86_feature_detected!($feature))+;
                there.then_some(Self(()))
            }

            /// Finds the structure of a line.
            #[expect(
                unsafe_code,
                reason = "the call of a function with instructions named; the README has what they save"
            )]
            pub(super) fn build(self, index: &mut $crate::scan::index::Index, line: &[u8]) -> bool {
                // SAFETY: `self` exists, so `detect` found the instructions, and the two lists are one.
                unsafe { build(self, index, line) }
            }
        }

        $(#[target_feature(enable = $feature)])+
        fn build(set: $name, index: &mut $crate::scan::index::Index, line: &[u8]) -> bool {
            index.build_with(set, line)
        }
    };
}
pub(super) use instructions;
