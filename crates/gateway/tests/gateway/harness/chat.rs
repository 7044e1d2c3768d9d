use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{Answer, Connection, MODEL, Request, Wire};

/// A chat request, known by what its message says.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    model: &'static str,
    message: String,
    is_stream: bool,
    most_output: u64,
    idempotency_key: Option<String>,
}

impl Ask {
    pub(crate) fn plain(message: &str) -> Self {
        Self {
            model: MODEL,
            message: message.to_owned(),
            is_stream: false,
            most_output: 100,
            idempotency_key: None,
        }
    }

    pub(crate) fn stream(message: &str) -> Self {
        Self {
            is_stream: true,
            ..Self::plain(message)
        }
    }

    /// The same of a provider that speaks this wire.
    pub(crate) fn over(mut self, wire: Wire) -> Self {
        self.model = wire.model();
        self
    }

    /// The same with another output limit.
    pub(crate) fn up_to(mut self, tokens: u64) -> Self {
        self.most_output = tokens;
        self
    }

    pub(crate) fn once(mut self, idempotency_key: &str) -> Self {
        self.idempotency_key = Some(idempotency_key.to_owned());
        self
    }

    pub(crate) fn request(&self, key: &str) -> Request {
        let body = json!({
            "model": self.model, "stream": self.is_stream, "max_tokens": self.most_output,
            "messages": [{"role": "user", "content": self.message}],
        });
        let request = Request::post("/v1/chat/completions", body.to_string()).bearer(key);
        match &self.idempotency_key {
            Some(token) => request.header("idempotency-key", token),
            None => request,
        }
    }

    /// Sends it, and hears whatever comes.
    pub(crate) async fn send(&self, address: SocketAddr, key: &str) -> Heard {
        match Connection::open(address).await {
            Ok(mut connection) => self.send_on(&mut connection, key).await,
            Err(_refused) => Heard::default(),
        }
    }

    pub(crate) async fn send_on(&self, connection: &mut Connection, key: &str) -> Heard {
        let mut answer = Answer::default();
        let sent = connection.send(&self.request(key)).await;
        let is_complete = sent.is_ok() && connection.read(&mut answer).await.is_ok();
        Heard {
            is_complete,
            answer,
        }
    }
}

/// What a customer heard, perhaps of an answer that broke off.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// Whether the HTTP answer came to its end.
    pub(crate) is_complete: bool,
    pub(crate) answer: Answer,
}

impl Heard {
    /// Whether the customer has all of what the model said.
    pub(crate) fn is_whole(&self) -> bool {
        if self.answer.status != 200 {
            return false;
        }
        if self.is_stream() {
            // Whoever reads this event stops there, whatever becomes of the connection.
            return self.answer.body.ends_with(b"data: [DONE]\n\n");
        }
        self.is_complete
    }

    fn is_stream(&self) -> bool {
        let kind = self.answer.header("content-type").unwrap_or_default();
        kind.starts_with("text/event-stream")
    }

    /// The id of the call.
    pub(crate) fn generation(&self) -> Option<String> {
        let id = self.answer.header("x-vuzo-generation-id");
        id.map(ToOwned::to_owned)
    }

    /// The events of a stream but for `[DONE]`, each of which must be JSON.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = String::from_utf8(self.answer.body.clone()).unwrap();
        text.split("\n\n")
            .filter(|event| !event.is_empty() && !event.starts_with(':'))
            .filter_map(|event| {
                let data = event.strip_prefix("data: ");
                let data = data.unwrap_or_else(|| panic!("no event: {event:?} in {text:?}"));
                (data != "[DONE]").then(|| {
                    serde_json::from_str(data)
                        .unwrap_or_else(|fault| panic!("{fault}: {data:?} in {text:?}"))
                })
            })
            .collect()
    }

    /// The code of the error in a stream, if there is one.
    #[track_caller]
    pub(crate) fn stream_error(&self) -> Option<String> {
        let events = self.events();
        let error = events.iter().find(|event| event["error"].is_object())?;
        Some(error["error"]["code"].as_str().unwrap_or("").to_owned())
    }
}
