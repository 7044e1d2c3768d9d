//! Just enough HTTP/1.1 for the bench: one incremental parser for both directions, and a small client.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

const LONGEST_HEAD: usize = 64 * 1024;

/// Reads one message, request or response, from bytes in pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    state: State,
    line: Vec<u8>,
    start_line: String,
    body: Vec<u8>,
    length: usize,
    chunked: bool,
    close: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    StartLine,
    Headers,
    Sized(usize),
    ChunkSize,
    Chunk(usize),
    ChunkEnd,
    Trailers,
    Done,
}

impl Parser {
    /// Takes bytes up to the end of the message and says how many.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut at = 0;
        while at < bytes.len() && self.state != State::Done {
            let rest = &bytes[at..];
            at += match self.state {
                State::Sized(left) | State::Chunk(left) => self.take_body(rest, left),
                _ => self.take_line(rest)?,
            };
        }
        Ok(at)
    }

    /// Whether the message is whole.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether nothing of a message has arrived yet.
    pub(crate) fn is_fresh(&self) -> bool {
        self.state == State::StartLine && self.line.is_empty()
    }

    /// Gets ready for the next message on the same connection.
    pub(crate) fn reset(&mut self) {
        self.state = State::StartLine;
        self.line.clear();
        self.start_line.clear();
        self.body.clear();
        self.length = 0;
        self.chunked = false;
        self.close = false;
    }

    pub(crate) fn start_line(&self) -> &str {
        &self.start_line
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether the sender closes the connection after this message.
    pub(crate) fn closes(&self) -> bool {
        self.close
    }

    /// The status of a response; 0 when there is none yet.
    pub(crate) fn status(&self) -> u16 {
        self.start_line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0)
    }

    fn take_body(&mut self, rest: &[u8], left: usize) -> usize {
        let taken = rest.len().min(left);
        self.body.extend_from_slice(&rest[..taken]);
        let left = left - taken;
        self.state = match (self.chunked, left) {
            (true, 0) => State::ChunkEnd,
            (true, _) => State::Chunk(left),
            (false, 0) => State::Done,
            (false, _) => State::Sized(left),
        };
        taken
    }

    fn take_line(&mut self, rest: &[u8]) -> Result<usize> {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            self.line.extend_from_slice(rest);
            if self.line.len() > LONGEST_HEAD {
                bail!("a line of the head is longer than {LONGEST_HEAD} bytes");
            }
            return Ok(rest.len());
        };
        self.line.extend_from_slice(&rest[..end]);
        let line = std::mem::take(&mut self.line);
        let text = std::str::from_utf8(&line)
            .context("the head is not text")?
            .trim_end_matches('\r');
        self.on_line(text)?;
        self.line = line;
        self.line.clear();
        Ok(end + 1)
    }

    fn on_line(&mut self, text: &str) -> Result<()> {
        match self.state {
            State::StartLine => {
                text.clone_into(&mut self.start_line);
                self.state = State::Headers;
            }
            State::Headers if text.is_empty() => self.on_head_end(),
            State::Headers => self.on_header(text)?,
            State::ChunkSize => {
                let digits = text.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(digits, 16)
                    .with_context(|| format!("bad chunk size {text:?}"))?;
                self.state = if size == 0 {
                    State::Trailers
                } else {
                    State::Chunk(size)
                };
            }
            State::ChunkEnd => self.state = State::ChunkSize,
            State::Trailers if text.is_empty() => self.state = State::Done,
            _ => {}
        }
        Ok(())
    }

    fn on_header(&mut self, text: &str) -> Result<()> {
        let Some((name, value)) = text.split_once(':') else {
            bail!("bad header {text:?}");
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            self.length = value
                .parse()
                .with_context(|| format!("bad length {value:?}"))?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            self.chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            self.close = value.eq_ignore_ascii_case("close");
        }
        Ok(())
    }

    fn on_head_end(&mut self) {
        let interim = self.start_line.starts_with("HTTP/") && matches!(self.status(), 100..=199);
        self.state = match (interim, self.chunked, self.length) {
            (true, _, _) => State::StartLine,
            (false, true, _) => State::ChunkSize,
            (false, false, 0) => State::Done,
            (false, false, length) => State::Sized(length),
        };
    }
}

/// Writes a request with a JSON body, or without one when it is empty.
pub(crate) fn request(method: &str, path: &str, bearer: &str, body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    if !bearer.is_empty() {
        let _ = write!(text, "authorization: Bearer {bearer}\r\n");
    }
    if !body.is_empty() {
        text.push_str("content-type: application/json\r\n");
    }
    let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
    text.into_bytes()
}

/// An answer as text.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// One request on a connection of its own.
pub(crate) fn call(
    to: SocketAddr,
    method: &str,
    path: &str,
    bearer: &str,
    body: &str,
) -> Result<Answer> {
    let patience = Duration::from_secs(30);
    let mut stream =
        TcpStream::connect_timeout(&to, patience).with_context(|| format!("cannot reach {to}"))?;
    stream
        .set_read_timeout(Some(patience))
        .context("cannot set a time-out")?;
    stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
    stream
        .write_all(&request(method, path, bearer, body))
        .with_context(|| format!("cannot send {method} {path}"))?;
    let mut parser = Parser::default();
    let mut buffer = [0; 16 * 1024];
    while !parser.is_done() {
        let read = stream
            .read(&mut buffer)
            .with_context(|| format!("no answer to {method} {path}"))?;
        if read == 0 {
            bail!("the answer to {method} {path} broke off");
        }
        parser.feed(&buffer[..read])?;
    }
    Ok(Answer {
        status: parser.status(),
        body: String::from_utf8_lossy(parser.body()).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::Parser;

    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n6;x=y\r\npedia \r\n0\r\nt: v\r\n\r\nHTTP";

    #[test]
    fn reads_in_pieces_of_any_size() {
        for size in 1..CHUNKED.len() {
            let mut parser = Parser::default();
            let mut taken = 0;
            for piece in CHUNKED.chunks(size) {
                if !parser.is_done() {
                    taken += parser.feed(piece).unwrap();
                }
            }
            assert!(parser.is_done());
            assert_eq!(taken, CHUNKED.len() - 4);
            assert_eq!(parser.status(), 200);
            assert_eq!(parser.body(), b"Wikipedia ");
        }
    }

    #[test]
    fn two_sized_messages_share_a_connection() {
        let bytes = b"POST /a HTTP/1.1\r\ncontent-length: 2\r\n\r\nhiGET /b HTTP/1.1\r\nConnection: close\r\n\r\n";
        let mut parser = Parser::default();
        let first = parser.feed(bytes).unwrap();
        assert_eq!(
            (parser.start_line(), parser.body()),
            ("POST /a HTTP/1.1", b"hi".as_slice())
        );
        parser.reset();
        assert_eq!(first + parser.feed(&bytes[first..]).unwrap(), bytes.len());
        assert!(parser.is_done() && parser.closes());
        assert_eq!(parser.start_line(), "GET /b HTTP/1.1");
    }

    #[test]
    fn rubbish_is_an_error() {
        let mut parser = Parser::default();
        assert!(
            parser
                .feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
                .is_err()
        );
    }
}
