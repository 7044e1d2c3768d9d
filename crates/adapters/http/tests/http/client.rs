//! A client small enough to send what no honest client sends.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|fault| panic!("{fault}: {self:?}"))
    }

    /// Status and code of a refusal, which must have the shape that SDKs read.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (u16, Option<String>) {
        let json = self.json();
        let error = json["error"].as_object().expect("an error object");
        for key in ["message", "type", "param", "code"] {
            assert!(error.contains_key(key), "{key} is missing: {json}");
        }
        assert!(!error["message"].as_str().unwrap_or_default().is_empty());
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(self.header("x-request-id").is_some(), "{self:?}");
        let code = error["code"].as_str().map(ToOwned::to_owned);
        (self.status, code)
    }
}

/// One connection.
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        // A server that has refused may have closed already.
        let _closed = self.stream.write_all(bytes).await;
    }

    /// Reads one answer, and with it its body unless there is none to read.
    pub(crate) async fn reply(&mut self, has_body: bool) -> Reply {
        let (status, headers) = loop {
            let head = self.head().await;
            let mut lines = head.lines();
            let status: u16 = lines.next().unwrap()[9..12].parse().unwrap();
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            if status != 100 {
                break (status, headers);
            }
        };
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        if !has_body || status == 204 {
            return reply;
        }
        if reply.header("transfer-encoding") == Some("chunked") {
            while let Some(piece) = self.chunk().await {
                reply.body.extend(piece);
            }
        } else {
            let length = reply.header("content-length").unwrap_or("0");
            reply.body = self.exactly(length.parse().unwrap()).await;
        }
        reply
    }

    /// The head of an answer, up to the blank line.
    pub(crate) async fn head(&mut self) -> String {
        self.until(b"\r\n\r\n").await
    }

    /// The next piece of a chunked body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = self.until(b"\r\n").await;
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let piece = self.exactly(size).await;
        self.exactly(2).await;
        (size > 0).then_some(piece)
    }

    /// Whether the server closes the connection without another word.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && self.stream.read_u8().await.is_err()
    }

    async fn until(&mut self, mark: &[u8]) -> String {
        loop {
            let at = self
                .buffer
                .windows(mark.len())
                .position(|window| window == mark);
            if let Some(at) = at {
                let taken: Vec<u8> = self.buffer.drain(..at + mark.len()).collect();
                return String::from_utf8(taken).unwrap();
            }
            self.more().await;
        }
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            self.more().await;
        }
        self.buffer.drain(..length).collect()
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
        assert_ne!(
            read,
            0,
            "the connection ended: {:?}",
            String::from_utf8_lossy(&self.buffer)
        );
    }
}

/// A request as it is being put together.
#[derive(Clone)]
pub(crate) struct Ask {
    address: SocketAddr,
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Ask {
    pub(crate) fn new(address: SocketAddr, method: &'static str, path: &str) -> Self {
        Self {
            address,
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        if !self.headers.iter().any(|(name, _)| name == "content-type") {
            self = self.header("content-type", "application/json");
        }
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.1\r\nhost: test\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            out.extend([name, ": ", value, "\r\n"]);
        }
        if let Some(body) = &self.body {
            out.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
        }
        let mut out = (out + "\r\n").into_bytes();
        out.extend(self.body.iter().flatten());
        out
    }

    pub(crate) async fn reply(&self) -> Reply {
        let mut wire = Wire::open(self.address).await;
        wire.send(&self.bytes()).await;
        wire.reply(self.method != "HEAD").await
    }
}
