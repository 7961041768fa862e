//! The specifications as types.
