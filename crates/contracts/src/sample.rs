//! Values that laws need and do not care about.

use core::time::Duration;

use uuid::Uuid;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Attempt, AttemptStatus, CallRecord, CallStatus, Endpoint};
use vuzo_domain::id::{AccountId, GenerationId};
use vuzo_domain::key::Environment;
use vuzo_domain::money::{BasisPoints, Currency, Units};
use vuzo_domain::port::Settle;
use vuzo_domain::pricing::{Exact, Line, LineKind, Rate, Receipt};
use vuzo_domain::time::Timestamp;
use vuzo_domain::usage::Consumption;
use vuzo_domain::wallet::{Charge, Hold};

/// Thirty-two bytes that follow from an id.
pub fn digest(seed: Uuid) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(seed.as_bytes());
    bytes[16..].copy_from_slice(seed.as_bytes());
    bytes
}

/// A receipt with one line over the whole amount.
pub fn receipt(currency: Currency, total: Units) -> Receipt {
    if total == Units::ZERO {
        return Receipt::free(currency);
    }
    let line = Line {
        kind: LineKind::FixedFee,
        quantity: 1,
        unit_price: Rate::default(),
        per: 1,
        markup: BasisPoints::default(),
        cost: Exact::from_units(total),
    };
    Receipt {
        currency,
        lines: vec![line],
        total,
    }
}

/// A free call of `gpt-4o` that went well.
pub fn record(call: GenerationId, account: AccountId, at: Timestamp) -> CallRecord {
    CallRecord {
        id: call,
        account,
        key: None,
        environment: Environment::Live,
        endpoint: Endpoint::ChatCompletions,
        model: "gpt-4o".to_owned(),
        served_model: Some("gpt-4o-2024-08-06".to_owned()),
        provider: ProviderId::new("openai").unwrap(),
        stream: true,
        status: CallStatus::Ok,
        consumption: Consumption {
            input: 10,
            output: 5,
            ..Consumption::default()
        },
        estimated: false,
        receipt: Receipt::free(Currency::USD),
        provider_cost: Units(3),
        priced_as: None,
        cached_from: None,
        service_tier: None,
        price_version: 2,
        rule: None,
        held: Units::ZERO,
        attempts: vec![Attempt {
            provider: ProviderId::new("openai").unwrap(),
            model: "gpt-4o".to_owned(),
            status: AttemptStatus::Ok,
            latency: Duration::from_millis(120),
            provider_cost: Units(3),
            fault: None,
            key: None,
        }],
        latency: Duration::from_millis(150),
        time_to_first_token: Some(Duration::from_millis(40)),
        metadata: None,
        created_at: at,
    }
}

/// The settlement of a hold by this charge.
pub fn settlement(hold: &Hold, charge: Units, at: Timestamp) -> Settle {
    let mut record = record(hold.id.generation(), hold.account, at);
    record.key = hold.key;
    record.receipt = receipt(hold.currency, charge);
    record.held = hold.total().unwrap();
    Settle {
        hold: hold.id,
        charge: Charge {
            amount: charge,
            provider_debts: vec![],
            description: "gpt-4o".to_owned(),
            at,
        },
        record,
        claim: None,
    }
}
