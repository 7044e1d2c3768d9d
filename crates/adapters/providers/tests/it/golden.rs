//! Recorded answers of each wire, and what must come of them. To add one, write its
//! `call` and `upstream` parts, run the test, read what it wrote, and take it over.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vuzo_domain::chat::Endpoint;
use vuzo_domain::port::ChatProvider;
use vuzo_providers::Dialect;

use crate::fake::{Fake, call, streamed, whole};
use crate::gemini;
use crate::outcome;

#[tokio::test(flavor = "multi_thread")]
async fn recorded_answers_come_out_as_written() {
    check_all("golden", 40, play).await;
}

/// Plays every file of a folder below `tests`, of which there are at least so many.
pub(crate) async fn check_all(name: &str, least: usize, play: impl AsyncFn(&str) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name);
    let actual = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&actual).expect("folder");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("golden files")
        .map(|entry| entry.expect("entry").path())
        .collect();
    paths.sort();
    assert!(paths.len() >= least, "only {} golden files", paths.len());
    let mut wrong = Vec::new();
    for path in &paths {
        let text = fs::read_to_string(path).expect("text");
        let (given, expected) = text.split_once("=== outcome\n").expect("an outcome");
        let outcome = play(given).await;
        if outcome != expected {
            let name = path.file_name().expect("name");
            fs::write(actual.join(name), format!("{given}=== outcome\n{outcome}"))
                .expect("written");
            wrong.push(format!(
                "{}\n--- expected\n{expected}\n--- got\n{outcome}",
                name.display()
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nwhat came is in {}",
        wrong.join("\n"),
        actual.display()
    );
}

/// The first line says how it is called, the rest is what the provider sends.
async fn play(given: &str) -> String {
    let (head, upstream) = given.split_once("=== upstream\n").expect("an upstream");
    let words: Vec<&str> = head.split_whitespace().collect();
    let stream = words.contains(&"stream");
    let answers = if words.contains(&"n=2") { 2 } else { 1 };
    let is_chat = !words.contains(&"completions");
    let body = if is_chat {
        format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}],"n":{answers},"stream":{stream}}}"#
        )
    } else {
        let prompts = ["\"Hi\""]
            .repeat(if answers == 2 { 2 } else { 1 })
            .join(",");
        format!(r#"{{"model":"m","prompt":[{prompts}],"stream":{stream}}}"#)
    };
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
        whole(
            &format!("{status} X"),
            "application/json",
            upstream.trim_end().as_bytes(),
        )
    };
    let fake = Fake::saying(bytes).await;
    let provider: Box<dyn ChatProvider> = match words.first() {
        Some(&"openai") => Box::new(fake.adapter(Dialect::OpenAi)),
        Some(&"xai") => Box::new(fake.adapter(Dialect::XAi)),
        Some(&"openrouter") => Box::new(fake.adapter(Dialect::OpenRouter)),
        Some(&"google") => Box::new(gemini::adapter(&fake.base_url)),
        other => panic!("no provider {other:?}"),
    };
    let mut call = call(&body, stream, words.contains(&"usage"), answers);
    if !is_chat {
        Arc::make_mut(&mut call.envelope).endpoint = Endpoint::Completions;
    }
    outcome::text(&outcome::of(&*provider, &call).await)
}
