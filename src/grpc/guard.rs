//! The guard before every call: finds out who calls, looks the call up in the table, and lets the
//! handler know.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header::AUTHORIZATION},
    middleware::Next,
    response::Response,
};
use polder_picture::refusal::{Class, Refusal};
use tonic::Status;

use super::status::Refused;
use crate::{
    people::{Caller, Credential, People},
    tls::peer::{CameFrom, Peer},
};

const LINKS: &str = "/polder.v1.LinkService/";

/// Address that a call comes from, where it is known.
pub(super) fn address(extensions: &tonic::Extensions) -> Option<std::net::IpAddr> {
    extensions.get::<CameFrom>().map(|from| from.0)
}

/// What somebody brings, in headers and by their connection.
pub(crate) fn credential<'c>(
    headers: &'c HeaderMap,
    peer: Option<&'c Peer>,
) -> Result<Credential<'c>, Refusal> {
    let header = headers.get(AUTHORIZATION).map(|header| {
        header.to_str().map_err(|_| {
            let sentence = "the authorization header must be text";
            Refusal::new(Class::Unauthenticated, "TOKEN_INVALID", sentence)
        })
    });
    let authorization = header.transpose()?;
    let system = match peer {
        Some(Peer::Party { party, .. }) => Some(&party[..]),
        _ => None,
    };
    Ok(Credential { authorization, loopback: peer.is_some_and(Peer::is_local), system })
}

/// Lets through what may be called, with the [`Caller`] in its extensions; refuses the rest.
pub(crate) async fn guard(
    State(people): State<Arc<People>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>();
    let known = match credential(request.headers(), peer) {
        Ok(credential) => people.identify(credential).await,
        Err(refusal) => Err(refusal),
    };
    let from = request.extensions().get::<CameFrom>().map(|from| from.0);
    // Links are counted by what they carry, not by their calls.
    let counted = !request.uri().path().starts_with(LINKS);
    let call = match people.pace.begin(known.as_ref().ok(), from) {
        Ok(call) => call.filter(|_| counted),
        Err(_) if !counted => None,
        Err(refusal) => return Status::from(Refused::from(refusal)).into_http(),
    };
    let path = request.uri().path();
    let caller = known.and_then(|caller| caller.may_call(path).map(|()| caller));
    let answer = match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => Status::from(Refused::from(refusal)).into_http(),
    };
    let failed = answer.headers().get("grpc-status").is_some_and(|status| status != "0");
    if let Some(call) = call.filter(|_| failed) {
        call.failed();
    }
    answer
}

/// Who calls. Without the guard before it, nobody.
pub(super) fn caller<T>(request: &tonic::Request<T>) -> Result<Caller, Status> {
    request.extensions().get::<Caller>().cloned().ok_or_else(|| {
        let sentence = "nobody looked who calls";
        let refusal = Refusal::new(Class::Unauthenticated, "SIGN_IN_NEEDED", sentence);
        Refused::from(refusal).into()
    })
}
