//! Who is at the other end of a connection, as far as it proved that; and all connections that are
//! open, so that they can be ended.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use parking_lot::Mutex;
use polder_picture::record::Id;
use rustls::pki_types::CertificateDer;
use tokio::sync::oneshot;

/// What the other end of a connection proved. Stands in the extensions of every request; one
/// without it came over no connection of ours and is to be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// Plain text over loopback: a program on this machine, which is all that is known of it.
    Local,
    /// A node that proved this key, and that the charter certifies or the configuration pins.
    Node(Id),
    /// A holder of a certificate by a client CA that the configuration gives to a party.
    Party {
        /// The party, without `parties/`.
        party: String,
        /// SHA-256 of the certificate, to tell its holders apart.
        certificate: [u8; 32],
    },
    /// Encrypted, and nobody: a browser or program that will sign in, or a node that joins.
    Anonymous {
        /// It reached us over loopback, so it is a program on this machine.
        local: bool,
    },
}

/// A connection as it came in: the guard at the door takes it apart.
#[derive(Debug, Clone)]
pub struct Came {
    /// What the other end proved.
    pub peer: Peer,
    /// Its address, where that is known.
    pub from: Option<IpAddr>,
}

/// The address that a call came from.
#[derive(Debug, Clone, Copy)]
pub struct CameFrom(pub IpAddr);

impl Peer {
    /// Whether it is a program on this machine that proved nothing else.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Local | Self::Anonymous { local: true })
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        *self != Self::Local
    }
}

/// Connections whose other end proved something that may end: both those that were accepted and
/// those that were dialled.
#[derive(Debug, Default)]
pub struct Connections {
    open: Mutex<(u64, HashMap<u64, Open>)>,
}

#[derive(Debug)]
struct Open {
    peer: Peer,
    chain: Vec<CertificateDer<'static>>,
    end: oneshot::Sender<()>,
}

/// Takes a connection off the list when it goes.
#[derive(Debug)]
pub(super) struct Listed {
    connections: Arc<Connections>,
    number: u64,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.connections.open.lock().1.remove(&self.number);
    }
}

impl Connections {
    pub(super) fn list(
        self: &Arc<Self>,
        peer: Peer,
        chain: Vec<CertificateDer<'static>>,
    ) -> (Listed, oneshot::Receiver<()>) {
        let (end, ended) = oneshot::channel();
        let mut open = self.open.lock();
        open.0 += 1;
        let number = open.0;
        open.1.insert(number, Open { peer, chain, end });
        (Listed { connections: Arc::clone(self), number }, ended)
    }

    /// Ends those that are no longer trusted; returns who they were.
    pub(super) fn end(
        &self,
        doomed: impl Fn(&Peer, &[CertificateDer<'static>]) -> bool,
    ) -> Vec<Peer> {
        let ended: Vec<_> =
            self.open.lock().1.extract_if(|_, open| doomed(&open.peer, &open.chain)).collect();
        let end = |(_, Open { peer, end, .. }): (u64, Open)| {
            let _ = end.send(());
            peer
        };
        ended.into_iter().map(end).collect()
    }
}
