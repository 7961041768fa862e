//! The business as types and pure decisions: no I/O, no clock, no chance of its own.

pub mod ids;
