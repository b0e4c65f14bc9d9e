//! Two nodes in network namespaces of the kernel, with a veth pair between them that carries
//! 64 kbit/s. Needs root, `ip` and `tc`; says so where there is none of that.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::harness::*;

const PATIENCE: Duration = Duration::from_secs(240);
/// Each in its own namespace.
const LISTEN: [&str; 2] = ["127.99.0.1:7420", "127.99.0.2:7420"];
const BACKLOG: usize = 600;

fn ip(args: &str) -> Result<(), String> {
    tool("ip", args)
}

fn tool(name: &str, args: &str) -> Result<(), String> {
    let said = Command::new(name)
        .args(args.split_whitespace())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    let problem = || format!("{name} {args}: {}", String::from_utf8_lossy(&said.stderr).trim());
    said.status.success().then_some(()).ok_or_else(problem)
}

/// Two namespaces with a thin line between them; taken away when dropped, also after a failure.
struct Net {
    names: [String; 2],
}

impl Net {
    fn new() -> Result<Self, String> {
        // Names of interfaces have 15 bytes at most, and others may run the same test.
        let mark = format!("{:x}{:x}", std::process::id(), rand::random::<u16>());
        let net = Self { names: [format!("p{mark}a"), format!("p{mark}b")] };
        let [a, b] = &net.names;
        ip(&format!("netns add {a}"))?;
        ip(&format!("netns add {b}"))?;
        ip(&format!("link add v{a} netns {a} type veth peer name v{b} netns {b}"))?;
        for (at, name) in net.names.iter().enumerate() {
            // Nodes speak on loopback only, as long as nothing is encrypted: here it has a far end.
            ip(&format!("-n {name} link set lo up"))?;
            ip(&format!("-n {name} addr del 127.0.0.1/8 dev lo"))?;
            ip(&format!("-n {name} addr add 127.0.0.1/32 dev lo"))?;
            ip(&format!("netns exec {name} sysctl -qw net.ipv4.conf.all.route_localnet=1"))?;
            ip(&format!("-n {name} addr add 127.99.0.{}/24 dev v{name}", at + 1))?;
            ip(&format!("-n {name} link set v{name} up"))?;
            // A small burst and a queue of two seconds, as modems have it.
            let shape = "root tbf rate 64kbit burst 2kb latency 2000ms";
            tool("tc", &format!("-n {name} qdisc add dev v{name} {shape}"))?;
        }
        Ok(net)
    }

    fn set(&self, state: &str) {
        ip(&format!("-n {0} link set v{0} {state}", self.names[0])).unwrap();
    }

    /// A better line, so that the end of a test does not take minutes.
    fn widen(&self) {
        for name in &self.names {
            let shape = "root tbf rate 50mbit burst 64kb latency 500ms";
            tool("tc", &format!("-n {name} qdisc change dev v{name} {shape}")).unwrap();
        }
    }

    /// A command inside one of the two.
    fn polder(&self, at: usize) -> Command {
        let plain = polder();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[at]]).arg(plain.get_program());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// What a node in one of the two answers, as JSON.
    fn ask(&self, at: usize, args: &[&str], lines: &str) -> Vec<Value> {
        let mut command = self.polder(at);
        command.args(args).args(["--node", LISTEN[at], "--json"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let lines = lines.to_owned();
        // Beside reading: it answers while it is still being told.
        let telling = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let _ = telling.join();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {said}");
        let values = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
        values.map(|value| value.unwrap_or_else(|error| panic!("{args:?}: {error}"))).collect()
    }

    /// Names and versions of all entries that a node lists.
    fn list(&self, at: usize) -> BTreeSet<String> {
        let entries = self.ask(at, &["list", "--incident", "flood", "-n", "1000"], "");
        let version = |entry: &Value| Some(entry.get("version")?.as_str()?.to_owned());
        entries.iter().filter_map(version).collect()
    }

    fn publish(&self, at: usize, title: &str) {
        let args = ["publish", title, "--incident", "flood", "--urgency", "immediate"];
        self.ask(at, &args, "");
    }

    /// Waits until something is so.
    fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < until, "never {what}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = ip(&format!("netns del {name}"));
        }
    }
}

/// A node in a namespace; killed when dropped.
struct Inside(Child);

impl Inside {
    fn start(net: &Net, at: usize, home: &Home, more: &[&str]) -> Self {
        let mut command = net.polder(at);
        command.args(["serve", "--lang", "en", "--listen", LISTEN[at], "--admin", "127.0.0.1:0"]);
        command.arg("--data").arg(home.data()).args(more);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (found, listens) = std::sync::mpsc::channel();
        let inside = Self(child);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if line.starts_with("Polder listens on ") {
                    let _ = found.send(());
                }
            }
        });
        listens.recv_timeout(Duration::from_secs(60)).expect("the node starts");
        inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Entries that do not pack well, half a minute of them, as JSON lines.
fn backlog() -> String {
    let line = |at: usize| {
        let body: String = (0..300).map(|_| format!("{:02x}", rand::random::<u8>())).collect();
        let text = format!(r#"{{"language":"nl","title":"report {at}","body":"{body}"}}"#);
        format!(r#"{{"statement":"STATEMENT_FACT","texts":[{text}],"observation":{{}}}}"#)
    };
    (0..BACKLOG).map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn urgent_overtakes_on_a_thin_line_of_the_kernel_and_a_cut_ends_in_one_picture() {
    let net = match Net::new() {
        Ok(net) => net,
        Err(problem) => return println!("skipped: no network namespaces here: {problem}"),
    };
    let homes = [Home::new(), Home::new()];
    let _a = Inside::start(&net, 0, &homes[0], &[]);
    let create = ["incident", "create", "Flood", "--id", "flood", "--mode", "exercise"];
    net.ask(0, &create, "");
    net.ask(0, &["publish", "-", "--incident", "flood"], &backlog());
    let _b = Inside::start(&net, 1, &homes[1], &["--link", LISTEN[0]]);
    net.until("linked", |net| {
        let incidents = net.ask(1, &["incident", "list"], "");
        !incidents.is_empty()
    });

    // The line is full of the backlog for half a minute. What is urgent does not wait for it.
    for at in 0..3 {
        net.publish(0, &format!("urgent {at}"));
    }
    let urgent = |net: &Net| net.ask(1, &["list", "-i", "flood", "-u", "immediate"], "").len();
    net.until("urgent at the far end", |net| urgent(net) >= 3);
    let held = net.list(1).len();
    assert!(held < BACKLOG / 2, "{held} of {BACKLOG} came before three urgent ones");

    net.set("down");
    for at in 0..2 {
        net.publish(at, &format!("alone at {at}"));
    }
    std::thread::sleep(Duration::from_secs(3));
    assert_ne!(net.list(0), net.list(1));
    net.set("up");
    net.widen();
    net.until("one picture", |net| {
        let (here, there) = (net.list(0), net.list(1));
        here == there && here.len() == BACKLOG + 5
    });
    println!("{held} of {BACKLOG} had come when the urgent ones were there; one in the end");
}
