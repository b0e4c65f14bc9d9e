//! Somebody who asks a node for everything, in every way there is.

use std::time::Duration;

use polder_wire::v1::{
    self, ArchiveIncidentRequest, CompareScenariosRequest, EntryFilter, EraseEntryRequest,
    ExportBundleRequest, GetCallerRequest, GetDigestRequest, GetEntryRequest, GetHandoverRequest,
    GetHeadsRequest, GetImpactRequest, GetIncidentRequest, GetNationalPictureRequest,
    GetNodeStatusRequest, GetPictureAsOfRequest, GetReviewRequest, GetSituationRequest,
    ListActsRequest, ListAttentionRequest, ListCapacityRequest, ListContactsRequest,
    ListContradictionsRequest, ListEntriesRequest, ListEntryVersionsRequest, ListForecastsRequest,
    ListGapsRequest, ListHoldersRequest, ListIncidentsRequest, ListReportGroupsRequest,
    ListScalingRequest, ListSignalsRequest, ListWarningsRequest, Mode, PublishEntriesRequest,
    RecallEntryRequest, ReleaseEntryRequest, RetractEntryRequest, SubscribeMode, SubscribeRequest,
    WatchLinksRequest, WatchSignalsRequest, audit_service_client::AuditServiceClient,
    capacity_service_client::CapacityServiceClient, impact_service_client::ImpactServiceClient,
    incident_service_client::IncidentServiceClient, node_service_client::NodeServiceClient,
    people_service_client::PeopleServiceClient, picture_service_client::PictureServiceClient,
    report_service_client::ReportServiceClient, signal_service_client::SignalServiceClient,
    situation_service_client::SituationServiceClient, subscribe_response::Event,
    team_service_client::TeamServiceClient, warning_service_client::WarningServiceClient,
};
use prost::Message;
use tonic::{Status, Streaming, transport::Channel};

use crate::{
    bearer::{Signed, with_token},
    world::Said,
};

/// Somebody with a token.
#[derive(Clone)]
pub struct Reader {
    service: Signed,
}

/// What was told, and in answer to what.
pub struct Told {
    pub what: String,
    pub bytes: Vec<u8>,
    /// The name of an entry was in the question, so it may be in the answer.
    pub named: bool,
}

/// Bytes of an answer, or all that a refusal says.
fn bytes<T: Message>(answer: Result<tonic::Response<T>, Status>) -> Vec<u8> {
    match answer {
        Ok(answer) => answer.into_inner().encode_to_vec(),
        Err(status) => refusal(&status),
    }
}

fn refusal(status: &Status) -> Vec<u8> {
    [status.message().as_bytes(), status.details(), format!("{status:?}").as_bytes()].concat()
}

/// All that a stream brings until it ends.
async fn whole<T: Message>(answer: Result<tonic::Response<Streaming<T>>, Status>) -> Vec<u8> {
    let mut stream = match answer {
        Ok(answer) => answer.into_inner(),
        Err(status) => return refusal(&status),
    };
    let mut all = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => all.extend(message.encode_to_vec()),
            Ok(None) => return all,
            Err(status) => {
                all.extend(refusal(&status));
                return all;
            }
        }
    }
}

impl Reader {
    pub fn new(channel: Channel, token: &str) -> Self {
        Self { service: with_token(channel, token) }
    }

    pub fn picture(&self) -> PictureServiceClient<Signed> {
        PictureServiceClient::new(self.service.clone())
    }

    pub fn incidents(&self) -> IncidentServiceClient<Signed> {
        IncidentServiceClient::new(self.service.clone())
    }

    pub fn node(&self) -> NodeServiceClient<Signed> {
        NodeServiceClient::new(self.service.clone())
    }

    /// All entries that are shown, by title.
    pub async fn titles(&self) -> Vec<String> {
        let request = ListEntriesRequest {
            filter: Some(EntryFilter::default()),
            page_size: 1_000,
            ..Default::default()
        };
        let Ok(answer) = self.picture().list_entries(request).await else { return Vec::new() };
        let entries = answer.into_inner().entries;
        let entries = entries.iter().map(|bytes| v1::Entry::decode(bytes.clone()).unwrap());
        entries.flat_map(|entry| entry.texts).map(|text| text.title).collect()
    }

    /// Entries that an incident is said to have; `None` when it is not known.
    pub async fn count(&self, incident: &str) -> Option<i64> {
        let request = GetIncidentRequest { name: format!("incidents/{incident}") };
        let answer = self.incidents().get_incident(request).await.ok()?;
        Some(answer.into_inner().incident.unwrap().entry_count)
    }

    /// A stream of a subscription, as far as it comes by itself.
    async fn followed(&self, mode: SubscribeMode) -> Vec<u8> {
        let filter = Some(EntryFilter { include_retracted: true, ..Default::default() });
        let request = SubscribeRequest { filter, mode: mode.into(), ..Default::default() };
        let mut stream = match self.picture().subscribe(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return refusal(&status),
        };
        let mut all = Vec::new();
        loop {
            // A log has no end that is told: what comes later is looked for by the state.
            let message = match mode {
                SubscribeMode::Log => {
                    let next = stream.message();
                    match tokio::time::timeout(Duration::from_millis(30), next).await {
                        Ok(message) => message,
                        Err(_) => return all,
                    }
                }
                _ => stream.message().await,
            };
            match message {
                Ok(Some(message)) => {
                    all.extend(message.encode_to_vec());
                    if matches!(message.event, Some(Event::SnapshotEnd(_))) {
                        return all;
                    }
                }
                Ok(None) => return all,
                Err(status) => {
                    all.extend(refusal(&status));
                    return all;
                }
            }
        }
    }

    /// Asks for everything that is about no entry in particular.
    pub async fn asks(&self, incidents: &[String]) -> Vec<Told> {
        let mut told = Vec::new();
        let mut add = |what: &str, bytes: Vec<u8>| {
            told.push(Told { what: what.to_owned(), bytes, named: false });
        };
        let filter = Some(EntryFilter { include_retracted: true, ..Default::default() });
        let list = ListEntriesRequest { filter, page_size: 1_000, ..Default::default() };
        add("ListEntries", bytes(self.picture().list_entries(list.clone()).await));
        let text = EntryFilter { text: "secret".into(), ..Default::default() };
        let search = ListEntriesRequest { filter: Some(text), ..list };
        add("ListEntries by a word", bytes(self.picture().list_entries(search).await));
        add("Subscribe", self.followed(SubscribeMode::State).await);
        add("Subscribe to the log", self.followed(SubscribeMode::Log).await);
        let request = ListIncidentsRequest { include_closed: true, ..Default::default() };
        add("ListIncidents", bytes(self.incidents().list_incidents(request).await));
        add("GetNodeStatus", bytes(self.node().get_node_status(GetNodeStatusRequest {}).await));
        let mut watch = SignalServiceClient::new(self.service.clone());
        let everywhere = ListSignalsRequest::default();
        add("ListSignals of all", bytes(watch.list_signals(everywhere).await));
        let watching = WatchSignalsRequest::default();
        let watching = watch.watch_signals(watching).await.map(tonic::Response::into_inner);
        let first = match watching {
            Ok(mut told) => told.message().await.map(Option::unwrap_or_default),
            Err(status) => Err(status),
        };
        add("WatchSignals", bytes(first.map(tonic::Response::new)));
        add("GetHeads", bytes(self.node().get_heads(GetHeadsRequest {}).await));
        let watch = WatchLinksRequest { once: true };
        add("WatchLinks", whole(self.node().watch_links(watch).await).await);
        let mut people = PeopleServiceClient::new(self.service.clone());
        add("GetCaller", bytes(people.get_caller(GetCallerRequest {}).await));
        let mut audit = AuditServiceClient::new(self.service.clone());
        add("ListActs", bytes(audit.list_acts(ListActsRequest::default()).await));
        for incident in incidents {
            let incident = &format!("incidents/{incident}");
            let name = incident.clone();
            let filter = EntryFilter {
                incidents: vec![name.clone()],
                include_retracted: true,
                mode: Mode::Actual.into(),
                ..Default::default()
            };
            let as_of = GetPictureAsOfRequest { filter: Some(filter), ..Default::default() };
            add("GetPictureAsOf", whole(self.picture().get_picture_as_of(as_of).await).await);
            let request = GetIncidentRequest { name: name.clone() };
            add("GetIncident", bytes(self.incidents().get_incident(request).await));
            let acts = ListActsRequest { incident: name, ..Default::default() };
            add("ListActs of an incident", bytes(audit.list_acts(acts).await));
            let mut team = TeamServiceClient::new(self.service.clone());
            let request =
                ListContradictionsRequest { incident: incident.clone(), ..Default::default() };
            add("ListContradictions", bytes(team.list_contradictions(request).await));
            let request = ListForecastsRequest { incident: incident.clone(), known_at: None };
            add("ListForecasts", bytes(team.list_forecasts(request).await));
            let request = ListGapsRequest { incident: incident.clone(), ..Default::default() };
            add("ListGaps", bytes(team.list_gaps(request).await));
            let request = ListAttentionRequest { incident: incident.clone(), ..Default::default() };
            add("ListAttention", bytes(team.list_attention(request).await));
            let request = GetHandoverRequest { incident: incident.clone(), ..Default::default() };
            add("GetHandover", bytes(team.get_handover(request).await));
            let request = GetReviewRequest { incident: incident.clone(), known_at: None };
            add("GetReview", bytes(team.get_review(request).await));
            let mut impact = ImpactServiceClient::new(self.service.clone());
            let request = GetImpactRequest { incident: incident.clone(), ..Default::default() };
            add("GetImpact", bytes(impact.get_impact(request).await));
            let request =
                CompareScenariosRequest { incident: incident.clone(), ..Default::default() };
            add("CompareScenarios", bytes(impact.compare_scenarios(request).await));
            let mut watch = SignalServiceClient::new(self.service.clone());
            let request = ListSignalsRequest { incident: incident.clone(), ..Default::default() };
            add("ListSignals", bytes(watch.list_signals(request).await));
            let mut capacity = CapacityServiceClient::new(self.service.clone());
            let request = ListCapacityRequest { incident: incident.clone(), ..Default::default() };
            add("ListCapacity", bytes(capacity.list_capacity(request).await));
            let mut reports = ReportServiceClient::new(self.service.clone());
            let request =
                ListReportGroupsRequest { incident: incident.clone(), ..Default::default() };
            add("ListReportGroups", bytes(reports.list_report_groups(request).await));
            let mut public = WarningServiceClient::new(self.service.clone());
            let request = ListWarningsRequest { incident: incident.clone(), ..Default::default() };
            add("ListWarnings", bytes(public.list_warnings(request).await));
            let request = ListContactsRequest { incident: incident.clone(), ..Default::default() };
            add("ListContacts", bytes(public.list_contacts(request).await));
            let mut team = SituationServiceClient::new(self.service.clone());
            let request = GetSituationRequest { incident: incident.clone(), ..Default::default() };
            add("GetSituation", bytes(team.get_situation(request).await));
            let request = ListScalingRequest { incident: incident.clone(), ..Default::default() };
            add("ListScaling", bytes(team.list_scaling(request).await));
            let request = GetDigestRequest { incident: incident.clone(), ..Default::default() };
            add("GetDigest", bytes(team.get_digest(request).await));
            let incident = incident.clone();
            let request = GetNationalPictureRequest { incident, ..Default::default() };
            add("GetNationalPicture", bytes(team.get_national_picture(request).await));
        }
        let mut team = SituationServiceClient::new(self.service.clone());
        let request = GetNationalPictureRequest::default();
        add("GetNationalPicture of all", bytes(team.get_national_picture(request).await));
        told
    }

    /// Asks about one entry, by its name, in every way; and tries what would change it if it may
    /// not be seen.
    pub async fn asks_about(&self, said: &Said, may_see: bool) -> Vec<Told> {
        let name = said.name.clone();
        let mut told = Vec::new();
        let mut add = |what: &str, bytes: Vec<u8>| {
            told.push(Told { what: what.to_owned(), bytes, named: true });
        };
        let mut picture = self.picture();
        let get = GetEntryRequest { name: name.clone() };
        add("GetEntry", bytes(picture.get_entry(get).await));
        let versions = ListEntryVersionsRequest { name: name.clone(), ..Default::default() };
        add("ListEntryVersions", bytes(picture.list_entry_versions(versions).await));
        let holders = ListHoldersRequest { name: name.clone() };
        add("ListHolders", bytes(self.node().list_holders(holders).await));
        let mut audit = AuditServiceClient::new(self.service.clone());
        let acts = ListActsRequest { entry: name.clone(), ..Default::default() };
        add("ListActs of an entry", bytes(audit.list_acts(acts).await));
        if may_see {
            return told;
        }
        let reason = "curious".to_owned();
        let retract = RetractEntryRequest {
            name: name.clone(),
            reason: reason.clone(),
            ..Default::default()
        };
        add("RetractEntry", bytes(picture.retract_entry(retract).await));
        let release = ReleaseEntryRequest {
            name: name.clone(),
            audience: "audiences/all".into(),
            ..Default::default()
        };
        add("ReleaseEntry", bytes(picture.release_entry(release).await));
        let recall =
            RecallEntryRequest { name: name.clone(), reason: reason.clone(), ..Default::default() };
        add("RecallEntry", bytes(picture.recall_entry(recall).await));
        let erase = EraseEntryRequest { name: name.clone(), reason, ..Default::default() };
        add("EraseEntry", bytes(picture.erase_entry(erase).await));
        let entry = v1::Entry {
            name,
            statement: v1::Statement::Fact.into(),
            texts: vec![v1::Text {
                language: "en".into(),
                title: "over it".into(),
                ..Default::default()
            }],
            body: Some(v1::entry::Body::Observation(v1::Observation::default())),
            ..Default::default()
        };
        let item = v1::PublishItem {
            entry: entry.encode_to_vec().into(),
            supersedes: Some(v1::VersionList::default()),
            require_current: true,
        };
        let audience = crate::world::audience_name(said.to);
        let publish = PublishEntriesRequest { items: vec![item], audience, ..Default::default() };
        add("PublishEntries", bytes(picture.publish_entries(publish).await));
        told
    }

    /// Takes along all that may be taken; `None` when nothing may.
    pub async fn bundle(&self) -> Option<Vec<u8>> {
        let request = ExportBundleRequest { include_attachments: true, ..Default::default() };
        let mut stream = self.node().export_bundle(request).await.ok()?.into_inner();
        let mut file = Vec::new();
        while let Some(message) = stream.message().await.ok()? {
            file.extend_from_slice(&message.data);
        }
        Some(file)
    }

    /// An incident as a file; `None` when it may not be had.
    pub async fn archive(&self, incident: &str) -> Option<Vec<u8>> {
        let request = ArchiveIncidentRequest {
            incident: format!("incidents/{incident}"),
            ..Default::default()
        };
        let mut stream = self.node().archive_incident(request).await.ok()?.into_inner();
        let mut file = Vec::new();
        while let Some(message) = stream.message().await.ok()? {
            file.extend_from_slice(&message.data);
        }
        Some(file)
    }
}
