//! Asks AWS what is there of everything that is tracked. Compares nothing.
