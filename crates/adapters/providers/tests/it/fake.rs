//! A provider that answers with exactly the bytes that a test wants, and ends as it wants.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use vuzo_domain::catalog::{ModelId, ProviderId};
use vuzo_domain::chat::{Endpoint, Envelope, UpstreamCall};
use vuzo_domain::id::GenerationId;
use vuzo_domain::secret::Secret;
use vuzo_providers::{Attribution, Dialect, HttpClient, OpenAiSettings, OpenAiShaped, Patience};

/// What the provider does to a connection that has sent its request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Send(Vec<u8>),
    /// Ends the connection in good order.
    Close,
    /// Ends it rudely.
    Reset,
    /// Sends nothing more and leaves it open until the client goes.
    Stall,
    /// Ends its own side only.
    HalfClose,
}

type Script = Arc<dyn Fn(&Request) -> Vec<Act> + Send + Sync>;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// How many requests came before it.
    pub(crate) number: usize,
}

/// The provider. It goes when it is dropped.
pub(crate) struct Fake {
    pub(crate) base_url: String,
    pub(crate) requests: Arc<Mutex<Vec<Request>>>,
    _running: JoinSet<()>,
}

impl Fake {
    pub(crate) async fn start(
        script: impl Fn(&Request) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base_url = format!("http://{}", listener.local_addr().expect("address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let script: Script = Arc::new(script);
        let mut running = JoinSet::new();
        let log = Arc::clone(&requests);
        running.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(serve(socket, Arc::clone(&script), Arc::clone(&log)));
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            base_url,
            requests,
            _running: running,
        }
    }

    /// One that always answers with these bytes and closes.
    pub(crate) async fn saying(answer: Vec<u8>) -> Self {
        Self::start(move |_| vec![Act::Send(answer.clone()), Act::Close]).await
    }

    pub(crate) fn adapter(&self, dialect: Dialect) -> OpenAiShaped {
        adapter(&self.base_url, dialect, short_patience())
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.requests.lock().expect("requests").clone()
    }
}

async fn serve(mut socket: TcpStream, script: Script, log: Arc<Mutex<Vec<Request>>>) {
    while let Some(mut request) = read_request(&mut socket).await {
        let acts = {
            let mut log = log.lock().expect("requests");
            request.number = log.len();
            log.push(request.clone());
            script(&request)
        };
        for act in acts {
            match act {
                Act::Send(bytes) => {
                    if socket.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Act::Close => return,
                Act::Reset => {
                    socket.set_zero_linger().expect("linger");
                    return;
                }
                Act::HalfClose => {
                    let _gone = socket.shutdown().await;
                    wait_for_the_end(&mut socket).await;
                    return;
                }
                Act::Stall => return wait_for_the_end(&mut socket).await,
            }
        }
    }
}

async fn wait_for_the_end(socket: &mut TcpStream) {
    let mut rest = [0; 64];
    while matches!(socket.read(&mut rest).await, Ok(read) if read > 0) {}
}

async fn read_request(socket: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = socket
            .read(&mut buffer)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")?
                    .trim()
                    .parse::<usize>()
                    .ok()
            })
            .unwrap_or(0);
        if bytes.len() < end + 4 + length {
            continue;
        }
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let body = bytes[end + 4..].to_vec();
        return Some(Request {
            path,
            head,
            body,
            number: 0,
        });
    }
}

/// An answer with a length.
pub(crate) fn whole(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// A chunked event stream, each piece a chunk of its own.
pub(crate) fn streamed(pieces: &[&[u8]]) -> Vec<u8> {
    let mut answer =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_vec();
    for piece in pieces {
        answer.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        answer.extend_from_slice(piece);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    answer
}

pub(crate) fn short_patience() -> Patience {
    Patience {
        connect: Duration::from_secs(3),
        first_byte: Duration::from_secs(20),
        between_reads: Duration::from_secs(20),
        first_event: Duration::from_secs(2),
    }
}

/// For a provider that stops before it has said what is asserted: the sooner it is given
/// up, the better. The other ways of failing end by themselves.
pub(crate) fn impatient() -> Patience {
    Patience {
        first_byte: Duration::from_millis(400),
        between_reads: Duration::from_millis(400),
        first_event: Duration::from_millis(20),
        ..short_patience()
    }
}

/// For a provider that stops after it has said enough for an answer, which must arrive
/// however busy the machine is.
pub(crate) fn patient_at_first() -> Patience {
    Patience {
        first_byte: short_patience().first_byte,
        between_reads: Duration::from_secs(2),
        ..impatient()
    }
}

pub(crate) fn adapter(base_url: &str, dialect: Dialect, patience: Patience) -> OpenAiShaped {
    adapter_over(
        base_url,
        dialect,
        HttpClient::new(patience).expect("client"),
    )
}

pub(crate) fn adapter_over(base_url: &str, dialect: Dialect, client: HttpClient) -> OpenAiShaped {
    let settings = OpenAiSettings {
        id: ProviderId::new("played").expect("id"),
        base_url: base_url.to_owned(),
        key: Some(Secret::new("sk-operator")),
        dialect,
        attribution: Attribution {
            url: Some("https://vuzo.test".to_owned()),
            title: Some("Vuzo".to_owned()),
        },
    };
    OpenAiShaped::new(settings, client).expect("settings")
}

/// A call with this body; the envelope says of it what matters.
pub(crate) fn call(body: &str, stream: bool, wants_usage: bool, answers: u32) -> UpstreamCall {
    UpstreamCall {
        capabilities: Vec::new().into(),
        model_most: 4_096,
        secret: None,
        generation: GenerationId::from_uuid(uuid::Uuid::from_u128(0xabc)),
        model: ModelId::new("m").expect("an id"),
        upstream_model: "upstream-model".to_owned(),
        output_limit: None,
        service_tier: None,
        envelope: Arc::new(Envelope {
            endpoint: Endpoint::ChatCompletions,
            model: "m".to_owned(),
            fallbacks: Vec::new(),
            stream,
            wants_usage,
            output_limit: None,
            answers,
            prompt_bytes: 8,
            images: 0,
            audio_bytes: 0,
            long_cache: false,
            betas: Vec::new(),
            service_tier: vuzo_domain::pricing::TierWish::Standard,
            metadata: None,
            body: body.to_owned().into(),
        }),
    }
}

/// The plainest call.
pub(crate) fn plain_call(stream: bool) -> UpstreamCall {
    let body = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}],"stream":{stream}}}"#
    );
    call(&body, stream, false, 1)
}
