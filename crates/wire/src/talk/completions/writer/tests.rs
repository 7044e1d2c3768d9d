use super::*;

fn writer(wants_usage: bool) -> CompletionWriter {
    let head = Head {
        id: "gen_1".to_owned(),
        model: "m".to_owned(),
        created: 7,
    };
    CompletionWriter::new(head, wants_usage)
}

fn frame(choice: &str) -> String {
    format!(
        "data: {{\"id\":\"gen_1\",\"object\":\"text_completion\",\"created\":7,\"model\":\"m\",\"choices\":[{choice}]}}\n\n"
    )
}

#[test]
fn a_cut_answer_is_one_that_reached_its_limit() {
    let length = |index: u32| {
        frame(&format!(
            r#"{{"text":"","index":{index},"logprobs":null,"finish_reason":"length"}}"#
        ))
    };
    let mut out = Vec::new();
    let mut silent = writer(false);
    silent.close(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), length(0));

    out.clear();
    let mut spoken = writer(false);
    let event = Event::Text {
        choice: 1,
        text: "a\nb".into(),
    };
    spoken.event(&event, &mut out);
    let finish = Event::Finish {
        choice: 1,
        why: Finish::Filtered,
    };
    spoken.event(&finish, &mut out);
    spoken.event(&finish, &mut out);
    spoken.close(&mut out);
    spoken.close(&mut out);
    let expected = [
        frame(r#"{"text":"a\nb","index":1,"logprobs":null,"finish_reason":null}"#),
        frame(r#"{"text":"","index":1,"logprobs":null,"finish_reason":"content_filter"}"#),
        length(0),
    ];
    assert_eq!(String::from_utf8_lossy(&out), expected.concat());
}

#[test]
fn usage_is_told_to_those_who_ask() {
    let usage = Usage {
        input: 1,
        output: 2,
        ..Usage::default()
    };
    assert_eq!(writer(false).usage_frame(Some(&usage)), None);
    assert_eq!(writer(true).usage_frame(None), None);
    let frame = writer(true).usage_frame(Some(&usage)).expect("a frame");
    let frame = String::from_utf8_lossy(&frame);
    assert!(
        frame.contains(
            r#""choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"#
        ),
        "{frame}"
    );
    let body = writer(true).whole(&Answer::default(), None);
    assert_eq!(
        String::from_utf8_lossy(&body),
        r#"{"id":"gen_1","object":"text_completion","created":7,"model":"m","choices":[]}"#
    );
}
