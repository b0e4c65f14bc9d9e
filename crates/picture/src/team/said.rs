//! What is kept of one version of an entry: enough for every view, and none of its texts.

use polder_wire::v1::{
    DecisionState, Entry, RelationType, Section, Statement, VerificationState, entry::Body,
};
use uuid::Uuid;

use super::{
    advice::Told,
    assistance::HelpSaid,
    attention::{Attention, acknowledged, attention},
    book::ContactSaid,
    capacity::StrengthSaid,
    claims::claims,
    handover::weight,
    matters::{Matter, expected, matter, section},
    reports::ReportSaid,
    signals::Limit,
    stages::WarningSaid,
    subject::Claim,
};
use crate::{
    attributes::{Attributes, NEVER},
    entry::Extent,
    impact::said::ImpactSaid,
    names::{EntryName, VersionId, VersionName},
};

/// Fields of `Entry` whose withdrawal is told, too.
const WARNING: u16 = 110;
const CONTACT: u16 = 124;

/// What one version of an entry says, as far as the views need it.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Who says it, without `parties/`.
    pub party: String,
    /// What sort of claim it is.
    pub statement: Statement,
    /// Observed, or else recorded: milliseconds since 1970.
    pub when_ms: i64,
    /// Recorded by the author's node, by its clock.
    pub recorded_ms: i64,
    /// Stale from; `None`: never.
    pub expire_ms: Option<i64>,
    /// Withdraws the entry.
    pub retracted: bool,
    /// Of a kind whose newest version counts without a person's decision.
    pub settles_itself: bool,
    /// What it claims.
    pub claims: Vec<Claim>,
    /// Entries that it says it contradicts.
    pub contradicts: Vec<Uuid>,
    /// Help that it asks for or offers.
    pub help: Option<Box<HelpSaid>>,
    /// Versions that it rests on, when it is a decision that was taken.
    pub decides: Vec<(Uuid, VersionId)>,
    /// A decision that was taken.
    pub taken: bool,
    /// What is open in it.
    pub matter: Option<Matter>,
    /// Moments at which it expects something.
    pub expects: Vec<i64>,
    /// Entries that it answers or withdraws.
    pub answers: Vec<Uuid>,
    /// Section of the picture.
    pub section: Section,
    /// Who must see it.
    pub attention: Option<Attention>,
    /// Versions that it says were read.
    pub acknowledges: Vec<(Uuid, VersionId)>,
    /// How much it weighs for a reader.
    pub weight: u8,
    /// Column that speaks, by its number in the contract.
    pub discipline: i32,
    /// Team, number and version of the sitrep that it issues.
    pub sitrep: Option<(String, i32, i32)>,
    /// What the public would be told by a warning that is a draft, or by a line of the book that
    /// nobody checked.
    pub drafted: Option<Told>,
    /// Somebody verified or refuted it, and it is placed.
    pub processed: bool,
    /// Whom it concerns beside who says it, in lower case: who does an action, who is asked for help,
    /// to whom a message is sent.
    pub concerns: Vec<String>,
    /// Whether somebody checked it.
    pub verification: VerificationState,
    /// What it says of things that fail, of danger or of scenarios.
    pub impact: Option<Box<ImpactSaid>>,
    /// Where it is, a little too large rather than too small.
    pub extent: Option<Extent>,
    /// What it watches, when it is a threshold.
    pub limit: Option<Box<Limit>>,
    /// Units or people that it tells of.
    pub strength: Option<Box<StrengthSaid>>,
    /// What a citizen told.
    pub report: Option<Box<ReportSaid>>,
    /// Entries that are why it exists.
    pub based_on: Vec<Uuid>,
    /// The line of the book of numbers and addresses that it is.
    pub contact: Option<Box<ContactSaid>>,
    /// How far a warning is, and what it rests on.
    pub warning: Option<Box<WarningSaid>>,
}

impl Said {
    /// Of a sound entry. The attributes are those of its record.
    pub fn of(entry: &Entry, attributes: &Attributes, recorded_ms: i64) -> Self {
        let party = entry.party.trim_start_matches("parties/").to_owned();
        let relations = entry.relations.iter();
        let contradicts = relations.filter(|r| r.r#type() == RelationType::Contradicts);
        let entry_of = |name: &str| EntryName::parse(name).map(|name| name.entry);
        let taken = match &entry.body {
            Some(Body::Decision(decision)) if decision.state() == DecisionState::Taken => {
                Some(decision)
            }
            _ => None,
        };
        let basis = taken.iter().flat_map(|decision| &decision.basis);
        let basis = basis.filter_map(|name| VersionName::parse(name));
        let answers = entry.relations.iter().filter(|relation| {
            matches!(relation.r#type(), RelationType::Answers | RelationType::Withdraws)
        });
        let mut answers: Vec<_> = answers.filter_map(|r| entry_of(&r.entry)).collect();
        // A version that withdraws an earlier one of the same entry does not close the entry.
        let own = entry_of(&entry.name);
        answers.retain(|answered| Some(*answered) != own);
        if let Some(Body::Message(message)) = &entry.body {
            answers.extend(entry_of(&message.in_reply_to));
        }
        let based_on = entry.relations.iter().filter(|r| r.r#type() == RelationType::BasedOn);
        let assessment = entry.assessment.clone().unwrap_or_default();
        Self {
            party,
            statement: entry.statement(),
            when_ms: attributes.when_ms,
            recorded_ms,
            expire_ms: Some(attributes.expire_ms).filter(|ms| *ms != NEVER),
            retracted: false,
            settles_itself: attributes.settles_itself(),
            claims: claims(entry, attributes),
            contradicts: contradicts.filter_map(|r| entry_of(&r.entry)).collect(),
            help: HelpSaid::of(entry, attributes).map(Box::new),
            decides: basis.map(|name| (name.entry.entry, name.version)).collect(),
            taken: taken.is_some(),
            matter: matter(entry),
            expects: expected(entry),
            answers,
            section: section(entry),
            attention: attention(entry),
            acknowledges: acknowledged(entry),
            weight: weight(entry.statement(), assessment.urgency, assessment.severity),
            discipline: entry.discipline,
            sitrep: entry.sitrep.as_ref().map(|one| (one.team.clone(), one.number, one.version)),
            drafted: Told::drafted(entry),
            processed: is_processed(entry),
            concerns: concerns(entry),
            verification: assessment.verification.map(|one| one.state()).unwrap_or_default(),
            impact: ImpactSaid::of(entry, attributes).map(Box::new),
            extent: attributes.extent(),
            limit: Limit::of(entry, attributes).map(Box::new),
            strength: StrengthSaid::of(entry).map(Box::new),
            report: ReportSaid::of(entry).map(Box::new),
            based_on: based_on.filter_map(|r| entry_of(&r.entry)).collect(),
            contact: ContactSaid::of(entry).map(Box::new),
            warning: WarningSaid::of(entry).map(Box::new),
        }
    }

    /// Of a retraction, or of a record whose content cannot be read.
    pub fn without_content(party: &str, attributes: &Attributes, recorded_ms: i64) -> Self {
        let withdraws = |kind: u16| attributes.retracted() && attributes.kind == kind;
        Self {
            party: party.to_owned(),
            statement: Statement::Unspecified,
            when_ms: attributes.when_ms,
            recorded_ms,
            expire_ms: None,
            retracted: attributes.retracted(),
            settles_itself: false,
            claims: Vec::new(),
            contradicts: Vec::new(),
            help: None,
            decides: Vec::new(),
            taken: false,
            matter: None,
            expects: Vec::new(),
            answers: Vec::new(),
            section: Section::Unspecified,
            attention: None,
            acknowledges: Vec::new(),
            weight: 0,
            discipline: 0,
            sitrep: None,
            drafted: None,
            processed: true,
            concerns: Vec::new(),
            verification: VerificationState::Unspecified,
            impact: None,
            extent: None,
            limit: None,
            strength: None,
            report: None,
            based_on: Vec::new(),
            contact: withdraws(CONTACT).then(Box::default),
            warning: withdraws(WARNING).then(|| Box::new(WarningSaid::withdrawn())),
        }
    }

    /// Whether it is stale at a moment.
    pub fn is_stale(&self, now_ms: i64) -> bool {
        self.expire_ms.is_some_and(|expire| expire <= now_ms)
    }
}

/// Whether somebody judged what is said as a fact, and it says where it is. What is no fact needs
/// neither.
fn is_processed(entry: &Entry) -> bool {
    if entry.statement() != Statement::Fact {
        return true;
    }
    let judged = entry.assessment.as_ref().and_then(|assessment| assessment.verification.as_ref());
    let judged = judged.is_some_and(|verification| {
        !matches!(
            verification.state(),
            VerificationState::Unspecified | VerificationState::Unverified
        )
    });
    judged && (entry.geometry.is_some() || !entry.place.is_empty())
}

fn concerns(entry: &Entry) -> Vec<String> {
    let named: Vec<&String> = match &entry.body {
        Some(Body::Action(action)) => vec![&action.owner],
        Some(Body::AssistanceRequest(request)) => vec![&request.addressee],
        Some(Body::Message(message)) => message.addressees.iter().collect(),
        _ => Vec::new(),
    };
    let bare = |name: &String| name.trim_start_matches("parties/").to_lowercase();
    named.into_iter().map(bare).filter(|name| !name.is_empty()).collect()
}
