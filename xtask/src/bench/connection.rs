//! A client that takes little from the server beside it: one connection, one request after the other.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is kept.
pub(super) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer. It lasts until the next request is sent.
pub(super) struct Answer<'c> {
    head: &'c str,
    body: &'c str,
}

impl Connection {
    pub(super) async fn open(to: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request as it stands, and waits for an answer of this status.
    pub(super) async fn ask(&mut self, request: &str, status: &str) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request.as_bytes()).await?;
        self.received.clear();
        let end = loop {
            self.receive().await?;
            if let Some(end) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = std::str::from_utf8(self.received.get(..end).unwrap_or_default())?;
        let length: usize =
            header(head, "content-length").next().context("an answer without length")?.parse()?;
        while self.received.len() < end + length {
            self.receive().await?;
        }
        let (head, body) = std::str::from_utf8(&self.received)?.split_at_checked(end).context("no head")?;
        if head.split(' ').nth(1) != Some(status) {
            bail!("this was to be answered by {status}:\n{request}\n\nand was by:\n{head}{body}");
        }
        Ok(Answer { head, body })
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.received).await? == 0 {
            bail!("the connection was closed");
        }
        Ok(())
    }
}

impl<'c> Answer<'c> {
    /// Where the browser is sent.
    pub(super) fn location(&self) -> anyhow::Result<&'c str> {
        header(self.head, "location").next().context("an answer without location")
    }

    /// The cookies that the browser is given, as it sends them back.
    pub(super) fn cookies(&self) -> impl Iterator<Item = &'c str> {
        header(self.head, "set-cookie").filter_map(|cookie| cookie.split(';').next())
    }

    /// A member of a JSON object. What is looked for here has nothing in it that JSON escapes.
    pub(super) fn member(&self, name: &str) -> anyhow::Result<&'c str> {
        let (_, value) =
            self.body.split_once(&format!("\"{name}\":\"")).with_context(|| self.body.to_owned())?;
        value.split('"').next().context("it has no end")
    }
}

fn header<'h>(head: &'h str, name: &str) -> impl Iterator<Item = &'h str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
