//! Recorded answers, and what must come of them. To add one, write its `call` and
//! `upstream` parts, run the test, read what it wrote, and take it over.

use std::sync::Arc;

use vuzo_domain::chat::Envelope;
use vuzo_providers::Dialect;

use super::plain_call;
use crate::fake::{Fake, streamed, whole};
use crate::golden::check_all;
use crate::outcome;

#[tokio::test(flavor = "multi_thread")]
async fn recorded_responses_come_out_as_written() {
    check_all("responses", 20, play).await;
}

/// The first line says how it is called, the rest is what the provider sends.
async fn play(given: &str) -> String {
    let (head, upstream) = given.split_once("=== upstream\n").expect("an upstream");
    let words: Vec<&str> = head.split_whitespace().collect();
    let stream = words.contains(&"stream");
    let status = words
        .iter()
        .find_map(|word| word.strip_prefix("status="))
        .unwrap_or("200");
    let bytes = if stream && status == "200" && !words.contains(&"json") {
        // Frames that stand together in the file still come one by one.
        let frames: Vec<&[u8]> = upstream
            .split_inclusive("\n\n")
            .map(str::as_bytes)
            .collect();
        streamed(&frames)
    } else {
        let body = upstream.trim_end().as_bytes();
        whole(&format!("{status} X"), "application/json", body)
    };
    let mut call = plain_call(stream);
    let long_cache = words.contains(&"long_cache");
    let notes = words.contains(&"notes");
    call.envelope = Arc::new(Envelope {
        long_cache,
        service_tier: vuzo_domain::pricing::TierWish::Standard,
        metadata: notes.then(|| "{\"order\":\n\"7\"}".to_owned()),
        ..Envelope::clone(&call.envelope)
    });
    let fake = Fake::saying(bytes).await;
    let adapter = fake.adapter(Dialect::OpenAi);
    outcome::text(&outcome::of(&adapter, &call).await)
}
