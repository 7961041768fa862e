//! `concord healthcheck`: asks the running server over its management listener.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::{Exit, Failure, Invocation};

/// `healthcheck`
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The management listener; default: as configured
    #[arg(long)]
    address: Option<SocketAddr>,
    /// Only whether the process is alive, not whether it is ready
    #[arg(long)]
    live: bool,
}

const TIMEOUT: Duration = Duration::from_secs(3);

/// Exit code 0: ready; 69: not ready or not there.
pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<(), Failure> {
    let configured = invocation.config.server.management_listen;
    let address = arguments.address.or(configured).ok_or_else(|| Failure::new(Exit::Config, "server.management_listen is empty"))?;
    let path = if arguments.live { "/livez" } else { "/readyz" };
    let answer = ask(reachable(address), path).map_err(|error| {
        let advice = "is `concord serve` running, with this server.management_listen?";
        Failure::new(Exit::Unavailable, format!("no answer from {address} ({error}): {advice}"))
    })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer.as_str(), ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        return Err(Failure::new(Exit::Unavailable, format!("{address}{path} answered {status}: {}", reasons(body))));
    }
    let said: Value = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body.trim()));
    invocation.output.told(&said, |said| said["status"].as_str().unwrap_or("ok").to_owned());
    Ok(())
}

/// The checks that failed, in words; the answer as it is when it is none of ours.
fn reasons(body: &str) -> String {
    let said: Value = serde_json::from_str(body).unwrap_or_default();
    if said["status"] == "draining" {
        return "it is about to stop".to_owned();
    }
    let failed = said["checks"].as_array().into_iter().flatten().filter(|check| check["status"] != "ok");
    let words: Vec<String> = failed
        .map(|check| format!("{}: {}", check["name"].as_str().unwrap_or_default(), check["detail"].as_str().unwrap_or("failed")))
        .collect();
    if words.is_empty() { body.trim().to_owned() } else { words.join("; ") }
}

/// "Every address" cannot be called; this machine can.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port()) } else { address }
}

fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // One write: the listener may answer before a second one.
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    Ok(answer)
}
