//! Limits the memory and the work of one evaluation. Memory is requested before a value is built.
//!
//! Intermediate values of an expression are released once its value is known; local values, resources and parsed files
//! are counted until the end. So the peak is bounded, not the sum.

use super::folder::Problem;
use super::shared::{KeptMemory, Shared};
use super::size;
use crate::model::Interrupt;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// The most work of one evaluation, in values and their items: a few seconds.
const MAX_WORK: usize = 8_000_000;
/// The most memory of one evaluation at any moment, in bytes, the code included.
const MAX_MEMORY: usize = 192 << 20;
/// The share of it for parsed code.
const MAX_CODE: usize = 128 << 20;
/// The bytes that are requested at a time from the memory that all scans share.
const PIECE: usize = 1 << 20;
/// The bytes that one more expression needs. With fewer left, the evaluation ends.
const MIN_MEMORY: usize = 64 << 10;
/// The longest string, in bytes: AWS accepts none that is longer.
pub(super) const MAX_TEXT_LENGTH: usize = 1 << 20;
/// The deepest nesting of lists and maps.
pub(super) const MAX_VALUE_DEPTH: usize = 128;
/// The most problems of one evaluation that are recorded.
pub(super) const MAX_PROBLEMS: usize = 500;

/// The limit that a value would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// It would be too large.
    Size,
    /// It would be nested too deeply.
    Depth,
    /// The evaluation used up its budget, or was interrupted.
    End,
}

/// The remaining budget of one evaluation, and the problems that it met.
#[derive(Debug)]
pub(super) struct Budget {
    /// The work that is left.
    work: Cell<usize>,
    /// Bytes counted until the end: of code, module instances and results.
    kept: Cell<usize>,
    /// Bytes of intermediate values.
    passing: Cell<usize>,
    /// The most bytes of both together.
    max_memory: usize,
    /// The bytes that the memory of all scans has granted for both.
    granted: Cell<usize>,
    shared: Shared,
    /// Whether the memory is used up.
    is_full: Cell<bool>,
    interrupt: Interrupt,
    problems: RefCell<Problems>,
}

#[derive(Debug, Default)]
struct Problems {
    reported: Vec<Problem>,
    known: BTreeSet<Problem>,
    /// Whether the end of the evaluation was reported.
    is_end_reported: bool,
}

/// The bytes of intermediate values at some moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(usize);

impl Budget {
    /// Creates a full budget, less what the other evaluations of the scan hold.
    pub(super) fn new(shared: &Shared, interrupt: &Interrupt) -> Self {
        Self {
            work: Cell::new(MAX_WORK),
            kept: Cell::new(0),
            passing: Cell::new(0),
            max_memory: MAX_MEMORY.min(shared.room()),
            granted: Cell::new(0),
            shared: shared.clone(),
            is_full: Cell::new(false),
            interrupt: interrupt.clone(),
            problems: RefCell::default(),
        }
    }

    /// Subtracts work from the budget.
    ///
    /// # Errors
    /// The budget has less left.
    pub(super) fn work(&self, cost: usize) -> Result<(), Excess> {
        let left = self.work.get().checked_sub(cost);
        self.work.set(left.unwrap_or_default());
        match left {
            Some(_) if !self.is_over() => Ok(()),
            _ => Err(Excess::End),
        }
    }

    /// Requests memory for a value that is about to be built.
    ///
    /// # Errors
    /// The budget has less memory left, and is not changed. The evaluation ends where even a small request no longer
    /// fits.
    pub(super) fn take(&self, bytes: usize) -> Result<(), Excess> {
        let passing = self.passing.get().saturating_add(bytes);
        let all = self.kept.get().saturating_add(passing);
        if all > self.max_memory && passing < MIN_MEMORY && self.kept.get() > MIN_MEMORY {
            self.is_full.set(true);
            return Err(Excess::End);
        }
        if all > self.max_memory {
            return Err(Excess::Size);
        }
        self.grant(all)?;
        self.passing.set(passing);
        Ok(())
    }

    /// Requests the memory of one string.
    ///
    /// # Errors
    /// The string is longer than `MAX_TEXT_LENGTH`, or the budget has less left.
    pub(super) fn take_text(&self, length: usize) -> Result<(), Excess> {
        if length > MAX_TEXT_LENGTH {
            return Err(Excess::Size);
        }
        self.take(size::text(length))
    }

    /// Returns the bytes of intermediate values.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.passing.get())
    }

    /// Returns the memory taken since the mark to the budget, except for the `left` bytes of the result. Returns how many
    /// bytes were taken since.
    pub(super) fn settle(&self, mark: Mark, left: usize) -> usize {
        let taken = self.passing.get().saturating_sub(mark.0);
        self.passing.set(mark.0.saturating_add(left));
        taken
    }

    /// Counts bytes until the end of the evaluation, which ends at once where the budget has less.
    ///
    /// # Errors
    /// The budget has less left.
    pub(super) fn keep(&self, bytes: usize) -> Result<(), Excess> {
        let kept = self.kept.get().saturating_add(bytes);
        let all = kept.saturating_add(self.passing.get());
        if all > self.max_memory {
            self.is_full.set(true);
            return Err(Excess::End);
        }
        self.grant(all)?;
        self.kept.set(kept);
        Ok(())
    }

    /// Requests missing memory from what all scans share, a piece at a time. Ends the evaluation where nothing is left.
    fn grant(&self, all: usize) -> Result<(), Excess> {
        let granted = self.granted.get();
        if all <= granted {
            return Ok(());
        }
        let requested = all.next_multiple_of(PIECE);
        if self.shared.grant(requested - granted).is_err() {
            self.is_full.set(true);
            return Err(Excess::End);
        }
        self.granted.set(requested);
        Ok(())
    }

    /// Gives back all memory except `kept` bytes of the result.
    pub(super) fn end(&self, kept: usize) -> KeptMemory {
        self.shared.settle(self.granted.take(), kept)
    }

    /// Returns the bytes that are counted until the end.
    pub(super) fn kept(&self) -> usize {
        self.kept.get()
    }

    /// Gives back bytes that were counted until the end.
    pub(super) fn release(&self, bytes: usize) {
        self.kept.set(self.kept.get().saturating_sub(bytes));
    }

    /// Returns the bytes that further code may take.
    pub(super) fn room_for_code(&self) -> usize {
        MAX_CODE
            .min(self.max_memory)
            .saturating_sub(self.kept.get())
    }

    /// Counts parsed code, for which `room_for_code` was asked.
    pub(super) fn hold_code(&self, bytes: usize) {
        self.kept.set(self.kept.get().saturating_add(bytes));
        // Where there is no more for it, the evaluation is over.
        let _ = self.grant(self.kept.get().saturating_add(self.passing.get()));
    }

    /// Returns whether the budget is used up or the evaluation was interrupted. All further values are then unknown.
    pub(super) fn is_over(&self) -> bool {
        self.work.get() == 0 || self.is_full.get() || self.interrupt.is_raised()
    }

    /// Records a problem, unless it was recorded before.
    pub(super) fn report(&self, problem: Problem) {
        let mut problems = self.problems.borrow_mut();
        if problems.reported.len() < MAX_PROBLEMS && problems.known.insert(problem.clone()) {
            problems.reported.push(problem);
        }
    }

    /// Records that a value exceeded a limit. The end of the evaluation is recorded once, at the place where it ended.
    pub(super) fn report_excess(&self, excess: Excess, file: &str, line: usize) {
        let message = match excess {
            Excess::Size => "this value is too large to evaluate",
            Excess::Depth => "this value is nested too deeply to evaluate",
            Excess::End => {
                let is_reported =
                    std::mem::replace(&mut self.problems.borrow_mut().is_end_reported, true);
                if is_reported {
                    return;
                }
                self.why_over()
            }
        };
        self.report(Problem {
            file: file.to_owned(),
            line,
            message: message.to_owned(),
        });
    }

    /// Returns why the evaluation ended; `None` while it goes on.
    pub(super) fn reason_of_end(&self) -> Option<&'static str> {
        self.is_over().then(|| self.why_over())
    }

    /// Returns why the evaluation ended.
    fn why_over(&self) -> &'static str {
        if self.interrupt.is_raised() {
            "the scan ran out of time, so part of this code was not evaluated"
        } else if self.is_full.get() {
            "this code declares too much to keep, so part of it was not evaluated"
        } else {
            "this code takes too long to evaluate, so part of it was not"
        }
    }

    /// Returns the problems in the order in which they were recorded.
    pub(super) fn problems(&self) -> Vec<Problem> {
        self.problems.borrow().reported.clone()
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        drop(self.end(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        Budget::new(&Shared::default(), &Interrupt::default())
    }

    #[test]
    fn what_was_on_its_way_is_free_again_and_what_is_kept_is_not() {
        let budget = budget();
        let mark = budget.mark();
        assert_eq!(budget.take(MAX_MEMORY + 1), Err(Excess::Size));
        assert_eq!(budget.take(MAX_MEMORY), Ok(()));
        assert_eq!(budget.take(1), Err(Excess::Size));
        budget.settle(mark, 100);
        assert_eq!(budget.keep(MAX_MEMORY - 100), Ok(()));
        assert!(!budget.is_over());
        assert_eq!(budget.keep(1), Err(Excess::End));
        assert!(budget.is_over());
    }

    #[test]
    fn no_text_is_longer_than_any_may_be() {
        assert_eq!(budget().take_text(MAX_TEXT_LENGTH), Ok(()));
        assert_eq!(budget().take_text(MAX_TEXT_LENGTH + 1), Err(Excess::Size));
    }

    #[test]
    fn the_end_is_told_once_and_so_is_each_problem() {
        let budget = budget();
        assert_eq!(budget.work(MAX_WORK + 1), Err(Excess::End));
        budget.report_excess(Excess::End, "a.tf", 3);
        budget.report_excess(Excess::End, "a.tf", 4);
        budget.report_excess(Excess::Size, "a.tf", 5);
        budget.report_excess(Excess::Size, "a.tf", 5);
        let reported: Vec<_> = budget.problems().iter().map(ToString::to_string).collect();
        assert_eq!(
            reported,
            [
                "a.tf:3: this code takes too long to evaluate, so part of it was not",
                "a.tf:5: this value is too large to evaluate",
            ]
        );
    }

    #[test]
    fn a_raised_interrupt_ends_the_evaluation() {
        let interrupt = Interrupt::default();
        let budget = Budget::new(&Shared::default(), &interrupt);
        assert_eq!(budget.work(1), Ok(()));
        interrupt.raise();
        assert_eq!(budget.work(1), Err(Excess::End));
        budget.report_excess(Excess::End, "a.tf", 1);
        assert!(budget.problems()[0].message.contains("ran out of time"));
    }
}
