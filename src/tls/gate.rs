//! The first question at the door: may somebody who proved this call that at all? Only what needs
//! no person is decided here; what a person may do is asked further in.

use std::collections::HashMap;

use axum::{
    extract::Request,
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::peer::{Came, CameFrom, Peer};
use crate::grpc::status::DOMAIN;

/// What whoever reaches the port may call: what says only that the node is there, and the way in
/// for a node with a code.
const OPEN: [&str; 3] = [
    "/grpc.health.v1.Health/",
    "/polder.v1.JoinService/BeginJoin",
    "/polder.v1.JoinService/FinishJoin",
];
const LINKS: &str = "/polder.v1.LinkService/";

/// Why somebody may not call. A node gets its links, where the charter decides about each record,
/// and nothing past them.
pub fn refusal(peer: Option<&Peer>, path: &str) -> Option<&'static str> {
    let open = OPEN.iter().any(|open| path.starts_with(open));
    let links = path.starts_with(LINKS);
    let may = match peer {
        None => false,
        Some(Peer::Local) => true,
        Some(Peer::Node(_)) => links || open,
        // Who they are, and what a person may do, is asked further in.
        Some(Peer::Anonymous { .. } | Peer::Party { .. }) => !links,
    };
    match (may, peer) {
        (true, _) => None,
        (false, Some(Peer::Node(_))) => Some("the certificate of a node is for links"),
        (false, _) if links => Some("links are for nodes that prove their key"),
        (false, _) => Some("what came over no connection of this node is not answered"),
    }
}

/// Lets through who may call, and everybody to the page.
pub(crate) async fn gate(mut request: Request, next: Next) -> Response {
    if let Some(Came { peer, from }) = request.extensions_mut().remove() {
        request.extensions_mut().insert(peer);
        from.map(|from| request.extensions_mut().insert(CameFrom(from)));
    }
    let peer = request.extensions().get::<Peer>();
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return match peer {
            Some(_) => next.run(request).await,
            None => StatusCode::FORBIDDEN.into_response(),
        };
    }
    match refusal(peer, request.uri().path()) {
        None => next.run(request).await,
        Some(why) => {
            let details = ErrorDetails::with_error_info("PEER_NOT_ALLOWED", DOMAIN, HashMap::new());
            Status::with_error_details(Code::PermissionDenied, why, details).into_http()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_proved_opens_and_silence_closes() {
        let list = "/polder.v1.PictureService/ListEntries";
        let session = "/polder.v1.LinkService/Session";
        let join = "/polder.v1.JoinService/BeginJoin";
        let party = Peer::Party { party: "politie".into(), certificate: [0; 32] };
        let elsewhere = Peer::Anonymous { local: false };
        let here = Peer::Anonymous { local: true };
        let may = |peer: &Peer, path| refusal(Some(peer), path).is_none();
        for path in [list, session, join] {
            assert!(refusal(None, path).is_some());
            assert!(may(&Peer::Local, path));
            assert_eq!(may(&Peer::Node(Default::default()), path), path != list);
            assert_eq!(may(&party, path), path != session);
            assert_eq!(may(&here, path), path != session);
            assert_eq!(may(&elsewhere, path), path != session);
        }
    }
}
