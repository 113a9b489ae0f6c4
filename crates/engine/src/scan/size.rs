//! How much an item weighs, without ever looking at it twice.
//!
//! The loader unfolds a component: what a nested component holds is copied each time that one is instantiated, and an
//! instance is copied, with all that it exports, each time it is handed on. A few bytes that double something, repeated,
//! weigh more than any machine holds. A [`Size`] is the weight of one thing; a [`Form`] is a weight that is still to be
//! multiplied, because it depends on what a component will be given. Both are a few numbers, saturate instead of wrapping,
//! and never report less than what the loader will do.

/// The weight of a thing whose parts are all known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// How many parts it has when written out in full, itself included.
    pub(super) nodes: u64,
    /// How deep they nest; the loader walks them by recursion.
    pub(super) depth: u32,
}

impl Size {
    /// One thing without parts.
    pub(super) const ONE: Self = Self { nodes: 1, depth: 1 };

    /// Makes `part` a part of `self`.
    pub(super) fn hold(&mut self, part: Self) {
        self.nodes = self.nodes.saturating_add(part.nodes);
        self.depth = self.depth.max(part.depth.saturating_add(1));
    }
}

/// A weight that depends on the instances which the component around it will be given: with the heaviest of them weighing
/// `a` nodes and nesting `d` deep, it is `per_argument * a + own` nodes and `max(depth, above + d)` deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    per_argument: u64,
    own: u64,
    above: u32,
    depth: u32,
}

impl Form {
    /// Nothing at all.
    pub(super) const ZERO: Self = Self {
        per_argument: 0,
        own: 0,
        above: 0,
        depth: 0,
    };

    /// An instance that is given from outside; `declared` is what its type says of it. What is really given may weigh more.
    pub(super) fn argument(declared: Size) -> Self {
        Self {
            per_argument: 1,
            own: declared.nodes,
            above: 0,
            depth: declared.depth,
        }
    }

    /// What does not depend on anything.
    pub(super) fn known(size: Size) -> Self {
        Self {
            per_argument: 0,
            own: size.nodes,
            above: 0,
            depth: size.depth,
        }
    }

    /// Adds the weight of `other`, beside `self`.
    pub(super) fn add(&mut self, other: Self) {
        self.per_argument = self.per_argument.saturating_add(other.per_argument);
        self.own = self.own.saturating_add(other.own);
        self.above = self.above.max(other.above);
        self.depth = self.depth.max(other.depth);
    }

    /// Makes `part` a part of `self`, one level deeper.
    pub(super) fn hold(&mut self, part: Self) {
        self.add(Self {
            above: if part.per_argument == 0 {
                0
            } else {
                part.above.saturating_add(1)
            },
            depth: part.depth.saturating_add(1),
            ..part
        });
    }

    /// At least as heavy as both.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            per_argument: self.per_argument.max(other.per_argument),
            own: self.own.max(other.own),
            above: self.above.max(other.above),
            depth: self.depth.max(other.depth),
        }
    }

    /// The same weight where the arguments are known to weigh no more than `argument`, which may itself depend on the next
    /// component outwards.
    pub(super) fn given(self, argument: Self) -> Self {
        if self.per_argument == 0 {
            return self;
        }
        Self {
            per_argument: self.per_argument.saturating_mul(argument.per_argument),
            own: self.per_argument.saturating_mul(argument.own).saturating_add(self.own),
            above: if argument.per_argument == 0 {
                0
            } else {
                self.above.saturating_add(argument.above)
            },
            depth: self.depth.max(self.above.saturating_add(argument.depth)),
        }
    }

    /// The weight in the outermost component, whose arguments are the host's: names, without parts to copy.
    pub(super) fn outermost(self) -> Size {
        Size {
            nodes: self.per_argument.saturating_add(self.own),
            depth: self.depth.max(self.above.saturating_add(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Form, Size};

    #[test]
    fn doubling_what_was_given_weighs_twice_as_much_each_time() {
        let mut twice = Form::known(Size::ONE);
        twice.hold(Form::argument(Size::ONE));
        twice.hold(Form::argument(Size::ONE));
        let mut value = Form::known(Size::ONE);
        for _ in 0..20 {
            value = twice.given(value);
        }
        assert!(value.outermost().nodes > 1 << 20);
        assert_eq!(value.outermost().depth, 21);
        for _ in 0..100 {
            value = twice.given(value);
        }
        assert_eq!(value.outermost().nodes, u64::MAX);
    }

    fn form() -> impl Strategy<Value = Form> {
        (0_u64..50, 0_u64..50, 0_u32..10, 0_u32..10).prop_map(|(per_argument, own, above, depth)| Form {
            per_argument,
            own,
            above: if per_argument == 0 { 0 } else { above },
            depth,
        })
    }

    proptest! {
        #[test]
        fn given_in_two_steps_is_given_in_one(a in form(), b in form(), c in form()) {
            prop_assert_eq!(a.given(b).given(c), a.given(b.given(c)));
        }

        #[test]
        fn a_heavier_argument_never_makes_it_lighter(a in form(), b in form(), c in form()) {
            let (light, heavy) = (a.given(b).outermost(), a.given(b.max(c)).outermost());
            prop_assert!(light.nodes <= heavy.nodes && light.depth <= heavy.depth);
        }
    }
}
