//! Three nodes in one process: two regions and the national centre, each with its own store, key
//! and ports, and links between all of them that can be cut.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use polder_picture::record::{Head, Id};
use polder_wire::v1::Entry;
use prost::Message as _;
use tonic::transport::Channel;

use super::super::{
    Context, client,
    scenario::{Act, Player, Step},
};
use crate::{
    links::{DialPlan, LinksConfig},
    node::{self, Node},
    serve::{Addresses, Serving, serve},
    wall::Wall,
    web::WebOptions,
};

/// Place of the national centre among the three.
pub(super) const NATION: usize = 0;
const SOUTH: usize = 1;
/// Place of Limburg-Noord: cut off from everybody while the Maas is at its highest.
pub(super) const NORTH: usize = 2;

/// What people call them, and their parties.
pub(super) const PLACES: [(&str, &str); 3] =
    [("centrum", "nrv"), ("zuid", "zuid-limburg"), ("noord", "limburg-noord")];

/// Facts of the scenario during which the north is cut off.
pub(super) const CUT: std::ops::RangeInclusive<u32> = 61..=87;

/// Who speaks for the country, or from abroad, posts at the national centre.
const NATIONAL: [&str; 12] = [
    "defensie",
    "ecmwf",
    "enw",
    "knmi",
    "koninklijk-huis",
    "landelijk-actiecentrum-brandweer",
    "mccb",
    "media",
    "nrv",
    "prorail",
    "rijkswaterstaat",
    "weather-impact",
];
const NORTHERN: [&str; 12] = [
    "gemeente-beesel",
    "gemeente-bergen",
    "gemeente-echt-susteren",
    "gemeente-gennep",
    "gemeente-leudal",
    "gemeente-peel-en-maas",
    "gemeente-roerdalen",
    "gemeente-roermond",
    "gemeente-venlo",
    "ghor-limburg-noord",
    "limburg-noord",
    "viecuri",
];

/// One of the three.
pub(super) struct Place {
    /// What people call it.
    pub(super) name: &'static str,
    /// The node itself.
    pub(super) node: Arc<Node>,
    /// Where it is served.
    pub(super) serving: Serving,
    /// To ask it as anybody would.
    pub(super) channel: Channel,
    writer: node::Writer,
    player: Player,
}

/// All three.
pub(super) struct Nation {
    /// National centre, south, north.
    pub(super) places: Vec<Place>,
    cut: [bool; 3],
}

/// What a node holds: the end of each feed.
type Heads = Vec<(Id, Head)>;

impl Nation {
    /// Makes and links three new nodes below a directory.
    pub(super) async fn start(
        context: &Context,
        dir: &Path,
        engine: &str,
        wanted: Option<Addresses>,
        start_ms: i64,
    ) -> anyhow::Result<Self> {
        let mut places: Vec<Place> = Vec::new();
        for (at, (name, party)) in PLACES.into_iter().enumerate() {
            let data = dir.join(name);
            node::init(&data, engine, name, party)?;
            let options = context.config.options();
            let (node, writer) = Node::open(&data, Wall::scripted(start_ms), &options)?;
            // Each dials those before it.
            let dial = places.iter().map(|other| other.serving.addresses.listen.to_string());
            let links =
                LinksConfig { dial: dial.map(DialPlan::to).collect(), ..Default::default() };
            let wanted = wanted.filter(|_| at == NATION);
            let serving = serve_somewhere(&node, wanted, links).await?;
            let address = serving.addresses.listen.to_string();
            let channel = client::connect(&address, context.words).await?;
            let player = Player::new(channel.clone());
            places.push(Place { name, node, serving, channel, writer, player });
        }
        Ok(Self { places, cut: [false; 3] })
    }

    /// Sets all clocks.
    pub(super) fn set_clock(&self, ms: i64) {
        self.places.iter().for_each(|place| place.node.wall.set(ms));
    }

    /// Cuts a place off from the others, or lets it come back.
    pub(super) fn cut(&mut self, place: usize, cut: bool) {
        self.cut[place] = cut;
        for (at, dialling) in self.places.iter().enumerate() {
            for other in 0..at {
                dialling.serving.links.enable(other, !self.cut[at] && !self.cut[other]);
            }
        }
    }

    /// Whether a place is cut off.
    pub(super) fn is_cut(&self, place: usize) -> bool {
        self.cut[place]
    }

    /// Records of each place, and whether all that are linked hold the same.
    pub(super) fn records(&self) -> ([u64; 3], bool) {
        let mut records = [0; 3];
        for (count, place) in records.iter_mut().zip(&self.places) {
            *count = place.node.picture.read().lsn();
        }
        (records, self.are_one(|_| true))
    }

    fn are_one(&self, counts: impl Fn(usize) -> bool) -> bool {
        let heads = |place: &Place| -> Heads {
            let picture = place.node.picture.read();
            let mut heads: Heads = picture.held_feeds().map(|feed| (feed.id, feed.head)).collect();
            heads.sort_unstable_by_key(|(feed, _)| *feed);
            heads
        };
        let counted = self.places.iter().enumerate().filter(|(at, _)| counts(*at));
        let mut all = counted.map(|(_, place)| heads(place));
        let Some(first) = all.next() else { return true };
        all.all(|other| other == first)
    }

    /// Waits until all places that are not cut off hold the same.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        let until = tokio::time::Instant::now() + Duration::from_secs(60);
        while !self.are_one(|at| !self.cut[at]) {
            ensure!(tokio::time::Instant::now() < until, "the nodes did not become one picture");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// Plays a step at the node of whoever speaks.
    pub(super) async fn play(&mut self, step: Step) -> anyhow::Result<()> {
        let at = place_of(&step)?;
        self.places[at].player.play(step).await
    }

    /// Ends all three in good order.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        for Place { node, serving, writer, .. } in self.places {
            serving.stop().await?;
            tokio::task::spawn_blocking(move || node::close(node, writer)).await?;
        }
        Ok(())
    }
}

/// Which node a step is made at. Entries of others than the named ones are posted in the south,
/// where the flood began; an incident's scaling at the region that it is about.
fn place_of(step: &Step) -> anyhow::Result<usize> {
    let of_party = |party: &str| {
        let party = party.trim_start_matches("parties/");
        if NATIONAL.contains(&party) {
            NATION
        } else if NORTHERN.contains(&party) {
            NORTH
        } else {
            SOUTH
        }
    };
    Ok(match &step.act {
        Act::Create(_) | Act::Retract(_) => NATION,
        Act::Update(request) => {
            let scalings = request.incident.iter().flat_map(|incident| &incident.scalings);
            scalings.last().map_or(NATION, |scaling| of_party(&scaling.region))
        }
        Act::Publish(item) => {
            of_party(&Entry::decode(item.entry.clone()).context("an entry")?.party)
        }
    })
}

/// A newcomer's port may be in use; another one is as good.
async fn serve_somewhere(
    node: &Arc<Node>,
    wanted: Option<Addresses>,
    links: LinksConfig,
) -> anyhow::Result<Serving> {
    if let Some(wanted) = wanted
        && let Ok(serving) =
            serve(Arc::clone(node), wanted, links.clone(), WebOptions::default()).await
    {
        return Ok(serving);
    }
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    serve(Arc::clone(node), Addresses { listen: any, admin: any }, links, WebOptions::default())
        .await
}
