use super::*;
use crate::sse::FrameSplitter;
use crate::talk::{
    Answer, Choice, Event, Finish, Head, Item, Reader, Usage, Writer, chat, completions, gemini,
    messages, responses,
};

#[test]
fn each_dialect_has_its_words() {
    for (word, openai, messages) in [
        ("default", "default", "standard"),
        ("standard", "default", "standard"),
        ("flex", "flex", "flex"),
        ("Priority", "priority", "priority"),
        ("batch", "default", "batch"),
        ("gold", "default", "standard"),
        ("", "default", "standard"),
    ] {
        assert_eq!((in_openai(word), in_messages(word)), (openai, messages));
    }
    assert_eq!(keep("FLEX"), Some(Cow::Borrowed("flex")));
    assert_eq!(keep("gold").as_deref(), Some("gold"));
    assert_eq!(keep(&"x".repeat(33)), None);
}

#[test]
fn every_dialect_says_what_is_asked_for() {
    let chat = r#""messages":[{"role":"user","content":"x"}]"#;
    let mess = r#""max_tokens":9,"messages":[{"role":"user","content":"x"}]"#;
    for (dialect, body, known) in [
        (
            chat::read as fn(&[u8]) -> _,
            chat,
            &["auto", "default", "standard", "flex", "priority"][..],
        ),
        (completions::read, r#""prompt":"x""#, &["default", "flex"]),
        (
            responses::read,
            r#""input":"x""#,
            &["auto", "scale", "fast"],
        ),
        (messages::read, mess, &["auto", "standard_only"]),
    ] {
        let asked = |tier: &str| {
            let body = format!(r#"{{"model":"m",{body}{tier}}}"#);
            let request = dialect(body.as_bytes());
            request.map(|request| request.service_tier)
        };
        for word in known {
            let tier = format!(r#","service_tier":"{word}""#);
            assert_eq!(asked(&tier), Ok(Some(*word)), "{body}");
        }
        for none in ["", r#","service_tier":null"#] {
            assert_eq!(asked(none), Ok(None), "{body}");
        }
        for bad in [r#","service_tier":"gold""#, r#","service_tier":5"#] {
            let fault = asked(bad).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some("service_tier"), "{body}");
        }
    }
}

const OPENAI: &str = r#"{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2},"service_tier":"flex"}"#;
const MESSAGE: &str = r#"{"id":"a","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1,"service_tier":"priority"}}"#;
const GEMINI: &str = r#"{"candidates":[{"index":0,"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2,"serviceTier":"FLEX"}}"#;

fn readers() -> [(Box<dyn Reader>, &'static str, &'static str); 3] {
    [
        (Box::new(chat::ChunkReader::new(1)), OPENAI, "flex"),
        (
            Box::new(messages::MessageReader::new()),
            MESSAGE,
            "priority",
        ),
        (
            Box::new(gemini::GeminiReader::new("gen_1", 1)),
            GEMINI,
            "flex",
        ),
    ]
}

#[test]
fn every_wire_says_what_was_given() {
    for (mut reader, body, tier) in readers() {
        assert_eq!(reader.served_tier(), None);
        reader.whole(body.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!(reader.served_tier(), Some(tier));
    }
    // What is no word is nothing, and does not hide the counts.
    for odd in ["5", "null", "{}", "[\"flex\"]", "true"] {
        for (mut reader, body, tier) in readers() {
            let quoted = format!(
                "{:?}",
                if tier == "flex" && body == GEMINI {
                    "FLEX"
                } else {
                    tier
                }
            );
            let body = body.replace(&quoted, odd);
            reader.whole(body.as_bytes(), &mut |_| {}).unwrap();
            assert_eq!(reader.served_tier(), None, "{body}");
            assert!(reader.usage().is_some(), "{body}");
        }
    }
    // Streams tell it at their beginning, or beside every count.
    let start = r#"{"type":"message_start","message":{"id":"a","type":"message","role":"assistant","content":[],"model":"m","usage":{"input_tokens":1,"output_tokens":1,"service_tier":"priority"}}}"#;
    let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}"#;
    let mut reader = messages::MessageReader::new();
    let mut splitter = FrameSplitter::new();
    for data in [start, delta] {
        splitter.push(format!("event: x\ndata: {data}\n\n").as_bytes());
        let frame = splitter.next_frame().unwrap().unwrap();
        reader.frame(&frame, &mut |_| {}).unwrap();
        assert_eq!(reader.served_tier(), Some("priority"));
    }
}

fn writers() -> [(Box<dyn Writer>, &'static str); 3] {
    let head = || Head {
        id: "gen_1".to_owned(),
        model: "m".to_owned(),
        created: 1,
    };
    let echo = responses::Echo::of(br#"{"model":"m","input":"x"}"#);
    [
        (
            Box::new(chat::ChunkWriter::new(head(), true)),
            "/service_tier",
        ),
        (
            Box::new(responses::ResponseWriter::new(head(), echo)),
            "/response/service_tier",
        ),
        (
            Box::new(messages::MessageWriter::new(head())),
            "/usage/service_tier",
        ),
    ]
}

fn json(frame: &[u8]) -> serde_json::Value {
    let text = std::str::from_utf8(frame).unwrap();
    let (_, data) = text.split_once("data: ").unwrap();
    serde_json::from_str(data.trim()).unwrap()
}

#[test]
fn every_dialect_tells_what_was_given() {
    let expected = [
        (None, [None, Some("default"), Some("standard")]),
        (
            Some("standard"),
            [Some("default"), Some("default"), Some("standard")],
        ),
        (Some("flex"), [Some("flex"), Some("flex"), Some("flex")]),
        (
            Some("gold"),
            [Some("default"), Some("default"), Some("standard")],
        ),
    ];
    let answer = Answer {
        choices: vec![Choice {
            items: vec![Item::Text("Hi".to_owned())],
            why: Some(Finish::Stop),
            logprobs: None,
        }],
    };
    for (word, told) in expected {
        for ((mut writer, path), told) in writers().into_iter().zip(told) {
            if let Some(word) = word {
                writer.served_tier(word);
            }
            let body = writer.whole(&answer, Some(&Usage::default()));
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let path = path.strip_prefix("/response").unwrap_or(path);
            assert_eq!(
                body.pointer(path).and_then(|tier| tier.as_str()),
                told,
                "{body}"
            );
        }
        // A stream that begins with what was asked for ends with what was given.
        for ((mut writer, path), told) in writers().into_iter().zip(told) {
            writer.served_tier("priority");
            let mut out = Vec::new();
            let text = Cow::Borrowed("Hi");
            writer.event(&Event::Text { choice: 0, text }, &mut out);
            let Some(word) = word else { continue };
            writer.served_tier(word);
            writer.close(&mut out);
            let last = json(&writer.usage_frame(Some(&Usage::default())).unwrap());
            assert_eq!(
                last.pointer(path).and_then(|tier| tier.as_str()),
                told,
                "{last}"
            );
        }
    }
}

#[test]
fn nothing_panics_on_what_is_cut_off_or_broken() {
    for at in 0..3 {
        let body = readers()[at].1.as_bytes();
        for end in 0..body.len() {
            let mut broken = body.to_vec();
            broken[end] ^= 0x15;
            for bytes in [&body[..end], &broken] {
                let [mut one, mut two, mut three] = readers().map(|(reader, ..)| reader);
                for reader in [&mut one, &mut two, &mut three] {
                    let _any = reader.whole(bytes, &mut |_| {});
                    let _any = reader.served_tier().map(keep);
                }
            }
        }
    }
}
