//! The queue, the worker, and the scan itself, a line a stage.
