//! A small HTTP/1.1 client that shows what came, also of an answer that broke off.

use std::io;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    head: String,
    body: String,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path, String::new())
    }

    pub(crate) fn post(path: &str, body: impl Into<String>) -> Self {
        Self::new("POST", path, body.into())
    }

    pub(crate) fn patch(path: &str, body: impl Into<String>) -> Self {
        Self::new("PATCH", path, body.into())
    }

    pub(crate) fn delete(path: &str) -> Self {
        Self::new("DELETE", path, String::new())
    }

    fn new(method: &str, path: &str, body: String) -> Self {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: vuzo.test\r\n");
        let length = body.len();
        let request = Self { head, body };
        if length == 0 {
            return request;
        }
        request
            .header("content-type", "application/json")
            .header("content-length", &length.to_string())
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.extend([name, ": ", value, "\r\n"]);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }
}

/// An answer, or as much of it as came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// 0 until the head is there.
    pub(crate) status: u16,
    head: String,
    /// Without the framing.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|fault| panic!("{fault} in {} {:?}", self.status, self.text()))
    }

    /// The code of an error.
    pub(crate) fn code(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The same answer, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.text());
        self
    }
}

/// A connection that is kept for request after request.
pub(crate) struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            unread: Vec::new(),
        })
    }

    pub(crate) async fn send(&mut self, request: &Request) -> io::Result<()> {
        let bytes = format!("{}\r\n{}", request.head, request.body);
        self.stream.write_all(bytes.as_bytes()).await
    }

    /// Reads the head and all of the body. After an error the answer holds what came
    /// before it.
    pub(crate) async fn read(&mut self, answer: &mut Answer) -> io::Result<()> {
        self.read_head(answer).await?;
        self.read_rest(answer).await
    }

    /// Reads the body of an answer whose head was read.
    pub(crate) async fn read_rest(&mut self, answer: &mut Answer) -> io::Result<()> {
        let is_chunked = answer.header("transfer-encoding") == Some("chunked");
        if is_chunked {
            return self.read_chunks(&mut answer.body).await;
        }
        let length = answer.header("content-length").unwrap_or("0");
        let length = length.parse().map_err(|_no_number| broken("length"))?;
        self.take(length, &mut answer.body).await
    }

    pub(crate) async fn read_head(&mut self, answer: &mut Answer) -> io::Result<()> {
        loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                answer.head = String::from_utf8_lossy(&head).into_owned();
                let status = answer.head.split(' ').nth(1).unwrap_or_default();
                answer.status = status.parse().map_err(|_no_number| broken("status"))?;
                return Ok(());
            }
            self.fill().await?;
        }
    }

    pub(crate) async fn call(&mut self, request: &Request) -> io::Result<Answer> {
        let mut answer = Answer::default();
        self.send(request).await?;
        self.read(&mut answer).await?;
        Ok(answer)
    }

    async fn read_chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let line = loop {
                if let Some(end) = find(&self.unread, b"\r\n") {
                    break self.unread.drain(..end + 2).collect::<Vec<u8>>();
                }
                self.fill().await?;
            };
            let line = String::from_utf8_lossy(&line);
            let size = usize::from_str_radix(line.trim(), 16);
            let size = size.map_err(|_no_number| broken("chunk"))?;
            self.take(size, body).await?;
            let mut line_end = Vec::new();
            self.take(2, &mut line_end).await?;
            if line_end != b"\r\n" {
                return Err(broken("end of a chunk"));
            }
            if size == 0 {
                return Ok(());
            }
        }
    }

    /// Moves so many bytes over, as they come.
    async fn take(&mut self, mut length: usize, into: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let ready = length.min(self.unread.len());
            into.extend(self.unread.drain(..ready));
            length -= ready;
            if length == 0 {
                return Ok(());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.unread)).await;
        match read.expect("a byte or an end, some time")? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a broken {what}"))
}
