//! Which trials of the wire a customer may take part in: the one place that says so.

use reqwest::header::HeaderValue;
use vuzo_domain::chat::{FaultKind, ProviderFault};

/// What becomes of the name of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The provider is told. What it does is counted and billed as ever.
    Passes,
    /// Clients name it whether they use it or not, and it only does something together with
    /// fields, blocks or tools that this gateway refuses by their own names, or that the
    /// provider then refuses itself: it could change what is billed, or reach what other
    /// customers keep at the provider. The provider is not told, and nothing is lost.
    Withheld,
}

/// By how their names begin; what follows is a date. A name that is not here is refused.
const TRIALS: &[(&str, Verdict)] = &[
    // How an answer is told.
    ("fine-grained-tool-streaming-", Verdict::Passes),
    ("interleaved-thinking-", Verdict::Passes),
    ("model-context-window-exceeded-", Verdict::Passes),
    ("structured-outputs-", Verdict::Passes),
    ("effort-", Verdict::Passes),
    // Fewer or more tokens, all of which are counted at their usual price.
    ("token-efficient-tools-", Verdict::Passes),
    ("max-tokens-", Verdict::Passes),
    ("output-128k-", Verdict::Passes),
    ("pdfs-", Verdict::Passes),
    // Writes to both caches are counted, and priced by how long they live.
    ("prompt-caching-", Verdict::Passes),
    ("extended-cache-ttl-", Verdict::Passes),
    // Part of the wire for long, and without any effect.
    ("messages-", Verdict::Passes),
    ("tools-", Verdict::Passes),
    // A prompt beyond the usual context costs more for every token.
    ("context-1m-", Verdict::Withheld),
    // Iterations are billed beside what the usage says.
    ("compact-", Verdict::Withheld),
    ("context-management-", Verdict::Withheld),
    // Tools that run at the provider are billed by the use.
    ("advanced-tool-use-", Verdict::Withheld),
    ("code-execution-", Verdict::Withheld),
    ("computer-use-", Verdict::Withheld),
    ("mcp-client-", Verdict::Withheld),
    ("mcp-servers-", Verdict::Withheld),
    ("web-fetch-", Verdict::Withheld),
    ("web-search-", Verdict::Withheld),
    // Files belong to the operator's account, and so to all customers at once.
    ("files-api-", Verdict::Withheld),
    ("skills-", Verdict::Withheld),
    // Names a client and nothing else.
    ("claude-code-", Verdict::Withheld),
];

/// The header for the provider; `None` where there is nothing to tell.
pub(super) fn header(betas: &[String]) -> Result<Option<HeaderValue>, ProviderFault> {
    let mut told: Vec<&str> = Vec::new();
    for beta in betas {
        match verdict(beta) {
            Some(Verdict::Passes) => told.push(beta),
            Some(Verdict::Withheld) => {}
            None => return Err(unknown(beta)),
        }
    }
    if told.is_empty() {
        return Ok(None);
    }
    let header = HeaderValue::try_from(told.join(","));
    Ok(header.ok())
}

fn verdict(beta: &str) -> Option<Verdict> {
    let of = |(prefix, verdict): &(&str, Verdict)| {
        let date = beta.strip_prefix(prefix)?;
        let is_date = !date.is_empty()
            && date
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        is_date.then_some(*verdict)
    };
    TRIALS.iter().find_map(of)
}

fn unknown(beta: &str) -> ProviderFault {
    let kind = FaultKind::BadRequest {
        status: 400,
        param: Some("anthropic-beta".to_owned()),
        code: Some("invalid_value".to_owned()),
    };
    let message = format!(
        "'{beta}' in the header anthropic-beta is not offered here: leave it out, and what it enables with it."
    );
    ProviderFault::new(kind, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(betas: &[&str]) -> Result<Option<String>, String> {
        let betas: Vec<String> = betas.iter().map(ToString::to_string).collect();
        let header = header(&betas).map_err(|fault| fault.message)?;
        Ok(header.map(|header| header.to_str().unwrap().to_owned()))
    }

    #[test]
    fn those_that_can_be_billed_pass_and_those_that_cannot_do_not() {
        for (betas, expected) in [
            (vec![], None),
            (
                vec!["interleaved-thinking-2025-05-14"],
                Some("interleaved-thinking-2025-05-14"),
            ),
            (
                vec![
                    "claude-code-20250219",
                    "fine-grained-tool-streaming-2025-05-14",
                    "context-1m-2025-08-07",
                    "extended-cache-ttl-2025-04-11",
                    "files-api-2025-04-14",
                ],
                Some("fine-grained-tool-streaming-2025-05-14,extended-cache-ttl-2025-04-11"),
            ),
            (
                vec!["files-api-2025-04-14", "computer-use-2025-01-24"],
                None,
            ),
        ] {
            assert_eq!(told(&betas).unwrap().as_deref(), expected, "{betas:?}");
        }
    }

    #[test]
    fn a_name_that_nobody_knows_is_named() {
        for name in [
            "fast-mode-2026-02-01",
            "interleaved-thinking",
            "pdfs-",
            "pdfs-2024\"",
            "x",
        ] {
            let message = told(&["pdfs-2024-09-25", name]).unwrap_err();
            assert!(message.contains(&format!("'{name}'")), "{message}");
        }
    }

    #[test]
    fn no_beginning_hides_another() {
        for (index, (prefix, _)) in TRIALS.iter().enumerate() {
            assert!(prefix.ends_with('-'), "{prefix}");
            let mut others = TRIALS.iter().enumerate();
            let hidden = others.find(|(at, (other, _))| *at != index && prefix.starts_with(other));
            assert_eq!(hidden, None, "{prefix}");
        }
    }
}
