//! A server on a core of its own.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::free_address;

/// The core that serves; the other one asks.
const SERVES: &str = "0";
pub const ASKS: &str = "1";

/// A process that is killed when this goes.
pub struct Pinned {
    pub address: SocketAddr,
    process: Child,
}

impl Pinned {
    /// This program as one of the servers of `hello.rs`.
    pub fn this(which: &str) -> Self {
        let address = free_address();
        let mut command = pinned(SERVES, &std::env::current_exe().expect("this program").display().to_string());
        command.args([which, &address.to_string()]);
        Self::start(command, address)
    }

    /// The real server with an environment of its own.
    pub fn concord(environment: &[(&str, &str)]) -> Self {
        let address = free_address();
        let mut command = pinned(SERVES, env!("CARGO_BIN_EXE_concord"));
        command.arg("serve").env("CONCORD_SERVER__LISTEN", address.to_string()).envs(environment.iter().copied());
        command.env("CONCORD_ISSUER", format!("http://{address}"));
        Self::start(command, address)
    }

    fn start(mut command: Command, address: SocketAddr) -> Self {
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the server starts");
        let server = Self { address, process };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "the server at {address} does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    /// Resident memory in MiB.
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or("0");
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command on one core, where the machine has two.
pub fn pinned(core: &str, program: &str) -> Command {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", core, program]);
    command
}
