//! A connection, plain or encrypted, that knows who is at the other end and can be ended.

use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, oneshot},
};
use tokio_rustls::TlsStream;
use tonic::transport::server::Connected;

use super::{
    joined::{Buffered, Joined},
    peer::{Came, Listed, Peer},
    trouble::Trouble,
};

/// What a port for TLS answers to whoever speaks plain text.
pub(super) const SPEAKS_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n\
    connection: close\r\ncontent-length: 39\r\n\r\nThis port speaks TLS: use https there.\n";

enum Io {
    Plain(TcpStream),
    Tls(Joined),
}

/// Where the reason goes for which a connection broke.
pub(super) type Broken = Arc<OnceLock<Trouble>>;

/// A connection.
pub(crate) struct Stream {
    io: Io,
    peer: Peer,
    end: Option<oneshot::Receiver<()>>,
    broken: Option<Broken>,
    /// Nothing was read yet.
    fresh: bool,
    /// Somebody ended it.
    over: bool,
    _listed: Option<Listed>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Stream {
    pub(super) fn plain(io: TcpStream) -> Self {
        Self::of(Io::Plain(io), Peer::Local)
    }

    pub(super) fn tls(io: impl Into<TlsStream<Buffered>>, peer: Peer) -> Self {
        Self::of(Io::Tls(Joined::new(io.into())), peer)
    }

    fn of(io: Io, peer: Peer) -> Self {
        let (end, broken, _listed, _room) = (None, None, None, None);
        Self { io, peer, end, broken, fresh: true, over: false, _listed, _room }
    }

    /// Ends when somebody says so.
    pub(super) fn ended_by(mut self, (listed, end): (Listed, oneshot::Receiver<()>)) -> Self {
        (self._listed, self.end) = (Some(listed), Some(end));
        self
    }

    /// Keeps a place for as long as it lives.
    pub(super) fn within(mut self, room: OwnedSemaphorePermit) -> Self {
        self._room = Some(room);
        self
    }

    /// Tells there why it broke.
    pub(super) fn telling(mut self, broken: Broken) -> Self {
        self.broken = Some(broken);
        self
    }

    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        if let Some(end) = &mut self.end
            && let Poll::Ready(ended) = Pin::new(end).poll(context)
        {
            self.end = None;
            self.over = ended.is_ok();
        }
        self.over
    }
}

fn over() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the other side no longer counts")
}

impl Connected for Stream {
    type ConnectInfo = Came;

    fn connect_info(&self) -> Came {
        let address = match &self.io {
            Io::Plain(io) => io.peer_addr(),
            Io::Tls(io) => io.socket().peer_addr(),
        };
        let from = address.ok().map(|address| address.ip().to_canonical());
        Came { peer: self.peer.clone(), from }
    }
}

macro_rules! inner {
    ($self:ident, $io:ident => $call:expr) => {
        match &mut $self.io {
            Io::Plain($io) => $call,
            Io::Tls($io) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(context) {
            return Poll::Ready(Err(over()));
        }
        let before = buffer.filled().len();
        let read = ready!(inner!(self, io => Pin::new(io).poll_read(context, buffer)));
        if let (Err(error), Some(broken)) = (&read, &self.broken)
            && let Some(trouble) = Trouble::behind(error)
        {
            let _ = broken.set(trouble);
        }
        if std::mem::take(&mut self.fresh)
            && matches!(self.io, Io::Plain(_))
            && buffer.filled()[before..].starts_with(b"HTTP/1.1 400")
            && let Some(broken) = &self.broken
        {
            let _ = broken.set(Trouble::SpeaksTls);
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.over {
            return Poll::Ready(Err(over()));
        }
        inner!(self, io => Pin::new(io).poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.over {
            return Poll::Ready(Err(over()));
        }
        inner!(self, io => Pin::new(io).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        inner!(self, io => Pin::new(io).poll_shutdown(context))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.over {
            return Poll::Ready(Err(over()));
        }
        inner!(self, io => Pin::new(io).poll_write_vectored(context, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(io) => io.is_write_vectored(),
            // h2 flushes after each frame that it hands over by itself, and would do so for those
            // of a few hundred bytes. Told that nothing is gained, it copies small ones together.
            Io::Tls(_) => false,
        }
    }
}
