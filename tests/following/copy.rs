//! A subscriber's own copy of the picture, made of nothing but what the stream told.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use polder_wire::v1::{subscribe_response::Event, subscribe_start::At, *};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tonic::{Status, Streaming};

use crate::harness::*;

pub fn start(at: At) -> Option<SubscribeStart> {
    Some(SubscribeStart { at: Some(at) })
}

pub fn token(token: &str) -> Option<SubscribeStart> {
    start(At::Token(token.to_owned()))
}

/// Version ids by entry.
pub type Versions = BTreeMap<String, BTreeSet<String>>;

pub struct Copy {
    request: SubscribeRequest,
    stream: Streaming<SubscribeResponse>,
    versions: Versions,
    /// LOG mode: all records in the order told, and what each replaced.
    pub records: Vec<String>,
    entry_of: BTreeMap<String, (String, Vec<String>)>,
    pub token: String,
    pub left: Vec<String>,
    pub resets: usize,
    pub snapshots: usize,
    pub told: usize,
    pub ending: bool,
    count: i64,
    digest: Sha256,
    in_snapshot: bool,
}

impl Copy {
    pub async fn open(node: &Running, request: SubscribeRequest) -> Self {
        let stream = node.picture().subscribe(request.clone()).await.unwrap().into_inner();
        let mut copy = Self::of(stream, request);
        if copy.in_snapshot {
            while copy.snapshots == 0 {
                let message = copy.stream.message().await.unwrap().expect("the stream ended");
                copy.take(message);
            }
        }
        copy
    }

    pub fn of(stream: Streaming<SubscribeResponse>, request: SubscribeRequest) -> Self {
        let in_snapshot = request.mode() != SubscribeMode::Log && request.start.is_none();
        Self {
            request,
            stream,
            versions: Versions::new(),
            records: Vec::new(),
            entry_of: BTreeMap::new(),
            token: String::new(),
            left: Vec::new(),
            resets: 0,
            snapshots: 0,
            told: 0,
            ending: false,
            count: 0,
            digest: Sha256::new(),
            in_snapshot,
        }
    }

    /// Goes on from the last token, which must do without a reset.
    pub async fn resume(&mut self, node: &Running) -> Result<(), Status> {
        let start = token(&self.token);
        let request = SubscribeRequest { start, require_continuity: true, ..self.request.clone() };
        self.stream = node.picture().subscribe(request).await?.into_inner();
        self.ending = false;
        Ok(())
    }

    fn take(&mut self, message: SubscribeResponse) {
        assert!(!message.token.is_empty());
        self.token = message.token;
        match message.event.expect("an event") {
            Event::Changes(changes) => {
                for change in Changes::decode(changes).unwrap().changes {
                    self.told += 1;
                    self.change(change);
                }
            }
            Event::SnapshotEnd(end) => {
                assert_eq!(end.count, self.count, "entries of the snapshot");
                assert_eq!(end.digest, self.digest.finalize_reset()[..], "digest");
                self.snapshots += 1;
                self.in_snapshot = false;
            }
            Event::Reset(_) => {
                self.versions.clear();
                self.count = 0;
                self.digest = Sha256::new();
                self.resets += 1;
                self.in_snapshot = true;
            }
            Event::Progress(progress) => self.ending = progress.ending,
            Event::Incident(_) => {}
        }
    }

    fn change(&mut self, change: EntryChange) {
        let entries: Vec<_> = change.versions.iter().map(decode).collect();
        if change.left {
            self.versions.remove(&change.name);
            self.left.push(change.name);
            return;
        }
        assert!(!entries.is_empty());
        if self.request.mode() == SubscribeMode::Log {
            assert_eq!(entries.len(), 1, "one record for each change");
            let entry = &entries[0];
            self.records.push(entry.version.clone());
            let row = (change.name, entry.supersedes.clone());
            self.entry_of.insert(entry.version.clone(), row);
            return;
        }
        if self.in_snapshot {
            self.count += 1;
            for entry in &entries {
                self.digest.update(format!("{}\n", entry.version));
            }
        }
        let current: BTreeSet<_> = entries.iter().map(|entry| entry.version.clone()).collect();
        for entry in &entries {
            assert_eq!(entry.name, change.name);
            let rivals: BTreeSet<_> = entry.rivals.iter().cloned().collect();
            assert_eq!(rivals.len() + 1, current.len(), "each version names the others");
            assert!(rivals.is_subset(&current) && !rivals.contains(&entry.version));
        }
        self.versions.insert(change.name, current);
    }

    /// Reads until the stream is where the node was when this was called, and then quiet.
    pub async fn follow_until_quiet(&mut self, _node: &Running) {
        loop {
            let next = tokio::time::timeout(Duration::from_millis(400), self.stream.message());
            match next.await {
                Err(_) => return,
                Ok(message) => {
                    let message = message.unwrap().expect("the stream ended");
                    let alive = matches!(message.event, Some(Event::Progress(_)));
                    self.take(message);
                    if alive {
                        return;
                    }
                }
            }
        }
    }

    pub async fn follow_to_end(&mut self) -> Result<(), Status> {
        while let Some(message) = self.stream.message().await? {
            self.take(message);
        }
        Ok(())
    }

    pub fn versions(&self) -> Versions {
        self.versions.clone()
    }

    pub fn names(&self) -> Vec<String> {
        if self.request.mode() == SubscribeMode::Log {
            return self.entry_of.values().map(|(name, _)| name.clone()).collect();
        }
        self.versions.keys().cloned().collect()
    }

    /// What is current according to the records told: all that no other record had seen.
    pub fn current_of_log(&self) -> Versions {
        let number = |version: &str| {
            let (feed, sequence) = version.split_once('-').unwrap();
            (feed.to_owned(), sequence.parse::<u64>().unwrap())
        };
        let mut covered: BTreeMap<(String, String), u64> = BTreeMap::new();
        for (name, supersedes) in self.entry_of.values() {
            for seen in supersedes {
                let (feed, sequence) = number(seen);
                let highest = covered.entry((name.clone(), feed)).or_default();
                *highest = sequence.max(*highest);
            }
        }
        let mut current = Versions::new();
        for (version, (name, _)) in &self.entry_of {
            let (feed, sequence) = number(version);
            if covered.get(&(name.clone(), feed)).is_none_or(|covered| *covered < sequence) {
                current.entry(name.clone()).or_default().insert(version.clone());
            }
        }
        current
    }

    /// The same from the node's list.
    pub async fn listed(node: &Running, filter: &EntryFilter) -> Versions {
        let mut versions = Versions::new();
        for entry in node.list(filter.clone()).await {
            versions.entry(entry.name).or_default().insert(entry.version);
        }
        versions
    }
}
