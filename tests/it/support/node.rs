//! The real program in its own process: to kill, to restart, to run twice on the same stores.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::database::Folder;
use super::http::Wire;

/// A port that nobody uses and that was given to no other test: the system may name one twice that is free again at once.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        if GIVEN.lock().expect("no panic while it is held").insert(port) {
            return port;
        }
    }
}

/// How a node is started; clones start more nodes of the same deployment.
#[derive(Clone)]
pub struct Deployment {
    pub issuer: String,
    environment: Vec<(String, String)>,
    /// How many file descriptors its programs get; none: as many as the tests have.
    descriptors: Option<u32>,
    /// Where its nodes listen.
    listen: IpAddr,
}

impl Deployment {
    pub fn new(issuer: &str) -> Self {
        let environment = vec![("CONCORD_ISSUER".into(), issuer.into())];
        Self { issuer: issuer.to_owned(), environment, descriptors: None, listen: IpAddr::from([127, 0, 0, 1]) }
    }

    /// No more file descriptors than these.
    pub fn with_descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// Nodes that can be reached at every address of this machine.
    pub fn everywhere(mut self) -> Self {
        self.listen = IpAddr::from([0, 0, 0, 0]);
        self
    }

    /// `CONCORD_DATABASE__URL` and the like.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.environment.retain(|(k, _)| k != key);
        self.environment.push((key.to_owned(), value.to_owned()));
        self
    }

    /// A command of the same deployment: `concord migrate up`, `concord service apply FILE`.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_concord");
        let mut command = match self.descriptors {
            None => Command::new(program),
            Some(most) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -n {most} && exec \"$0\" \"$@\""), program]);
                shell
            }
        };
        command.args(arguments).stdin(Stdio::null());
        for (key, _) in
            std::env::vars().filter(|(k, _)| k.starts_with("CONCORD_") || k == "DATABASE_URL" || k == "REDIS_URL" || k == "PORT")
        {
            command.env_remove(key);
        }
        command.envs(self.environment.iter().map(|(k, v)| (k, v)));
        command
    }

    /// Runs a command to its end and returns what it printed; fails with what it complained of.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the program runs");
        assert!(output.status.success(), "concord {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// One `concord serve`.
pub struct Node {
    pub address: SocketAddr,
    pub management: SocketAddr,
    deployment: Deployment,
    process: Child,
    log: PathBuf,
    wire: OnceLock<Wire>,
    _folder: Folder,
}

impl Node {
    /// Starts on free ports and waits until it is ready.
    pub async fn start(deployment: &Deployment) -> Self {
        let (address, management) = (local(free_port()), local(free_port()));
        let folder = Folder::new();
        let log = folder.path().join("log");
        let process = spawn(deployment, address, management, &log);
        let wire = OnceLock::new();
        let mut node = Self { address, management, deployment: deployment.clone(), process, log, wire, _folder: folder };
        node.wait_until_ready().await;
        node
    }

    /// The way to it, under the issuer's name; clones share their connections.
    pub fn wire(&self) -> Wire {
        self.wire.get_or_init(|| Wire::new(&self.deployment.issuer, self.address)).clone()
    }

    /// SIGKILL: no goodbye, nothing flushed.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// SIGTERM, and the exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        self.terminate();
        self.ended().await
    }

    /// SIGTERM; does not wait.
    pub fn terminate(&self) {
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
    }

    /// The exit code, once the process has ended.
    pub async fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.process.try_wait() {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("did not stop; log:\n{}", self.log());
    }

    /// What `/readyz` says: the status, and the names of the checks that failed.
    pub async fn readiness(&self) -> (u16, Vec<String>) {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("an HTTP client");
        let answer = client.get(format!("http://{}/readyz", self.management)).send().await.expect("the management listener answers");
        let status = answer.status().as_u16();
        let report: serde_json::Value = answer.json().await.expect("a report");
        let failed = report["checks"].as_array().expect("checks").iter().filter(|check| check["status"] != "ok");
        (status, failed.map(|check| check["name"].as_str().expect("a name").to_owned()).collect())
    }

    /// The process's id: the same as long as it was not started again.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// The same node again, on the same ports.
    pub async fn restart(&mut self) {
        self.kill();
        self.process = spawn(&self.deployment, self.address, self.management, &self.log);
        self.wait_until_ready().await;
    }

    /// For signals.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Everything it logged, over all its lives.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    async fn wait_until_ready(&mut self) {
        let url = format!("http://{}/readyz", self.management);
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().expect("an HTTP client");
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.process.try_wait() {
                panic!("ended with {status}; log:\n{}", self.log());
            }
            if client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not ready after a minute; log:\n{}", self.log());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        let log = self.log();
        if std::thread::panicking() {
            eprintln!("log of the node at {}:\n{log}", self.address);
            return;
        }
        // Whatever a test is about: the people in it and their passwords are nothing for the log.
        for personal in ["@example.", "likes long walks"] {
            let line = log.lines().find(|line| line.contains(personal));
            assert!(line.is_none(), "{personal} stands in the log of a node: {}", line.unwrap_or_default());
        }
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn spawn(deployment: &Deployment, address: SocketAddr, management: SocketAddr, log: &PathBuf) -> Child {
    let out = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("a log file");
    deployment
        .command(&["serve"])
        .env("CONCORD_SERVER__LISTEN", SocketAddr::new(deployment.listen, address.port()).to_string())
        .env("CONCORD_SERVER__MANAGEMENT_LISTEN", management.to_string())
        .stdout(out.try_clone().expect("a log file"))
        .stderr(out)
        .spawn()
        .expect("the program starts")
}
