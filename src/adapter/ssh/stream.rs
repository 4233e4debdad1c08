//! The byte stream below an SSH session, held on a leash and never stuck.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

/// A link that takes no byte for this long is dead. Keepalives are answered to the SSH
/// library's loop, which does not run while it is stuck in a write.
const STALL_LIMIT: Duration = Duration::from_secs(15);

/// Anything that carries an SSH session.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// As long as a clone of it lives, the stream lives: the SSH library reads and writes in a
/// task of its own, which would outlive whoever asked for the connection.
#[derive(Clone)]
pub(super) struct Leash {
    _held: Arc<(oneshot::Sender<()>, Option<Leash>)>,
}

/// A stream that ends with its leash.
pub(super) struct Leashed {
    inner: Box<dyn Duplex>,
    let_go: Option<oneshot::Receiver<()>>,
    stalled: Option<Pin<Box<Sleep>>>,
}

/// Puts a stream on a leash, which also holds the stream that carries it, if any.
pub(super) fn leash(inner: Box<dyn Duplex>, carrier: Option<Leash>) -> (Leashed, Leash) {
    let (held, let_go) = oneshot::channel();
    let stream = Leashed {
        inner,
        let_go: Some(let_go),
        stalled: None,
    };
    let leash = Leash {
        _held: Arc::new((held, carrier)),
    };
    (stream, leash)
}

impl Leashed {
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if let Some(let_go) = &mut self.let_go
            && Pin::new(let_go).poll(cx).is_ready()
        {
            self.let_go = None;
        }
        match self.let_go {
            Some(_) => Ok(()),
            None => Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the connection is not wanted any more",
            )),
        }
    }

    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stalled = None;
            return result;
        }
        let timer = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(STALL_LIMIT)));
        match timer.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the link takes no data any more",
            ))),
        }
    }
}

impl AsyncRead for Leashed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Leashed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let result = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_stream_ends_with_its_leash() {
        let (near, _far) = duplex(16);
        let (mut stream, held) = leash(Box::new(near), None);
        let also_held = held.clone();
        drop(held);
        stream.write_all(b"x").await.unwrap();
        let cut = async { drop(also_held) };
        let (read, ()) = tokio::join!(stream.read_u8(), cut);
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn the_carrier_lives_as_long_as_what_it_carries() {
        let (near, _far) = duplex(16);
        let (mut carrier, below) = leash(Box::new(near), None);
        let (near, _far2) = duplex(16);
        let (_stream, above) = leash(Box::new(near), Some(below));
        carrier.write_all(b"x").await.unwrap();
        drop(above);
        assert!(carrier.write_all(b"x").await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_that_takes_nothing_is_dead_after_a_while() {
        let (near, _far) = duplex(16);
        let (mut stream, _held) = leash(Box::new(near), None);
        let begin = Instant::now();
        let stuck = stream.write_all(&[0; 17]).await.unwrap_err();
        assert_eq!(stuck.kind(), ErrorKind::TimedOut);
        assert_eq!(begin.elapsed(), STALL_LIMIT);
    }
}
