//! Images at addresses, for a provider that fetches nothing itself.

use std::sync::Arc;

use serde_json::{Value, json};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Endpoint, FaultKind, ProviderFault, Reply, UpstreamCall};
use vuzo_domain::port::{ChatProvider as _, Clock};
use vuzo_domain::secret::Secret;
use vuzo_domain::time::Timestamp;
use vuzo_providers::{Gemini, GeminiSettings, HttpClient, Images, Reach};

use crate::fake::{Act, Fake, call, short_patience, whole};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";
const ANSWER: &str = r#"{"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"A cat"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":29,"candidatesTokenCount":2,"totalTokenCount":31}}"#;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_795_262_400)
    }
}

/// What the tests of one function share: to make either takes its time.
struct Fetching {
    client: HttpClient,
    images: Images,
}

impl Fetching {
    /// From within these networks and from the internet.
    fn from(networks: &[&str]) -> Self {
        let networks = networks.iter().map(|text| text.parse().expect("a network"));
        let reach = Reach {
            public: true,
            networks: networks.collect(),
        };
        Self {
            client: HttpClient::new(short_patience()).expect("client"),
            images: Images::new(reach).expect("images"),
        }
    }

    /// Google at this address.
    fn google(&self, base_url: &str) -> Gemini {
        let settings = GeminiSettings {
            id: ProviderId::new("google").expect("id"),
            base_url: base_url.to_owned(),
            key: Some(Secret::new("operator")),
        };
        let gemini = Gemini::new(settings, self.client.clone(), Arc::new(Noon));
        gemini.expect("settings").fetching(self.images.clone())
    }

    async fn ask(&self, fake: &Fake, path: &str) -> Result<(), ProviderFault> {
        let call = looking_at(&[format!("{}/pictures{path}", fake.base_url)]);
        self.google(&fake.base_url).open(&call).await.map(drop)
    }
}

fn looking_at(urls: &[String]) -> UpstreamCall {
    let images = urls
        .iter()
        .map(|url| json!({"type": "image_url", "image_url": {"url": url}}));
    let content: Vec<Value> = core::iter::once(json!({"type": "text", "text": "What is it?"}))
        .chain(images)
        .collect();
    let body = json!({"model": "m", "messages": [{"role": "user", "content": content}]});
    let mut call = call(&body.to_string(), false, false, 1);
    let envelope = Arc::make_mut(&mut call.envelope);
    envelope.images = u64::try_from(urls.len()).expect("few");
    call
}

/// The host of images, and Google behind the same address.
async fn played(pictures: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Fake {
    Fake::start(move |request| {
        let answer = match request.path.strip_prefix("/pictures") {
            Some(path) => pictures(path),
            None => whole("200 OK", "application/json", ANSWER.as_bytes()),
        };
        vec![Act::Send(answer), Act::Close]
    })
    .await
}

fn picture(body: &[u8]) -> Vec<u8> {
    whole("200 OK", "text/plain", body)
}

fn moved(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

#[track_caller]
fn is_refused(outcome: Result<(), ProviderFault>, why: &str) {
    let fault = outcome.expect_err(why);
    let FaultKind::BadRequest {
        status,
        param,
        code,
    } = &fault.kind
    else {
        panic!("{why}: {fault:?}");
    };
    assert_eq!((*status, code.as_deref()), (400, Some("invalid_image_url")));
    assert_eq!(param.as_deref(), Some("messages.content.image_url.url"));
    assert!(fault.message.contains(why), "{why}: {fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_stand_in_the_place_of_the_address() {
    let fake = played(|path| match path {
        "/moved" => moved("/pictures/on"),
        "/on" => moved("cat.png"),
        _ => picture(PNG),
    })
    .await;
    let inline = "data:image/jpeg;base64,/9j/".to_owned();
    let uploaded = "https://generativelanguage.googleapis.com/v1beta/files/a".to_owned();
    let call = looking_at(&[
        format!("{}/pictures/cat.png", fake.base_url),
        inline,
        format!("{}/pictures/moved", fake.base_url),
        uploaded.clone(),
    ]);
    let reply = Fetching::from(&["127.0.0.1"])
        .google(&fake.base_url)
        .open(&call)
        .await;
    assert!(matches!(reply, Ok(Reply::Whole(_))), "{reply:?}");
    let seen = fake.seen();
    let fetched = seen
        .iter()
        .filter(|request| request.path.contains("pictures"));
    for request in fetched {
        assert!(request.head.starts_with("GET "), "{}", request.head);
        let head = request.head.to_ascii_lowercase();
        assert!(
            !head.contains("operator") && !head.contains("referer"),
            "{head}"
        );
    }
    let sent: Value = serde_json::from_slice(&seen.last().expect("asked").body).expect("JSON");
    let png = json!({"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgpub3QgbXVjaCBvZiBhIHBpY3R1cmU="}});
    assert_eq!(
        sent["contents"][0]["parts"],
        json!([
            {"text": "What is it?"},
            png,
            {"inlineData": {"mimeType": "image/jpeg", "data": "/9j/"}},
            png,
            {"fileData": {"fileUri": uploaded}},
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn images_in_results_and_in_other_dialects_are_fetched_too() {
    let fake = played(|_| picture(PNG)).await;
    let url = format!("{}/pictures/cat.png", fake.base_url);
    let source = json!({"type": "image", "source": {"type": "url", "url": url}});
    let body = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [source]}]},
    ]});
    let mut call = call(&body.to_string(), false, false, 1);
    let envelope = Arc::make_mut(&mut call.envelope);
    (envelope.endpoint, envelope.images) = (Endpoint::Messages, 1);
    let reply = Fetching::from(&["127.0.0.1"])
        .google(&fake.base_url)
        .open(&call)
        .await;
    assert!(matches!(reply, Ok(Reply::Whole(_))), "{reply:?}");
    let seen = fake.seen();
    let sent = String::from_utf8_lossy(&seen.last().expect("asked").body).into_owned();
    assert!(sent.contains(r#""mimeType":"image/png""#), "{sent}");
    assert!(!sent.contains("/pictures/"), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_of_a_bearable_size_is_refused() {
    let stated = b"HTTP/1.1 200 OK\r\ncontent-length: 10485761\r\n\r\n\x89PNG\r\n\x1a\n";
    let endless = {
        let mut answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        answer.extend_from_slice(PNG);
        answer.resize(11 << 20, 0);
        answer
    };
    let fake = played(move |path| match path {
        "/html" => whole("200 OK", "image/png", b"<html>"),
        "/none" => whole("404 Not Found", "image/png", PNG),
        "/empty" => picture(b""),
        "/stated" => stated.to_vec(),
        "/endless" => endless.clone(),
        "/round" => moved("/pictures/round"),
        "/inside" => moved("http://10.0.0.1/pictures/cat.png"),
        "/metadata" => moved("http://169.254.169.254/latest/meta-data"),
        "/file" => moved("file:///etc/passwd"),
        "/nowhere" => b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
        "/half" => b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n\x89PNG\r\n\x1a\n".to_vec(),
        _ => b"rubbish\r\n\r\n".to_vec(),
    })
    .await;
    let fetching = Fetching::from(&["127.0.0.1"]);
    for (path, why) in [
        ("/html", "is no PNG, JPEG"),
        ("/none", "could not be fetched"),
        ("/empty", "is no PNG, JPEG"),
        ("/stated", "has more than 10 MiB"),
        ("/endless", "has more than 10 MiB"),
        ("/round", "is redirected too often"),
        ("/inside", "is at an address that is not fetched from"),
        ("/metadata", "is at an address that is not fetched from"),
        ("/file", "has no address that begins with http"),
        ("/nowhere", "could not be fetched"),
        ("/half", "could not be fetched"),
        ("/rubbish", "could not be fetched"),
    ] {
        is_refused(fetching.ask(&fake, path).await, why);
    }
    let seen = fake.seen();
    assert!(
        seen.iter().all(|request| request.path.contains("pictures")),
        "Google was not asked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_fetched_from_inside() {
    let fake = played(|_| picture(PNG)).await;
    let port = fake.base_url.rsplit(':').next().expect("a port").to_owned();
    let google = Fetching::from(&[]).google(&fake.base_url);
    for host in ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433"] {
        let urls = [format!("http://{host}:{port}/pictures/cat.png")];
        let outcome = google.open(&looking_at(&urls)).await;
        is_refused(outcome.map(drop), "is ");
        let urls = [format!("http://{host}/pictures/cat.png")];
        let outcome = google.open(&looking_at(&urls)).await;
        let fault = outcome.expect_err(host);
        assert!(matches!(fault.kind, FaultKind::BadRequest { .. }), "{host}");
    }
    let many: Vec<String> = (0..17)
        .map(|number| format!("{}/pictures/{number}", fake.base_url))
        .collect();
    let (provider, call) = (
        Fetching::from(&["127.0.0.1"]).google(&fake.base_url),
        looking_at(&many),
    );
    let outcome = provider.open(&call).await;
    is_refused(outcome.map(drop), "More than 16 images");
    assert_eq!(fake.seen().len(), 0, "nobody was asked for anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_breaks_off_anywhere_is_refused() {
    let answer = picture(PNG);
    let fetching = Fetching::from(&["127.0.0.1"]);
    for end in 0..answer.len() {
        let cut = answer[..end].to_vec();
        let fake = played(move |_| cut.clone()).await;
        is_refused(fetching.ask(&fake, "/cut").await, "could not be fetched");
    }
}
