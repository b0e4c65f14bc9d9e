//! A real node in a process of its own, and what tests say to it.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use polder_wire::{
    google::rpc,
    v1::{
        self, CreateIncidentRequest, Entry, EntryFilter, GetEntryRequest, Incident,
        ListEntriesRequest, Mode, Observation, PublishEntriesRequest, PublishEntriesResponse,
        PublishItem, Published, Statement, Text,
        attachment_service_client::AttachmentServiceClient, entry::Body,
        incident_service_client::IncidentServiceClient, node_service_client::NodeServiceClient,
        picture_service_client::PictureServiceClient, publish_result::Outcome,
    },
};
use prost::Message as _;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;
use uuid::Uuid;

/// The program, without what the environment of the tests would tell it.
pub fn polder() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polder"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("POLDER_") {
            command.env_remove(name);
        }
    }
    command.env("LANG", "C").env_remove("LC_ALL").env_remove("LC_MESSAGES");
    command
}

/// Runs a command to its end.
pub fn run(args: &[&str]) -> Output {
    polder().args(args).stdin(Stdio::null()).output().unwrap()
}

/// Runs a command that must succeed; returns what it printed.
pub fn must(args: &[&str]) -> String {
    let output = run(args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Exit code and everything said.
pub fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// A data directory with a new store in it.
pub struct Home {
    dir: TempDir,
    data: PathBuf,
}

impl Home {
    pub fn new() -> Self {
        Self::of("fjall")
    }

    pub fn of(engine: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        Self::init(&data, engine);
        Self { dir, data }
    }

    /// With a name and a party of its own.
    pub fn named(name: &str, party: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        must(&["init", "--data", data.to_str().unwrap(), "--name", name, "--party", party]);
        Self { dir, data }
    }

    pub fn init(data: &Path, engine: &str) {
        let data = data.to_str().unwrap();
        must(&["init", "--data", data, "--party", "tester", "--engine", engine]);
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// A path beside the store.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub async fn start(&self) -> Running {
        Running::start(&self.data, &[]).await
    }

    /// Starts with a configuration file.
    pub async fn start_with(&self, config: &str) -> Running {
        let file = self.beside("polder.toml");
        std::fs::write(&file, config).unwrap();
        Running::start(&self.data, &["--config", file.to_str().unwrap()]).await
    }
}

/// A node at work; killed when dropped.
pub struct Running {
    child: Child,
    pub listen: SocketAddr,
    pub admin: SocketAddr,
    pub stderr: Arc<Mutex<String>>,
    pub channel: Channel,
}

/// Command line of a node on any free port.
pub fn serve_command(data: &Path, more: &[&str]) -> Command {
    let mut command = polder();
    command.args(["serve", "--lang", "en", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    command.arg("--data").arg(data).args(more);
    command
}

impl Running {
    pub async fn start(data: &Path, more: &[&str]) -> Self {
        Self::try_start(data, more).await.unwrap_or_else(|(code, said)| panic!("{code}: {said}"))
    }

    /// Starts a node, or tells its exit code and what it said.
    pub async fn try_start(data: &Path, more: &[&str]) -> Result<Self, (i32, String)> {
        let mut command = serve_command(data, more);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = Arc::new(Mutex::new(String::new()));
        let (sender, found) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let kept = Arc::clone(&stderr);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(rest) = line.strip_prefix("Polder listens on ") {
                    let _ = sender.send(rest.to_owned());
                }
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let Ok(rest) = found.recv_timeout(Duration::from_secs(60)) else {
            let _ = child.kill();
            let code = child.wait().unwrap().code().unwrap_or(-1);
            let said = stderr.lock().unwrap().clone();
            return Err((code, said));
        };
        let (listen, admin) = rest.split_once(", metrics and health on ").unwrap();
        let listen: SocketAddr = listen.parse().unwrap();
        let admin = admin.trim_end_matches('.').parse().unwrap();
        let channel = endpoint(listen).connect().await.unwrap();
        Ok(Self { child, listen, admin, stderr, channel })
    }

    pub fn address(&self) -> String {
        self.listen.to_string()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A connection of its own.
    pub async fn connect(&self) -> Channel {
        endpoint(self.listen).connect().await.unwrap()
    }

    /// A signal that nothing can catch.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn signal_term(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// SIGTERM, and how it ended.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal_term();
        self.wait()
    }

    pub fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "the node does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    pub fn picture(&self) -> PictureServiceClient<Channel> {
        picture(self.channel.clone())
    }

    pub fn incidents(&self) -> IncidentServiceClient<Channel> {
        IncidentServiceClient::new(self.channel.clone())
    }

    pub fn attachments(&self) -> AttachmentServiceClient<Channel> {
        AttachmentServiceClient::new(self.channel.clone())
    }

    pub fn node(&self) -> NodeServiceClient<Channel> {
        NodeServiceClient::new(self.channel.clone())
    }

    /// Opens an actual incident.
    pub async fn open(&self, id: &str) -> Incident {
        self.create(incident(id, Mode::Actual)).await.unwrap()
    }

    pub async fn create(&self, incident: Incident) -> Result<Incident, Status> {
        let request = CreateIncidentRequest { incident: Some(incident), ..Default::default() };
        let response = self.incidents().create_incident(request).await?;
        Ok(response.into_inner().incident.unwrap())
    }

    pub async fn publish(&self, items: Vec<PublishItem>) -> Result<PublishEntriesResponse, Status> {
        let request = PublishEntriesRequest { items, ..Default::default() };
        Ok(self.picture().publish_entries(request).await?.into_inner())
    }

    /// Publishes one item: what became of it.
    pub async fn try_put(&self, item: PublishItem) -> Result<Published, Status> {
        let response = self.publish(vec![item]).await?;
        outcomes(response).remove(0)
    }

    pub async fn put(&self, entry: &Entry) -> Published {
        self.try_put(item(entry)).await.unwrap()
    }

    pub async fn retract(&self, name: &str, reason: &str) -> Result<Entry, Status> {
        let (name, reason) = (name.to_owned(), reason.to_owned());
        let request = v1::RetractEntryRequest { name, reason, ..Default::default() };
        Ok(decode(&self.picture().retract_entry(request).await?.into_inner().entry))
    }

    /// The entry and its rivals.
    pub async fn get(&self, name: &str) -> Result<(Entry, Vec<Entry>), Status> {
        let request = GetEntryRequest { name: name.to_owned() };
        let response = self.picture().get_entry(request).await?.into_inner();
        Ok((decode(&response.entry), response.rivals.iter().map(decode).collect()))
    }

    /// All entries that match.
    pub async fn list(&self, filter: EntryFilter) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut request =
            ListEntriesRequest { filter: Some(filter), page_size: 1000, ..Default::default() };
        loop {
            let response = self.picture().list_entries(request.clone()).await.unwrap();
            let response = response.into_inner();
            entries.extend(response.entries.iter().map(decode));
            if response.next_page_token.is_empty() {
                return entries;
            }
            request.page_token = response.next_page_token;
        }
    }

    /// All versions of an entry.
    pub async fn versions(&self, name: &str) -> Vec<Entry> {
        let request = v1::ListEntryVersionsRequest { name: name.to_owned(), ..Default::default() };
        let response = self.picture().list_entry_versions(request).await.unwrap().into_inner();
        response.versions.iter().map(decode).collect()
    }

    pub async fn status(&self) -> v1::GetNodeStatusResponse {
        let request = v1::GetNodeStatusRequest {};
        self.node().get_node_status(request).await.unwrap().into_inner()
    }

    pub async fn verdict(&self) -> v1::VerifyVerdict {
        let request = v1::VerifyLogRequest {};
        let mut stream = self.node().verify_log(request).await.unwrap().into_inner();
        let mut verdict = None;
        while let Some(message) = stream.message().await.unwrap() {
            verdict = message.verdict.or(verdict);
        }
        verdict.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::from_shared(format!("http://{address}")).unwrap().tcp_nodelay(true)
}

pub fn picture(channel: Channel) -> PictureServiceClient<Channel> {
    PictureServiceClient::new(channel)
}

pub fn outcomes(response: PublishEntriesResponse) -> Vec<Result<Published, Status>> {
    let outcome = |result: v1::PublishResult| match result.outcome.unwrap() {
        Outcome::Published(published) => Ok(published),
        Outcome::Refused(status) => Err(as_status(&status)),
    };
    response.results.into_iter().map(outcome).collect()
}

fn as_status(status: &rpc::Status) -> Status {
    let details = status.encode_to_vec().into();
    Status::with_details(status.code.into(), status.message.clone(), details)
}

pub fn decode(bytes: &Bytes) -> Entry {
    Entry::decode(bytes.clone()).unwrap()
}

pub fn incident(id: &str, mode: Mode) -> Incident {
    Incident {
        name: format!("incidents/{id}"),
        mode: mode.into(),
        titles: vec![text("nl", id)],
        ..Default::default()
    }
}

pub fn text(language: &str, title: &str) -> Text {
    Text { language: language.into(), title: title.into(), ..Default::default() }
}

pub fn new_name(incident: &str) -> String {
    format!("incidents/{incident}/entries/{}", Uuid::new_v4())
}

/// An observation with a name of its own.
pub fn observation(incident: &str, title: &str) -> Entry {
    Entry {
        name: new_name(incident),
        statement: Statement::Fact.into(),
        texts: vec![text("nl", title)],
        body: Some(Body::Observation(Observation::default())),
        ..Default::default()
    }
}

pub fn item(entry: &Entry) -> PublishItem {
    PublishItem { entry: entry.encode_to_vec().into(), ..Default::default() }
}

/// An item that replaces exactly these versions.
pub fn replacing(entry: &Entry, versions: &[&str]) -> PublishItem {
    let versions = versions.iter().map(|version| (*version).to_owned()).collect();
    PublishItem { supersedes: Some(v1::VersionList { versions }), ..item(entry) }
}

pub fn of_incident(id: &str) -> EntryFilter {
    EntryFilter { incidents: vec![format!("incidents/{id}")], ..Default::default() }
}

/// Reason of an error, which must be of our domain.
pub fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, "polder");
    info.reason.clone()
}

/// Paths of the wrong fields.
pub fn wrong_fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let bad = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    bad.into_iter().map(|violation| violation.field).collect()
}

/// So many rounds of a soak.
pub fn rounds(normally: usize) -> usize {
    std::env::var("POLDER_SOAK_ROUNDS").map_or(normally, |rounds| rounds.parse().unwrap())
}
