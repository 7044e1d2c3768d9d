use core::time::Duration;
use std::error::Error as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use vuzo_application::access::AccessError;
use vuzo_application::chat::CallError;
use vuzo_application::keys::KeyError;
use vuzo_application::operator::OperatorError;
use vuzo_application::people::PeopleError;
use vuzo_application::usage::DailyError;
use vuzo_domain::chat::{FaultKind, ProviderFault};
use vuzo_domain::key::KeyRefusal;
use vuzo_domain::limit::{LimitRefusal, LimitScope, Limited};
use vuzo_domain::port::{TokenFault, Unavailable};
use vuzo_domain::wallet::{CapCheck, CapScope};
use vuzo_wire::chat::RequestFault;
use vuzo_wire::goduration;

use super::{Fault, rules};
use crate::dto::model_import::jumps_json;

/// Official clients obey it before they look at the status.
static SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

const SOON: Duration = Duration::from_secs(1);

impl From<RequestFault> for Fault {
    fn from(fault: RequestFault) -> Self {
        let refusal = Self::new(rules::MALFORMED, fault.message)
            .said(StatusCode::BAD_REQUEST, fault.code.map(ToOwned::to_owned));
        match fault.param {
            Some(param) => refusal.param(param),
            None => refusal,
        }
    }
}

impl From<Unavailable> for Fault {
    fn from(trouble: Unavailable) -> Self {
        unavailable(&trouble)
    }
}

/// This is the boundary where the chain of causes is told, once.
fn unavailable(trouble: &Unavailable) -> Fault {
    let mut chain = trouble.to_string();
    let mut source = trouble.source();
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(error = %chain, "a request was answered with 503");
    let message = "The service is unavailable for the moment; try again soon.";
    Fault::new(rules::SERVICE_UNAVAILABLE, message).retry_after(SOON)
}

impl From<AccessError> for Fault {
    fn from(error: AccessError) -> Self {
        let rule = match error {
            AccessError::InvalidKey => rules::INVALID_API_KEY,
            AccessError::Token(TokenFault::Invalid) => rules::INVALID_TOKEN,
            AccessError::Token(TokenFault::Expired) => rules::TOKEN_EXPIRED,
            AccessError::SessionOver => rules::SESSION_ENDED,
            AccessError::Refused(refusal) => return refusal.into(),
            AccessError::Suspended => rules::ACCOUNT_SUSPENDED,
            AccessError::Closed => rules::ACCOUNT_CLOSED,
            AccessError::AdminOnly => rules::ADMIN_ONLY,
            AccessError::SessionOnly => rules::SESSION_REQUIRED,
            AccessError::Unavailable(trouble) => return trouble.into(),
        };
        challenged(Self::of(rule, &error))
    }
}

impl From<KeyRefusal> for Fault {
    fn from(refusal: KeyRefusal) -> Self {
        let rule = match refusal {
            KeyRefusal::Revoked | KeyRefusal::Expired => rules::INVALID_API_KEY,
            KeyRefusal::Scope(_) => rules::INSUFFICIENT_SCOPE,
            KeyRefusal::Address => rules::IP_NOT_ALLOWED,
            KeyRefusal::Domain => rules::DOMAIN_NOT_ALLOWED,
            KeyRefusal::Model(_) => {
                return Self::of(rules::MODEL_NOT_ALLOWED, &refusal).param("model");
            }
        };
        challenged(Self::of(rule, &refusal))
    }
}

impl From<PeopleError> for Fault {
    fn from(error: PeopleError) -> Self {
        let rule = match error {
            PeopleError::InvalidEmail(_) => {
                return Self::of(rules::INVALID_EMAIL, &error).param("email");
            }
            PeopleError::WeakPassword(_) => {
                return Self::of(rules::WEAK_PASSWORD, &error).param("password");
            }
            PeopleError::TooLong { field }
            | PeopleError::Unprintable { field }
            | PeopleError::Blank { field } => {
                return Self::of(rules::INVALID_VALUE, &error).param(field);
            }
            PeopleError::EmailTaken => return Self::of(rules::EMAIL_TAKEN, &error).param("email"),
            PeopleError::WrongCredentials => rules::INVALID_CREDENTIALS,
            PeopleError::Closed => rules::ACCOUNT_CLOSED,
            PeopleError::NoSession => rules::INVALID_REFRESH_TOKEN,
            PeopleError::Reused => rules::REFRESH_TOKEN_REUSED,
            PeopleError::Unavailable(trouble) => return trouble.into(),
        };
        Self::of(rule, &error)
    }
}

impl From<KeyError> for Fault {
    fn from(error: KeyError) -> Self {
        let invalid = |field: &str| Self::of(rules::INVALID_VALUE, &error).param(field);
        match error {
            KeyError::NotFound => Self::of(rules::KEY_NOT_FOUND, &error),
            KeyError::Name => invalid("name"),
            KeyError::NoScopes => invalid("scopes"),
            KeyError::Expiry => invalid("expires_at"),
            KeyError::SpendCap => invalid("spend_cap"),
            KeyError::Grace => invalid("grace_seconds"),
            KeyError::TooMany { field } => invalid(field),
            KeyError::Scope(_) => Self::of(rules::INSUFFICIENT_SCOPE, &error).param("scopes"),
            KeyError::Wider { field } => Self::of(rules::WIDER_THAN_OWN_KEY, &error).param(field),
            KeyError::Capped => Self::of(rules::KEY_IS_CAPPED, &error),
            KeyError::AlreadyReplaced => Self::of(rules::KEY_ALREADY_REPLACED, &error),
            KeyError::Unavailable(trouble) => trouble.into(),
        }
    }
}

impl From<OperatorError> for Fault {
    fn from(error: OperatorError) -> Self {
        match error {
            OperatorError::NotFound { what } => {
                let rule = match what {
                    "account" => rules::ACCOUNT_NOT_FOUND,
                    "model" => rules::MODEL_NOT_FOUND,
                    "provider key" => rules::PROVIDER_KEY_NOT_FOUND,
                    _ => rules::RULE_NOT_FOUND,
                };
                Self::of(rule, &error)
            }
            OperatorError::Invalid { field, .. } => {
                Self::of(rules::INVALID_VALUE, &error).param(field)
            }
            OperatorError::InvalidModel { index, field, .. } => {
                let param = format!("models[{index}].{field}");
                Self::of(rules::INVALID_VALUE, &error).param(param)
            }
            OperatorError::PriceJumps(ref jumps) => {
                Self::of(rules::PRICE_JUMP, &error).with("jumps", jumps_json(jumps))
            }
            OperatorError::NameTaken { .. } => Self::of(rules::MODEL_NAME_TAKEN, &error),
            OperatorError::NoSealingKey(_) => Self::of(rules::NO_SEALING_KEY, &error),
            OperatorError::KeyMismatch => Self::of(rules::IDEMPOTENCY_KEY_MISMATCH, &error),
            OperatorError::Unavailable(trouble) => trouble.into(),
        }
    }
}

impl From<DailyError> for Fault {
    fn from(error: DailyError) -> Self {
        match error {
            DailyError::Backwards | DailyError::TooManyDays(_) => {
                Self::of(rules::INVALID_VALUE, &error).param("end")
            }
            DailyError::Unavailable(trouble) => trouble.into(),
        }
    }
}

/// RFC 9110 wants every 401 to name what would open the door.
pub(super) fn challenged(fault: Fault) -> Fault {
    if fault.status() == StatusCode::UNAUTHORIZED {
        let bearer = HeaderValue::from_static("Bearer");
        fault.header(header::WWW_AUTHENTICATE, bearer)
    } else {
        fault
    }
}

impl From<LimitRefusal> for Fault {
    fn from(refusal: LimitRefusal) -> Self {
        let whose = match refusal.scope {
            LimitScope::Account(_) => "this account",
            LimitScope::Key(_) => "this API key",
            LimitScope::Address(_) => "this address",
        };
        let millis = u64::try_from(refusal.retry_after.as_millis()).unwrap_or(u64::MAX);
        let wait = goduration::from_millis(millis);
        let limit = refusal.limit;
        let message = match refusal.limited {
            Limited::Window(counted, window) => format!(
                "Rate limit reached for {whose}: {limit} {} per {}. Please try again in {wait}.",
                counted.name(),
                window.name()
            ),
            Limited::Concurrency => format!(
                "Rate limit reached for {whose}: {limit} requests at the same time. Please try again in {wait}."
            ),
        };
        Self::new(rules::RATE_LIMIT_EXCEEDED, message).retry_after(refusal.retry_after)
    }
}

impl From<CallError> for Fault {
    fn from(error: CallError) -> Self {
        Self::from(&error)
    }
}

impl From<&CallError> for Fault {
    fn from(error: &CallError) -> Self {
        match error {
            CallError::UnknownModel(_) => Self::of(rules::MODEL_NOT_FOUND, error).param("model"),
            CallError::Refused(refusal) => refusal.clone().into(),
            CallError::WrongRoute { .. } => {
                Self::of(rules::UNSUPPORTED_MODEL, error).param("model")
            }
            CallError::NotPriced(_) => Self::of(rules::MODEL_NOT_PRICED, error).param("model"),
            CallError::TierNotSold(_) => {
                Self::of(rules::TIER_NOT_SOLD, error).param("service_tier")
            }
            CallError::OutputLimit { .. } => {
                Self::of(rules::MAX_TOKENS_PER_REQUEST, error).param("max_tokens")
            }
            CallError::TooLarge => Self::of(rules::TOO_LARGE_TO_PRICE, error),
            CallError::Limited(refusal) => (*refusal).into(),
            CallError::Insufficient { .. } => insufficient(error),
            CallError::CapReached { .. } => cap_reached(error),
            CallError::KeyRunning => {
                Self::of(rules::IDEMPOTENCY_KEY_IN_USE, error).retry_after(SOON)
            }
            CallError::KeyMismatch => Self::of(rules::IDEMPOTENCY_KEY_MISMATCH, error),
            CallError::BadIdempotencyKey => Self::of(rules::INVALID_IDEMPOTENCY_KEY, error),
            CallError::Provider(fault) => fault.into(),
            CallError::NotServed(_) => Self::of(rules::MODEL_NOT_SERVED, error).param("model"),
            CallError::Draining => Self::of(rules::SHUTTING_DOWN, error).retry_after(SOON),
            CallError::Busy => Self::of(rules::OVERLOADED, error).retry_after(SOON),
            CallError::Abandoned => Self::of(rules::CLIENT_CLOSED_REQUEST, error),
            CallError::TooLongToReplay => Self::of(rules::ANSWER_NOT_KEPT, error),
            CallError::Unavailable(trouble) => unavailable(trouble),
        }
    }
}

fn insufficient(error: &CallError) -> Fault {
    let CallError::Insufficient {
        required,
        available,
        currency,
        max_tokens_affordable,
    } = error
    else {
        return Fault::of(rules::INSUFFICIENT_CREDITS, error);
    };
    let (needs, has) = (currency.format(*required), currency.format(*available));
    let message = format!(
        "This call needs {needs} {currency} and the balance has {has} {currency} for it: add credit, or lower max_tokens."
    );
    Fault::new(rules::INSUFFICIENT_CREDITS, message)
        .with("required", needs)
        .with("available", has)
        .with("currency", currency.code())
        .with("max_tokens_affordable", max_tokens_affordable.unwrap_or(0))
}

fn cap_reached(error: &CallError) -> Fault {
    let CallError::CapReached {
        check: CapCheck { scope, cap },
        required,
        remaining,
        currency,
    } = error
    else {
        return Fault::of(rules::SPENDING_CAP_REACHED, error);
    };
    let whose = match scope {
        CapScope::Account(_) => "account",
        CapScope::Key(_) => "API key",
    };
    let (needs, left) = (currency.format(*required), currency.format(*remaining));
    let message = format!(
        "The {} spending cap of this {whose} leaves {left} {currency}, and this call needs {needs} {currency}.",
        cap.window.name(),
    );
    Fault::new(rules::SPENDING_CAP_REACHED, message)
        .with("required", needs)
        .with("available", left)
        .with("currency", currency.code())
        .with("limit", currency.format(cap.limit))
        .with("window", cap.window.name())
        .header(SHOULD_RETRY.clone(), HeaderValue::from_static("false"))
}

impl From<&ProviderFault> for Fault {
    /// A provider's complaint about the operator's account or pace is never a 4xx: it is
    /// our account's limit that was reached, and not the customer's.
    fn from(fault: &ProviderFault) -> Self {
        let rule = match &fault.kind {
            FaultKind::Unreachable => rules::PROVIDER_UNREACHABLE,
            FaultKind::TimedOut => rules::PROVIDER_TIMEOUT,
            FaultKind::RateLimited | FaultKind::Overloaded => rules::PROVIDER_OVERLOADED,
            FaultKind::Failing => rules::PROVIDER_FAILED,
            FaultKind::OurAccount | FaultKind::NotServed => rules::PROVIDER_REFUSED_US,
            FaultKind::Garbled => rules::PROVIDER_GARBLED,
            FaultKind::BadRequest {
                status,
                param,
                code,
            } => {
                let refusal =
                    Self::of(rules::MALFORMED, fault).said(customers_status(*status), code.clone());
                return match param {
                    Some(param) => refusal.param(param.clone()),
                    None => refusal,
                };
            }
        };
        let refusal = Self::of(rule, fault);
        match (fault.retry_after, &fault.kind) {
            (Some(wait), _) => refusal.retry_after(wait),
            (None, FaultKind::RateLimited | FaultKind::Overloaded) => refusal.retry_after(SOON),
            (None, _) => refusal,
        }
    }
}

/// Only what speaks of the request itself may reach the customer as it was said.
fn customers_status(said: u16) -> StatusCode {
    match said {
        404 => StatusCode::NOT_FOUND,
        413 => StatusCode::PAYLOAD_TOO_LARGE,
        415 => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        422 => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::BAD_REQUEST,
    }
}
