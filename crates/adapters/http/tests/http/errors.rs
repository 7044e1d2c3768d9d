//! The error table, written down a second time: codes are a promise.

mod numbers;

use std::time::Duration;

use actix_web::ResponseError as _;
use actix_web::body::to_bytes;
use serde_json::{Value, json};
use uuid::Uuid;
use vuzo_application::access::AccessError;
use vuzo_application::chat::{CallError, TierNotSold};
use vuzo_application::keys::KeyError;
use vuzo_application::operator::OperatorError;
use vuzo_application::people::PeopleError;
use vuzo_application::usage::DailyError;
use vuzo_domain::account::{InvalidEmail, WeakPassword};
use vuzo_domain::catalog::ModelId;
use vuzo_domain::chat::{FaultKind, ProviderFault};
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::key::{KeyRefusal, Scope};
use vuzo_domain::limit::{Counted, LimitRefusal, LimitScope, Limited, RateWindow};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{TokenFault, Unavailable};
use vuzo_domain::pricing::ServiceTier;
use vuzo_domain::wallet::{Cap, CapCheck, CapScope, CapWindow};
use vuzo_http::{Fault, rules};

struct Seen {
    status: u16,
    error: Value,
    retry_after: Option<String>,
}

async fn seen(fault: impl Into<Fault>) -> Seen {
    let response = fault.into().error_response();
    let header = response.headers().get("retry-after");
    Seen {
        status: response.status().as_u16(),
        retry_after: header.map(|value| value.to_str().unwrap().to_owned()),
        error: {
            let body = to_bytes(response.into_body()).await.unwrap();
            serde_json::from_slice::<Value>(&body).unwrap()["error"].clone()
        },
    }
}

type Row = (Fault, &'static str);

/// Status, type, code and field of each.
async fn check(rows: Vec<Row>) {
    for (fault, expected) in rows {
        let shown = format!("{fault:?}");
        let seen = seen(fault).await;
        let word = |name: &str| seen.error[name].as_str().unwrap_or("-").to_owned();
        let kind = match word("type").as_str() {
            "invalid_request_error" => "request",
            "permission_error" => "permission",
            "server_error" => "server",
            "api_error" => "provider",
            other => panic!("{other} is no class of errors: {shown}"),
        };
        let (code, param) = (word("code"), word("param"));
        let found = format!("{} {kind} {code} {param}", seen.status);
        assert_eq!(found, expected, "{shown}");
        let message = word("message");
        let is_sentence = message.ends_with('.') && !message.starts_with(char::is_lowercase);
        assert!(is_sentence, "{message}");
        // Who is told to wait is told for how long, in whole seconds.
        if let Some(wait) = seen.retry_after {
            assert!(wait.parse::<u64>().is_ok_and(|secs| secs > 0), "{wait}");
        }
    }
}

fn down() -> Unavailable {
    Unavailable::new("find_key", "the password of the database is hunter2")
}

#[tokio::test]
async fn access() {
    let refused = |refusal| Fault::from(AccessError::Refused(refusal));
    let model = KeyRefusal::Model("gpt-4o".to_owned());
    check(vec![
        (
            AccessError::InvalidKey.into(),
            "401 request invalid_api_key -",
        ),
        (
            AccessError::Token(TokenFault::Invalid).into(),
            "401 request invalid_token -",
        ),
        (
            AccessError::Token(TokenFault::Expired).into(),
            "401 request token_expired -",
        ),
        (
            AccessError::SessionOver.into(),
            "401 request session_ended -",
        ),
        (
            refused(KeyRefusal::Revoked),
            "401 request invalid_api_key -",
        ),
        (
            refused(KeyRefusal::Expired),
            "401 request invalid_api_key -",
        ),
        (
            refused(KeyRefusal::Scope(Scope::Keys)),
            "403 permission insufficient_scope -",
        ),
        (
            refused(KeyRefusal::Address),
            "403 permission ip_not_allowed -",
        ),
        (
            refused(KeyRefusal::Domain),
            "403 permission domain_not_allowed -",
        ),
        (refused(model), "403 permission model_not_allowed model"),
        (
            AccessError::Suspended.into(),
            "403 permission account_suspended -",
        ),
        (
            AccessError::Closed.into(),
            "403 permission account_closed -",
        ),
        (AccessError::AdminOnly.into(), "403 permission admin_only -"),
        (
            AccessError::SessionOnly.into(),
            "403 permission session_required -",
        ),
        (
            AccessError::Unavailable(down()).into(),
            "503 server service_unavailable -",
        ),
    ])
    .await;
}

#[tokio::test]
async fn tiers_that_are_not_sold() {
    let refusal = TierNotSold {
        model: "gpt-9".to_owned(),
        tier: ServiceTier::Flex,
        sold: vec![],
    };
    check(vec![(
        CallError::TierNotSold(Box::new(refusal)).into(),
        "400 request service_tier_not_sold service_tier",
    )])
    .await;
}

#[tokio::test]
async fn calls() {
    let name = || "gpt-9".to_owned();
    let output = CallError::OutputLimit { asked: 9, limit: 5 };
    check(vec![
        (
            CallError::UnknownModel(name()).into(),
            "404 request model_not_found model",
        ),
        (
            CallError::Refused(KeyRefusal::Address).into(),
            "403 permission ip_not_allowed -",
        ),
        (
            CallError::WrongRoute {
                model: "x".to_owned(),
                lacks: "chat",
            }
            .into(),
            "400 request unsupported_model model",
        ),
        (
            CallError::NotPriced(name()).into(),
            "400 request model_not_priced model",
        ),
        (
            output.into(),
            "400 request max_tokens_per_request max_tokens",
        ),
        (
            CallError::TooLarge.into(),
            "400 request too_large_to_price -",
        ),
        (
            CallError::KeyRunning.into(),
            "409 request idempotency_key_in_use -",
        ),
        (
            CallError::KeyMismatch.into(),
            "422 request idempotency_key_mismatch -",
        ),
        (
            CallError::BadIdempotencyKey.into(),
            "400 request invalid_idempotency_key -",
        ),
        (
            CallError::NotServed(name()).into(),
            "503 server model_not_served model",
        ),
        (CallError::Draining.into(), "503 server shutting_down -"),
        (CallError::Busy.into(), "503 server server_is_overloaded -"),
        (
            CallError::Abandoned.into(),
            "499 request client_closed_request -",
        ),
        (
            CallError::TooLongToReplay.into(),
            "410 request answer_not_kept -",
        ),
        (
            CallError::Unavailable(down()).into(),
            "503 server service_unavailable -",
        ),
    ])
    .await;
}

#[tokio::test]
async fn providers() {
    let fault = |kind| Fault::from(CallError::Provider(ProviderFault::new(kind, "it failed")));
    let said = |status| FaultKind::BadRequest {
        status,
        param: Some("tools".to_owned()),
        code: None,
    };
    check(vec![
        (
            fault(FaultKind::Unreachable),
            "502 provider provider_unreachable -",
        ),
        (
            fault(FaultKind::TimedOut),
            "504 provider provider_timeout -",
        ),
        (
            fault(FaultKind::Overloaded),
            "503 provider provider_overloaded -",
        ),
        (
            fault(FaultKind::RateLimited),
            "503 provider provider_overloaded -",
        ),
        (fault(FaultKind::Failing), "502 provider provider_error -"),
        (
            fault(FaultKind::OurAccount),
            "502 provider provider_unavailable -",
        ),
        (
            fault(FaultKind::Garbled),
            "502 provider provider_invalid_response -",
        ),
        (fault(said(400)), "400 request - tools"),
        (fault(said(404)), "404 request - tools"),
        (fault(said(413)), "413 request - tools"),
        (fault(said(422)), "422 request - tools"),
        // What speaks of the operator's account must not look like the customer's.
        (fault(said(401)), "400 request - tools"),
        (fault(said(402)), "400 request - tools"),
        (fault(said(403)), "400 request - tools"),
        (fault(said(429)), "400 request - tools"),
        (fault(said(500)), "400 request - tools"),
    ])
    .await;
    for (kind, unsaid) in [
        (FaultKind::RateLimited, Some("1")),
        (FaultKind::Overloaded, Some("1")),
        (FaultKind::Failing, None),
    ] {
        let mut busy = ProviderFault::new(kind, "too much");
        let told = async |busy| seen(CallError::Provider(busy)).await.retry_after;
        assert_eq!(told(busy.clone()).await.as_deref(), unsaid);
        busy.retry_after = Some(Duration::from_millis(1_500));
        assert_eq!(told(busy).await.as_deref(), Some("2"));
    }
}

#[tokio::test]
async fn people() {
    let long = PeopleError::TooLong { field: "company" };
    let strange = PeopleError::Unprintable { field: "full_name" };
    let blank = PeopleError::Blank { field: "full_name" };
    check(vec![
        (
            PeopleError::InvalidEmail(InvalidEmail).into(),
            "400 request invalid_email email",
        ),
        (
            PeopleError::WeakPassword(WeakPassword::TooShort).into(),
            "422 request weak_password password",
        ),
        (long.into(), "400 request invalid_value company"),
        (strange.into(), "400 request invalid_value full_name"),
        (blank.into(), "400 request invalid_value full_name"),
        (
            PeopleError::EmailTaken.into(),
            "409 request email_taken email",
        ),
        (
            PeopleError::WrongCredentials.into(),
            "401 request invalid_credentials -",
        ),
        (
            PeopleError::Closed.into(),
            "403 permission account_closed -",
        ),
        (
            PeopleError::NoSession.into(),
            "401 request invalid_refresh_token -",
        ),
        (
            PeopleError::Reused.into(),
            "401 request refresh_token_reused -",
        ),
        (
            PeopleError::Unavailable(down()).into(),
            "503 server service_unavailable -",
        ),
    ])
    .await;
}

#[tokio::test]
async fn keys() {
    let many = KeyError::TooMany {
        field: "ip_allowlist",
    };
    let wider = KeyError::Wider { field: "limits" };
    check(vec![
        (KeyError::NotFound.into(), "404 request api_key_not_found -"),
        (KeyError::Name.into(), "400 request invalid_value name"),
        (
            KeyError::NoScopes.into(),
            "400 request invalid_value scopes",
        ),
        (
            KeyError::Expiry.into(),
            "400 request invalid_value expires_at",
        ),
        (
            KeyError::SpendCap.into(),
            "400 request invalid_value spend_cap",
        ),
        (
            KeyError::Grace.into(),
            "400 request invalid_value grace_seconds",
        ),
        (many.into(), "400 request invalid_value ip_allowlist"),
        (
            KeyError::Scope(Scope::Read).into(),
            "403 permission insufficient_scope scopes",
        ),
        (wider.into(), "403 permission wider_than_own_key limits"),
        (
            KeyError::Capped.into(),
            "403 permission api_key_is_capped -",
        ),
        (
            KeyError::AlreadyReplaced.into(),
            "409 request api_key_already_replaced -",
        ),
        (
            KeyError::Unavailable(down()).into(),
            "503 server service_unavailable -",
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_operator() {
    let missing = |what| Fault::from(OperatorError::NotFound { what });
    let invalid = OperatorError::Invalid {
        field: "reason",
        why: "must be given",
    };
    let taken = OperatorError::NameTaken {
        name: ModelId::new("gpt-4o").unwrap(),
    };
    check(vec![
        (missing("account"), "404 request account_not_found -"),
        (missing("model"), "404 request model_not_found -"),
        (
            missing("pricing rule"),
            "404 request pricing_rule_not_found -",
        ),
        (invalid.into(), "400 request invalid_value reason"),
        (taken.into(), "409 request model_name_taken -"),
        (
            OperatorError::KeyMismatch.into(),
            "422 request idempotency_key_mismatch -",
        ),
        (
            OperatorError::Unavailable(down()).into(),
            "503 server service_unavailable -",
        ),
        (
            DailyError::Backwards.into(),
            "400 request invalid_value end",
        ),
        (
            DailyError::TooManyDays(366).into(),
            "400 request invalid_value end",
        ),
        (
            DailyError::Unavailable(down()).into(),
            "503 server service_unavailable -",
        ),
    ])
    .await;
}

#[tokio::test]
async fn causes_stay_inside() {
    for fault in [Fault::from(down()), CallError::Unavailable(down()).into()] {
        let seen = seen(fault).await;
        assert_eq!(seen.retry_after.as_deref(), Some("1"));
        assert!(!seen.error.to_string().contains("hunter2"));
    }
}

#[test]
fn the_table_is_in_order_and_says_nothing_twice() {
    let statuses: Vec<u16> = rules::ALL.iter().map(|rule| rule.status).collect();
    assert!(statuses.is_sorted(), "{statuses:?}");
    let mut codes: Vec<&str> = rules::ALL.iter().map(|rule| rule.code).collect();
    codes.sort_unstable();
    let many = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), many);
}
