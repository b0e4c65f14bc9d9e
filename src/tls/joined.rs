//! An encrypted connection that sends together what comes in small pieces.
//!
//! h2 hands over 16 kB at a time at most, its head apart, and flushes after each: that would be two
//! records, a call of the kernel and a wake of the other side for every 16 kB. So pieces share
//! records, and a flush is put off until the task of the connection comes round again: what it and
//! others write until then goes in the same call. Whoever is woken reads or flushes, and either
//! sends it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::TlsStream;

/// A record holds so much.
const RECORD_BYTES: usize = 16 << 10;
/// A piece of so many bytes is encrypted from where it lies, a smaller one waits for more.
const DIRECT_BYTES: usize = 4 << 10;
/// What goes to the socket together.
const HELD_BYTES: usize = 4 * RECORD_BYTES;
/// Enough for rustls to get hold of the length of a record; the rest it then asks for in one piece,
/// which goes past the buffer.
const READ_BYTES: usize = 8 << 10;

/// rustls asks for 4 kB at a time until it has seen a whole record.
pub(super) type Buffered = BufReader<Corked>;

pub(super) fn buffered(stream: TcpStream) -> Buffered {
    BufReader::with_capacity(READ_BYTES, Corked { io: stream, is_corked: false })
}

/// A socket that takes nothing while it is corked: rustls then keeps what it encrypted.
pub(super) struct Corked {
    io: TcpStream,
    is_corked: bool,
}

impl Corked {
    pub(super) fn socket(&self) -> &TcpStream {
        &self.io
    }
}

impl AsyncRead for Corked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Corked {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_corked {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_corked {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flush {
    /// Nobody asked since the last write.
    Unasked,
    /// Somebody asked, and the task was woken for it.
    PutOff,
    /// It is under way, or all was sent.
    Begun,
}

/// See above.
pub(super) struct Joined {
    io: Box<TlsStream<Buffered>>,
    /// Small pieces that wait for more: less than a record.
    small: Vec<u8>,
    /// What rustls was given since it last offered the socket all.
    held: usize,
    flush: Flush,
}

impl Joined {
    pub(super) fn new(mut io: TlsStream<Buffered>) -> Self {
        // One record more than is held, so that none is cut short for want of room.
        let limit = Some(HELD_BYTES + RECORD_BYTES);
        match &mut io {
            TlsStream::Client(io) => io.get_mut().1.set_buffer_limit(limit),
            TlsStream::Server(io) => io.get_mut().1.set_buffer_limit(limit),
        }
        Self { io: Box::new(io), small: Vec::new(), held: 0, flush: Flush::Begun }
    }

    pub(super) fn socket(&self) -> &TcpStream {
        self.io.get_ref().0.get_ref().socket()
    }

    fn cork(&mut self, is_corked: bool) {
        self.io.get_mut().0.get_mut().is_corked = is_corked;
    }

    /// Encrypts what waited, and as much of the piece as goes into one record with it; how much of
    /// the piece that was.
    fn encrypt(&mut self, context: &mut Context<'_>, piece: &[u8]) -> Poll<io::Result<usize>> {
        let piece = &piece[..piece.len().min(RECORD_BYTES - self.small.len())];
        let mut done = 0;
        while done == 0 && !(self.small.is_empty() && piece.is_empty()) {
            let pieces = [io::IoSlice::new(&self.small), io::IoSlice::new(piece)];
            let taken = ready!(Pin::new(&mut *self.io).poll_write_vectored(context, &pieces))?;
            let small = taken.min(self.small.len());
            self.small.drain(..small);
            done = taken - small;
        }
        Poll::Ready(Ok(done))
    }
}

impl AsyncRead for Joined {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.flush == Flush::PutOff
            && let Poll::Ready(Err(error)) = self.as_mut().poll_flush(context)
        {
            return Poll::Ready(Err(error));
        }
        // When what comes is unsound, rustls says so to the other side at once.
        self.cork(false);
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Joined {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.flush = Flush::Unasked;
        if bytes.len() < DIRECT_BYTES && self.small.len() + bytes.len() < RECORD_BYTES {
            self.small.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        let waited = self.small.len();
        let mut is_corked = self.held + RECORD_BYTES < HELD_BYTES;
        self.cork(is_corked);
        let mut taken = self.encrypt(context, bytes);
        if is_corked && taken.is_pending() {
            // The socket left some of what it was offered before, and says when it has room.
            is_corked = false;
            self.cork(false);
            taken = self.encrypt(context, bytes);
        }
        let taken = ready!(taken)?;
        self.held = if is_corked { self.held + waited + taken } else { 0 };
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.flush == Flush::Unasked {
            self.flush = Flush::PutOff;
            context.waker().wake_by_ref();
            return Poll::Ready(Ok(()));
        }
        self.flush = Flush::Begun;
        self.held = 0;
        self.cork(false);
        ready!(self.encrypt(context, &[]))?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flush = Flush::Begun;
        self.held = 0;
        self.cork(false);
        ready!(self.encrypt(context, &[]))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        task::Wake,
        time::Duration,
    };

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };
    use tokio_rustls::{TlsAcceptor, TlsConnector, client};

    use super::{super::bare::ends, *};

    /// What writes, and who reads.
    async fn pair() -> (Joined, client::TlsStream<TcpStream>) {
        let (server, client, name) = ends().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (here, _) = listener.accept().await.unwrap();
        here.set_nodelay(true).unwrap();
        let acceptor = TlsAcceptor::from(server);
        let connector = TlsConnector::from(client);
        let (here, there) =
            tokio::join!(acceptor.accept(buffered(here)), connector.connect(name, there));
        let mut here = Joined::new(here.unwrap().into());
        let mut there = there.unwrap();
        here.write_all(b"!").await.unwrap();
        here.flush_now().await;
        assert_eq!(there.read_u8().await.unwrap(), b'!');
        (here, there)
    }

    impl Joined {
        /// Asks twice, as whoever comes round does.
        async fn flush_now(&mut self) {
            self.flush().await.unwrap();
            self.flush().await.unwrap();
        }
    }

    /// Whether a task was woken.
    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn what_is_flushed_in_one_turn_is_sent_together_and_the_task_is_woken_for_it() {
        let (mut here, mut there) = pair().await;
        let woken = Arc::new(Woken::default());
        let waker = Arc::clone(&woken).into();
        let mut context = Context::from_waker(&waker);
        for piece in [&b"one"[..], &[7; 6_000], b"three"] {
            assert!(Pin::new(&mut here).poll_write(&mut context, piece).is_ready());
            assert!(Pin::new(&mut here).poll_flush(&mut context).is_ready());
        }
        let nothing = there.get_ref().0.try_read(&mut [0; 8]).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        assert!(woken.0.load(Ordering::Relaxed));
        here.flush().await.unwrap();
        let mut read = vec![0; 3 + 6_000 + 5];
        there.read_exact(&mut read).await.unwrap();
        assert!(read.starts_with(b"one\x07") && read.ends_with(b"\x07three"));
    }

    #[tokio::test]
    async fn a_head_and_its_payload_share_records_that_are_full() {
        let (mut here, mut there) = pair().await;
        // As h2 hands over a frame of 16 kB: 9 bytes of head and the first of the payload, the rest.
        for piece in [1_033, 15_360].repeat(4) {
            here.write_all(&vec![7; piece]).await.unwrap();
            here.flush().await.unwrap();
        }
        here.shutdown().await.unwrap();
        let mut raw = Vec::new();
        there.get_mut().0.read_to_end(&mut raw).await.unwrap();
        let (mut records, mut rest) = (Vec::new(), &raw[..]);
        while let [_, _, _, high, low, after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            // Less the type of what is in it and the tag.
            records.push(length - 17);
            rest = &after[length..];
        }
        // The last one says that nothing follows.
        assert_eq!(records, [RECORD_BYTES, RECORD_BYTES, RECORD_BYTES, RECORD_BYTES, 36, 2]);
    }

    #[tokio::test]
    async fn what_was_flushed_arrives_though_nothing_more_is_written() {
        let (mut here, mut there) = pair().await;
        let waits = tokio::spawn(async move {
            here.write_all(b"the dike holds").await.unwrap();
            here.flush().await.unwrap();
            // It only reads from now on.
            here.read_u8().await.unwrap()
        });
        let mut read = [0; 14];
        let arrives = there.read_exact(&mut read);
        tokio::time::timeout(Duration::from_secs(20), arrives).await.unwrap().unwrap();
        assert_eq!(&read, b"the dike holds");
        there.write_all(b"?").await.unwrap();
        assert_eq!(waits.await.unwrap(), b'?');
    }

    #[tokio::test]
    async fn pieces_of_all_sizes_arrive_whole_and_in_order_with_a_slow_reader() {
        let (mut here, mut there) = pair().await;
        let writes = tokio::spawn(async move {
            let (mut sent, mut size) = (0_u32, 1);
            while sent < 4 << 20 {
                size = (size * 31 + 7) % 40_009;
                let piece: Vec<u8> = (sent..sent + size).map(|at| (at % 251) as u8).collect();
                here.write_all(&piece).await.unwrap();
                if size.is_multiple_of(3) {
                    here.flush().await.unwrap();
                }
                sent += size;
            }
            here.shutdown().await.unwrap();
            sent
        });
        let mut read = Vec::new();
        let mut part = vec![0; 50_000];
        loop {
            let length = there.read(&mut part).await.unwrap();
            if length == 0 {
                break;
            }
            read.extend_from_slice(&part[..length]);
            tokio::task::yield_now().await;
        }
        assert_eq!(read.len(), writes.await.unwrap() as usize);
        assert!(read.iter().zip(0_u32..).all(|(byte, at)| *byte == (at % 251) as u8));
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_stops_the_writer() {
        let (mut here, _there) = pair().await;
        let mut taken = 0;
        poll_fn(|context| {
            while let Poll::Ready(written) = Pin::new(&mut here).poll_write(context, &[1; 9_000]) {
                taken += written.unwrap();
                // The kernel holds a few MB of it at most.
                assert!(taken < 64 << 20);
                assert!(!matches!(Pin::new(&mut here).poll_flush(context), Poll::Ready(Err(_))));
            }
            Poll::Ready(())
        })
        .await;
    }

    #[tokio::test]
    async fn a_writer_that_was_stopped_goes_on_once_there_is_a_reader() {
        const WRITTEN: usize = 32 << 20;
        let (mut here, mut there) = pair().await;
        let writes = tokio::spawn(async move {
            for _ in 0..WRITTEN / (8 << 10) {
                here.write_all(&[1; 8 << 10]).await.unwrap();
            }
            here.shutdown().await.unwrap();
        });
        // More than the kernel holds: it stops before long.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut read = Vec::new();
        let reads = there.read_to_end(&mut read);
        tokio::time::timeout(Duration::from_secs(60), reads).await.unwrap().unwrap();
        assert_eq!(read.len(), WRITTEN);
        writes.await.unwrap();
    }
}
