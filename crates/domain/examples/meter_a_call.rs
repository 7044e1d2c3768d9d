//! Prices, holds and meters one call with the rules alone: no server, no database and
//! no clock. Run it with `cargo run -p vuzo-domain --example meter_a_call`.

use std::error::Error;

use uuid::Uuid;
use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::id::{AccountId, GenerationId, LedgerAccountId, RuleId};
use vuzo_domain::money::{BasisPoints, Currency, Money, Units};
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::pricing::{
    Demand, Dimension, Markup, PriceVersion, PricingRule, Quote, Rate, RateCard, Receipt,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::usage::Consumption;
use vuzo_domain::wallet::{
    Book, Charge, GrantKind, Hold, HoldState, Posting, Source, SourceKind, settle_hold,
};

const USD: Currency = Currency::USD;
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn main() -> Result<(), Box<dyn Error>> {
    let quote = quote()?;
    let mut book = wallet()?;
    show("available before", book.available(NOW));

    // Before the provider is called: set the worst case aside.
    let demand = Demand {
        most_input: 1_200,
        most_output: 2_000,
        answers: 1,
        ..Demand::default()
    };
    let worst_case = quote.worst_case(&demand)?;
    show("worst case", worst_case);
    let hold = place(&mut book, worst_case)?;
    show("available while it runs", book.available(NOW));

    // After the provider has said what it counted: charge that, give the rest back.
    let consumed = Consumption {
        input: 800,
        cache_read: 200,
        output: 411,
        ..Consumption::default()
    };
    let receipt = quote.meter(&consumed)?;
    print_receipt(&receipt);
    let charge = Charge {
        amount: receipt.total,
        provider_debts: vec![],
        description: "gpt-example".to_owned(),
        at: NOW,
    };
    let posting = settle_hold(&mut book, hold, &charge)?;
    print_posting(&posting);
    show("available afterwards", book.available(NOW));
    Ok(())
}

/// A model at $2.50 and $10 per million tokens, sold 20 % above that.
fn quote() -> Result<Quote, Box<dyn Error>> {
    let price = |text| Rate::parse(text, USD);
    let model = Model {
        id: ModelId::new("gpt-example")?,
        provider: ProviderId::new("example")?,
        upstream_id: "gpt-example".to_owned(),
        status: ModelStatus::Active,
        context_length: 128_000,
        max_output_tokens: 16_000,
        capabilities: vec!["chat".to_owned()].into(),
        aliases: vec![],
        priority: 0,
        weight: Model::USUAL_WEIGHT,
        created_at: NOW,
    };
    let version = PriceVersion {
        number: 1,
        effective_from: NOW,
        cost: RateCard::new(USD, price("2.50")?, price("10.00")?)
            .with(Dimension::CacheRead, Some(price("1.25")?)),
        retail: None,
    };
    let rule = PricingRule {
        id: RuleId::from_uuid(Uuid::from_u128(1)),
        pattern: ModelPattern::new("*")?,
        markup: Markup {
            percentage: BasisPoints(2_000),
            ..Markup::default()
        },
        priority: 0,
        is_active: true,
    };
    Ok(Quote::new(&model, &[version], &[rule], NOW)?)
}

/// A wallet with a tenth of a cent of trial credit and five dollars of paid money.
fn wallet() -> Result<Book, Box<dyn Error>> {
    let source = |number, kind, amount| -> Result<Source, Box<dyn Error>> {
        let id = LedgerAccountId::from_uuid(Uuid::from_u128(number));
        Ok(Source {
            posted: Money::parse(amount, USD)?.units,
            ..Source::empty(id, kind)
        })
    };
    let trial = SourceKind::Grant(GrantKind::Trial, None);
    let sources = vec![
        source(1, SourceKind::Paid, "5.00")?,
        source(2, trial, "0.001")?,
    ];
    let account = AccountId::from_uuid(Uuid::from_u128(3));
    Ok(Book::new(account, USD, sources))
}

fn place(book: &mut Book, amount: Units) -> Result<Hold, Box<dyn Error>> {
    let placement = book.place(amount, amount, NOW)?;
    Ok(Hold {
        id: GenerationId::from_uuid(Uuid::from_u128(4)).hold(),
        account: book.account,
        key: None,
        currency: book.currency,
        parts: placement.parts,
        caps: vec![],
        state: HoldState::Open,
        placed_at: NOW,
        expires_at: NOW,
    })
}

#[expect(clippy::print_stdout, reason = "showing it is what the example is for")]
fn show(what: &str, amount: Units) {
    println!("{what:<24} ${}", USD.format(amount));
}

#[expect(clippy::print_stdout, reason = "showing it is what the example is for")]
fn print_receipt(receipt: &Receipt) {
    println!("receipt");
    for line in &receipt.lines {
        println!(
            "  {:<12} {:>5} × ${} / {} + {} basis points = ${}",
            line.kind.name(),
            line.quantity,
            line.unit_price.format(receipt.currency),
            line.per,
            line.markup.0,
            line.cost.format(receipt.currency),
        );
    }
    show("  total", receipt.total);
}

#[expect(clippy::print_stdout, reason = "showing it is what the example is for")]
fn print_posting(posting: &Posting) {
    for transfer in &posting.transfers {
        println!(
            "{} from {} to {}",
            USD.format(transfer.amount),
            transfer.debit,
            transfer.credit
        );
    }
    show("charged", posting.charged);
}
