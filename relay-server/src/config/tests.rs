//! Faults of settings, and where they are told.
