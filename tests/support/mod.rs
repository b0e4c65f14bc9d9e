//! What the crash tests of the engines share: numbered rows, a child to kill, mounts.

mod model;
pub(crate) mod volatile;

use std::{
    env, fmt,
    hash::{DefaultHasher, Hasher},
    io::{BufRead, BufReader, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use polder::store::engine::{self, Batch, Engine, EngineError, Range, Tree};
use rustix::mount::{self, MountFlags, UnmountFlags};

/// Numbers that look random and come again with the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

pub(crate) const FEED: [u8; 16] = [7; 16];

pub(crate) fn record_key(number: u64) -> Vec<u8> {
    [&FEED[..], &number.to_be_bytes()].concat()
}

/// Everything one commit writes; from the number alone, so that a reader knows what is right.
pub(crate) fn rows(number: u64) -> [(Tree, Vec<u8>, Vec<u8>); 3] {
    let len = match number % 16 {
        5 => 12_000,
        11 => 40_000,
        _ => 600,
    };
    [
        (Tree::Records, record_key(number), row(Tree::Records, number, len)),
        (Tree::Arrivals, number.to_be_bytes().to_vec(), row(Tree::Arrivals, number, 100)),
        (Tree::Heads, FEED.to_vec(), row(Tree::Heads, number, 60)),
    ]
}

fn row(tree: Tree, number: u64, len: usize) -> Vec<u8> {
    let mut value = number.to_be_bytes().to_vec();
    value.extend(Random::new(number * 8 + tree as u64).bytes(len));
    let hash = hash(&value);
    value.extend_from_slice(&hash);
    value
}

fn hash(bytes: &[u8]) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish().to_be_bytes()
}

/// Whether a row's own hash holds, as the layer above the engines checks it.
pub(crate) fn hash_holds(value: &[u8]) -> bool {
    value.split_last_chunk::<8>().is_some_and(|(body, own)| hash(body) == *own)
}

pub(crate) fn commit_rows(engine: &dyn Engine, number: u64) -> Result<(), EngineError> {
    let rows = rows(number).map(|(tree, key, value)| (tree, key, Some(value)));
    engine.commit(Batch { writes: rows.into() })
}

/// The number of the last commit in the store.
pub(crate) fn last_number(engine: &dyn Engine) -> Result<u64, EngineError> {
    let mut last = 0;
    let all = Range { from: b"", until: None, backwards: true };
    engine.scan(Tree::Arrivals, all, &mut |key, _| {
        last = u64::from_be_bytes(key.try_into().unwrap());
        ControlFlow::Break(())
    })?;
    Ok(last)
}

/// Checks that a store holds commits 1 to some last one, each whole, and returns that last one.
pub(crate) fn check_prefix(engine: &dyn Engine) -> Result<u64, EngineError> {
    let last = last_number(engine)?;
    for number in 1..=last {
        let [record, arrival, _] = rows(number);
        for (tree, key, value) in [record, arrival] {
            let found = engine.get(tree, &key)?;
            assert!(found.as_deref() == Some(&value[..]), "{tree:?} of commit {number} of {last}");
        }
    }
    let mut records = 0;
    let all = Range { from: b"", until: None, backwards: false };
    engine.scan(Tree::Records, all, &mut |_, _| {
        records += 1;
        ControlFlow::Continue(())
    })?;
    assert_eq!(records, last, "records that came with no arrival");
    let head = engine.get(Tree::Heads, &FEED)?;
    let expected = (last > 0).then(|| rows(last)[2].2.clone());
    assert!(head.as_deref() == expected.as_deref(), "the head is not of commit {last}");
    Ok(last)
}

/// What reading every row of a store of `last` commits met.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub right: u64,
    pub missing: u64,
    pub errors: u64,
    /// Wrong, and the row's own hash says so.
    pub wrong: u64,
    /// Wrong, and nothing above could tell.
    pub unnoticed: u64,
}

impl Seen {
    pub(crate) fn of(engine: &dyn Engine, last: u64) -> Self {
        let mut seen = Self::default();
        for number in 1..=last {
            for (tree, key, value) in rows(number).into_iter().take(2) {
                *match engine.get(tree, &key) {
                    Ok(Some(found)) if *found == *value => &mut seen.right,
                    Ok(Some(found)) if hash_holds(&found) => &mut seen.unnoticed,
                    Ok(Some(_)) => &mut seen.wrong,
                    Ok(None) => &mut seen.missing,
                    Err(_) => &mut seen.errors,
                } += 1;
            }
        }
        seen
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { right, missing, errors, wrong, unnoticed } = self;
        write!(f, "seen {right} {missing} {errors} {wrong} {unnoticed}")
    }
}

impl std::str::FromStr for Seen {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let counts = text.split(' ').skip(1).map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        let [right, missing, errors, wrong, unnoticed] = counts[..] else {
            return "".parse();
        };
        Ok(Self { right, missing, errors, wrong, unnoticed })
    }
}

/// What a child does with a store.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Task {
    /// Commits numbered rows without end, and says so after each.
    Commit,
    /// Reads the rows of so many commits and says what it met.
    Read(u64),
}

/// Another process of this test binary at work on a store; killed when dropped.
pub(crate) struct Worker {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

const CHILD: &str = "POLDER_TEST_CHILD";

impl Worker {
    pub(crate) fn start(engine: &str, path: &Path, task: Task) -> Self {
        let read = if let Task::Read(last) = task { last } else { 0 };
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["child", "--exact", "--ignored", "--nocapture"])
            .env(CHILD, format!("{engine} {read} {}", path.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line the child says, without what the test harness says around it.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("child: ").map(|(_, said)| said.to_owned()))
    }

    /// Kills it with a signal that nothing can catch; returns the last number it acknowledged.
    pub(crate) fn kill(mut self) -> u64 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut last = 0;
        while let Some(said) = self.next() {
            last = said.strip_prefix("ack ").map_or(last, |number| number.parse().unwrap());
        }
        last
    }

    /// Waits for its end; whether it ended in order.
    pub(crate) fn finish(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn say(what: impl fmt::Display) {
    // The harness may have left its own line open.
    println!("\nchild: {what}");
    std::io::stdout().flush().unwrap();
}

/// The child's side of [`Worker`].
pub(crate) fn work() {
    let Ok(task) = env::var(CHILD) else { return };
    let [name, read, path] = task.splitn(3, ' ').collect::<Vec<_>>()[..] else {
        return;
    };
    let engine = match engine::open(name, Path::new(path)) {
        Ok(engine) => engine,
        Err(error) => return say(format!("not open {error:?}")),
    };
    let read: u64 = read.parse().unwrap();
    if read > 0 {
        return say(Seen::of(&*engine, read));
    }
    let first = last_number(&*engine).unwrap() + 1;
    for number in first.. {
        if let Err(error) = commit_rows(&*engine, number) {
            return say(format!("failed {error:?}"));
        }
        say(format!("ack {number}"));
    }
}

/// A small file system in memory; unmounted when dropped.
pub(crate) struct Tmpfs(PathBuf);

impl Tmpfs {
    /// `None`, with a printed line, where mounting is not permitted.
    pub(crate) fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: mounting a tmpfs needs root");
            return None;
        }
        let size = std::ffi::CString::new(format!("size={megabytes}m")).unwrap();
        // Docker and other sandboxes have root without the right to mount.
        match mount::mount("tmpfs", at, "tmpfs", MountFlags::empty(), &*size) {
            Ok(()) => Some(Self(at.to_owned())),
            Err(error) => {
                println!("skipped: mounting a tmpfs: {error}");
                None
            }
        }
    }

    pub(crate) fn grow(&self, megabytes: u32) {
        mount::mount_remount(&self.0, MountFlags::empty(), format!("size={megabytes}m")).unwrap();
    }

    pub(crate) fn read_only(&self) {
        mount::mount_remount(&self.0, MountFlags::RDONLY, "").unwrap();
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = mount::unmount(&self.0, UnmountFlags::DETACH);
    }
}
