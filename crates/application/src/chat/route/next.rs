use core::time::Duration;

use vuzo_domain::chat::{FaultKind, ProviderFault};

/// Waits of up to this long are waited for; after a longer one nobody is asked twice.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A provider that did not say when is asked again after this and up to as much more.
const USUAL_PAUSE_MS: u64 = 100;

/// The code of a complaint that the prompt is too long for the model.
const TOO_LONG: &str = "context_length_exceeded";

/// Who else may do better after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Reach {
    /// Nobody: the request itself is at fault.
    Nobody,
    /// A model that takes a longer prompt.
    LongerContext,
    /// The same provider by another key, and then everybody else.
    AnotherKey,
    /// Everybody else: it is not about the key.
    AnotherModel,
}

/// Who else may do better.
pub(in crate::chat) fn reach(fault: &ProviderFault) -> Reach {
    match &fault.kind {
        FaultKind::BadRequest { code, .. } if code.as_deref() == Some(TOO_LONG) => {
            Reach::LongerContext
        }
        FaultKind::BadRequest { .. } => Reach::Nobody,
        FaultKind::RateLimited | FaultKind::OurAccount | FaultKind::NotServed => Reach::AnotherKey,
        FaultKind::Unreachable
        | FaultKind::TimedOut
        | FaultKind::Overloaded
        | FaultKind::Failing
        | FaultKind::Garbled => Reach::AnotherModel,
    }
}

/// How long to wait before the very same is asked once more, where there is nobody
/// else; `None` where that helps nobody. Calls that failed together come back apart.
pub(in crate::chat) fn pause_before_repeating(
    fault: &ProviderFault,
    seed: u64,
) -> Option<Duration> {
    let may_pass = matches!(
        fault.kind,
        FaultKind::Unreachable
            | FaultKind::RateLimited
            | FaultKind::Overloaded
            | FaultKind::Failing
    );
    let wait = match fault.retry_after {
        Some(wait) => wait,
        None => Duration::from_millis(USUAL_PAUSE_MS.saturating_add(seed % USUAL_PAUSE_MS)),
    };
    (may_pass && wait <= LONGEST_PAUSE).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(code: Option<&str>) -> FaultKind {
        FaultKind::BadRequest {
            status: 400,
            param: None,
            code: code.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn each_fault_says_who_may_do_better_and_whether_to_ask_again() {
        for (kind, expected, repeats) in [
            (FaultKind::Unreachable, Reach::AnotherModel, true),
            (FaultKind::TimedOut, Reach::AnotherModel, false),
            (FaultKind::Overloaded, Reach::AnotherModel, true),
            (FaultKind::Failing, Reach::AnotherModel, true),
            (FaultKind::Garbled, Reach::AnotherModel, false),
            (FaultKind::RateLimited, Reach::AnotherKey, true),
            (FaultKind::OurAccount, Reach::AnotherKey, false),
            (FaultKind::NotServed, Reach::AnotherKey, false),
            (bad(None), Reach::Nobody, false),
            (bad(Some("invalid_value")), Reach::Nobody, false),
            (bad(Some(TOO_LONG)), Reach::LongerContext, false),
        ] {
            let mut fault = ProviderFault::new(kind, "no");
            assert_eq!(reach(&fault), expected, "{fault:?}");
            let pause = pause_before_repeating(&fault, 77);
            let usual = Duration::from_millis(177);
            assert_eq!(pause, repeats.then_some(usual), "{fault:?}");
            for (wait, is_short) in [(0, true), (500, true), (501, false)] {
                let wait = Duration::from_millis(wait);
                fault.retry_after = Some(wait);
                let pause = pause_before_repeating(&fault, 77);
                assert_eq!(pause, (repeats && is_short).then_some(wait), "{fault:?}");
            }
        }
    }
}
