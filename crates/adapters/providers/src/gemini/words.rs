//! What the catalogue says of a model, for its requests.

use vuzo_domain::chat::UpstreamCall;
use vuzo_domain::pricing::ServiceTier;
use vuzo_wire::talk::gemini::{Options, Thinking};

/// | word | meaning |
/// |---|---|
/// | `thinking_level` | it is told how much to think as a level |
/// | `thinking_minimal`, `thinking_xhigh` | it knows these levels too |
/// | `thinking_budget` | it is told how much to think as a number of tokens |
/// | `thinking_always` | its budget cannot be zero |
/// | `thought_signatures` | it refuses calls that come back without their signature |
/// | `no_json_with_tools` | it refuses tools beside a JSON answer |
/// | `no_sampling_params` | it refuses temperature and its like |
pub(super) fn options(call: &UpstreamCall) -> Options {
    let thinking = if call.can("thinking_level") {
        Thinking::Level {
            minimal: call.can("thinking_minimal"),
            extra_high: call.can("thinking_xhigh"),
        }
    } else if call.can("thinking_budget") {
        Thinking::Budget {
            may_be_off: !call.can("thinking_always"),
        }
    } else {
        Thinking::Untold
    };
    Options {
        output_limit: call.output_limit,
        thinking,
        wants_signatures: call.can("thought_signatures"),
        refuses_json_with_tools: call.can("no_json_with_tools"),
        refuses_sampling: call.can("no_sampling_params"),
        service_tier: call.service_tier.map(ServiceTier::name),
    }
}
