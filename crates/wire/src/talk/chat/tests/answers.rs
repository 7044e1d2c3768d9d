//! Recorded answers of providers, what is read in them, and what is written of them.

use std::fmt::Write as _;

use crate::sse::FrameSplitter;
use crate::talk::chat::{ChunkReader, ChunkWriter};
use crate::talk::completions::CompletionWriter;
use crate::talk::{Answer, Event, Head, ReadFault, Reader, Writer};

struct Recording {
    name: &'static str,
    sent: &'static str,
    events: &'static str,
    chat: &'static str,
    text: &'static str,
}

macro_rules! recordings {
    ($($name:literal . $kind:literal),* $(,)?) => {
        &[$(Recording {
            name: $name,
            sent: include_str!(concat!("../golden/", $name, ".", $kind)),
            events: include_str!(concat!("../golden/", $name, ".events")),
            chat: include_str!(concat!("../golden/", $name, ".chat")),
            text: include_str!(concat!("../golden/", $name, ".text")),
        }),*]
    };
}

const STREAMS: &[Recording] = recordings![
    "openai_text"."sse",
    "openai_parallel_calls"."sse",
    "xai_reasoning_call"."sse",
    "openrouter_details"."sse",
    "google_calls"."sse",
    "two_answers"."sse",
];

const WHOLES: &[Recording] = recordings![
    "openai"."json",
    "xai_call"."json",
    "openrouter"."json",
];

fn head() -> Head {
    Head {
        id: "gen_1".to_owned(),
        model: "fast".to_owned(),
        created: 1_795_168_800,
    }
}

/// Feeds a stream in pieces that end where `cuts` says.
fn feed(
    reader: &mut ChunkReader,
    sent: &[u8],
    cuts: &[usize],
    emit: &mut dyn FnMut(Event<'_>),
) -> Result<(), ReadFault> {
    let mut splitter = FrameSplitter::new();
    let mut begin = 0;
    for end in cuts.iter().copied().chain([sent.len()]) {
        splitter.push(&sent[begin..end]);
        begin = end;
        while let Some(frame) = splitter.next_frame().expect("short frames") {
            reader.frame(&frame, emit)?;
        }
    }
    Ok(())
}

fn events(sent: &str, cuts: &[usize]) -> String {
    let mut reader = ChunkReader::new(1);
    let mut seen = String::new();
    let read = feed(&mut reader, sent.as_bytes(), cuts, &mut |event| {
        writeln!(seen, "{event:?}").expect("room");
    });
    let (over, complete) = (reader.is_over(), reader.is_complete());
    let (model, usage) = (reader.served_model(), reader.usage());
    writeln!(
        seen,
        "{read:?} over={over} complete={complete} model={model:?}\n{usage:?}"
    )
    .expect("room");
    seen
}

fn written(sent: &str, mut writer: impl Writer) -> String {
    let mut reader = ChunkReader::new(1);
    let mut out = Vec::new();
    let read = feed(&mut reader, sent.as_bytes(), &[], &mut |event| {
        writer.event(&event, &mut out);
    });
    assert_eq!(read, Ok(()));
    writer.close(&mut out);
    out.extend(
        writer
            .usage_frame(reader.usage().as_ref())
            .unwrap_or_default(),
    );
    String::from_utf8(out).expect("text")
}

fn whole(sent: &str) -> (String, Answer, Option<crate::talk::Usage>) {
    let mut reader = ChunkReader::new(1);
    let mut answer = Answer::default();
    let mut seen = String::new();
    let read = reader.whole(sent.as_bytes(), &mut |event| {
        writeln!(seen, "{event:?}").expect("room");
        answer.add(&event);
    });
    assert_eq!(read, Ok(()));
    assert!(reader.is_over() && reader.is_complete());
    let usage = reader.usage();
    writeln!(seen, "{usage:?}").expect("room");
    (seen, answer, usage)
}

fn same(name: &str, what: &str, actual: &str, expected: &str) {
    assert_eq!(actual, expected, "{name}.{what} is now:\n{actual}");
}

#[test]
fn streams_are_read_and_written() {
    for recording in STREAMS {
        let Recording { name, sent, .. } = *recording;
        same(name, "events", &events(sent, &[]), recording.events);
        let chat = written(sent, ChunkWriter::new(head(), true));
        same(name, "chat", &chat, recording.chat);
        let text = written(sent, CompletionWriter::new(head(), true));
        same(name, "text", &text, recording.text);
    }
}

#[test]
fn whole_answers_are_read_and_written() {
    for recording in WHOLES {
        let (seen, answer, usage) = whole(recording.sent);
        same(recording.name, "events", &seen, recording.events);
        let body = ChunkWriter::new(head(), false).whole(&answer, usage.as_ref());
        let body = String::from_utf8(body).expect("text") + "\n";
        same(recording.name, "chat", &body, recording.chat);
        let body = CompletionWriter::new(head(), false).whole(&answer, usage.as_ref());
        let body = String::from_utf8(body).expect("text") + "\n";
        same(recording.name, "text", &body, recording.text);
    }
}

#[test]
fn reads_may_end_anywhere() {
    for Recording {
        name,
        sent,
        events: expected,
        ..
    } in STREAMS
    {
        for at in 0..=sent.len() {
            assert_eq!(events(sent, &[at]), *expected, "{name} cut at {at}");
        }
        let everywhere: Vec<usize> = (1..sent.len()).collect();
        assert_eq!(events(sent, &everywhere), *expected, "{name} byte by byte");
    }
}

#[test]
fn what_is_written_is_read_as_the_same() {
    // What goes to the customer is the same wire: read again it says the same.
    for Recording { name, chat, .. } in STREAMS {
        let again = written(chat, ChunkWriter::new(head(), true));
        assert_eq!(again, *chat, "{name}");
    }
}

#[test]
fn every_frame_is_one_line_of_json() {
    for Recording {
        name, chat, text, ..
    } in STREAMS
    {
        for frame in chat
            .split_terminator("\n\n")
            .chain(text.split_terminator("\n\n"))
        {
            let json = frame.strip_prefix("data: ").expect(name);
            assert!(!json.contains('\n'), "{name}: {json}");
            let chunk: serde_json::Value = serde_json::from_str(json).expect(name);
            for key in ["id", "object", "created", "model", "choices"] {
                assert!(chunk.get(key).is_some(), "{name}: {json} lacks {key}");
            }
            assert!(chunk["created"].is_u64());
        }
    }
}

#[test]
fn rubbish_does_no_harm() {
    for Recording { sent, .. } in STREAMS.iter().chain(WHOLES) {
        let bytes = sent.as_bytes();
        for at in 0..bytes.len() {
            let mut reader = ChunkReader::new(1);
            let _prefix = reader.whole(&bytes[..at], &mut |_| {});
            let mut changed = bytes.to_vec();
            changed[at] = [b'"', b'}', b',', 0xff][at % 4];
            let mut reader = ChunkReader::new(1);
            let mut writer = ChunkWriter::new(head(), true);
            let mut out = Vec::new();
            let _read = feed(&mut reader, &changed, &[], &mut |event| {
                writer.event(&event, &mut out);
            });
            let _body = reader.whole(&changed, &mut |_| {});
        }
    }
}
