//! Choices of a generator, read from a list of numbers that proptest makes and shrinks: zeros are the simplest choices.

use std::cell::Cell;

/// A list of choices. Behind its end every choice is the simplest.
pub(super) struct Tape {
    values: Vec<u32>,
    at: Cell<usize>,
    marks: Cell<usize>,
}

impl Tape {
    pub(super) fn new(values: Vec<u32>) -> Self {
        Self { values, at: Cell::new(0), marks: Cell::new(0) }
    }

    /// A number below `end`.
    pub(super) fn below(&self, end: usize) -> usize {
        let at = self.at.get();
        self.at.set(at + 1);
        self.values.get(at).map_or(0, |value| usize::try_from(*value).unwrap() % end.max(1))
    }

    /// True once in `times`; false is simpler.
    pub(super) fn one_in(&self, times: usize) -> bool {
        self.below(times) + 1 == times
    }

    /// One of these, the first of which is the simplest.
    pub(super) fn pick<T: Copy>(&self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A number that no other mark of this conversation has.
    pub(super) fn mark(&self) -> usize {
        self.marks.set(self.marks.get() + 1);
        10_000 + self.marks.get()
    }
}
