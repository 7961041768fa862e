//! The world we call.
