//! The business rules that need a table of their own.

mod identifier;
