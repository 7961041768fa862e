//! wrk, told what to ask and believed only when nothing went wrong.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::Effort;
use super::server::{ASKS, Pinned, cpu, on_core};

pub const CONNECTIONS: usize = 64;

/// What is asked.
#[derive(Clone, Default)]
pub struct Load {
    pub address: Option<SocketAddr>,
    /// The server's process.
    pub process: u32,
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// One is sent after the other, from the first again after the last.
    pub bodies: Vec<String>,
    /// A script of its own instead, for what depends on the answers. It checks them all; its `done` prints `completed N` stories
    /// per second and `wrong N` answers.
    pub script: Option<String>,
}

impl Load {
    pub fn get(server: &Pinned, path: &str) -> Self {
        Self { address: Some(server.address), process: server.id(), method: "GET", path: path.to_owned(), ..Self::default() }
    }

    /// A form sent with HTTP Basic authentication.
    pub fn post(server: &Pinned, path: &str, authorization: &str, bodies: Vec<String>) -> Self {
        let headers = vec![
            ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("Authorization".to_owned(), authorization.to_owned()),
        ];
        Self { method: "POST", headers, bodies, ..Self::get(server, path) }
    }

    fn address(&self) -> SocketAddr {
        self.address.expect("an address")
    }

    fn lua(&self) -> String {
        if let Some(script) = &self.script {
            return script.clone();
        }
        let headers: String = self.headers.iter().map(|(n, v)| format!("h[{}] = {}\n", quoted(n), quoted(v))).collect();
        let bodies: String = self.bodies.iter().map(|b| format!("b[#b + 1] = {}\n", quoted(b))).collect();
        format!(
            "local h, b, r, n = {{}}, {{}}, {{}}, 0\n{headers}{bodies}\
             function init()\n\
             if #b == 0 then r[1] = wrk.format({method}, {path}, h) end\n\
             for i = 1, #b do r[i] = wrk.format({method}, {path}, h, b[i]) end\n\
             end\n\
             function request() n = n % #r + 1 return r[n] end\n",
            method = quoted(self.method),
            path = quoted(&self.path),
        )
    }

    /// Asks once, by hand, and returns the whole answer.
    fn once(&self) -> (String, String) {
        let body = self.bodies.first().cloned().unwrap_or_default();
        let mut request = format!("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.method, self.path, self.address());
        for (name, value) in &self.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        let mut stream = TcpStream::connect(self.address()).expect("connects");
        write!(stream, "{request}\r\n{body}").expect("sends");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head.to_owned(), body.to_owned())
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r"))
}

/// What came of it: the median run.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Answers, or completed stories of a script, per second.
    pub rate: f64,
    pub p50: Duration,
    pub p99: Duration,
    /// Processor time that the server took for each.
    pub cost: Duration,
}

pub struct Generator {
    effort: Effort,
}

impl Generator {
    pub fn new(effort: Effort) -> Self {
        Self { effort }
    }

    /// Checks an answer, warms up, runs, and takes the median.
    pub fn measure(&self, name: &str, load: &Load, right: impl Fn(&str) -> bool) -> Measured {
        let (head, body) = load.once();
        assert!(right(&body), "{name}: not the answer that was expected:\n{head}\n\n{body}");
        self.measure_each(name, || load.clone())
    }

    /// The same for stories, which use up what they begin with: a fresh one for each run.
    pub fn measure_each(&self, name: &str, mut load: impl FnMut() -> Load) -> Measured {
        println!("   measuring {name}");
        self.run(&load(), self.effort.warm_up);
        let mut runs: Vec<Measured> = (0..self.effort.runs).map(|_| self.run(&load(), self.effort.run)).collect();
        runs.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        runs[runs.len() / 2]
    }

    /// One run, for what it leaves behind.
    pub fn leave(&self, load: &Load) {
        self.run(load, self.effort.run);
    }

    fn run(&self, load: &Load, time: Duration) -> Measured {
        let script = Script::new(&load.lua());
        let before = cpu(load.process);
        let seconds = time.as_secs().max(1).to_string();
        let output = on_core(ASKS, &Command::new("wrk"))
            .args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s"), "--latency", "--timeout", "5s", "-s"])
            .arg(&script.0)
            .arg(format!("http://{}{}", load.address(), load.path))
            .output()
            .expect("wrk runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "wrk: {text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains("Non-2xx"), "answers that were not expected:\n{text}");
        assert!(load.script.is_none() || text.contains("\nwrong 0\n"), "a story went wrong:\n{text}");
        assert!(!text.contains("Socket errors"), "connections failed:\n{text}");
        let measured = read(&text);
        let taken = cpu(load.process).saturating_sub(before);
        Measured { cost: taken.div_f64((measured.rate * time.as_secs_f64()).max(1.0)), ..measured }
    }
}

/// A file for wrk, gone with this.
struct Script(PathBuf);

impl Script {
    fn new(text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("concord-load-{}.lua", std::process::id()));
        std::fs::write(&path, text).expect("the script");
        Self(path)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn read(text: &str) -> Measured {
    let word = |start: &str| text.lines().find_map(|l| l.trim().strip_prefix(start)).map(str::trim).unwrap_or_default().to_owned();
    let mut rate: f64 = word("Requests/sec:").parse().unwrap_or(0.0);
    // A script that tells stories of several requests counts them itself.
    if let Ok(completed) = word("completed").parse::<f64>() {
        rate = completed;
    }
    Measured { rate, p50: period(&word("50%")), p99: period(&word("99%")), cost: Duration::ZERO }
}

fn period(text: &str) -> Duration {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().unwrap_or(0.0);
    Duration::from_secs_f64(match &text[end..] {
        "us" => number / 1e6,
        "ms" => number / 1e3,
        _ => number,
    })
}
