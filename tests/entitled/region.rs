//! Two nodes of a world, and those who read there.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use polder::{
    bundle::import::Importer,
    links::{DialPlan, LinksConfig},
    node::{self, Node, NodeOptions, Writer},
    people::PeopleConfig,
    query,
    serve::{Addresses, Entrance, Serving, serve},
    wall::Wall,
};
use polder_picture::sight::Sight;
use polder_wire::v1::{
    self, CloseIncidentRequest, CreateIncidentRequest, EntryFilter, Incident, ListEntriesRequest,
    Mode, PublishEntriesRequest, PublishItem, Text, publish_result::Outcome,
};
use prost::Message as _;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

use crate::{
    provider::Provider,
    reader::Reader,
    world::{
        AUDIENCES, Foundation, INCIDENTS, PEOPLE, Said, To, World, audience_name, incident_id,
        party_id,
    },
};

const ROOT: &str = "root";

/// A node that is served.
struct Place {
    node: Arc<Node>,
    writer: Writer,
    serving: Option<Serving>,
}

/// Memory serves as well as a disk here, and does not wait.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = memory.is_dir().then(|| tempfile::tempdir_in(memory).ok()).flatten();
    made.unwrap_or_else(|| tempfile::tempdir().unwrap())
}

impl Place {
    fn open(data: &Path) -> Self {
        node::init(data, "fjall", "node", "party-0").unwrap();
        let (node, writer) = Node::open(data, Wall::System, &NodeOptions::default()).unwrap();
        Self { node, writer, serving: None }
    }

    async fn serve(&mut self, people: PeopleConfig, dial: Option<String>) {
        let any = "127.0.0.1:0".parse().unwrap();
        let addresses = Addresses { listen: any, admin: any, local: None };
        let dial = dial.into_iter().map(DialPlan::to).collect();
        let links = LinksConfig { dial, ..Default::default() };
        let entrance = Entrance { people, ..Default::default() };
        let served = serve(Arc::clone(&self.node), addresses, links, entrance).await;
        self.serving = Some(served.unwrap());
    }

    fn address(&self) -> String {
        self.serving.as_ref().unwrap().addresses.listen.to_string()
    }

    async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address())).unwrap();
        endpoint.connect().await.unwrap()
    }

    /// Titles of all that it holds, whoever may see it.
    fn titles(&self) -> BTreeSet<String> {
        let request = ListEntriesRequest {
            filter: Some(EntryFilter { include_retracted: true, ..Default::default() }),
            page_size: 1_000,
            ..Default::default()
        };
        let listed = query::list(&self.node, &request, Sight::All).unwrap();
        let entries = listed.entries.into_iter().map(|bytes| v1::Entry::decode(bytes).unwrap());
        entries.flat_map(|entry| entry.texts).map(|text| text.title).collect()
    }

    async fn stop(self) {
        if let Some(serving) = self.serving {
            serving.stop().await.unwrap();
        }
        let Self { node, writer, .. } = self;
        tokio::task::spawn_blocking(move || node::close(node, writer)).await.unwrap();
    }
}

fn holds(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

fn lies_in(dir: &Path, secret: &str) -> bool {
    std::fs::read_dir(dir).into_iter().flatten().flatten().any(|file| match file.path().is_dir() {
        true => lies_in(&file.path(), secret),
        false => std::fs::read(file.path()).is_ok_and(|all| holds(&all, secret.as_bytes())),
    })
}

/// What a file brings to a node that keeps to no charter.
async fn brought(file: &[u8]) -> BTreeSet<String> {
    let dir = directory();
    let place = Place::open(&dir.path().join("data"));
    let mut importer = Importer::new(Arc::clone(&place.node));
    importer.push(file).await.unwrap();
    importer.finish().await.unwrap();
    let titles = place.titles();
    place.stop().await;
    titles
}

struct Region {
    random: StdRng,
    world: World,
    said: Vec<Said>,
    places: Vec<Place>,
    root: Reader,
    people: Vec<Reader>,
    /// What may have come to the second node, by title.
    allowed: BTreeSet<String>,
    hidden: usize,
}

impl Region {
    /// Says something to an audience that the first node may hold.
    async fn say(&mut self) {
        let incident = self.random.random_range(0..INCIDENTS);
        let to: To = match self.random.random_range(0..=AUDIENCES) {
            0 => None,
            number => Some(number - 1),
        };
        let secret = format!("secret {}", Uuid::new_v4().simple());
        let parties: Vec<_> = self.world.nodes[0].iter().copied().collect();
        let party = party_id(*parties.choose(&mut self.random).unwrap());
        let entry = v1::Entry {
            name: format!("incidents/{}/entries/{}", incident_id(incident), Uuid::new_v4()),
            statement: v1::Statement::Fact.into(),
            party: format!("parties/{party}"),
            texts: vec![Text {
                language: "en".into(),
                title: secret.clone(),
                ..Default::default()
            }],
            body: Some(v1::entry::Body::Observation(v1::Observation::default())),
            ..Default::default()
        };
        let name = entry.name.clone();
        let items = vec![PublishItem { entry: entry.encode_to_vec().into(), ..Default::default() }];
        let audience = audience_name(to);
        let request = PublishEntriesRequest { items, audience, ..Default::default() };
        let answer = self.root.picture().publish_entries(request).await;
        let published = answer.is_ok_and(|answer| {
            let results = answer.into_inner().results;
            results.iter().all(|one| matches!(one.outcome, Some(Outcome::Published(_))))
        });
        // Fail closed, and not more than that.
        let may = self.world.takes(incident, to);
        assert_eq!(published, may, "{incident} {to:?} {:?}", self.world);
        if published {
            self.said.push(Said { incident, to, name, secret });
        }
    }

    /// Notes what may come to the second node as the world is now, and waits until it is there.
    async fn links_settle(&mut self) {
        let travels =
            |said: &&Said| (0..2).all(|node| self.world.holds(node, said.incident, said.to));
        let due: BTreeSet<_> =
            self.said.iter().filter(travels).map(|said| said.secret.clone()).collect();
        // What is said to some needs the incident's own data to be shown, which is for everybody.
        let until = Instant::now() + Duration::from_secs(60);
        while !due.is_subset(&self.places[1].titles()) {
            let (world, held) = (&self.world, self.places[1].titles());
            assert!(Instant::now() < until, "{due:?} never came: {held:?}\n{world:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.allowed.extend(due);
    }

    /// Everybody asks for everything.
    async fn all_ask(&mut self) {
        let incidents: Vec<_> = (0..INCIDENTS).map(incident_id).collect();
        for (number, reader) in self.people.iter().enumerate() {
            let sees = |said: &Said| self.world.sees(number, said.incident, said.to);
            let who = format!("{number} {:?}", self.world.people[number]);
            for told in reader.asks(&incidents).await {
                for said in self.said.iter().filter(|said| !sees(said)) {
                    self.hidden += 1;
                    let id = &said.name[said.name.len() - 36..];
                    let raw = Uuid::parse_str(id).unwrap();
                    let leaks = holds(&told.bytes, said.secret.as_bytes())
                        || !told.named
                            && (holds(&told.bytes, id.as_bytes())
                                || holds(&told.bytes, raw.as_bytes()));
                    assert!(!leaks, "{} tells {who} of {said:?}\n{:?}", told.what, self.world);
                }
            }
            // Some by their names, others each time.
            let asked = self.said.choose_multiple(&mut self.random, 3);
            for said in asked {
                for told in reader.asks_about(said, sees(said)).await {
                    let leaks = holds(&told.bytes, said.secret.as_bytes());
                    assert!(!leaks || sees(said), "{} tells {who} of {said:?}", told.what);
                    for other in self.said.iter().filter(|other| !sees(other)) {
                        let leaks = holds(&told.bytes, other.secret.as_bytes());
                        assert!(!leaks, "{} tells {who} of {other:?}", told.what);
                    }
                }
            }
            // And what they may see, they do: nobody is kept from everything.
            let titles: BTreeSet<_> = reader.titles().await.into_iter().collect();
            let due: BTreeSet<_> = self
                .said
                .iter()
                .filter(|said| sees(said))
                .map(|said| said.secret.clone())
                .collect();
            assert_eq!(titles, due, "{who}\n{:?}", self.world);
            for (incident, id) in incidents.iter().enumerate() {
                let due = self.said.iter().filter(|said| said.incident == incident && sees(said));
                let due = due.count() as i64;
                let counted = reader.count(id).await;
                assert!(counted.unwrap_or_default() == due, "{who}: {counted:?}, {due}");
            }
        }
    }

    /// Whoever may takes files along.
    async fn carry(&mut self, incident: Option<&str>) {
        for number in 0..PEOPLE {
            let reader = &self.people[number];
            let file = match incident {
                None => reader.bundle().await,
                Some(incident) => reader.archive(incident).await,
            };
            let Some(file) = file else { continue };
            assert!(self.world.carries(number), "{:?}", self.world.people[number]);
            if self.world.people[number].role == v1::Role::Administrator {
                // Has the disk, and so all that is on it.
                continue;
            }
            let titles = brought(&file).await;
            let sees = |said: &&Said| self.world.sees(number, said.incident, said.to);
            let due: BTreeSet<_> =
                self.said.iter().filter(sees).map(|said| said.secret.clone()).collect();
            assert!(titles.is_subset(&due), "{number}: {titles:?}, {due:?}\n{:?}", self.world);
            assert!(incident.is_some() || titles == due, "{number}: {titles:?}, {due:?}");
        }
    }

    async fn metrics(&self) {
        let admin = self.places[0].serving.as_ref().unwrap().addresses.admin;
        let mut socket = tokio::net::TcpStream::connect(admin).await.unwrap();
        let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        socket.write_all(request).await.unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).await.unwrap();
        assert!(text.contains("polder_"), "{text}");
        for said in &self.said {
            let id = &said.name[said.name.len() - 36..];
            assert!(!text.contains(&said.secret) && !text.contains(id));
        }
        assert!(
            !text.contains("narrow-") && !text.contains("incident-") && !text.contains("person-")
        );
    }
}

async fn started(seed: u64, provider: &Provider, dir: &Path) -> (Region, Foundation) {
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::new(&mut random);
    let mut places: Vec<_> =
        (0..2).map(|number| Place::open(&dir.join(number.to_string()))).collect();
    let keys: Vec<_> =
        places.iter().map(|place| place.node.identity().public_key.clone()).collect();
    let (charter, statements) = Foundation::new(&world, &keys, ROOT);
    for place in &places {
        place.node.add_statements(statements.clone(), None).await.unwrap();
    }
    places[0].serve(provider.people(), None).await;
    let first = places[0].address();
    places[1].serve(provider.people(), Some(first)).await;
    let channel = places[0].channel().await;
    let reader = |name: &str| Reader::new(channel.clone(), &provider.token(name));
    let people = (0..PEOPLE).map(|number| reader(&format!("person-{number}"))).collect();
    let root = reader(ROOT);
    let (said, allowed, hidden) = Default::default();
    (Region { random, world, said, places, root, people, allowed, hidden }, charter)
}

/// One world. Says how often something was to be hidden.
pub async fn try_one(seed: u64, provider: Arc<Provider>) -> usize {
    let dir = directory();
    let (mut region, mut charter) = started(seed, &provider, dir.path()).await;
    for number in 0..INCIDENTS {
        let incident = Incident {
            name: format!("incidents/{}", incident_id(number)),
            mode: Mode::Actual.into(),
            titles: vec![Text {
                language: "en".into(),
                title: "An incident".into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let request = CreateIncidentRequest { incident: Some(incident), ..Default::default() };
        let _ = region.root.incidents().create_incident(request).await;
    }
    for _ in 0..5 {
        region.say().await;
    }
    region.links_settle().await;
    region.all_ask().await;
    region.carry(None).await;
    for _ in 0..2 {
        // Others may see less now, or more.
        region.world = region.world.changed(&mut region.random);
        let statements = charter.change(&region.world);
        for place in &region.places {
            place.node.add_statements(statements.clone(), None).await.unwrap();
        }
        for _ in 0..3 {
            region.say().await;
        }
        region.links_settle().await;
        region.all_ask().await;
    }
    region.metrics().await;
    let close = CloseIncidentRequest {
        name: "incidents/incident-0".into(),
        reason: "over".into(),
        ..Default::default()
    };
    if region.root.incidents().close_incident(close).await.is_ok() {
        region.carry(Some("incident-0")).await;
    }
    let Region { said, places, allowed, hidden, .. } = region;
    let held = places[1].titles();
    assert!(held.is_subset(&allowed), "{held:?}, {allowed:?}");
    for place in places {
        place.stop().await;
    }
    let second = dir.path().join("1");
    for said in said.iter().filter(|said| !allowed.contains(&said.secret)) {
        assert!(!lies_in(&second, &said.secret), "the second node has {said:?} on its disk");
    }
    hidden
}
