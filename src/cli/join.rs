//! `polder invite` and `polder join`: a node comes into the charter with a code that one person
//! reads to another. The command that invites waits with the key in its hand, so no node needs one.

use std::time::Duration;

use anyhow::Context as _;
use polder_wire::v1::{
    EnrolRequest, InviteRequest, JoinGuest, invite_response::Event,
    join_service_client::JoinServiceClient,
};

use super::{
    Context,
    args::{InviteArgs, JoinArgs},
    charter::Desk,
    key, say, say_json,
};
use crate::{
    join::{EnrolError, Enrolled, enrol, id_of},
    node::{self, Node},
    wall::Wall,
};

/// `invite`.
pub(super) async fn invite(context: &Context, args: InviteArgs) -> anyhow::Result<u8> {
    let words = context.words;
    Desk::open(context).await?.known()?;
    let party = format!("parties/{}", args.party.trim_start_matches("parties/"));
    // Asked for now: whoever invites should not be called away by a question later.
    let key = key::open(&args.sign, words)?;
    key.let_go()?;
    let mut client = JoinServiceClient::new(context.connect().await?);
    let valid = prost_types::Duration::try_from(args.valid).context("--valid")?;
    let request = InviteRequest { party: party.clone(), valid: Some(valid) };
    let mut events = client.invite(request).await?.into_inner();
    let mut guest = None;
    while let Some(message) = events.message().await? {
        match message.event {
            Some(Event::Code(code)) => tell_code(context, &code, &args)?,
            Some(Event::Guest(one)) => {
                guest = Some(one);
                break;
            }
            None => {}
        }
    }
    let Some(JoinGuest { public_key, display_name }) = guest else {
        anyhow::bail!("{}", words.invitation_over());
    };
    let id = id_of(&public_key).context("the guest has no key")?;
    if !context.common.json {
        say(&format!("{}: {display_name} ({id})", words.guest_came()))?;
    }
    key.take_again()?;
    let desk = Desk::open(context).await?;
    let certificate = desk.certificate(public_key, display_name, vec![party])?;
    let code = desk.say_with(&key, vec![certificate], &args.sign.note).await?;
    // The node says so when it counts, and has let the guest in.
    while events.message().await?.is_some() {}
    Ok(code)
}

fn tell_code(context: &Context, code: &str, args: &InviteArgs) -> anyhow::Result<()> {
    let words = context.words;
    if context.common.json {
        return say_json(&serde_json::json!({ "code": code }));
    }
    say(&format!("{}: {code}", words.code()))?;
    let valid = humantime::format_duration(Duration::from_secs(args.valid.as_secs()));
    say(&format!("{} {valid}.", words.code_advice()))?;
    say("  polder join HOST:PORT CODE")
}

/// `join`.
pub(super) async fn join(context: &Context, args: JoinArgs) -> anyhow::Result<u8> {
    let joined = match &args.data {
        None => {
            let mut client = JoinServiceClient::new(context.connect().await?);
            let request = EnrolRequest { address: args.address.clone(), code: args.code };
            let joined = client.enrol(request).await?.into_inner();
            (
                joined.node.trim_start_matches("nodes/").to_owned(),
                joined.display_name,
                joined.charter,
            )
        }
        Some(data) => {
            let (node, writer) = Node::open(data, Wall::System, &context.config.options())?;
            let joined = enrol(&node, &args.address, &args.code).await;
            tokio::task::spawn_blocking(move || node::close(node, writer)).await?;
            let Enrolled { node, display_name, charter } = joined.map_err(|error| match error {
                EnrolError::Status(status) => anyhow::Error::from(*status),
                EnrolError::Refused(refusal) => crate::grpc::status::refused(&refusal).into(),
                error @ EnrolError::Store(_) => error.into(),
            })?;
            (node.to_string(), display_name, charter)
        }
    };
    let (node, name, charter) = joined;
    if context.common.json {
        let joined = serde_json::json!({ "node": node, "displayName": name, "charter": charter });
        return say_json(&joined).map(|()| 0);
    }
    let words = context.words;
    say(&format!("{}: {charter}", words.joined()))?;
    say(&format!("{}: {name} ({node})", words.invited_by()))?;
    say(words.join_advice())?;
    say(&format!("  [[peers.dial]]\n  address = {:?}\n  node = {node:?}", args.address))?;
    Ok(0)
}
