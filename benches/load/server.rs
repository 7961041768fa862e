//! A server on a core of its own.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::free_address;
use crate::support::node::Deployment;

/// The core that serves; the other one asks.
const SERVES: &str = "0";
pub const ASKS: &str = "1";

/// A process that is killed when this goes.
pub struct Pinned {
    pub address: SocketAddr,
    /// From the start of the process to the first answer.
    pub took: Duration,
    process: Child,
    log: PathBuf,
}

impl Pinned {
    /// This program as one of the servers of `hello.rs`.
    pub fn this(which: &str) -> Self {
        let address = free_address();
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args([which, &address.to_string()]);
        Self::start(on_core(SERVES, &command), address)
    }

    /// The real server of a deployment, with settings of its own.
    pub fn concord(deployment: &Deployment, settings: &[(&str, &str)]) -> Self {
        let address = free_address();
        let mut command = on_core(SERVES, &deployment.command(&["serve"]));
        command.env("CONCORD_SERVER__LISTEN", address.to_string()).env("CONCORD_SERVER__MANAGEMENT_LISTEN", "");
        command.envs(settings.iter().copied());
        Self::start(command, address)
    }

    fn start(mut command: Command, address: SocketAddr) -> Self {
        let started = Instant::now();
        // Lines are written as in production, where nobody reads them before they are in a file.
        let log = std::env::temp_dir().join(format!("concord-load-{}.log", std::process::id()));
        let out = std::fs::File::create(&log).expect("a file");
        let err = out.try_clone().expect("a file");
        let process = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect("the server starts");
        let mut server = Self { address, took: Duration::ZERO, process, log };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "the server at {address} does not answer");
            assert!(server.process.try_wait().is_ok_and(|ended| ended.is_none()), "the server ended: {}", server.said());
            std::thread::sleep(Duration::from_millis(1));
        }
        server.took = started.elapsed();
        server
    }

    /// Ends the process now.
    pub fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Resident memory in MiB.
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or("0");
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
    }
}

/// Processor time that a process has taken so far, in its own code and in the kernel's.
pub fn cpu(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, in brackets, may hold spaces; times are the 12th and 13th word behind it, in hundredths of a second.
    let words = stat.rsplit_once(')').map_or("", |(_, words)| words).split_whitespace();
    let ticks: u64 = words.skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

impl Drop for Pinned {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let said = self.said();
            eprintln!("the server at {} said last:\n{}", self.address, &said[said.len().saturating_sub(4000)..]);
        }
        let _ = std::fs::remove_file(&self.log);
    }
}

/// The same command on one core, where the machine has two.
pub fn on_core(core: &str, command: &Command) -> Command {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return same(Command::new(command.get_program()), command);
    }
    let mut pinned = Command::new("taskset");
    pinned.args(["-c", core]).arg(command.get_program());
    same(pinned, command)
}

fn same(mut to: Command, from: &Command) -> Command {
    to.args(from.get_args());
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    to
}
