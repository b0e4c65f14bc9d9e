//! Callers that write all the time and remember what was acknowledged.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use polder_wire::v1::{subscribe_response::Event, *};
use prost::Message as _;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use uuid::Uuid;

use crate::harness::*;

/// Numbers that look random and come again with the same seed.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % end
    }
}

/// What each acknowledged version says: its entry and its place, which no other version has.
/// A retraction has no place.
pub type Acknowledged = BTreeMap<String, (String, String)>;

/// Callers at work on one incident.
pub struct Load {
    callers: Vec<JoinHandle<()>>,
    acknowledged: Arc<Mutex<Acknowledged>>,
}

impl Load {
    /// Starts callers; each ends with its first call that fails.
    pub async fn start(node: &Running, incident: &'static str, callers: u64, seed: u64) -> Self {
        let acknowledged = Arc::new(Mutex::new(Acknowledged::new()));
        let mut handles = Vec::new();
        for caller in 0..callers {
            let channel = node.connect().await;
            let (acknowledged, random) =
                (Arc::clone(&acknowledged), Random::new(seed * 64 + caller));
            handles.push(tokio::spawn(async move {
                let _ = call(channel, incident, caller, random, &acknowledged).await;
            }));
        }
        Self { callers: handles, acknowledged }
    }

    pub fn so_far(&self) -> Acknowledged {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Waits until so many versions were acknowledged.
    pub async fn until(&self, count: usize) {
        let waiting = async {
            while self.acknowledged.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting)
            .await
            .expect("the load stands still");
    }

    /// After the node is gone: everything that was acknowledged.
    pub async fn end(self) -> Acknowledged {
        for caller in self.callers {
            tokio::time::timeout(Duration::from_secs(20), caller).await.expect("stuck").unwrap();
        }
        Arc::into_inner(self.acknowledged).unwrap().into_inner().unwrap()
    }

    /// While the node goes on: tells the callers to stop.
    pub fn abort(self) -> Acknowledged {
        self.callers.iter().for_each(JoinHandle::abort);
        self.so_far()
    }
}

async fn call(
    channel: Channel,
    incident: &str,
    caller: u64,
    mut random: Random,
    acknowledged: &Mutex<Acknowledged>,
) -> Result<(), tonic::Status> {
    let mut client = picture(channel.clone());
    let mut incidents =
        polder_wire::v1::incident_service_client::IncidentServiceClient::new(channel);
    let mut own: Vec<String> = Vec::new();
    loop {
        // A caller changes only its own entries, so that it knows what is current.
        let make = |random: &mut Random, own: &[String]| {
            let name = match random.below(3) {
                0 if !own.is_empty() => own[random.below(own.len() as u64) as usize].clone(),
                _ => new_name(incident),
            };
            let mut entry =
                Entry { name, place: Uuid::new_v4().to_string(), ..observation(incident, "x") };
            entry.texts[0].body = "y".repeat(random.below(3000) as usize);
            if random.below(3) == 0 {
                let urgency = Urgency::Immediate.into();
                entry.assessment = Some(Assessment { urgency, ..Default::default() });
            }
            entry
        };
        let count = match (caller + random.below(4)) % 4 {
            0 => 0,
            1 => 1,
            2 => 2 + random.below(20),
            _ => 60,
        };
        if count == 0 && own.len() > 5 {
            let name = own.swap_remove(random.below(own.len() as u64) as usize);
            let (reason, request_id) = ("x".to_owned(), String::new());
            let request = RetractEntryRequest { request_id, name: name.clone(), reason };
            match client.retract_entry(request).await {
                Ok(response) => {
                    let version = decode(&response.into_inner().entry).version;
                    acknowledged.lock().unwrap().insert(version, (name, String::new()));
                }
                Err(status) if status.code() == tonic::Code::FailedPrecondition => {}
                Err(status) => return Err(status),
            }
            let request = UpdateIncidentRequest {
                incident: Some(Incident { grip_rijk: true, ..harness_incident(incident) }),
                update_mask: Some(prost_types::FieldMask { paths: vec!["grip_rijk".into()] }),
                ..Default::default()
            };
            incidents.update_incident(request).await?;
            continue;
        }
        let entries: Vec<_> = (0..count).map(|_| make(&mut random, &own)).collect();
        if entries.is_empty() {
            continue;
        }
        let request = PublishEntriesRequest {
            items: entries.iter().map(item).collect(),
            request_id: Uuid::new_v4().to_string(),
            ..Default::default()
        };
        let response = client.publish_entries(request).await?.into_inner();
        let mut acknowledged = acknowledged.lock().unwrap();
        for (entry, outcome) in entries.into_iter().zip(outcomes(response)) {
            let published = outcome?;
            let again = acknowledged.insert(published.version, (entry.name.clone(), entry.place));
            assert!(again.is_none(), "a version was given twice");
            own.push(entry.name);
        }
    }
}

fn harness_incident(id: &str) -> Incident {
    incident(id, Mode::Actual)
}

/// Every version that the node holds, from its own log.
pub async fn held(node: &Running) -> Acknowledged {
    let all = EntryFilter { include_retracted: true, ..Default::default() };
    let request = SubscribeRequest {
        filter: Some(all),
        mode: SubscribeMode::Log.into(),
        ..Default::default()
    };
    let mut stream = node.picture().subscribe(request).await.unwrap().into_inner();
    let status = node.status().await;
    let mut held = Acknowledged::new();
    loop {
        let next = tokio::time::timeout(Duration::from_millis(700), stream.message()).await;
        let Ok(message) = next else { break };
        if let Some(Event::Changes(changes)) = message.unwrap().unwrap().event {
            for change in Changes::decode(changes).unwrap().changes {
                let entry = decode(&change.versions[0]);
                assert_eq!(entry.name, change.name);
                let again = held.insert(entry.version, (entry.name, entry.place));
                assert!(again.is_none(), "a version is held twice");
            }
        }
    }
    assert!(held.len() as i64 <= status.record_count);
    held
}

/// Everything acknowledged is held, and says what it said.
pub fn check_held(acknowledged: &Acknowledged, held: &Acknowledged, when: &str) {
    for (version, said) in acknowledged {
        assert_eq!(held.get(version), Some(said), "{version} {when}");
    }
}
