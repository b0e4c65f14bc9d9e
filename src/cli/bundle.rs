//! Commands that carry records in a file, for nodes that no link reaches.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use polder_picture::sight::Sight;
use polder_wire::v1::{
    Act, ActKind, BundleRefusal, BundleReport, BundleSummary, CallerKind, ExportBundleRequest,
    GetHeadsRequest, ImportBundleRequest, Lane, node_service_client::NodeServiceClient,
};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Context,
    args::{ExportArgs, HeadsArgs, ImportArgs},
    dutch, say, say_json,
    show::bytes,
    store::bar,
    words::Words,
};
use crate::{
    audit,
    bundle::{
        self,
        export::{self, Plan, Wanted},
        heads,
        import::Importer,
    },
    grpc::status::Refused,
    json,
    node::{self, Node},
    wall::Wall,
};

/// Bytes of a bundle that are sent at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// A file that is there when it is whole, and not before.
pub(super) struct Whole<'a> {
    path: &'a Path,
    fresh: PathBuf,
    pub(super) file: File,
}

impl<'a> Whole<'a> {
    pub(super) fn create(path: &'a Path) -> anyhow::Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".unfinished");
        let fresh = path.with_file_name(name);
        let file = File::create(&fresh);
        let file = file.with_context(|| format!("cannot write {}", fresh.display()))?;
        Ok(Self { path, fresh, file })
    }

    pub(super) fn finish(self) -> anyhow::Result<i64> {
        self.file.sync_all()?;
        let renamed = std::fs::rename(&self.fresh, self.path);
        renamed.with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(self.file.metadata()?.len() as i64)
    }
}

/// Works on a store that no node runs on.
async fn offline<T>(
    context: &Context,
    data: &Path,
    work: impl AsyncFnOnce(&Arc<Node>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let (node, writer) = Node::open(data, Wall::System, &context.config.options())?;
    let done = work(&node).await;
    tokio::task::spawn_blocking(move || node::close(node, writer)).await?;
    done
}

/// The error of a node as a running one would have told it.
pub(super) fn told(error: impl Into<Refused>) -> anyhow::Error {
    let Refused(status) = error.into();
    status.into()
}

pub(super) async fn heads(context: &Context, args: HeadsArgs) -> anyhow::Result<u8> {
    let (data, feeds, left_out) = match &args.data {
        Some(data) => {
            let written =
                offline(context, data, async |node| Ok(heads::write(node, &Sight::All))).await?;
            (written.data.into(), written.feeds as i64, written.left_out as i64)
        }
        None => {
            let mut client = NodeServiceClient::new(context.connect().await?);
            let response = client.get_heads(GetHeadsRequest {}).await?.into_inner();
            (response.data, response.feed_count, response.feeds_left_out)
        }
    };
    let mut file = Whole::create(&args.to)?;
    file.file.write_all(&data)?;
    file.finish()?;
    if context.common.json {
        let told = serde_json::json!({"file": args.to, "feeds": feeds, "feedsLeftOut": left_out});
        say_json(&told)?;
    } else {
        let words = context.words;
        say(&format!(
            "{} {}: {feeds} {}.",
            words.heads_written(),
            args.to.display(),
            words.feeds().to_lowercase()
        ))?;
        if left_out > 0 {
            say(&format!("{left_out} {}", words.feeds_left_out()))?;
        }
    }
    Ok(0)
}

pub(super) async fn export(context: &Context, args: ExportArgs) -> anyhow::Result<u8> {
    let heads = match &args.heads {
        Some(path) => read_heads(path)?,
        None => Vec::new(),
    };
    let named = |id: &String| format!("incidents/{}", id.trim_start_matches("incidents/"));
    let incidents: Vec<_> = args.incident.iter().map(named).collect();
    let (size, summary) = match &args.data {
        Some(data) => {
            let wanted = Wanted { heads: heads.into(), incidents, attachments: args.attachments };
            let work = async |node: &Arc<Node>| export_offline(node, &wanted, &args.to).await;
            offline(context, data, work).await?
        }
        None => {
            let include_attachments = args.attachments;
            let heads = heads.into();
            let request = ExportBundleRequest { heads, incidents, include_attachments };
            export_running(context, request, &args.to).await?
        }
    };
    tell_export(context, &args.to, size, &summary)?;
    Ok(if summary.left_out.is_empty() { 0 } else { 3 })
}

async fn export_running(
    context: &Context,
    request: ExportBundleRequest,
    path: &Path,
) -> anyhow::Result<(i64, BundleSummary)> {
    let mut client = NodeServiceClient::new(context.connect().await?);
    let mut stream = client.export_bundle(request).await?.into_inner();
    let mut whole = Whole::create(path)?;
    let bar = bar(0, "records");
    while let Some(message) = stream.message().await? {
        bar.set_length(message.records_total as u64);
        bar.set_position(message.records_done as u64);
        whole.file.write_all(&message.data)?;
        if let Some(summary) = message.summary {
            bar.finish_and_clear();
            return Ok((whole.finish()?, summary));
        }
    }
    bail!("the node ended without finishing")
}

async fn export_offline(
    node: &Arc<Node>,
    wanted: &Wanted,
    path: &Path,
) -> anyhow::Result<(i64, BundleSummary)> {
    let plan = Plan::of(node, wanted, &Sight::All).map_err(told)?;
    let caller = CallerKind::Operator.into();
    let whole = Act { caller, ..audit::done(ActKind::Exported) };
    node.put_on_record(audit::taken_along(&whole, &plan)).await?;
    let mut whole = Whole::create(path)?;
    let bar = bar(plan.records(), "records");
    let mut failed = None;
    let mut sink = |bytes: bytes::Bytes, done: u64| {
        bar.set_position(done);
        match whole.file.write_all(&bytes) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let written = export::write(node, plan, &mut sink);
    bar.finish_and_clear();
    if let Some(error) = failed {
        return Err(error.into());
    }
    let summary = written?;
    Ok((whole.finish()?, summary))
}

fn read_heads(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut data = Vec::new();
    file.take(heads::BYTES_MAX as u64 + 1).read_to_end(&mut data)?;
    // Said before anything is sent, and an empty file is not the same as none.
    heads::read(&data).map_err(told)?;
    Ok(data)
}

pub(super) fn lane(words: Words, lane: Lane) -> &'static str {
    match lane {
        Lane::Urgent => words.lane_urgent(),
        Lane::Bulk => words.lane_bulk(),
        Lane::Routine | Lane::Unspecified => words.lane_routine(),
    }
}

fn tell_export(
    context: &Context,
    path: &Path,
    size: i64,
    summary: &BundleSummary,
) -> anyhow::Result<()> {
    if context.common.json {
        let mut told = json::from_message("BundleSummary", summary)?;
        told["file"] = path.display().to_string().into();
        told["bytes"] = size.into();
        return say_json(&told);
    }
    let words = context.words;
    say(&format!("{} {} ({}).", words.bundle_written(), path.display(), bytes(size)))?;
    for row in &summary.lanes {
        say(&format!("  {:8} {}", lane(words, row.lane()), row.records_taken))?;
    }
    if summary.attachment_count > 0 {
        say(&format!("  {} {}", summary.attachment_count, words.attachments()))?;
    }
    summary.left_out.iter().for_each(|refusal| tell_refusal(words, refusal));
    Ok(())
}

/// Whether a file is a bundle; what cannot be read is not.
pub(super) fn is_bundle(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut start = Vec::new();
    file.take(32).read_to_end(&mut start).is_ok() && bundle::is_bundle(&start)
}

pub(super) async fn import(context: &Context, args: ImportArgs) -> anyhow::Result<u8> {
    let path = &args.file;
    let unreadable = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(unreadable)?;
    let bar = bar(file.metadata()?.len(), "bytes");
    let report = match &args.data {
        Some(data) => {
            let work = async |node: &Arc<Node>| {
                let mut importer = Importer::new(Arc::clone(node));
                for data in pieces(file) {
                    let Ok(data) = data.map_err(|error| tell_unreadable(context, &error)) else {
                        break;
                    };
                    bar.inc(data.len() as u64);
                    importer.push(&data).await.map_err(told)?;
                }
                importer.finish().await.map_err(told)
            };
            offline(context, data, work).await?
        }
        None => import_running(context, file, &bar).await?,
    };
    bar.finish_and_clear();
    tell_import(context, &report)?;
    let all = report.complete
        && report.refusals.is_empty()
        && report.lanes.iter().all(|row| row.records_missing == 0);
    Ok(if all { 0 } else { 3 })
}

/// A stick that fails half-way is one that was cut off there: what came before is taken.
fn tell_unreadable(context: &Context, error: &std::io::Error) {
    eprintln!("{}: {error}", context.words.unreadable());
}

pub(super) fn pieces(file: File) -> impl Iterator<Item = std::io::Result<Vec<u8>>> {
    let mut file = Some(file);
    std::iter::from_fn(move || {
        let mut data = Vec::new();
        match file.as_ref()?.take(PIECE_BYTES as u64).read_to_end(&mut data) {
            Ok(0) => None,
            Ok(_) => Some(Ok(data)),
            Err(error) => {
                // No second try.
                file = None;
                Some(Err(error))
            }
        }
    })
}

async fn import_running(
    context: &Context,
    file: File,
    bar: &ProgressBar,
) -> anyhow::Result<BundleReport> {
    let mut client = NodeServiceClient::new(context.connect().await?);
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let reading = tokio::task::spawn_blocking(move || {
        for data in pieces(file) {
            let data = data?.into();
            if sender.blocking_send(ImportBundleRequest { data }).is_err() {
                break;
            }
        }
        Ok::<(), std::io::Error>(())
    });
    let mut stream = client.import_bundle(ReceiverStream::new(receiver)).await?.into_inner();
    let mut report = None;
    while let Some(message) = stream.message().await? {
        bar.set_position(message.bytes_done as u64);
        report = message.report.or(report);
    }
    if let Err(error) = reading.await? {
        tell_unreadable(context, &error);
    }
    report.context("the node ended without finishing")
}

fn tell_import(context: &Context, report: &BundleReport) -> anyhow::Result<()> {
    if context.common.json {
        return say_json(&json::from_message("BundleReport", report)?);
    }
    let words = context.words;
    for row in &report.lanes {
        say(&format!(
            "{:8} {} {}, {} {}, {} {}, {} {}",
            lane(words, row.lane()),
            row.records_taken,
            words.taken(),
            row.records_held,
            words.held_already(),
            row.records_refused,
            words.refused(),
            row.records_missing,
            words.missing()
        ))?;
    }
    let (taken, held, refused) =
        (report.attachments_taken, report.attachments_held, report.attachments_refused);
    if taken + held + refused > 0 {
        say(&format!(
            "{} {taken} {}, {held} {}, {refused} {}",
            words.attachments(),
            words.taken(),
            words.held_already(),
            words.refused()
        ))?;
    }
    report.refusals.iter().for_each(|refusal| tell_refusal(words, refusal));
    if report.refusals_left_out > 0 {
        eprintln!("… {} {}", report.refusals_left_out, words.refused());
    }
    if !report.complete {
        eprintln!("{}", words.bundle_incomplete());
    }
    Ok(())
}

fn tell_refusal(words: Words, refusal: &BundleRefusal) {
    let mut place = String::new();
    if !refusal.feed.is_empty() {
        place = format!(
            "{} {} {} {}-{}: ",
            refusal.incident.trim_start_matches("incidents/"),
            lane(words, refusal.lane()),
            refusal.node,
            refusal.first_sequence,
            refusal.last_sequence
        );
    }
    let sentence = match dutch::reason(words, &refusal.reason) {
        Some(dutch) => format!("{dutch} ({})", refusal.sentence),
        None => refusal.sentence.clone(),
    };
    eprintln!("{}: {place}{sentence} [{}]", words.refused(), refusal.reason);
}
