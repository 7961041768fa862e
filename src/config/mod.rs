//! Layered, typed configuration.
