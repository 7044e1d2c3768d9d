//! Our price in an event of a stream, in dialects that name their events.

use std::cell::Cell;

use crate::{
    chat::completion::Finish,
    json::{Cursor, Edit, JsonFault, Kind, edit_object, on_one_line, push_member},
    sse::FrameSplitter,
};

/// Where the usage of an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsagePlace<'p> {
    /// In the event itself.
    Event,
    /// In an object inside the event.
    Within(&'p str),
}

/// Writes the frame with `cost` and `cost_details` in its usage, and without what the
/// provider charged us. A frame without usage gets one if there are counts to put into it;
/// else it comes back as it is, as does one that cannot be read.
pub fn price_frame(frame: &[u8], place: UsagePlace<'_>, finish: &Finish<'_>) -> Vec<u8> {
    let mut splitter = FrameSplitter::with_limit(frame.len().saturating_add(2));
    splitter.push(frame);
    let whole = match splitter.next_frame() {
        Ok(Some(frame)) => Some(frame),
        Ok(None) | Err(_) => None,
    };
    let Some(whole) = whole else {
        return frame.to_vec();
    };
    let mut out = Vec::with_capacity(frame.len() + 192);
    if let Some(name) = whole.event {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    let start = out.len();
    if price(&whole.data, place, finish, &mut out).is_err() {
        return frame.to_vec();
    }
    // What came on several lines was joined by line breaks.
    on_one_line(out.get_mut(start..).unwrap_or_default());
    out.extend_from_slice(b"\n\n");
    out
}

fn price(
    data: &[u8],
    place: UsagePlace<'_>,
    finish: &Finish<'_>,
    out: &mut Vec<u8>,
) -> Result<(), JsonFault> {
    // The whole is judged first: what is no JSON is not to be touched.
    let mut cursor = Cursor::new(data);
    cursor.skip()?;
    cursor.end()?;
    let lacks_usage = Cell::new(place == UsagePlace::Event && finish.counts.is_some());
    let decide = |name: &str, value: &[u8], out: &mut Vec<u8>| {
        let is_object = Cursor::new(value).kind() == Kind::Object;
        let mark = out.len();
        let written = match place {
            UsagePlace::Event if is_object && name == "usage" => {
                lacks_usage.set(false);
                finish.usage(value, out)
            }
            UsagePlace::Event if name == "usage" && lacks_usage.get() => return Edit::Drop,
            UsagePlace::Within(outer) if is_object && name == outer => {
                price(value, UsagePlace::Event, finish, out)
            }
            _ => return Edit::Keep,
        };
        if written.is_err() {
            out.truncate(mark);
            return Edit::Keep;
        }
        Edit::Written
    };
    edit_object(data, out, decide, |comma, out| {
        if lacks_usage.get() {
            push_member(comma, "usage", &finish.own_usage(), out);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINISH: Finish<'static> = Finish {
        generation_id: "gen_7",
        amount: "0.00014",
        currency: "USD",
        model: None,
        completion_tokens: None,
        counts: None,
    };
    const COST: &str = r#""cost":0.00014,"cost_details":{"amount":"0.00014","currency":"USD","generation_id":"gen_7"}"#;

    fn priced(frame: &str, place: UsagePlace<'_>) -> String {
        String::from_utf8(price_frame(frame.as_bytes(), place, &FINISH)).unwrap()
    }

    #[test]
    fn the_price_stands_in_the_usage() {
        let delta = "event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":15,\"cost\":9}}\n\n";
        assert_eq!(
            priced(delta, UsagePlace::Event),
            format!(
                "event: message_delta\ndata: {{\"type\":\"message_delta\",\"usage\":{{\"output_tokens\":15,{COST}}}}}\n\n"
            )
        );
        let last = "event: response.completed\r\ndata:{\"response\":{\"id\":\"r\",\"usage\":{}},\"usage\":{}}\r\n\r\n";
        assert_eq!(
            priced(last, UsagePlace::Within("response")),
            format!(
                "event: response.completed\ndata: {{\"response\":{{\"id\":\"r\",\"usage\":{{{COST}}}}},\"usage\":{{}}}}\n\n"
            )
        );
    }

    #[test]
    fn an_event_on_several_lines_leaves_on_one() {
        let delta = "event: message_delta\ndata: {\"type\":\"message_delta\",\ndata: \"usage\":{\"output_tokens\":15,\r\ndata: \"later\":1}}\n\n";
        assert_eq!(
            priced(delta, UsagePlace::Event),
            format!(
                "event: message_delta\ndata: {{\"type\":\"message_delta\", \"usage\":{{\"output_tokens\":15, \"later\":1,{COST}}}}}\n\n"
            )
        );
        let without =
            "event: message_delta\ndata: {\"type\":\"message_delta\",\ndata: \"delta\":{}}\n\n";
        assert_eq!(
            priced(without, UsagePlace::Event),
            "event: message_delta\ndata: {\"type\":\"message_delta\", \"delta\":{}}\n\n"
        );
    }

    #[test]
    fn what_has_no_usage_stays() {
        for frame in [
            "event: x\ndata: {\"response\":null}\n\n",
            "event: x\ndata: {\"response\":{\"usage\":null}}\n\n",
            "event: x\ndata: {\"response\":{\"usage\":5}}\n\n",
            "data: {\"response\":\n\n",
            "data: [DONE]\n\n",
            "no frame at all",
            "",
        ] {
            assert_eq!(priced(frame, UsagePlace::Within("response")), frame);
        }
    }

    #[test]
    fn a_usage_that_is_missing_is_made_where_there_are_counts() {
        let finish = Finish {
            counts: Some(r#""input_tokens":3"#),
            ..FINISH
        };
        let usage = format!(r#""usage":{{"input_tokens":3,{COST}}}"#);
        for (response, expected) in [
            (
                r#"{"id":"r","usage":null}"#,
                format!(r#"{{"id":"r",{usage}}}"#),
            ),
            (
                r#"{"usage":null,"id":"r"}"#,
                format!(r#"{{"id":"r",{usage}}}"#),
            ),
            (
                r#"{"id":"r","usage":5}"#,
                format!(r#"{{"id":"r",{usage}}}"#),
            ),
            (r#"{"id":"r"}"#, format!(r#"{{"id":"r",{usage}}}"#)),
            ("{}", format!("{{{usage}}}")),
            ("null", "null".to_owned()),
        ] {
            let frame = |response: &str| {
                format!(
                    "event: response.completed\ndata: {{\"type\":\"x\",\"response\":{response}}}\n\n"
                )
            };
            let place = UsagePlace::Within("response");
            let priced = price_frame(frame(response).as_bytes(), place, &finish);
            assert_eq!(String::from_utf8(priced).unwrap(), frame(&expected));
        }
        let stated = r#"data: {"usage":{"input_tokens":9}}"#.to_owned() + "\n\n";
        let priced = price_frame(stated.as_bytes(), UsagePlace::Event, &finish);
        let expected = format!("data: {{\"usage\":{{\"input_tokens\":9,{COST}}}}}\n\n");
        assert_eq!(String::from_utf8(priced).unwrap(), expected);
    }

    #[test]
    fn nothing_panics_on_what_is_cut_off() {
        let frame =
            "event: a\ndata: {\"response\":{\"usage\":{\"a\":[1,{\"b\":\"\\u00e4\"}]}}}\n\n";
        for end in 0..=frame.len() {
            for place in [UsagePlace::Event, UsagePlace::Within("response")] {
                let cut = frame.as_bytes().get(..end).unwrap_or_default();
                let _any = price_frame(cut, place, &FINISH);
            }
        }
    }
}
