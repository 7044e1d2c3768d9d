//! Events as the golden files have them.

use serde_json::Value;
use vuzo_wire::talk::{Event, Finish, Usage};

fn text(value: &Value) -> std::borrow::Cow<'static, str> {
    value.as_str().expect("a text").to_owned().into()
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().expect("a number")).expect("small")
}

/// `{"usage":[input, cache read, cache write, long cache write, audio, output, reasoning]}`
pub(crate) fn usage(line: &Value) -> Option<Usage> {
    let counts = line.get("usage")?.as_array().expect("counts");
    let count = |index: usize| counts[index].as_u64().expect("a count");
    Some(Usage {
        input: count(0),
        cache_read: count(1),
        cache_write: count(2),
        cache_write_long: count(3),
        audio_input: count(4),
        output: count(5),
        reasoning: count(6),
    })
}

/// One event, such as `{"text":"Hi"}`.
pub(crate) fn event(line: &Value) -> Event<'static> {
    let (name, value) = line
        .as_object()
        .expect("an object")
        .iter()
        .next()
        .expect("an event");
    let choice = 0;
    match name.as_str() {
        "text" => Event::Text {
            choice,
            text: text(value),
        },
        "refusal" => Event::Refusal {
            choice,
            text: text(value),
        },
        "thought" => Event::Thought {
            choice,
            text: text(value),
        },
        "signature" => Event::Signature {
            choice,
            signature: text(value),
        },
        "sealed" => Event::SealedThought {
            choice,
            data: text(value),
        },
        "call" => Event::Call {
            choice,
            call: number(&value[0]),
            id: text(&value[1]),
            name: text(&value[2]),
            seal: (!value[3].is_null()).then(|| text(&value[3])),
        },
        "arguments" => Event::Arguments {
            choice,
            call: number(&value[0]),
            json: text(&value[1]),
        },
        "logprobs" => Event::Logprobs {
            choice,
            json: value.to_string().into(),
        },
        "finish" => Event::Finish {
            choice,
            why: finish(value),
        },
        other => panic!("no event {other}"),
    }
}

fn finish(why: &Value) -> Finish {
    match why.as_str().expect("a word") {
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        "calls" => Finish::Calls,
        "filtered" => Finish::Filtered,
        word => Finish::StopSequence(word.to_owned()),
    }
}
