//! Three nodes in one process: two regions and the national centre, each with its own store, key
//! and ports, under one charter, and encrypted links between all of them that can be cut.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use polder_picture::record::{Head, Id};
use polder_wire::v1::Entry;
use prost::Message as _;
use tokio::sync::{mpsc, watch};

use super::super::{
    Context, client,
    scenario::{Act, Player, Step},
    team,
};
use super::{
    super::session::Connection,
    INCIDENT,
    advice::{self, Refused},
    called,
    charter::{self, Addressed},
    team::{self as demo_team, Seen},
};
use crate::{
    links::{DialPlan, LinksConfig},
    node::{self, Node},
    people::PeopleConfig,
    serve::{Addresses, Entrance, Serving, serve},
    tls::TlsConfig,
    wall::Wall,
    web::{Switch, Switches, WebOptions},
};

/// Place of the national centre among the three.
pub(super) const NATION: usize = 0;
/// Place of the south.
pub(super) const SOUTH: usize = 1;
/// Place of Limburg-Noord: cut off from everybody while the Maas is at its highest.
pub(super) const NORTH: usize = 2;

/// What people call them, and their parties.
pub(super) const PLACES: [(&str, &str); 3] =
    [("centrum", "nrv"), ("zuid", "zuid-limburg"), ("noord", "limburg-noord")];

/// Facts of the scenario during which the north is cut off.
pub(super) const CUT: std::ops::RangeInclusive<u32> = 61..=87;

/// The fact before which the national centre looks at all regions, with one cut off.
const SEEN: u32 = 85;

/// When the south issues a sitrep, for which team and by which role.
const SITREP: &str = "2021-07-16T16:00:00Z";
const TEAM: &str = "ROT Zuid-Limburg";
const ISSUER: &str = "Informatiemanager ROT Zuid-Limburg";

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
    pub(super) channel: Connection,
    writer: node::Writer,
    player: Player,
}

/// All three.
pub(super) struct Nation {
    /// National centre, south, north.
    pub(super) places: Vec<Place>,
    cut: [bool; 3],
    /// Whether the sitrep was issued.
    reported: bool,
    told: watch::Sender<String>,
    /// What somebody switched on a page.
    pub(super) switched: mpsc::Receiver<Switch>,
    /// To whom what is said.
    addressed: Addressed,
    /// Advice that was refused at first.
    pub(super) refused: Vec<Refused>,
    /// What the national centre saw while the north was cut off.
    pub(super) seen: Option<Seen>,
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
        steps: &[Step],
    ) -> anyhow::Result<Self> {
        let start_ms = steps[0].at_ms;
        let mut opened = Vec::new();
        for (name, party) in PLACES {
            let data = dir.join(name);
            node::init(&data, engine, name, party)?;
            opened.push(Node::open(&data, Wall::scripted(start_ms), &context.config.options())?);
        }
        let nodes: Vec<_> = opened.iter().map(|(node, _)| Arc::clone(node)).collect();
        charter::found(&nodes, steps, start_ms).await?;
        let mut places: Vec<Place> = Vec::new();
        let (told, told_seen) = watch::channel("{}".to_owned());
        let (wanted_switch, switched) = mpsc::channel(8);
        let names = PLACES.map(|(name, _)| name).into();
        let switches = Switches { names, told: told_seen, wanted: wanted_switch };
        let web = WebOptions { switches: Some(switches), ..WebOptions::default() };
        for (at, ((name, _), (node, writer))) in PLACES.into_iter().zip(opened).enumerate() {
            // Each dials those before it, encrypted.
            let dial = places.iter().map(|other| DialPlan {
                tls: Some(true),
                node: Some(other.node.key_id()),
                ..DialPlan::to(other.serving.addresses.listen.to_string())
            });
            let links = LinksConfig { dial: dial.collect(), ..Default::default() };
            let wanted = wanted.filter(|_| at == NATION);
            let serving = serve_somewhere(&node, wanted, links, &web).await?;
            let address = open_port(&serving).to_string();
            let channel = client::connect_unsigned(&address, context.words).await?;
            let player = Player::new(channel.clone());
            places.push(Place { name, node, serving, channel, writer, player });
        }
        let addressed = Addressed::default();
        let (cut, reported, refused, seen) = ([false; 3], false, Vec::new(), None);
        let nation = Self { places, cut, reported, told, switched, addressed, refused, seen };
        nation.tell();
        Ok(nation)
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
        self.tell();
    }

    /// Tells the pages how the nodes stand.
    pub(super) fn tell(&self) {
        let (records, one) = self.records();
        let places = self.places.iter().enumerate().map(|(at, place)| {
            let url = format!("http://{}/", open_port(&place.serving));
            serde_json::json!({
                "name": place.name, "cut": self.cut[at], "records": records[at], "url": url,
            })
        });
        let told = serde_json::json!({ "places": places.collect::<Vec<_>>(), "one": one });
        self.told.send_replace(told.to_string());
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
        let audience = match &step.act {
            Act::Publish(item) => self.addressed.to(&Entry::decode(item.entry.clone())?),
            _ => String::new(),
        };
        if step.row == Some(SEEN) && self.seen.is_none() && self.is_cut(NORTH) {
            let channel = self.places[NATION].channel.clone();
            self.seen = Some(demo_team::see(channel, INCIDENT, step.at_ms).await?);
        }
        let Place { channel, player, .. } = &mut self.places[at];
        let tried = advice::try_without_citing(channel.clone(), player, &step, &audience);
        self.refused.extend(tried.await?);
        let at_ms = step.at_ms;
        let scales = matches!(&step.act, Act::Update(_));
        player.play_to(step, audience).await?;
        if scales && !self.cut.contains(&true) {
            self.acknowledge(at_ms + called::AFTER_MS).await?;
        }
        Ok(())
    }

    /// Lets whoever must see something say that they did.
    async fn acknowledge(&self, at_ms: i64) -> anyhow::Result<()> {
        self.settle().await?;
        self.set_clock(at_ms);
        for place in &self.places {
            if called::acknowledge(place.channel.clone(), INCIDENT).await? {
                self.settle().await?;
            }
        }
        Ok(())
    }

    /// Has the south issue the sitrep that is due before a step, once.
    pub(super) async fn report_before(&mut self, step: &Step) -> anyhow::Result<()> {
        let due_ms = SITREP.parse::<jiff::Timestamp>()?.as_millisecond();
        if self.reported || step.at_ms < due_ms {
            return Ok(());
        }
        self.reported = true;
        self.settle().await?;
        self.set_clock(due_ms);
        let channel = self.places[SOUTH].channel.clone();
        team::issue_sitrep(channel, INCIDENT, TEAM, ISSUER).await?;
        self.settle().await
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
pub(super) fn place_of(step: &Step) -> anyhow::Result<usize> {
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

/// Where a place is asked in plain text, from this machine.
pub(super) fn open_port(serving: &Serving) -> SocketAddr {
    serving.addresses.local.unwrap_or(serving.addresses.listen)
}

/// A newcomer's port may be in use; another one is as good.
async fn serve_somewhere(
    node: &Arc<Node>,
    wanted: Option<Addresses>,
    links: LinksConfig,
    web: &WebOptions,
) -> anyhow::Result<Serving> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let serve = |wanted: Addresses, links: LinksConfig| {
        // Whoever is on this machine plays as they like; who signs in sees what they may see.
        let people = PeopleConfig { sign_in: Some(false), ..PeopleConfig::default() };
        let tls = TlsConfig { always: true, ..TlsConfig::default() };
        let entrance = Entrance { web: web.clone(), tls, people };
        let addresses = Addresses { listen: any, admin: wanted.admin, local: Some(wanted.listen) };
        serve(Arc::clone(node), addresses, links, entrance)
    };
    if let Some(wanted) = wanted
        && let Ok(serving) = serve(wanted, links.clone()).await
    {
        return Ok(serving);
    }
    serve(Addresses { listen: any, admin: any, local: None }, links).await
}
