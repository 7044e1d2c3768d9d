//! Recorded answers of the wire, and the events that must come of them. To add one, write its
//! `upstream` part and run the test, which says what it reads; take that over if it is right.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sse::FrameSplitter;
use crate::talk::gemini::GeminiReader;
use crate::talk::{Event, ReadFault, Reader as _};

struct Recorded {
    name: String,
    is_stream: bool,
    answers: u32,
    upstream: Vec<u8>,
    expected: String,
}

fn recorded() -> Vec<Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/talk/gemini/golden");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("golden files")
        .map(|entry| entry.expect("entry").path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 20, "only {} golden files", paths.len());
    paths.iter().map(|path| read(path)).collect()
}

/// The first line says what it is; `crlf` has the stream's lines end as Google ends them.
fn read(path: &Path) -> Recorded {
    let text = fs::read_to_string(path).expect("text");
    let (head, rest) = text.split_once("=== upstream\n").expect("an upstream");
    let (upstream, expected) = rest.split_once("=== events\n").expect("events");
    let words: Vec<&str> = head.split_whitespace().collect();
    let upstream = if words.contains(&"crlf") {
        upstream.replace('\n', "\r\n")
    } else {
        upstream.to_owned()
    };
    Recorded {
        name: path.file_name().expect("name").to_string_lossy().into(),
        is_stream: words.contains(&"stream"),
        answers: if words.contains(&"n=2") { 2 } else { 1 },
        upstream: upstream.into_bytes(),
        expected: expected.to_owned(),
    }
}

/// Everything that is read of some bytes, and whether it is a whole answer.
fn play(recorded: &Recorded, cuts: &[&[u8]]) -> (String, bool) {
    let mut reader = GeminiReader::new("gen_0abc", recorded.answers);
    let mut out = String::new();
    let read = if recorded.is_stream {
        stream(&mut reader, cuts, &mut out)
    } else {
        let whole = cuts.concat();
        reader.whole(&whole, &mut |event| tell(&event, &mut out))
    };
    let _infallible = match &read {
        Ok(()) => Ok(()),
        Err(ReadFault::Stated(fault)) => writeln!(
            out,
            "stated {:?} {:?}: {}",
            fault.code.as_deref().unwrap_or("-"),
            fault.kind.as_deref().unwrap_or("-"),
            fault.message
        ),
        Err(ReadFault::Garbled(what)) => writeln!(out, "garbled: {what}"),
    };
    let is_complete = read.is_ok() && reader.is_complete();
    let _infallible = writeln!(
        out,
        "{}, model {}, {:?}",
        if is_complete {
            "complete"
        } else {
            "incomplete"
        },
        reader.served_model().unwrap_or("unknown"),
        reader.usage().map(|usage| [
            usage.input,
            usage.cache_read,
            usage.cache_write,
            usage.cache_write_long,
            usage.audio_input,
            usage.output,
            usage.reasoning
        ])
    );
    (out, is_complete)
}

fn stream(reader: &mut GeminiReader, cuts: &[&[u8]], out: &mut String) -> Result<(), ReadFault> {
    let mut splitter = FrameSplitter::new();
    for cut in cuts {
        splitter.push(cut);
        while let Some(frame) = splitter.next_frame().expect("short frames") {
            reader.frame(&frame, &mut |event| tell(&event, out))?;
        }
    }
    match splitter.finish() {
        Some(rest) => reader.frame(&rest, &mut |event| tell(&event, out)),
        None => Ok(()),
    }
}

fn tell(event: &Event<'_>, out: &mut String) {
    let _infallible = match event {
        Event::Text { choice, text } => writeln!(out, "{choice} text {text:?}"),
        Event::Refusal { choice, text } => writeln!(out, "{choice} refusal {text:?}"),
        Event::Thought { choice, text } => writeln!(out, "{choice} thought {text:?}"),
        Event::Signature { choice, signature } => writeln!(out, "{choice} signed {signature}"),
        Event::SealedThought { choice, data } => writeln!(out, "{choice} sealed {data}"),
        Event::Call {
            choice,
            call,
            id,
            name,
            seal,
        } => writeln!(
            out,
            "{choice} call {call} {id} {name} seal {}",
            seal.as_deref().unwrap_or("none")
        ),
        Event::Arguments { choice, call, json } => {
            writeln!(out, "{choice} arguments {call} {json}")
        }
        Event::Logprobs { choice, json } => writeln!(out, "{choice} logprobs {json}"),
        Event::Finish { choice, why } => writeln!(out, "{choice} finish {why:?}"),
    };
}

#[test]
fn answers_are_read_as_written_down() {
    let mut wrong = String::new();
    for recorded in recorded() {
        let (events, _) = play(&recorded, &[&recorded.upstream]);
        if events != recorded.expected {
            let _infallible = writeln!(
                wrong,
                "{}\n--- expected\n{}--- read\n{events}",
                recorded.name, recorded.expected
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn reads_may_end_anywhere() {
    for recorded in recorded().iter().filter(|recorded| recorded.is_stream) {
        for offset in 0..=recorded.upstream.len() {
            let (before, after) = recorded.upstream.split_at(offset);
            let (events, _) = play(recorded, &[before, after]);
            assert_eq!(events, recorded.expected, "{} at {offset}", recorded.name);
        }
    }
}

#[test]
fn an_answer_that_is_cut_short_is_not_complete() {
    for recorded in recorded() {
        let finished = recorded
            .upstream
            .windows(12)
            .position(|window| window == b"finishReason" || window == b"\"blockReason")
            .unwrap_or(recorded.upstream.len());
        for offset in 0..recorded.upstream.len() {
            let cut = recorded.upstream.get(..offset).expect("inside");
            let (events, is_complete) = play(&recorded, &[cut]);
            assert!(
                offset > finished || !is_complete,
                "{} at {offset}: {events}",
                recorded.name
            );
        }
    }
}

#[test]
fn rubbish_is_a_fault_or_nothing() {
    for recorded in recorded() {
        for offset in (0..recorded.upstream.len()).step_by(3) {
            for byte in [0, b'"', b'{', b'[', b'\n', 0xff] {
                let mut bytes = recorded.upstream.clone();
                bytes[offset] = byte;
                let _no_panic = play(&recorded, &[&bytes]);
            }
        }
    }
}
