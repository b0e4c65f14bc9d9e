//! `polder revoke …`: a node, a key, or whatever else the charter lists, by the start of its id.

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use polder_picture::{
    charter::{Charter, Item},
    record::{Id, key_id},
};
use polder_wire::v1::{
    Anchor, FeedEnd, GetNodeStatusRequest, KeyCut, NodeCut, Power, charter_change::Change,
    node_service_client::NodeServiceClient,
};

use super::{super::args::RevokeArgs, Context, DIGITS_MIN, Desk, Misuse, change, withdrawal};

/// What an id names that can be revoked.
enum Revoked {
    Node(Id),
    Key(Id),
    Item(Id),
}

fn revoked(charter: &Charter, typed: &str) -> Option<Revoked> {
    let typed = typed.trim_start_matches("nodes/").to_lowercase();
    let mut found: Vec<(Id, Revoked)> = Vec::new();
    let mut add = |id: Id, what: Revoked| {
        if id.to_string().starts_with(&typed) && !found.iter().any(|(known, _)| *known == id) {
            found.push((id, what));
        }
    };
    let id_of = |key: &Bytes| {
        let key = ed25519_dalek::VerifyingKey::from_bytes(key[..].try_into().ok()?).ok()?;
        Some(key_id(&key))
    };
    for Item { id, change, counts, .. } in charter.items() {
        match &change.change {
            Some(Change::Founding(founding)) => {
                let keys = founding.anchors.iter().filter_map(|anchor| id_of(&anchor.public_key));
                keys.for_each(|key| add(key, Revoked::Key(key)));
            }
            Some(
                Change::Anchor(Anchor { public_key, .. }) | Change::Power(Power { public_key, .. }),
            ) => {
                id_of(public_key).into_iter().for_each(|key| add(key, Revoked::Key(key)));
            }
            Some(Change::Node(node)) => {
                id_of(&node.public_key).into_iter().for_each(|key| add(key, Revoked::Node(key)));
                if counts {
                    add(id, Revoked::Item(id));
                }
            }
            Some(Change::KeyCut(_) | Change::NodeCut(_) | Change::Withdrawal(_)) | None => {}
            Some(_) if counts => add(id, Revoked::Item(id)),
            Some(_) => {}
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some((_, what)), true) if typed.len() >= DIGITS_MIN => Some(what),
        _ => None,
    }
}

/// `revoke`.
pub(in crate::cli) async fn revoke(context: &Context, args: RevokeArgs) -> anyhow::Result<u8> {
    let desk = Desk::open(context).await?;
    let charter = desk.known()?;
    let found = revoked(charter, &args.id);
    let found = found.ok_or_else(|| anyhow!("{:?}: {}", args.id, context.words.which_id()));
    let what = match found.context(Misuse)? {
        Revoked::Item(item) => withdrawal(item, &args.reason),
        Revoked::Key(key) => {
            let Some(last_sequence) = args.last else {
                let told = context.words.which_last();
                let given = charter.next_sequence(key) - 1;
                return Err(anyhow!("{told} {given}").context(Misuse));
            };
            let key = Bytes::copy_from_slice(&key.0);
            Change::KeyCut(KeyCut { key, last_sequence, reason: args.reason })
        }
        Revoked::Node(node) => {
            let ends = match args.nothing_stands {
                true => Vec::new(),
                false => ends(&desk, node).await?,
            };
            let node = Bytes::copy_from_slice(&node.0);
            Change::NodeCut(NodeCut { node, ends, reason: args.reason })
        }
    };
    desk.say(&args.sign, vec![change(what)]).await
}

/// Where the feeds of a node end that the node asked holds.
async fn ends(desk: &Desk<'_>, node: Id) -> anyhow::Result<Vec<FeedEnd>> {
    let mut client = NodeServiceClient::new(desk.channel.clone());
    let status = client.get_node_status(GetNodeStatusRequest {}).await?.into_inner();
    if status.feeds_left_out > 0 {
        return Err(anyhow!("{}", desk.context.words.feeds_unlisted()).context(Misuse));
    }
    let node = node.to_string();
    let of_node = status.feeds.iter().filter(|feed| feed.node.trim_start_matches("nodes/") == node);
    let end = |feed: &polder_wire::v1::FeedStatus| {
        let id = hex::decode(&feed.feed).with_context(|| format!("{} is no feed", feed.feed))?;
        Ok(FeedEnd { feed: id.into(), sequence: feed.sequence.try_into()? })
    };
    of_node.map(end).collect()
}
