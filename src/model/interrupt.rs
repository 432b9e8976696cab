//! Interrupts pure work from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that long pure work checks, and ends early once it is raised. Whoever keeps the time holds a clone and raises
/// it, so the work itself needs no clock. The default is never raised.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Interrupts all work that holds a clone.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns whether the work should end.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_raises_what_it_was_cloned_from_and_nothing_else() {
        let (held, other) = (Interrupt::default(), Interrupt::default());
        held.clone().raise();
        assert!(held.is_raised());
        assert!(!other.is_raised());
    }
}
