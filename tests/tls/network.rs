//! The three nodes of `deploy/compose.yaml`, each in a network namespace of the kernel, on addresses
//! that are not of loopback. Needs root and `ip`; says so where there is none of that.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Output, Stdio},
    time::Instant,
};

use serde_json::Value;

use crate::{harness::*, world::*};

/// Nodes as in the compose file: name, party, and whom they dial.
const NODES: [(&str, &str, &[usize]); 3] =
    [("centrum", "nrv", &[]), ("zuid", "zuid-limburg", &[0]), ("noord", "limburg-noord", &[0, 1])];
const LOCAL: &str = "127.0.0.1:7419";

fn ip(args: &str) -> Result<(), String> {
    let output = Command::new("ip").args(args.split_whitespace()).output();
    let output = output.map_err(|error| format!("ip: {error}"))?;
    let problem = || format!("ip {args}: {}", String::from_utf8_lossy(&output.stderr).trim());
    output.status.success().then_some(()).ok_or_else(problem)
}

/// Three namespaces with a line between each two.
struct Net {
    names: Vec<String>,
}

/// Address of one of two ends.
fn address(at: usize, other: usize) -> String {
    format!("10.77.{}.{}", at + other, at + 1)
}

impl Net {
    fn new() -> Result<Self, String> {
        let mark = format!("{:x}{:x}", std::process::id(), rand::random::<u16>());
        let net = Self { names: (0..3).map(|at| format!("t{mark}{at}")).collect() };
        for name in &net.names {
            ip(&format!("netns add {name}"))?;
            ip(&format!("-n {name} link set lo up"))?;
        }
        for (at, other) in [(0, 1), (0, 2), (1, 2)] {
            let (here, there) = (&net.names[at], &net.names[other]);
            let veth =
                format!("link add v{other} netns {here} type veth peer name v{at} netns {there}");
            ip(&veth)?;
            for (at, other) in [(at, other), (other, at)] {
                let name = &net.names[at];
                ip(&format!("-n {name} addr add {}/24 dev v{other}", address(at, other)))?;
                ip(&format!("-n {name} link set v{other} up"))?;
            }
        }
        Ok(net)
    }

    fn command(&self, at: usize, args: &[&str]) -> Command {
        let plain = polder();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[at]]).arg(plain.get_program()).args(args);
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, at: usize, args: &[&str]) -> Output {
        self.command(at, args).output().unwrap()
    }

    /// A command to the node there, on its plain port, that must succeed.
    fn must(&self, at: usize, args: &[&str]) -> String {
        let (code, told) = said(&self.run(at, &[args, &["--node", LOCAL]].concat()));
        assert_eq!(code, 0, "{args:?}: {told}");
        told
    }

    fn set(&self, at: usize, other: usize, state: &str) {
        ip(&format!("-n {} link set v{other} {state}", self.names[at])).unwrap();
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = ip(&format!("netns del {name}"));
        }
    }
}

/// Killed when dropped.
struct Inside(Child);

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves as the compose file does, where names stand for addresses.
fn serve(net: &Net, at: usize, home: &Home) -> Inside {
    let listen = ["--listen", "0.0.0.0:7420", "--local", LOCAL, "--admin", "127.0.0.1:7421"];
    let mut args =
        [&["serve", "--lang", "en", "--data", home.data().to_str().unwrap()], &listen[..]].concat();
    let dialled: Vec<_> =
        NODES[at].2.iter().map(|other| format!("{}:7420", address(*other, at))).collect();
    args.extend(dialled.iter().flat_map(|address| ["--link", address]));
    let mut child = net.command(at, &args).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (found, listens) = std::sync::mpsc::channel();
    let inside = Inside(child);
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if line.starts_with("Programs of this machine, in plain text: ") {
                let _ = found.send(());
            }
        }
    });
    listens.recv_timeout(PATIENCE).expect("the node starts");
    inside
}

fn joins(net: &Net, at: usize, host: &str, key: &str) {
    let invite = ["invite", "--party", NODES[at].1, "--key", key, "--json", "--node", LOCAL];
    let mut waiting = Inside(net.command(0, &invite).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(waiting.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    net.must(at, &["join", host, told["code"].as_str().unwrap()]);
    assert!(waiting.0.wait().unwrap().success());
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + 2 * PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "never {what}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

#[test]
fn the_three_nodes_of_the_compose_file_meet_off_loopback_by_tls_and_nothing_else() {
    let net = match Net::new() {
        Ok(net) => net,
        Err(problem) => return println!("skipped: no network namespaces here: {problem}"),
    };
    // It is that file which is tried.
    let compose = std::fs::read_to_string("deploy/compose.yaml").unwrap();
    for (name, party, dials) in NODES {
        assert!(compose.contains(&format!("init --name {name} --party {party}")), "{name}");
        let links: String =
            dials.iter().map(|other| format!(" --link {}:7420", NODES[*other].0)).collect();
        assert!(compose.contains(&format!("exec polder serve{links}\n")), "{links}");
    }
    for setting in ["POLDER_LISTEN: 0.0.0.0:7420", "POLDER_LOCAL: 127.0.0.1:7419"] {
        assert!(compose.contains(setting), "{setting}");
    }

    let dir = tempfile::tempdir().unwrap();
    let homes: Vec<_> = NODES.iter().map(|(name, party, _)| Home::named(name, party)).collect();
    let _nodes: Vec<_> = (0..3).map(|at| serve(&net, at, &homes[at])).collect();
    let key = dir.path().join("anna.key");
    let key = key.to_str().unwrap();
    must(&["charter", "key", key, "--no-passphrase"]);
    let sign = |args: &[&str]| net.must(0, &[args, &["--key", key]].concat());
    sign(&["charter", "create", "Limburg", "--holder", "Anna"]);
    for (_, party, _) in NODES {
        sign(&["party", party, "--discipline", "government"]);
    }
    sign(&["certify", "--party", NODES[0].1]);
    sign(&["member", "flood", "--everybody"]);

    let centrum = format!("{}:7420", address(0, 1));
    // Over the network there is no plain text, and nothing for nobody.
    let (code, told) = said(&net.run(1, &["status", "--node", &centrum]));
    assert!(code == 2 && told.contains("nothing goes in plain text"), "{code} {told}");
    let id = id_of(&homes[0]).to_string();
    let (code, told) = said(&net.run(1, &["list", "--node", &centrum, "--node-key", &id]));
    assert!(code == 3 && told.contains("SIGN_IN_NEEDED"), "{code} {told}");

    for at in [1, 2] {
        joins(&net, at, &format!("{}:7420", address(0, at)), key);
    }
    net.must(0, &["incident", "create", "Flood", "--id", "flood", "--mode", "exercise"]);
    let shows = |at: usize, title: &str| {
        let listed = net.run(at, &["list", "-i", "flood", "--node", LOCAL]);
        String::from_utf8_lossy(&listed.stdout).contains(title)
    };
    until("an incident at the others", || {
        (1..3).all(|at| net.must(at, &["incident", "list"]).contains("flood"))
    });
    net.must(2, &["publish", "De dijk is nat", "-i", "flood"]);
    until("a picture at all", || (0..3).all(|at| shows(at, "De dijk is nat")));
    // The two regions find each other when the national centre is cut off from both.
    for other in [1, 2] {
        net.set(0, other, "down");
    }
    net.must(1, &["publish", "De brug is dicht", "-i", "flood"]);
    until("a picture of the regions", || shows(2, "De brug is dicht"));
    assert!(!shows(0, "De brug is dicht"));
    net.set(0, 1, "up");
    until("one picture", || shows(0, "De brug is dicht"));
}
