//! A provider that answers in OpenAI's chat wire, or does whatever a test wants.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::STREAM_HEAD;

/// What the provider does to a connection that has sent its request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Send(Vec<u8>),
    Pause(Duration),
    /// Ends the connection in good order.
    Close,
    /// Ends it rudely.
    Reset,
    /// Ends its own side, and leaves the other open.
    HalfClose,
    /// Sends nothing more and waits for the client to go.
    Stall,
}

/// A request as the provider sees it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) is_stream: bool,
}

impl Seen {
    /// The key that the gateway shows, in lower case.
    pub(crate) fn key(&self) -> &str {
        let mut lines = self.head.lines();
        let shown = lines.find_map(|line| line.strip_prefix("authorization: bearer "));
        shown.unwrap_or_default()
    }

    /// What the customer's message says, by which a test tells calls apart.
    pub(crate) fn message(&self) -> &str {
        // Anthropic and Google put a text into parts.
        let begins = ["\"text\":\"", "\"content\":\""];
        let rest = begins
            .iter()
            .find_map(|begin| self.body.split_once(begin))
            .map_or("", |(_, rest)| rest);
        rest.split('"').next().unwrap_or_default()
    }
}

type Script = Arc<dyn Fn(&Seen) -> Vec<Act> + Send + Sync>;

#[derive(Default)]
struct Log {
    calls: AtomicUsize,
    /// When the last byte of the answer to a message was sent.
    answered: Mutex<HashMap<String, Instant>>,
}

/// The provider. It goes when it is dropped.
pub(crate) struct Upstream {
    address: SocketAddr,
    log: Arc<Log>,
    _running: JoinSet<()>,
}

impl Upstream {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script: Script = Arc::new(script);
        let log = Arc::new(Log::default());
        let mut running = JoinSet::new();
        let shared = Arc::clone(&log);
        running.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                socket.set_nodelay(true).unwrap();
                connections.spawn(serve(socket, Arc::clone(&script), Arc::clone(&shared)));
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            address,
            log,
            _running: running,
        }
    }

    /// One that answers every call after so long, and streams in five pieces.
    pub(crate) async fn answering(delay: Duration) -> Self {
        Self::start(move |seen| {
            let mut acts = Vec::new();
            if seen.is_stream {
                let pieces = chunks(3);
                let pause = delay / u32::try_from(pieces.len()).unwrap();
                acts.push(Act::Send(STREAM_HEAD.to_vec()));
                for piece in pieces {
                    acts.extend([Act::Pause(pause), Act::Send(chunk(piece.as_bytes()))]);
                }
                acts.push(Act::Send(b"0\r\n\r\n".to_vec()));
            } else {
                acts.extend([Act::Pause(delay), Act::Send(plain())]);
            }
            acts
        })
        .await
    }

    pub(crate) fn base_url(&self) -> String {
        self.url("/v1")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many calls came.
    pub(crate) fn calls(&self) -> usize {
        self.log.calls.load(Ordering::Relaxed)
    }

    /// When the answer to a message had been sent.
    pub(crate) fn answered_at(&self, message: &str) -> Option<Instant> {
        self.log.answered.lock().unwrap().get(message).copied()
    }
}

async fn serve(mut socket: TcpStream, script: Script, log: Arc<Log>) {
    let mut unread = Vec::new();
    while let Some(seen) = read_request(&mut socket, &mut unread).await {
        log.calls.fetch_add(1, Ordering::Relaxed);
        for act in script(&seen) {
            match act {
                Act::Send(bytes) => {
                    if socket.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Act::Pause(time) => tokio::time::sleep(time).await,
                Act::Close => return,
                Act::Reset => return drop(socket.set_zero_linger()),
                Act::HalfClose => {
                    drop(socket.shutdown().await);
                    return wait_for_the_end(&mut socket).await;
                }
                Act::Stall => return wait_for_the_end(&mut socket).await,
            }
        }
        let mut answered = log.answered.lock().unwrap();
        answered.insert(seen.message().to_owned(), Instant::now());
    }
}

async fn wait_for_the_end(socket: &mut TcpStream) {
    let mut rest = [0; 64];
    while matches!(socket.read(&mut rest).await, Ok(read) if read > 0) {}
}

async fn read_request(socket: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Seen> {
    loop {
        if let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&unread[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |length| length.trim().parse().unwrap());
            let whole = end + 4 + length;
            if unread.len() >= whole {
                let body = String::from_utf8_lossy(&unread[end + 4..whole]).into_owned();
                unread.drain(..whole);
                let is_stream =
                    body.contains("\"stream\":true") || head.contains(":streamgeneratecontent");
                return Some(Seen {
                    head,
                    body,
                    is_stream,
                });
            }
        }
        let read = socket.read_buf(unread).await;
        read.ok().filter(|read| *read > 0)?;
    }
}

/// An answer with a length.
pub(crate) fn answer(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A good answer in one piece.
pub(crate) fn plain() -> Vec<u8> {
    answer(
        "200 OK",
        "application/json",
        r#"{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"flat","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#,
    )
}

/// The events of a good stream with so many pieces of text.
pub(crate) fn chunks(texts: usize) -> Vec<String> {
    let event = |delta: &str, reason: &str| {
        format!(
            "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"flat\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{reason}}}]}}\n\n"
        )
    };
    let mut events: Vec<String> = (0..texts)
        .map(|_| event(r#"{"role":"assistant","content":"żó "}"#, "null"))
        .collect();
    events.push(event("{}", "\"stop\""));
    events.push(
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"flat\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":7}}\n\ndata: [DONE]\n\n"
            .to_owned(),
    );
    events
}

/// A piece of a body without a length.
pub(super) fn chunk(piece: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", piece.len()).into_bytes();
    bytes.extend_from_slice(piece);
    bytes.extend_from_slice(b"\r\n");
    bytes
}
