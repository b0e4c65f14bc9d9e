//! What an entry says of things that fail, of danger and of scenarios: kept of each version.

use polder_wire::v1::{
    Entry, Evacuation, EvacuationState, Facility, FacilityState, FacilityType, FloodDefenceState,
    Geometry, ImpactCriterion, ImpactLevel, OutageState, RelationType, Scenario,
    ScenarioLikelihood, ScenarioType, Statement, VerificationState, VitalService, WarningState,
    entry::Body,
};
use uuid::Uuid;

use crate::{
    attributes::{Attributes, millis},
    entry::is_surface,
    kinds::cited,
    names::{EntryName, VersionId},
    team::subject::{Advice, places, plain},
};

/// What one version of an entry says, if it is about any of this.
#[derive(Debug, Clone, PartialEq)]
pub enum ImpactSaid {
    /// An object or service point.
    Facility(FacilitySaid),
    /// An outage, a flood, an effect area: where there is danger.
    Danger(DangerSaid),
    /// A way in which things may go.
    Scenario(ScenarioSaid),
}

/// Where something is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ground {
    /// Its geometry.
    pub shape: Option<Geometry>,
    /// Places that it names, in lower case without signs.
    pub places: Vec<String>,
}

/// A facility.
#[derive(Debug, Clone, PartialEq)]
pub struct FacilitySaid {
    /// What people call it.
    pub designation: String,
    /// Where it is.
    pub ground: Ground,
    /// Out or cleared since, milliseconds since 1970.
    pub down_ms: Option<i64>,
    /// When that is expected to be over.
    pub back_ms: Option<i64>,
    /// Nobody is in it any more.
    pub cleared: bool,
    /// It is said of what is expected or assumed.
    pub expected: bool,
    /// What it gives to others.
    pub provides: Vec<VitalService>,
    /// Where it gives that.
    pub service_area: Option<Geometry>,
    /// What it cannot do without.
    pub needs: Vec<Need>,
    /// People in it; `None`: not said.
    pub people: Option<i64>,
    /// Of these, who are less self-reliant; `None`: not said.
    pub less_self_reliant: Option<i64>,
    /// People who are less self-reliant are in it, by their number or by what it is for.
    pub vulnerable: bool,
    /// The entry that it makes known to another audience.
    pub released_from: Option<Uuid>,
}

/// A service that a facility cannot do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Which.
    pub service: VitalService,
    /// Facilities that each can supply it.
    pub suppliers: Vec<Uuid>,
    /// How long it goes on without; `None`: not known.
    pub holds_out_ms: Option<i64>,
}

/// Where there is danger.
#[derive(Debug, Clone, PartialEq)]
pub struct DangerSaid {
    /// Where. The shape is a surface.
    pub ground: Ground,
    /// It is threatened, forecast or assumed.
    pub expected: bool,
    /// Over from then on, milliseconds since 1970.
    pub until_ms: Option<i64>,
    /// The service that failed.
    pub outage: Option<OutageSaid>,
}

/// A service that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutageSaid {
    /// Which.
    pub service: VitalService,
    /// When, milliseconds since 1970.
    pub start_ms: i64,
    /// When it is expected to work again.
    pub repair_ms: Option<i64>,
    /// Since when it works again.
    pub ended_ms: Option<i64>,
}

/// A scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioSaid {
    /// What it is about, as it was written.
    pub subject: String,
    /// Which sort.
    pub sort: ScenarioType,
    /// How likely.
    pub likelihood: ScenarioLikelihood,
    /// How bad, by criterion.
    pub scores: Vec<(ImpactCriterion, ImpactLevel)>,
    /// What it takes for granted: the versions that each assumption cites, or entries as they were
    /// when it was recorded.
    pub assumptions: Vec<Vec<(Uuid, Option<VersionId>)>>,
}

impl ImpactSaid {
    /// Of a sound entry.
    pub fn of(entry: &Entry, attributes: &Attributes) -> Option<Self> {
        let verification = entry.assessment.as_ref().and_then(|a| a.verification.as_ref());
        let refuted = verification.is_some_and(|v| v.state() == VerificationState::Refuted);
        match &entry.body {
            Some(Body::Scenario(body)) => Some(Self::Scenario(ScenarioSaid::of(body))),
            // Who asks says nothing, and what was refuted is not so.
            _ if refuted || entry.statement() == Statement::Question => None,
            Some(Body::Facility(body)) => {
                Some(Self::Facility(FacilitySaid::of(entry, body, attributes)))
            }
            _ => DangerSaid::of(entry, attributes).map(Self::Danger),
        }
    }
}

impl Ground {
    /// Of an entry.
    pub fn of(entry: &Entry) -> Self {
        let places = places(&entry.place).iter().map(|place| plain(place)).collect();
        Self { shape: entry.geometry.clone(), places }
    }

    /// Of an entry, where a line or point is no area.
    fn area(entry: &Entry) -> Self {
        let ground = Self::of(entry);
        Self { shape: ground.shape.filter(is_surface), ..ground }
    }

    /// Only what lies in the shape.
    fn without_places(self) -> Self {
        Self { places: Vec::new(), ..self }
    }
}

fn is_expected(entry: &Entry) -> bool {
    matches!(entry.statement(), Statement::Forecast | Statement::Assumption)
}

impl FacilitySaid {
    fn of(entry: &Entry, body: &Facility, attributes: &Attributes) -> Self {
        let down = matches!(body.state(), FacilityState::Out | FacilityState::Cleared);
        let since = body.state_time.as_ref().map_or(attributes.valid_from_ms, millis);
        let need = |dependency: &polder_wire::v1::Dependency| {
            let suppliers = dependency.suppliers.iter();
            let suppliers = suppliers.filter_map(|name| EntryName::parse(name));
            Need {
                service: dependency.service(),
                suppliers: suppliers.map(|name| name.entry).collect(),
                holds_out_ms: dependency.holds_out.as_ref().map(|holds_out| {
                    let seconds = holds_out.seconds.saturating_mul(1_000);
                    seconds.saturating_add(i64::from(holds_out.nanos) / 1_000_000).max(0)
                }),
            }
        };
        let mut relations = entry.relations.iter();
        let released = relations.find(|r| r.r#type() == RelationType::ReleasedFrom);
        let less_self_reliant = body.less_self_reliant.as_ref().map(|count| count.value);
        Self {
            designation: body.designation.clone(),
            ground: Ground::of(entry),
            down_ms: down.then_some(since),
            back_ms: body.expected_back_time.as_ref().filter(|_| down).map(millis),
            cleared: body.state() == FacilityState::Cleared,
            expected: is_expected(entry),
            provides: body.provides().collect(),
            service_area: body.service_area.clone().filter(is_surface),
            needs: body.dependencies.iter().map(need).collect(),
            people: body.people.as_ref().map(|count| count.value),
            less_self_reliant,
            vulnerable: less_self_reliant.map_or(is_vulnerable(body.r#type()), |some| some > 0),
            released_from: released.and_then(|r| EntryName::parse(&r.entry)).map(|n| n.entry),
        }
    }
}

/// Whether people who are less self-reliant are in a facility of a sort, when nobody counted them.
fn is_vulnerable(sort: FacilityType) -> bool {
    matches!(
        sort,
        FacilityType::Hospital
            | FacilityType::NursingHome
            | FacilityType::CareHome
            | FacilityType::School
            | FacilityType::Childcare
            | FacilityType::Prison
    )
}

impl DangerSaid {
    fn of(entry: &Entry, attributes: &Attributes) -> Option<Self> {
        let mut danger = Self {
            ground: Ground::area(entry),
            expected: is_expected(entry),
            until_ms: None,
            outage: None,
        };
        // Without a catch-all, so that a kind without a rule does not compile.
        match entry.body.as_ref()? {
            Body::Outage(body) => {
                let repair_ms = body.expected_repair_time.as_ref().map(millis);
                let start_ms = body.start_time.as_ref().map_or(attributes.valid_from_ms, millis);
                match body.state() {
                    // What is over tells what came back, if it says how long it was; only expected
                    // to be over, it says nothing of danger.
                    OutageState::Restored if danger.expected || body.start_time.is_none() => {
                        return None;
                    }
                    OutageState::Restored => danger.until_ms = Some(attributes.valid_from_ms),
                    OutageState::Threatened | OutageState::Degraded => danger.expected = true,
                    OutageState::Out | OutageState::Unspecified => {}
                }
                let (service, ended_ms) = (body.service(), danger.until_ms);
                danger.outage = Some(OutageSaid { service, start_ms, repair_ms, ended_ms });
            }
            Body::Evacuation(body) if leaves(body) => {}
            Body::Warning(body) => {
                let told = Advice::of(body.responses());
                let acts = told.iter().any(|one| matches!(one, Advice::Leave | Advice::Stay));
                let out = matches!(body.state(), WarningState::Issued | WarningState::Corrected);
                if !acts || !out {
                    return None;
                }
                danger.until_ms = body.expires.as_ref().map(millis);
            }
            Body::Measurement(body) if body.effect_area => {
                danger.ground = danger.ground.without_places();
            }
            Body::FloodDefence(body) => {
                match body.state() {
                    FloodDefenceState::Breached | FloodDefenceState::Overtopped => {}
                    FloodDefenceState::Threatened | FloodDefenceState::Leaking => {
                        danger.expected = true;
                    }
                    _ => return None,
                }
                danger.ground = danger.ground.without_places();
            }
            Body::WaterLevel(body) if body.depth_m.is_some_and(|depth| depth > 0.0) => {
                danger.ground = danger.ground.without_places();
            }
            // A mark says by its hazards that there is danger; what somebody saw, too.
            Body::Drawing(_) if !entry.hazards.is_empty() => {
                danger.ground = danger.ground.without_places();
            }
            Body::Observation(_) if !entry.hazards.is_empty() && !danger.expected => {
                danger.ground = danger.ground.without_places();
            }
            Body::Evacuation(_)
            | Body::Measurement(_)
            | Body::WaterLevel(_)
            | Body::Drawing(_)
            | Body::Observation(_)
            | Body::Casualties(_)
            | Body::Closure(_)
            | Body::CareCapacity(_)
            | Body::Resource(_)
            | Body::AssistanceRequest(_)
            | Body::AssistanceOffer(_)
            | Body::Weather(_)
            | Body::Decision(_)
            | Body::Action(_)
            | Body::Message(_)
            | Body::Reception(_)
            | Body::Facility(_)
            | Body::Scenario(_)
            | Body::Staffing(_)
            | Body::CitizenReport(_)
            | Body::Threshold(_)
            | Body::Contact(_) => return None,
        }
        let somewhere = danger.ground.shape.is_some() || !danger.ground.places.is_empty();
        somewhere.then_some(danger)
    }
}

/// Whether people have to leave, or have left.
fn leaves(body: &Evacuation) -> bool {
    matches!(
        body.state(),
        EvacuationState::Prepared | EvacuationState::UnderWay | EvacuationState::Completed
    )
}

impl ScenarioSaid {
    fn of(body: &Scenario) -> Self {
        let cited = |names: &Vec<String>| names.iter().filter_map(|name| cited(name)).collect();
        Self {
            subject: body.subject.clone(),
            sort: body.r#type(),
            likelihood: body.likelihood(),
            scores: body.scores.iter().map(|score| (score.criterion(), score.level())).collect(),
            assumptions: body.assumptions.iter().map(|one| cited(&one.basis)).collect(),
        }
    }
}
