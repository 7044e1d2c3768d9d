//! How much a metered call costs this store: a hold and a settlement, each durable.
//!
//! `cargo run --release -p vuzo-sqlite --example sqlite_hold_settle -- [calls] [at once] [accounts] [file]`

#![expect(clippy::print_stdout, reason = "it is here to print")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinSet;
use uuid::Uuid;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Attempt, AttemptStatus, CallRecord, CallStatus, Endpoint};
use vuzo_domain::id::{AccountId, GenerationId, LedgerAccountId, TransferId};
use vuzo_domain::key::Environment;
use vuzo_domain::money::{BasisPoints, Currency, Units};
use vuzo_domain::port::{CreditWallet, Grant, LedgerAudit, PlaceHold, Settle, Wallets};
use vuzo_domain::pricing::{Dimension, Exact, Line, LineKind, Rate, Receipt};
use vuzo_domain::time::Timestamp;
use vuzo_domain::usage::Consumption;
use vuzo_domain::wallet::{Charge, ProviderDebt, TransferKind};
use vuzo_sqlite::SqliteStore;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const COST: i64 = 52_500;
const NOW: i64 = 1_773_144_000;

struct Plan {
    calls: u64,
    at_once: u64,
    accounts: u64,
    file: PathBuf,
}

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, usual: u64| -> Outcome<u64> {
        words.get(place).map_or(Ok(usual), |word| Ok(word.parse()?))
    };
    let unique = format!("vuzo-hold-settle-{}.db", std::process::id());
    let plan = Plan {
        calls: number(0, 20_000)?,
        at_once: number(1, 64)?.max(1),
        accounts: number(2, 1)?.max(1),
        file: words
            .get(3)
            .map_or_else(|| std::env::temp_dir().join(unique), PathBuf::from),
    };
    let runtime = Runtime::new()?;
    let store = Arc::new(SqliteStore::open(&plan.file, runtime.handle().clone())?);
    runtime.block_on(measure(&store, &plan))?;
    drop(store);
    println!("file: {}", plan.file.display());
    Ok(())
}

async fn measure(store: &Arc<SqliteStore>, plan: &Plan) -> Outcome<()> {
    let ids = Arc::new(AtomicU64::new(1));
    let mut accounts = Vec::new();
    for _ in 0..plan.accounts {
        let account = AccountId::from_uuid(fresh(&ids));
        accounts.push(account);
    }
    let mut topups = JoinSet::new();
    for account in &accounts {
        let command = topup(&ids, *account);
        let store = Arc::clone(store);
        topups.spawn_on(
            async move { store.credit(command).await.map(|_| ()) },
            &Handle::current(),
        );
        if topups.len() >= 1_000 {
            topups.join_next().await.transpose()?.transpose()?;
        }
    }
    while let Some(done) = topups.join_next().await {
        done??;
    }
    let busy = (cpu(""), cpu("sqlite-writer"));
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    let accounts = Arc::new(accounts);
    for worker in 0..plan.at_once {
        let share = plan.calls / plan.at_once;
        let work = serve(
            Arc::clone(store),
            Arc::clone(&ids),
            Arc::clone(&accounts),
            worker,
            share,
        );
        workers.spawn_on(work, &Handle::current());
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    let calls = plan.calls / plan.at_once * plan.at_once;
    let micros = |span: Duration| span.as_secs_f64() * 1e6 / count(calls);
    let wall = begun.elapsed();
    println!(
        "{calls} calls, {} at once, {} accounts: {:.0} calls/s, {:.1} us of CPU a call, {:.1} us of it in the writer",
        plan.at_once,
        plan.accounts,
        count(calls) / wall.as_secs_f64(),
        micros(cpu("").saturating_sub(busy.0)),
        micros(cpu("sqlite-writer").saturating_sub(busy.1)),
    );
    let report = store.audit_ledger(Timestamp::from_secs(NOW)).await?;
    println!("findings in the books: {:?}", report.findings);
    Ok(())
}

async fn serve(
    store: Arc<SqliteStore>,
    ids: Arc<AtomicU64>,
    accounts: Arc<Vec<AccountId>>,
    worker: u64,
    share: u64,
) -> Outcome<()> {
    for number in 0..share {
        let place = usize::try_from(worker.wrapping_mul(7_919).wrapping_add(number))?;
        let account = accounts.get(place % accounts.len()).ok_or("no account")?;
        let call = GenerationId::from_uuid(fresh(&ids));
        store.place_hold(hold(call, *account)).await?;
        store.settle(settlement(call, *account)?).await?;
    }
    Ok(())
}

fn count(calls: u64) -> f64 {
    f64::from(u32::try_from(calls).unwrap_or(u32::MAX))
}

/// A fresh id in the order of time.
fn fresh(ids: &AtomicU64) -> Uuid {
    let number = u128::from(ids.fetch_add(1, Ordering::Relaxed));
    let millis = u128::from(NOW.unsigned_abs()) * 1_000 + number / 10;
    let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) & ((1 << 62) - 1);
    Uuid::from_u128((millis << 80) | (0x7 << 76) | (0b10 << 62) | scattered)
}

fn topup(ids: &AtomicU64, account: AccountId) -> CreditWallet {
    CreditWallet {
        transfer: TransferId::from_uuid(fresh(ids)),
        earlier: Vec::new(),
        account,
        open_as: LedgerAccountId::from_uuid(fresh(ids)),
        currency: Currency::USD,
        amount: Units(1_000_000_000_000),
        kind: TransferKind::Topup,
        grant: Grant::Paid,
        description: "Top-up".to_owned(),
        at: Timestamp::from_secs(NOW),
        audit: None,
    }
}

fn hold(call: GenerationId, account: AccountId) -> PlaceHold {
    let at = Timestamp::from_secs(NOW);
    PlaceHold {
        call,
        account,
        key: None,
        currency: Currency::USD,
        wanted: Units(4_000_000),
        least: Units(100_000),
        caps: vec![],
        claim: None,
        at,
        expires_at: at.after(Duration::from_secs(600)),
    }
}

fn line(dimension: Dimension, quantity: u64, price: u64) -> Outcome<Line> {
    let unit_price = Rate::from_units(price).ok_or("a price out of range")?;
    let markup = BasisPoints(2_000);
    let per = dimension.per();
    Ok(Line {
        kind: LineKind::Usage(dimension),
        quantity,
        unit_price,
        per,
        markup,
        cost: Exact::of(quantity, unit_price, per, markup)?,
    })
}

fn settlement(call: GenerationId, account: AccountId) -> Outcome<Settle> {
    let at = Timestamp::from_secs(NOW);
    let provider = ProviderId::new("openai")?;
    let record = CallRecord {
        id: call,
        account,
        key: None,
        environment: Environment::Live,
        endpoint: Endpoint::ChatCompletions,
        model: "gpt-4o-mini".to_owned(),
        served_model: Some("gpt-4o-mini-2024-07-18".to_owned()),
        provider: provider.clone(),
        stream: true,
        status: CallStatus::Ok,
        consumption: Consumption {
            input: 50,
            output: 60,
            ..Consumption::default()
        },
        estimated: false,
        receipt: Receipt {
            currency: Currency::USD,
            lines: vec![
                line(Dimension::Input, 50, 150_000_000)?,
                line(Dimension::Output, 60, 600_000_000)?,
            ],
            total: Units(COST),
        },
        provider_cost: Units(43_500),
        priced_as: None,
        cached_from: None,
        price_version: 1,
        rule: None,
        held: Units(4_000_000),
        attempts: vec![Attempt {
            provider: provider.clone(),
            model: "gpt-4o-mini".to_owned(),
            status: AttemptStatus::Ok,
            latency: Duration::from_millis(420),
            provider_cost: Units(43_500),
            fault: None,
            key: None,
        }],
        latency: Duration::from_millis(425),
        time_to_first_token: Some(Duration::from_millis(180)),
        metadata: None,
        created_at: at,
    };
    Ok(Settle {
        hold: call.hold(),
        charge: Charge {
            amount: Units(COST),
            provider_debts: vec![ProviderDebt {
                provider,
                amount: Units(43_500),
                currency: Currency::USD,
            }],
            description: "gpt-4o-mini".to_owned(),
            at,
        },
        record,
        claim: None,
    })
}

/// What the threads of that name have worked so far, where the system tells it;
/// without a name, all of them.
fn cpu(name: &str) -> Duration {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return Duration::ZERO;
    };
    let worked = |path: PathBuf| -> Option<Duration> {
        let comm = std::fs::read_to_string(path.join("comm")).ok()?;
        let stat = std::fs::read_to_string(path.join("schedstat")).ok()?;
        let nanos = stat.split(' ').next()?.parse().ok()?;
        (name.is_empty() || comm.trim() == name).then_some(Duration::from_nanos(nanos))
    };
    tasks.flatten().filter_map(|task| worked(task.path())).sum()
}
