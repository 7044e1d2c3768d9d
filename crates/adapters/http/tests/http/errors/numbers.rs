use super::*;

#[tokio::test]
async fn money_and_limits_carry_their_numbers() {
    let seen_402 = seen(CallError::Insufficient {
        required: Units(2_000_000_000),
        available: Units(50_000_000),
        currency: Currency::USD,
        max_tokens_affordable: Some(12),
    })
    .await;
    assert_eq!(seen_402.status, 402);
    for (name, value) in [
        ("code", json!("insufficient_credits")),
        ("type", json!("insufficient_quota")),
        ("required", json!("2.00")),
        ("available", json!("0.05")),
        ("currency", json!("USD")),
        ("max_tokens_affordable", json!(12)),
    ] {
        assert_eq!(seen_402.error[name], value, "{name}");
    }
    let capped = seen(CallError::CapReached {
        check: CapCheck {
            scope: CapScope::Key(KeyId::from_uuid(Uuid::nil())),
            cap: Cap {
                window: CapWindow::Daily,
                limit: Units(1_000_000_000),
            },
        },
        required: Units(2_000_000_000),
        remaining: Units(5_000_000),
        currency: Currency::USD,
    })
    .await;
    assert_eq!(
        (capped.status, &capped.error["code"]),
        (429, &json!("spending_cap_reached"))
    );
    assert_eq!(
        (&capped.error["limit"], &capped.error["window"]),
        (&json!("1.00"), &json!("daily"))
    );
    assert_eq!(capped.error["available"], "0.005");
    for (limited, words) in [
        (
            Limited::Window(Counted::Requests, RateWindow::Minute),
            "60 requests per minute",
        ),
        (
            Limited::Window(Counted::Tokens, RateWindow::Day),
            "60 tokens per day",
        ),
        (Limited::Concurrency, "60 requests at the same time"),
    ] {
        let refusal = LimitRefusal {
            scope: LimitScope::Account(AccountId::from_uuid(Uuid::nil())),
            limited,
            limit: 60,
            retry_after: Duration::from_millis(1_200),
        };
        let limited = seen(CallError::Limited(refusal)).await;
        assert_eq!(
            (limited.status, limited.retry_after.as_deref()),
            (429, Some("2"))
        );
        assert_eq!(limited.error["type"], "rate_limit_error");
        let message = limited.error["message"].as_str().unwrap();
        assert!(
            message.contains(words) && message.contains("try again in 1.2s"),
            "{message}"
        );
    }
}
