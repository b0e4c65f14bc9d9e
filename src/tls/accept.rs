//! Connections that come in. A handshake runs beside the others, within a time and a bound: at the
//! bound the oldest that is under way makes room, so that whoever only stalls keeps nobody out.

use std::{collections::VecDeque, io, net::SocketAddr, sync::Arc, time::Duration};

use rustls::pki_types::UnixTime;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::{AbortHandle, JoinHandle},
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Tls,
    joined::buffered,
    peer::Peer,
    stream::{SPEAKS_TLS, Stream},
};

/// How long a handshake may take: two round trips and 4 kB on a trunked radio take ten seconds.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// Handshakes under way at one port.
pub(crate) const HANDSHAKES_MAX: usize = 256;
/// Encrypted connections that are open at one port.
pub(crate) const CONNECTIONS_MAX: usize = 8_192;
/// Connections that wait for the server to take them.
const WAITING_MAX: usize = 64;
/// The first byte of a TLS connection.
const TLS_HANDSHAKE: u8 = 0x16;

/// What is read of somebody who does not speak TLS, after saying so.
const PLAIN_TEXT_BYTES: u64 = 64 << 10;

/// A port and whether TLS is spoken there.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    pub(crate) encrypted: bool,
}

/// Connections as they come.
pub(crate) type Accepted = ReceiverStream<io::Result<Stream>>;

/// Takes connections at all doors, until the tasks are aborted.
pub(crate) fn accept(
    doors: Vec<Door>,
    tls: &Arc<Tls>,
) -> anyhow::Result<(Accepted, Vec<JoinHandle<()>>)> {
    let (taken, streams) = mpsc::channel(WAITING_MAX);
    let acceptor = TlsAcceptor::from(tls.server_config()?);
    let keep = |Door { listener, encrypted }| {
        let taken = taken.clone();
        let Some(acceptor) = encrypted.then(|| acceptor.clone()) else {
            return tokio::spawn(plain(listener, taken));
        };
        tokio::spawn(encrypted_door(listener, acceptor, Arc::clone(tls), taken))
    };
    let tasks = doors.into_iter().map(keep).collect();
    Ok((ReceiverStream::new(streams), tasks))
}

type Taken = mpsc::Sender<io::Result<Stream>>;

async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) if stream.set_nodelay(true).is_ok() => return (stream, from),
            Ok(_) => {}
            Err(error) => {
                // Out of descriptors, most likely: others have to go first.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn plain(listener: TcpListener, taken: Taken) {
    loop {
        let (stream, _) = next(&listener).await;
        if taken.send(Ok(Stream::plain(stream))).await.is_err() {
            return;
        }
    }
}

async fn encrypted_door(listener: TcpListener, acceptor: TlsAcceptor, tls: Arc<Tls>, taken: Taken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut under_way: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let (stream, from) = next(&listener).await;
        if taken.is_closed() {
            return;
        }
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            tracing::warn!(%from, "{CONNECTIONS_MAX} connections are open: this one is closed");
            continue;
        };
        under_way.retain(|handshake| !handshake.is_finished());
        if under_way.len() >= HANDSHAKES_MAX
            && let Some(oldest) = under_way.pop_front()
        {
            oldest.abort();
        }
        let (tls, acceptor, taken) = (Arc::clone(&tls), acceptor.clone(), taken.clone());
        let handshake = tokio::spawn(async move {
            let shaken = tokio::time::timeout(HANDSHAKE, handshake(stream, from, &acceptor, &tls));
            match shaken.await {
                Ok(Ok(Some(stream))) => drop(taken.send(Ok(stream.within(place))).await),
                Ok(Ok(None)) => tracing::debug!(%from, "plain text came to a port for TLS"),
                Ok(Err(error)) => tracing::debug!(%from, %error, "a handshake failed"),
                Err(_) => tracing::debug!(%from, "a handshake took too long"),
            }
        });
        under_way.push_back(handshake.abort_handle());
    }
}

/// `None`: it was plain text.
async fn handshake(
    mut stream: TcpStream,
    from: SocketAddr,
    acceptor: &TlsAcceptor,
    tls: &Arc<Tls>,
) -> io::Result<Option<Stream>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first[0] != TLS_HANDSHAKE {
        stream.write_all(SPEAKS_TLS).await?;
        stream.shutdown().await?;
        // Closed with words of theirs unread, it would be reset, and who is still writing then
        // hears of that instead of the answer.
        tokio::io::copy(&mut stream.take(PLAIN_TEXT_BYTES), &mut tokio::io::sink()).await?;
        return Ok(None);
    }
    let stream = acceptor.accept(buffered(stream)).await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let Some((leaf, rest)) = chain.split_first() else {
        let local = from.ip().to_canonical().is_loopback();
        return Ok(Some(Stream::tls(stream, Peer::Anonymous { local })));
    };
    let who = || tls.who(leaf, rest, UnixTime::now()).map_err(io::Error::other);
    let peer = who()?;
    let chain = chain.iter().map(|one| one.clone().into_owned()).collect();
    let listed = tls.connections.list(peer.clone(), chain);
    // Whoever was cut off between the two did not hear it from the list.
    if who()? != peer {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(Some(Stream::tls(stream, peer).ended_by(listed)))
}
