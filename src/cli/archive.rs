//! `polder archive` and `polder verify --archive`.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use polder_picture::charter::EVERYBODY;
use polder_wire::v1::{
    ArchiveIncidentRequest, ArchiveSummary, DropArchivedIncidentRequest,
    node_service_client::NodeServiceClient,
};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Context, StoreDamaged,
    args::ArchiveArgs,
    bundle::{Whole, lane, pieces, told},
    client, say, say_json,
    show::bytes,
    store::bar,
};
use crate::{
    bundle::{
        archive::Which,
        check::{Checked, Checker, Visit},
    },
    json,
};

/// Rows of late records that are told.
const LATE_TOLD: usize = 20;

pub(super) async fn archive(context: &Context, args: ArchiveArgs) -> anyhow::Result<u8> {
    let which = Which {
        incident: format!("incidents/{}", args.id.trim_start_matches("incidents/")),
        audience: args.audience.as_deref().map(client::audience_name).unwrap_or_default(),
    };
    match (&args.out, &args.file) {
        (Some(out), None) if !args.drop => write(context, which, out).await,
        (None, Some(file)) if args.drop => drop_archived(context, which, file).await,
        _ => Err(anyhow::anyhow!("give --out FILE, or --drop --file FILE").context(super::Misuse)),
    }
}

async fn write(context: &Context, which: Which, out: &Path) -> anyhow::Result<u8> {
    let mut client = NodeServiceClient::new(context.connect().await?);
    let Which { incident, audience } = which;
    let request = ArchiveIncidentRequest { incident, audience };
    let mut stream = client.archive_incident(request).await?.into_inner();
    let mut whole = Whole::create(out)?;
    let bar = bar(0, "records");
    while let Some(message) = stream.message().await? {
        bar.set_length(message.records_total as u64);
        bar.set_position(message.records_done as u64);
        whole.file.write_all(&message.data)?;
        let Some(summary) = message.summary else { continue };
        bar.finish_and_clear();
        let size = whole.finish()?;
        if context.common.json {
            say_json(&with_file(&summary, out, size)?)?;
        } else {
            let words = context.words;
            say(&format!("{} {} ({}).", words.archive_written(), out.display(), bytes(size)))?;
            tell(context, &summary)?;
            say(words.archive_next())?;
            if !summary.audiences_left.is_empty() {
                let (left, each) = (words.archive_audiences(), words.archive_each());
                let ids = summary.audiences_left.iter();
                let ids: Vec<_> = ids.map(|name| name.trim_start_matches("audiences/")).collect();
                say(&format!("{left} {}. {each}", ids.join(", ")))?;
            }
        }
        return Ok(0);
    }
    bail!("the node ended without finishing")
}

async fn drop_archived(context: &Context, which: Which, path: &Path) -> anyhow::Result<u8> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    // From the drop on it is all that there is: also its name must outlive a power cut.
    file.sync_all()?;
    if let Some(directory) = path.canonicalize()?.parent() {
        File::open(directory)?.sync_all()?;
    }
    let bar = bar(file.metadata()?.len(), "bytes");
    let mut client = NodeServiceClient::new(context.connect().await?);
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let reading = tokio::task::spawn_blocking(move || {
        let Which { incident, audience } = which;
        let mut first =
            Some(DropArchivedIncidentRequest { incident, audience, ..Default::default() });
        for data in pieces(file) {
            let request = first.take().unwrap_or_default();
            let data = data?.into();
            if sender.blocking_send(DropArchivedIncidentRequest { data, ..request }).is_err() {
                return Ok(());
            }
        }
        if let Some(request) = first {
            // An empty file: the node says what it thinks of it.
            let _ = sender.blocking_send(request);
        }
        Ok::<(), std::io::Error>(())
    });
    let stream = client.drop_archived_incident(ReceiverStream::new(receiver)).await;
    let mut stream = stream?.into_inner();
    while let Some(message) = stream.message().await? {
        if message.rows_total > 0 {
            bar.set_length(message.rows_total as u64);
            bar.set_position(message.rows_done as u64);
        } else {
            bar.set_position(message.bytes_done as u64);
        }
        let Some(summary) = &message.summary else { continue };
        bar.finish_and_clear();
        reading.await??;
        if context.common.json {
            say_json(&json::from_message("DropArchivedIncidentResponse", &message)?)?;
            return Ok(0);
        }
        let words = context.words;
        tell(context, summary)?;
        if message.attachments_erased > 0 {
            say(&format!("  {} {}", message.attachments_erased, words.erased()))?;
        }
        say(words.archive_dropped())?;
        say(words.archive_compact())?;
        return Ok(0);
    }
    bail!("the node ended without finishing")
}

fn with_file(
    summary: &ArchiveSummary,
    path: &Path,
    size: i64,
) -> anyhow::Result<serde_json::Value> {
    let mut told = json::from_message("ArchiveSummary", summary)?;
    told["file"] = path.display().to_string().into();
    told["bytes"] = size.into();
    Ok(told)
}

fn tell(context: &Context, summary: &ArchiveSummary) -> anyhow::Result<()> {
    let words = context.words;
    let id = summary.incident.trim_start_matches("incidents/");
    let audience = summary.audience.trim_start_matches("audiences/");
    let audience = Some(audience).filter(|audience| *audience != EVERYBODY);
    let audience = audience.map(|audience| format!(" · {} {audience}", words.audience()));
    say(&format!("{id} {}{}", summary.title, audience.unwrap_or_default()))?;
    let (records, feeds) = (words.records(), words.feeds().to_lowercase());
    let mut line = format!("  {} {records}, {} {feeds}", summary.record_count, summary.feed_count);
    if summary.attachment_count > 0 {
        line.push_str(&format!(", {} {}", summary.attachment_count, words.attachments()));
    }
    say(&line)?;
    if summary.attachments_missing > 0 {
        say(&format!("  {} {}", summary.attachments_missing, words.attachments_not_in()))?;
    }
    if !summary.follows.is_empty() {
        say(&format!("  {} {}", words.addendum_of(), hex::encode(&summary.follows)))?;
    }
    let late = match (summary.sealed, summary.late_record_count) {
        (false, _) => words.unsealed().to_owned(),
        (true, 0) => words.late_none().to_owned(),
        (true, late) => format!("{late} {}", words.late()),
    };
    say(&format!("  {late}"))?;
    for row in summary.late.iter().take(LATE_TOLD) {
        let (first, last) = (row.first_sequence, row.last_sequence);
        let lane = lane(words, row.lane());
        say(&format!("    {} {lane} {first} {} {last}", row.node, words.from_to()))?;
    }
    say(&format!("  BLAKE3 {}", hex::encode(&summary.hash)))
}

pub(super) fn verify(context: &Context, path: &Path) -> anyhow::Result<u8> {
    let words = context.words;
    let checked = match check(path, &mut |_| Ok(()))? {
        Ok(checked) => checked,
        Err(refusal) if refusal.reason == "BUNDLE_DAMAGED" => {
            let dutch = super::dutch::reason(words, refusal.reason);
            let what = dutch.map(|dutch| format!("{dutch} ({})", refusal.sentence));
            let what = what.unwrap_or(refusal.sentence);
            let place = format!("{}: {what}", path.display());
            return Err(StoreDamaged(format!("{place}\n{}", words.archive_damaged())).into());
        }
        Err(refusal) => return Err(told(refusal)),
    };
    if context.common.json {
        say_json(&with_file(&checked.summary, path, path.metadata()?.len() as i64)?)?;
        return Ok(0);
    }
    tell(context, &checked.summary)?;
    let (signatures, count) = (words.signatures(), checked.summary.signatures_checked);
    say(&format!("{} ({count} {signatures})", words.archive_sound()))?;
    Ok(0)
}

/// Verifies an archive and looks at each of its records.
pub(super) fn check_with(path: &Path, visit: &mut Visit<'_>) -> anyhow::Result<Checked> {
    check(path, visit)?.map_err(told)
}

fn check(
    path: &Path,
    visit: &mut Visit<'_>,
) -> anyhow::Result<Result<Checked, polder_picture::refusal::Refusal>> {
    let unreadable = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(unreadable)?;
    let bar = bar(file.metadata()?.len(), "bytes");
    let mut checker = Checker::default();
    let mut data = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut data).with_context(unreadable)?;
        if read == 0 {
            bar.finish_and_clear();
            return Ok(checker.finish(visit));
        }
        bar.inc(read as u64);
        if let Err(refusal) = checker.push(&data[..read], visit) {
            bar.finish_and_clear();
            return Ok(Err(refusal));
        }
    }
}
