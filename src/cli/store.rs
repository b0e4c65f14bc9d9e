//! Commands that make, serve and look after a store.

use std::{
    fs::File,
    io::Write as _,
    ops::ControlFlow,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, bail};
use clap::FromArgMatches as _;
use indicatif::{ProgressBar, ProgressStyle};
use polder_picture::names::PartyName;
use polder_wire::v1::{
    CompactStoreRequest, StreamBackupRequest, VerifyLogRequest, VerifyVerdict,
    node_service_client::NodeServiceClient,
};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    Context, Misuse, StoreDamaged,
    args::{BackupArgs, CompactArgs, InitArgs, RestoreArgs, ServeArgs, VerifyArgs},
    say, say_json,
    show::bytes,
    words::Words,
};
use crate::{
    attachments::Attachments,
    backup::{self, Pinned},
    links::{DialPlan, LinksConfig},
    maintain,
    node::{self, Node, NodeOptions},
    serve::{Addresses, Entrance, Serving, check_addresses, serve as serve_node},
    store::engine::ENGINES,
    tls::TlsConfig,
    wall::Wall,
    web::WebOptions,
};

/// A bar on standard error; silent where nobody looks.
pub(super) fn bar(total: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template = format!("{{bar:30}} {{human_pos}}/{{human_len}} {unit} {{msg}} {{eta}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

pub(super) fn init(context: &Context, args: InitArgs) -> anyhow::Result<u8> {
    let data = context.data(args.data)?;
    let engine = context.engine(args.engine)?.unwrap_or_else(|| ENGINES[0].0.to_owned());
    let party = args.party.trim_start_matches("parties/");
    if PartyName::from_id(party).is_none() {
        return Err(anyhow!("--party must be 1 to 63 characters of a-z 0-9 -").context(Misuse));
    }
    let identity = node::init(&data, &engine, &args.name, party)?;
    if context.common.json {
        let key = hex::encode(&identity.public_key);
        say_json(&serde_json::json!({"data": data, "engine": engine, "publicKey": key}))?;
        return Ok(0);
    }
    say(&format!("{} {} ({engine}).", context.words.made_store(), data.display()))?;
    say(context.words.keep_key())?;
    Ok(0)
}

fn default_addresses() -> Addresses {
    Addresses {
        listen: ([127, 0, 0, 1], 7420).into(),
        admin: ([127, 0, 0, 1], 7421).into(),
        local: None,
    }
}

/// How long tasks that were ended may hold a store.
const LET_GO: Duration = Duration::from_secs(30);

/// How a node came to its end.
enum Ended {
    Stopped,
    /// Its key retired; it starts again where it was, with a new one.
    KeyRetired(Addresses),
}

pub(super) async fn serve(context: &Context, args: ServeArgs) -> anyhow::Result<u8> {
    let data = context.data(args.data.clone())?;
    let usual = default_addresses();
    let mut addresses = Addresses {
        listen: args.listen.or(context.config.listen).unwrap_or(usual.listen),
        admin: args.admin.or(context.config.admin).unwrap_or(usual.admin),
        local: args.local,
    };
    check_addresses(&addresses).context(Misuse)?;
    let tls = TlsConfig { always: args.tls, ..context.config.tls.clone() };
    let mut links = context.config.peers.clone();
    links.dial.extend(args.link.iter().map(DialPlan::to));
    if args.tls {
        links.dial.iter_mut().for_each(|plan| plan.tls = plan.tls.or(Some(true)));
    }
    links.check().context(Misuse)?;
    let wanted = context.engine(args.engine)?;
    let options = NodeOptions { fence: args.fence, ..context.config.options() };
    let layers = Some(data.join("layers"));
    let web = WebOptions { page: !args.no_web, names: args.web_name, layers, switches: None };
    let mut opened = Node::open(&data, Wall::System, &options)?;
    loop {
        let how = (addresses, links.clone(), web.clone(), tls.clone());
        match serve_once(context, &data, wanted.as_deref(), opened, how).await? {
            Ended::Stopped => return Ok(0),
            Ended::KeyRetired(bound) => addresses = bound,
        }
        // Tasks that were ended hold the store until they have noticed.
        let until = Instant::now() + LET_GO;
        opened = loop {
            match Node::open(&data, Wall::System, &options) {
                Ok(opened) => break opened,
                Err(error) if Instant::now() > until => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
    }
}

async fn serve_once(
    context: &Context,
    data: &Path,
    wanted: Option<&str>,
    (node, writer): (Arc<Node>, node::Writer),
    (addresses, links, web, tls): (Addresses, LinksConfig, WebOptions, TlsConfig),
) -> anyhow::Result<Ended> {
    let engine = node.log().engine().name();
    if wanted.is_some_and(|wanted| wanted != engine) {
        node::close(node, writer);
        bail!(
            "the store in {} is of the engine {engine}; start without --engine and rewrite it \
             with `polder compact --engine {}`",
            data.display(),
            wanted.unwrap_or_default()
        );
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let page = web.page;
    let always = tls.always;
    let people = context.config.people.clone();
    let entrance = Entrance { web, tls, people };
    let mut serving = serve_node(Arc::clone(&node), addresses, links, entrance).await?;
    let bound = serving.addresses;
    tracing::info!(
        listen = %bound.listen, admin = %bound.admin, engine, data = %data.display(),
        records = node.picture.read().lsn(), "serving"
    );
    let words = context.words;
    if context.common.json {
        say_json(&serde_json::json!({
            "listen": bound.listen,
            "admin": bound.admin,
            "local": bound.local,
            "encrypted": is_encrypted(&bound, always),
            "node": serving.tls.id().to_string(),
        }))?;
    }
    eprintln!("{} {}, {} {}.", words.listening(), bound.listen, words.admin_on(), bound.admin);
    tell_how(&serving, page, always, words);
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        problem = node.failed() => Some(problem),
        error = serving.stopped() => return Err(error),
    };
    eprintln!("{}", words.stopping());
    serving.stop().await?;
    let retired = failure.is_some() && node.key_is_retired();
    tokio::task::spawn_blocking(move || node::close(node, writer)).await?;
    eprintln!("{}", words.stopped());
    match failure {
        None => Ok(Ended::Stopped),
        Some(problem) if retired => {
            eprintln!("{problem}");
            eprintln!("{}", words.new_key());
            Ok(Ended::KeyRetired(bound))
        }
        Some(problem) => Err(StoreDamaged(problem).into()),
    }
}

fn is_encrypted(addresses: &Addresses, always: bool) -> bool {
    always || !addresses.listen.ip().to_canonical().is_loopback()
}

/// Says how the node is reached, and by whom.
fn tell_how(serving: &Serving, page: bool, always: bool, words: Words) {
    let Addresses { listen, local, .. } = serving.addresses;
    let encrypted = is_encrypted(&serving.addresses, always);
    if page {
        let scheme = if encrypted { "https" } else { "http" };
        eprintln!("{} {scheme}://{listen}/", words.page_at());
    }
    if encrypted {
        eprintln!("{} {}", words.encrypted(), serving.tls.id());
        if !serving.tls.trust().knows_anybody() {
            eprintln!("{}", words.knows_nobody());
        }
    } else {
        eprintln!("{}", words.plain_text());
    }
    if let Some(local) = local {
        eprintln!("{} {local}.", words.local_on());
    }
}

pub(super) fn check(context: &Context) -> anyhow::Result<u8> {
    let config = &context.config;
    // What `serve` would be given, by the environment too.
    let matches = context.file.command.clone().try_get_matches_from(["polder", "serve"]);
    let matches = matches.context(super::Usage)?;
    let Some((_, matches)) = matches.subcommand() else { return Ok(1) };
    let args = ServeArgs::from_arg_matches(matches).context(super::Usage)?;
    let usual = default_addresses();
    let listen = args.listen.or(config.listen).unwrap_or(usual.listen);
    let admin = args.admin.or(config.admin).unwrap_or(usual.admin);
    let addresses = Addresses { listen, admin, local: args.local };
    check_addresses(&addresses).map_err(|error| error.context(super::Usage))?;
    config.tls.check_files().map_err(|error| error.context(super::Usage))?;
    let engine = context.engine(args.engine)?;
    let engine = engine.as_deref().unwrap_or("as the store has");
    let shown = serde_json::json!({
        "data": args.data.as_ref().or(config.data.as_ref()),
        "listen": listen,
        "admin": admin,
        "local": args.local,
        "tls": config.tls,
        "store": {"engine": engine},
        "disk": config.disk,
        "attachments": {
            "bytes_max": config.attachments.bytes_max,
            "grace": humantime::format_duration(config.attachments.grace).to_string(),
        },
        "flags": context.file.flags,
    });
    if context.common.json {
        say_json(&shown)?;
        return Ok(0);
    }
    say(context.words.config_sound())?;
    say(&serde_json::to_string_pretty(&shown)?)?;
    Ok(0)
}

pub(super) async fn verify(context: &Context, args: VerifyArgs) -> anyhow::Result<u8> {
    if let Some(file) = &args.archive {
        return super::archive::verify(context, file);
    }
    let verdict = match args.data {
        Some(data) => tokio::task::spawn_blocking(move || verify_offline(&data)).await??,
        None => verify_running(context).await?,
    };
    if context.common.json {
        say_json(&crate::json::from_message("VerifyVerdict", &verdict)?)?;
    } else if verdict.sound {
        let words = context.words;
        say(&format!(
            "{} ({} {})",
            words.sound_log(),
            verdict.signatures_checked,
            words.signatures()
        ))?;
    }
    match verdict.bad_record {
        None => Ok(0),
        Some(bad) => {
            let words = context.words;
            let place = format!(
                "{}: {} {} {}",
                words.bad_record(),
                bad.sequence,
                words.of_feed(),
                bad.feed
            );
            Err(StoreDamaged(format!("{place}: {}\n{}", bad.problem, words.damaged_advice()))
                .into())
        }
    }
}

/// Chains first, for they can be walked even when the store does not open; then what opening reads.
fn verify_offline(data: &Path) -> anyhow::Result<VerifyVerdict> {
    let (_directory, log, identity) = maintain::open_offline(data)?;
    let heads = maintain::stored_heads(&log)?;
    let bar = bar(heads.iter().map(|(_, head)| head.sequence).sum(), "records");
    let verdict = maintain::verify(&log, &heads, &identity, &mut |done| {
        bar.set_position(done);
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    if verdict.sound {
        log.open()?;
    }
    log.close()?;
    Ok(verdict)
}

async fn verify_running(context: &Context) -> anyhow::Result<VerifyVerdict> {
    let mut client = NodeServiceClient::new(context.connect().await?);
    let mut stream = client.verify_log(VerifyLogRequest {}).await?.into_inner();
    let bar = bar(0, "records");
    while let Some(message) = stream.message().await? {
        bar.set_length(message.records_total as u64);
        bar.set_position(message.records_checked as u64);
        if let Some(verdict) = message.verdict {
            bar.finish_and_clear();
            return Ok(verdict);
        }
    }
    bail!("the node ended without a verdict")
}

pub(super) async fn backup(context: &Context, args: BackupArgs) -> anyhow::Result<u8> {
    let fresh = args.file.with_extension("unfinished");
    let mut file =
        File::create(&fresh).with_context(|| format!("cannot write {}", fresh.display()))?;
    match &args.data {
        Some(data) => backup_offline(data, !args.no_attachments, &mut file)?,
        None => backup_running(context, !args.no_attachments, &mut file).await?,
    }
    file.sync_all()?;
    std::fs::rename(&fresh, &args.file)?;
    let size = file.metadata()?.len() as i64;
    if context.common.json {
        say_json(&serde_json::json!({"file": args.file, "bytes": size}))?;
    } else {
        let written = context.words.backup_written();
        say(&format!("{written} {} ({}).", args.file.display(), bytes(size)))?;
    }
    Ok(0)
}

fn backup_offline(data: &Path, with_attachments: bool, file: &mut File) -> anyhow::Result<()> {
    let (directory, log, identity) = maintain::open_offline(data)?;
    let lsn = log.open()?.picture.lsn();
    let attachments = Attachments::open(&directory.attachments(), &Default::default())?;
    let bar = bar(lsn, "records");
    let mut failed = None;
    let mut sink = |bytes: bytes::Bytes, done: u64| {
        bar.set_position(done);
        match file.write_all(&bytes) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let pinned = Pinned { lsn, covered: log.covered()? };
    let attachments = with_attachments.then_some(&attachments);
    let written = backup::write(&log, &identity, pinned, attachments, &mut sink);
    bar.finish_and_clear();
    if let Some(error) = failed {
        return Err(error.into());
    }
    written?;
    log.close()?;
    Ok(())
}

async fn backup_running(
    context: &Context,
    include_attachments: bool,
    file: &mut File,
) -> anyhow::Result<()> {
    let mut client = NodeServiceClient::new(context.connect().await?);
    let request = StreamBackupRequest { include_attachments };
    let mut stream = client.stream_backup(request).await?.into_inner();
    let bar = bar(0, "records");
    while let Some(message) = stream.message().await? {
        bar.set_length(message.records_total as u64);
        bar.set_position(message.records_done as u64);
        file.write_all(&message.data)?;
    }
    bar.finish_and_clear();
    Ok(())
}

pub(super) fn restore(context: &Context, args: RestoreArgs) -> anyhow::Result<u8> {
    let data = context.data(args.data)?;
    let engine = context.engine(args.engine)?.unwrap_or_else(|| ENGINES[0].0.to_owned());
    let file =
        File::open(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let bar = bar(0, "records");
    let input = std::io::BufReader::with_capacity(1 << 20, file);
    let restored = backup::restore(input, &data, &engine, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let restored = restored?;
    if context.common.json {
        say_json(&serde_json::json!({
            "data": data,
            "records": restored.records,
            "attachments": restored.attachments,
            "publicKey": hex::encode(&restored.identity.public_key),
        }))?;
        return Ok(0);
    }
    let words = context.words;
    say(&format!(
        "{} {}: {} {}, {} {}.",
        words.restored(),
        data.display(),
        restored.records,
        words.records(),
        restored.attachments,
        words.attachments()
    ))?;
    say(words.restored_note())?;
    Ok(0)
}

pub(super) async fn compact(context: &Context, args: CompactArgs) -> anyhow::Result<u8> {
    let engine = context.engine(args.engine)?.unwrap_or_default();
    let mut client = NodeServiceClient::new(context.connect().await?);
    let request = CompactStoreRequest { engine };
    let mut stream = client.compact_store(request).await?.into_inner();
    let bar = bar(0, "records");
    bar.enable_steady_tick(Duration::from_millis(200));
    while let Some(message) = stream.message().await? {
        bar.set_length(message.rows_total as u64);
        bar.set_position(message.rows_done as u64);
        if !message.finished {
            continue;
        }
        bar.finish_and_clear();
        let (before, after) = (message.size_before_bytes, message.size_after_bytes);
        if context.common.json {
            say_json(&serde_json::json!({"sizeBeforeBytes": before, "sizeAfterBytes": after}))?;
        } else {
            say(&format!("{}: {} -> {}.", context.words.compacted(), bytes(before), bytes(after)))?;
        }
        return Ok(0);
    }
    bail!("the node ended without finishing")
}
