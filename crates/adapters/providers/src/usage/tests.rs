use super::*;

const XAI: Convention = Convention {
    reasoning: ReasoningCount::OutsideUnlessTotalAgrees,
    cached: CachedCount::InsideUnlessLarger,
    cost: StatedCost::Ticks,
};

const PLAIN: PromptFacts = PromptFacts {
    long_cache: false,
    images: 0,
};

fn usage(json: &str) -> Usage {
    Usage::read(format!("{{\"usage\":{json}}}").as_bytes()).expect("usage")
}

fn check(json: &str, convention: Convention, facts: PromptFacts, expected: Option<[u64; 8]>) {
    let counted = consumption(&usage(json), convention, facts).map(|counted| {
        [
            counted.input,
            counted.cache_read,
            counted.cache_write,
            counted.cache_write_long,
            counted.audio_input,
            counted.output,
            counted.reasoning,
            counted.images,
        ]
    });
    assert_eq!(counted, expected, "{json}");
}

#[test]
fn every_token_is_counted_once() {
    let inside = r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":10,"audio_tokens":5},"completion_tokens_details":{"reasoning_tokens":20}}"#;
    check(
        inside,
        Convention::OPENAI,
        PLAIN,
        Some([25, 60, 10, 0, 5, 30, 20, 0]),
    );
    let long = PromptFacts {
        long_cache: true,
        images: 2,
    };
    check(
        inside,
        Convention::OPENAI,
        long,
        Some([25, 60, 0, 10, 5, 30, 20, 2]),
    );
    // The same words from xAI: the total says that reasoning is inside here.
    check(inside, XAI, PLAIN, Some([25, 60, 10, 0, 5, 30, 20, 0]));
    check(
        r#"{"prompt_tokens":307,"completion_tokens":26,"total_tokens":560,"prompt_tokens_details":{"cached_tokens":306},"completion_tokens_details":{"reasoning_tokens":227}}"#,
        XAI,
        PLAIN,
        Some([1, 306, 0, 0, 0, 26, 227, 0]),
    );
    // Without a total xAI's reasoning is outside.
    check(
        r#"{"prompt_tokens":3,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":7}}"#,
        XAI,
        PLAIN,
        Some([3, 0, 0, 0, 0, 2, 7, 0]),
    );
}

#[test]
fn impossible_parts_are_cut_to_their_total() {
    let cached = r#"{"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":90,"audio_tokens":4}}"#;
    check(
        cached,
        Convention::OPENAI,
        PLAIN,
        Some([0, 10, 0, 0, 0, 1, 0, 0]),
    );
    check(cached, XAI, PLAIN, Some([6, 90, 0, 0, 4, 1, 0, 0]));
    check(
        r#"{"prompt_tokens":1,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":9}}"#,
        Convention::OPENAI,
        PLAIN,
        Some([1, 0, 0, 0, 0, 0, 5, 0]),
    );
}

#[test]
fn zero_is_zero_and_silence_is_none() {
    let pictures = PromptFacts {
        long_cache: false,
        images: 3,
    };
    check(
        r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#,
        Convention::OPENAI,
        pictures,
        Some([0; 8]),
    );
    for silent in [
        "{}",
        r#"{"total_tokens":9}"#,
        r#"{"prompt_tokens":9}"#,
        r#"{"prompt_tokens":null,"completion_tokens":null}"#,
        r#"{"prompt_tokens":9,"total_tokens":8}"#,
        r#"{"prompt_tokens":-1,"completion_tokens":-1}"#,
        r#"{"prompt_tokens":18446744073709551615,"completion_tokens":1}"#,
    ] {
        check(silent, Convention::OPENAI, PLAIN, None);
    }
    check(
        r#"{"prompt_tokens":9,"total_tokens":12}"#,
        Convention::OPENAI,
        PLAIN,
        Some([9, 0, 0, 0, 0, 3, 0, 0]),
    );
}

#[test]
fn snapshots_are_never_added_up() {
    let mut tally = UsageTally::new(XAI, PLAIN);
    for (completion, cost) in [(1, 10), (5, 50), (0, 0), (5, 60)] {
        tally.usage(usage(&format!(
            r#"{{"prompt_tokens":7,"completion_tokens":{completion},"cost_in_usd_ticks":{cost}}}"#
        )));
    }
    let report = tally.report();
    assert_eq!(report.consumption.map(|counted| counted.output), Some(5));
    assert_eq!(report.stated_cost, Some(Units(6)));
}

#[test]
fn a_brokers_fee_comes_on_top_of_the_bill_for_an_own_key() {
    let convention = Convention {
        cost: StatedCost::Dollars,
        ..Convention::OPENAI
    };
    for (byok, expected) in [(true, 1_100_000), (false, 100_000)] {
        let mut tally = UsageTally::new(convention, PLAIN);
        tally.usage(usage(&format!(
            r#"{{"prompt_tokens":1,"completion_tokens":1,"cost":0.0001,"is_byok":{byok},"cost_details":{{"upstream_inference_cost":0.001}}}}"#
        )));
        assert_eq!(tally.report().stated_cost, Some(Units(expected)), "{byok}");
    }
}
