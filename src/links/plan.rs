//! `[peers]` of the configuration.

use polder_picture::{link::LANES, record::Id};
use polder_wire::v1::Lane;
use serde::{Deserialize, Deserializer};

use super::limits::Window;
use crate::tls::is_loopback;

/// Which nodes this one speaks with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinksConfig {
    /// Nodes that may dial this one.
    pub accept: Accept,
    /// Nodes that this one dials.
    pub dial: Vec<DialPlan>,
}

/// Nodes that may dial.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Accept {
    /// Any over loopback; over a network those that the charter certifies.
    #[default]
    Any,
    /// These, by key id, and those that are dialled by key id.
    Only(Vec<Id>),
}

/// A node to dial.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialPlan {
    /// Where: host and port.
    pub address: String,
    /// Key id of the node that must answer; absent: whoever does.
    #[serde(default, deserialize_with = "node")]
    pub node: Option<Id>,
    /// Whether it is encrypted; absent: unless the address is one of this machine.
    #[serde(default)]
    pub tls: Option<bool>,
    /// What using this link costs, 1 to 1,000: a feed is fetched over the cheapest.
    #[serde(default = "cost")]
    pub cost: u32,
    /// Lanes that travel; absent: all.
    #[serde(default = "all_lanes", deserialize_with = "lanes")]
    pub lanes: Vec<Lane>,
    /// Incidents that travel; empty: all.
    #[serde(default)]
    pub incidents: Vec<String>,
    /// Bytes of frames a day, both ways together; beyond them only what is urgent travels. Absent:
    /// no end.
    #[serde(default)]
    pub budget_bytes_per_day: Option<u64>,
    /// When it may be used, by this node's time of day. Empty: always.
    #[serde(default)]
    pub schedule: Vec<Window>,
}

impl DialPlan {
    /// A plain plan for an address.
    pub fn to(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            node: None,
            tls: None,
            cost: cost(),
            lanes: all_lanes(),
            incidents: Vec::new(),
            budget_bytes_per_day: None,
            schedule: Vec::new(),
        }
    }

    /// Whether TLS is spoken there.
    pub fn is_encrypted(&self) -> bool {
        self.tls.unwrap_or_else(|| !is_loopback(&self.address))
    }
}

fn cost() -> u32 {
    10
}

pub(super) fn all_lanes() -> Vec<Lane> {
    LANES.to_vec()
}

fn node_id(text: &str) -> Option<Id> {
    Id::parse(text.strip_prefix("nodes/").unwrap_or(text))
}

fn node<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Id>, D::Error> {
    let text = String::deserialize(from)?;
    let id = node_id(&text);
    id.map(Some).ok_or_else(|| serde::de::Error::custom("node must be a key id of 32 hex digits"))
}

pub(super) fn lanes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Lane>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    let lane = |name: &String| {
        let known = LANES.into_iter().find(|lane| format!("{lane:?}").to_lowercase() == *name);
        known.ok_or_else(|| serde::de::Error::custom("lanes are urgent, routine and bulk"))
    };
    let lanes = names.iter().map(lane).collect::<Result<Vec<_>, _>>()?;
    if lanes.is_empty() {
        return Err(serde::de::Error::custom("a link needs at least one lane"));
    }
    Ok(lanes)
}

impl<'de> Deserialize<'de> for Accept {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(from)?;
        if names == ["any"] {
            return Ok(Self::Any);
        }
        let ids = names.iter().map(|name| {
            let id = node_id(name);
            id.ok_or_else(|| {
                serde::de::Error::custom("accept lists key ids of 32 hex digits, or is [\"any\"]")
            })
        });
        Ok(Self::Only(ids.collect::<Result<_, _>>()?))
    }
}

impl LinksConfig {
    /// Checks what serde cannot.
    pub fn check(&self) -> anyhow::Result<()> {
        for plan in &self.dial {
            if !(1..=1_000).contains(&plan.cost) {
                anyhow::bail!("peers.dial: the cost of {} must be 1 to 1,000", plan.address);
            }
            let host = plan.address.rsplit_once(':');
            if host.is_none_or(|(host, port)| host.is_empty() || port.parse::<u16>().is_err()) {
                anyhow::bail!("peers.dial: {:?} is no address such as 10.0.0.1:7420", plan.address);
            }
            if plan.tls == Some(false) && !is_loopback(&plan.address) {
                anyhow::bail!(
                    "peers.dial: {} is not on this machine: plain text is for loopback only",
                    plan.address
                );
            }
        }
        Ok(())
    }

    /// Whether a node may dial.
    pub fn accepts(&self, node: Id) -> bool {
        match &self.accept {
            Accept::Any => true,
            Accept::Only(nodes) => {
                nodes.contains(&node) || self.dial.iter().any(|plan| plan.node == Some(node))
            }
        }
    }
}
