//! `JoinService`.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures::Stream;
use polder_picture::{
    names::PartyName,
    record::{Id, key_id},
    refusal::{Class, Refusal},
};
use polder_wire::v1::{
    BeginJoinRequest, BeginJoinResponse, CharterStatement, EnrolRequest, EnrolResponse,
    FinishJoinRequest, FinishJoinResponse, InviteRequest, InviteResponse, JoinGuest,
    invite_response::Event, join_service_server::JoinService,
};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::status::Refused;
use crate::{
    join::{EnrolError, Guest, Invitations, Told, VALID_MAX, VALID_MIN, enrol},
    node::Node,
    tls::peer::Peer,
};

const VALID_USUAL: Duration = Duration::from_secs(30 * 60);
/// How long a guest waits for its certificate.
const CERTIFIED_WITHIN: Duration = Duration::from_secs(25);
/// Statements in a message, and bytes of them.
const STATEMENTS_MAX: usize = 100;
const MESSAGE_BYTES: usize = 1 << 20;

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What joining needs of a node.
#[derive(Clone)]
pub struct Joining {
    /// The node.
    pub node: Arc<Node>,
    /// Invitations that are open.
    pub invitations: Arc<Invitations>,
    /// True when streams should end.
    pub ending: watch::Receiver<bool>,
}

fn over(reason: &'static str, sentence: &str) -> Status {
    Refused::from(Refusal::new(Class::FailedPrecondition, reason, sentence)).into()
}

fn check_invite(node: &Node, request: &InviteRequest) -> Result<(String, Duration), Refusal> {
    let party = PartyName::parse(&request.party).map(|party| party.id().to_owned());
    let party = party.ok_or_else(|| {
        Refusal::field("party", "MALFORMED_NAME", "must be of the form parties/{party}")
    })?;
    let valid = match &request.valid {
        None => VALID_USUAL,
        Some(valid) => match Duration::try_from(*valid) {
            Ok(valid) if (VALID_MIN..=VALID_MAX).contains(&valid) => valid,
            _ => {
                let sentence = "must be one second to one day";
                return Err(Refusal::field("valid", "OUT_OF_RANGE", sentence));
            }
        },
    };
    let charter = node.charter.read();
    let Some(charter) = charter.as_ref() else {
        let sentence = "this node has no charter";
        return Err(Refusal::new(Class::FailedPrecondition, "CHARTER_NOT_FOUND", sentence));
    };
    if !charter.parties().any(|(known, _)| known == party) {
        let sentence = "is no party of the charter";
        return Err(Refusal::field("party", "PARTY_UNKNOWN", sentence));
    }
    Ok((party, valid))
}

impl Joining {
    /// Hosts one invitation to its end.
    async fn host(
        self,
        party: String,
        valid: Duration,
        events: mpsc::Sender<Result<InviteResponse, Status>>,
    ) {
        let mut ending = self.ending.clone();
        let mut invited = match self.invitations.open(&party, valid) {
            Ok(invited) => invited,
            Err(refusal) => return drop(events.send(Err(Refused::from(refusal).into())).await),
        };
        let event = |event| Ok(InviteResponse { event: Some(event) });
        if events.send(event(Event::Code(invited.code.to_string()))).await.is_err() {
            return;
        }
        let told = tokio::select! {
            told = invited.told.recv() => told,
            () = tokio::time::sleep(valid) => None,
            () = events.closed() => return,
            _ = ending.wait_for(|ending| *ending) => return,
        };
        let guest = match told {
            Some(Told::Guest(guest)) => guest,
            Some(Told::Locked) => {
                let sentence = "too many wrong codes were tried: this one holds no longer";
                return drop(events.send(Err(over("INVITATION_LOCKED", sentence))).await);
            }
            None => {
                let sentence = "nobody came: the code holds no longer";
                return drop(events.send(Err(over("INVITATION_EXPIRED", sentence))).await);
            }
        };
        let id = key_id(&guest.public_key);
        let shown = JoinGuest {
            public_key: guest.public_key.as_bytes().to_vec().into(),
            display_name: guest.display_name,
        };
        if events.send(event(Event::Guest(shown))).await.is_err() {
            return;
        }
        if let Err(status) = self.certified(id).await {
            let _ = events.send(Err(status)).await;
        }
    }

    /// Waits until the charter certifies a node.
    async fn certified(&self, id: Id) -> Result<(), Status> {
        let mut ruled = self.node.charter_changed.subscribe();
        let certified = async {
            loop {
                ruled.mark_unchanged();
                let is = |charter: &polder_picture::charter::Charter| charter.is_certified(id);
                if self.node.charter.read().as_ref().is_some_and(is) {
                    return;
                }
                let _ = ruled.changed().await;
            }
        };
        tokio::time::timeout(CERTIFIED_WITHIN, certified).await.map_err(|_| {
            over("NODE_NOT_CERTIFIED", "the code was right, and nobody certified the node in time")
        })
    }

    async fn welcome(
        self,
        confirmation: [u8; 32],
        guest: Guest,
        answers: mpsc::Sender<Result<FinishJoinResponse, Status>>,
    ) {
        let first = FinishJoinResponse {
            confirmation: confirmation.to_vec().into(),
            display_name: self.node.identity().display_name.clone(),
            statements: Vec::new(),
        };
        if answers.send(Ok(first)).await.is_err() {
            return;
        }
        if let Err(status) = self.certified(key_id(&guest.public_key)).await {
            let _ = answers.send(Err(status)).await;
            return;
        }
        let founds = |one: &CharterStatement| {
            polder_picture::charter::Charter::of_unchecked(one).is_some_and(|of| of.1)
        };
        let mut statements: Vec<_> = match self.node.charter.read().as_ref() {
            Some(charter) => charter.statements().collect(),
            None => return,
        };
        statements.sort_by_key(|one| !founds(one));
        let (mut some, mut bytes) = (Vec::new(), 0);
        for statement in statements {
            bytes += statement.body.len();
            some.push(statement);
            if some.len() == STATEMENTS_MAX || bytes > MESSAGE_BYTES {
                let statements = std::mem::take(&mut some);
                bytes = 0;
                let answer = FinishJoinResponse { statements, ..Default::default() };
                if answers.send(Ok(answer)).await.is_err() {
                    return;
                }
            }
        }
        let _ =
            answers.send(Ok(FinishJoinResponse { statements: some, ..Default::default() })).await;
    }
}

#[tonic::async_trait]
impl JoinService for Joining {
    type InviteStream = Streamed<InviteResponse>;
    type FinishJoinStream = Streamed<FinishJoinResponse>;

    async fn invite(
        &self,
        request: Request<InviteRequest>,
    ) -> Result<Response<Self::InviteStream>, Status> {
        let checked = check_invite(&self.node, request.get_ref());
        let (party, valid) = checked.map_err(Refused::from)?;
        let (events, stream) = mpsc::channel(2);
        tokio::spawn(self.clone().host(party, valid, events));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn begin_join(
        &self,
        request: Request<BeginJoinRequest>,
    ) -> Result<Response<BeginJoinResponse>, Status> {
        let BeginJoinRequest { slot, message } = request.into_inner();
        let (attempt, answer) = self.invitations.begin(&slot, &message, self.node.key_id());
        let attempt = attempt.to_vec().into();
        Ok(Response::new(BeginJoinResponse { attempt, message: answer.into() }))
    }

    async fn finish_join(
        &self,
        request: Request<FinishJoinRequest>,
    ) -> Result<Response<Self::FinishJoinStream>, Status> {
        let finished = self.invitations.finish(request.get_ref());
        let (confirmation, guest) = finished.map_err(Refused::from)?;
        let (answers, stream) = mpsc::channel(2);
        tokio::spawn(self.clone().welcome(confirmation, guest, answers));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn enrol(
        &self,
        request: Request<EnrolRequest>,
    ) -> Result<Response<EnrolResponse>, Status> {
        if !request.extensions().get::<Peer>().is_some_and(Peer::is_local) {
            return Err(Status::permission_denied("only a program on the node's own machine"));
        }
        let EnrolRequest { address, code } = request.into_inner();
        let enrolled = enrol(&self.node, &address, &code).await.map_err(|error| match error {
            EnrolError::Refused(refusal) => Refused::from(refusal).into(),
            EnrolError::Status(status) => *status,
            EnrolError::Store(error) => Status::from(Refused::from(error)),
        })?;
        tracing::info!(node = %enrolled.node, charter = enrolled.charter, "this node has joined");
        Ok(Response::new(EnrolResponse {
            node: format!("nodes/{}", enrolled.node),
            display_name: enrolled.display_name,
            charter: enrolled.charter,
        }))
    }
}
