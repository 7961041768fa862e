//! The demo ecosystem of partner services.
