//! `[server]`: listeners, limits of requests and connections.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::config::{Cidr, Origin, Period};

/// `[server]`: listeners, limits of requests and connections. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Public listener.
    pub listen: SocketAddr,
    /// Health and metrics; `None`: none.
    #[serde(deserialize_with = "crate::config::optional")]
    pub management_listen: Option<SocketAddr>,
    /// Only these are believed about `X-Forwarded-For`.
    pub trusted_proxies: Vec<Cidr>,
    /// Origin of the staff pages; `None`: no staff pages.
    #[serde(deserialize_with = "crate::config::optional")]
    pub staff_origin: Option<Origin>,
    /// Largest form body, bytes.
    pub form_bytes: usize,
    /// Largest JSON body, bytes.
    pub json_bytes: usize,
    /// First byte of the header to its end.
    pub header_timeout: Period,
    /// End of the header to the end of the body.
    pub body_timeout: Period,
    /// End of the header to the start of the answer.
    pub request_timeout: Period,
    /// Longest time a reader takes nothing of its answer.
    pub write_timeout: Period,
    /// Longest life of a connection without a request.
    pub idle_timeout: Period,
    /// After SIGTERM, unready but still accepting.
    pub shutdown_delay: Period,
    /// After that, for running requests.
    pub shutdown_grace: Period,
    /// Open connections.
    pub max_connections: usize,
    /// Open connections from one address; 0: no limit.
    pub max_connections_per_address: usize,
    /// Requests in progress.
    pub max_requests: usize,
    /// Threads for requests; 0: one per core.
    pub workers: usize,
}
