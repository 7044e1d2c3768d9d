//! How much a metered call costs a store: a hold and a settlement, each durable. The
//! examples of the stores run it.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use uuid::Uuid;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Attempt, AttemptStatus, CallRecord, CallStatus, Endpoint};
use vuzo_domain::id::{AccountId, GenerationId, LedgerAccountId, TransferId};
use vuzo_domain::key::Environment;
use vuzo_domain::money::{BasisPoints, Currency, Units};
use vuzo_domain::port::{
    CreditWallet, Grant, LedgerAudit, LedgerReport, PlaceHold, Settle, Wallets,
};
use vuzo_domain::pricing::{Dimension, Exact, Line, LineKind, Rate, Receipt};
use vuzo_domain::time::Timestamp;
use vuzo_domain::usage::Consumption;
use vuzo_domain::wallet::{Charge, ProviderDebt, TransferKind};

/// What a measurement, or a step of it, comes to.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const COST: i64 = 52_500;
const NOW: i64 = 1_773_144_000;

/// What is to be measured.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many calls.
    pub calls: u64,
    /// How many of them at a time.
    pub at_once: u64,
    /// Over how many accounts.
    pub accounts: u64,
}

/// What was measured.
#[derive(Debug)]
pub struct Measured {
    /// Calls that were made.
    pub calls: u64,
    /// How long they took.
    pub wall: Duration,
    /// What the threads have worked meanwhile, for each name that was asked for.
    pub worked: Vec<Duration>,
    /// The proof of the books afterwards.
    pub report: LedgerReport,
}

impl Load {
    /// Reads the first three words of a command line; each may be missing.
    ///
    /// # Errors
    /// One of them is no number.
    pub fn of(words: &[String]) -> Outcome<Self> {
        let number = |place: usize, usual: u64| -> Outcome<u64> {
            words.get(place).map_or(Ok(usual), |word| Ok(word.parse()?))
        };
        Ok(Self {
            calls: number(0, 20_000)?,
            at_once: number(1, 64)?.max(1),
            accounts: number(2, 1)?.max(1),
        })
    }

    /// Opens the wallets, so many at once, and then makes the calls. Of the threads that are
    /// called one of `threads` it tells what they have worked.
    ///
    /// # Errors
    /// The store refused something, or is not there.
    pub async fn measure<S: Wallets + LedgerAudit>(
        self,
        store: &Arc<S>,
        openings: usize,
        threads: &[&str],
    ) -> Outcome<Measured> {
        let ids = Arc::new(AtomicU64::new(1));
        let accounts = Arc::new(open_wallets(store, &ids, self.accounts, openings).await?);
        let busy: Vec<Duration> = threads.iter().map(|name| cpu(name)).collect();
        let begun = Instant::now();
        let share = self.calls / self.at_once;
        let mut workers = JoinSet::new();
        for worker in 0..self.at_once {
            let (store, ids) = (Arc::clone(store), Arc::clone(&ids));
            let work = serve(store, ids, Arc::clone(&accounts), worker, share);
            workers.spawn_on(work, &Handle::current());
        }
        while let Some(done) = workers.join_next().await {
            done??;
        }
        let wall = begun.elapsed();
        let worked = threads.iter().zip(busy);
        let worked = worked.map(|(name, before)| cpu(name).saturating_sub(before));
        Ok(Measured {
            calls: share.saturating_mul(self.at_once),
            wall,
            worked: worked.collect(),
            report: store.audit_ledger(Timestamp::from_secs(NOW)).await?,
        })
    }
}

impl Measured {
    /// Calls in a second.
    pub fn rate(&self) -> f64 {
        count(self.calls) / self.wall.as_secs_f64()
    }

    /// The microseconds of work for each call, for each name that was asked for.
    pub fn micros(&self) -> Vec<f64> {
        let each = |span: &Duration| span.as_secs_f64() * 1e6 / count(self.calls);
        self.worked.iter().map(each).collect()
    }
}

async fn open_wallets<S: Wallets>(
    store: &Arc<S>,
    ids: &Arc<AtomicU64>,
    accounts: u64,
    openings: usize,
) -> Outcome<Vec<AccountId>> {
    let mut topups = JoinSet::new();
    let mut opened = Vec::new();
    for _ in 0..accounts {
        let account = AccountId::from_uuid(fresh(ids));
        opened.push(account);
        let command = topup(ids, account);
        let store = Arc::clone(store);
        topups.spawn_on(
            async move { store.credit(command).await.map(|_| ()) },
            &Handle::current(),
        );
        if topups.len() >= openings {
            topups.join_next().await.transpose()?.transpose()?;
        }
    }
    while let Some(done) = topups.join_next().await {
        done??;
    }
    Ok(opened)
}

async fn serve<S: Wallets>(
    store: Arc<S>,
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
        claim: None,
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
        service_tier: None,
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
        let stat = std::fs::read_to_string(path.join("schedstat")).ok()?;
        let comm = std::fs::read_to_string(path.join("comm")).ok()?;
        let nanos = stat.split(' ').next()?.parse().ok()?;
        (name.is_empty() || comm.trim() == name).then_some(Duration::from_nanos(nanos))
    };
    tasks.flatten().filter_map(|task| worked(task.path())).sum()
}
