use std::collections::HashSet;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use vuzo_domain::id::{AccountId, HoldId};
use vuzo_domain::money::Currency;
use vuzo_domain::port::Unavailable;
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Book, Hold, HoldEnd, HoldState, Source, Transfer, TransferKind};
use vuzo_sql::rows::{NewTransferRow, SourceRow};
use vuzo_sql::schema::{holds, ledger_accounts, transfers};
use vuzo_sql::{RawId, counterpart, grant_expiry_id};

use super::{credit, lock};
use crate::batch::{Batch, Wants};
use crate::database::Fault;
use crate::writer::Work;

/// Open holds past their expiry, the oldest first. They are not locked: that is up to
/// the transaction that ends them, which takes their wallets first.
pub(super) async fn find_overdue(
    conn: &mut AsyncPgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<HoldId>, Fault<Unavailable>> {
    let ids: Vec<RawId> = holds::table
        .filter(holds::state.eq("open"))
        .filter(holds::expires_at.le(now.as_micros()))
        .order(holds::expires_at)
        .limit(limit)
        .select(holds::id)
        .load(conn)
        .await?;
    Ok(ids
        .into_iter()
        .map(|RawId(raw)| HoldId::from_uuid(raw))
        .collect())
}

/// Ends these holds, as far as they are still open and past their expiry.
pub(super) struct Expiry {
    pub(super) holds: Vec<HoldId>,
    pub(super) now: Timestamp,
}

impl Work for Expiry {
    type Done = Vec<Hold>;
    type Refusal = Unavailable;

    const OPERATION: &'static str = "expire_holds";

    fn wants<'job>(&'job self, wants: &mut Wants<'job>) {
        wants.holds.extend(self.holds.iter().copied());
        wants.strays.extend(self.holds.iter().copied());
    }

    fn decide<'job>(&'job self, batch: &mut Batch<'job>) -> Result<Vec<Hold>, Fault<Unavailable>> {
        let ended_before = HoldState::Ended {
            end: HoldEnd::Expired,
            at: self.now,
        };
        let mut ended = Vec::with_capacity(self.holds.len());
        for id in &self.holds {
            let Some(hold) = batch.holds.find(*id).cloned() else {
                continue;
            };
            if hold.is_open() && hold.expires_at <= self.now {
                ended.push(expire(batch, hold, self.now)?);
            } else if batch.is_resent && hold.state == ended_before {
                ended.push(hold);
            }
        }
        Ok(ended)
    }
}

fn expire(batch: &mut Batch<'_>, hold: Hold, now: Timestamp) -> Result<Hold, Fault<Unavailable>> {
    let amount = hold.total()?;
    batch
        .books
        .get::<Unavailable>(hold.account, hold.currency)?
        .release(&hold)?;
    for cap in &hold.caps {
        let counter = batch.counters.get::<Unavailable>(*cap)?;
        counter.held = counter.held.minus(amount)?;
    }
    let hold = hold.ended(HoldEnd::Expired, now)?;
    batch.holds.end(hold.clone());
    batch.claims.give_back(hold.id.generation());
    Ok(hold)
}

/// Takes back what is left of expired grants.
pub(super) async fn expire_grants(
    conn: &mut AsyncPgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<u32, Fault<Unavailable>> {
    let lapsed: Vec<SourceRow> = ledger_accounts::table
        .filter(ledger_accounts::lapses_at.le(now.as_micros()))
        .filter(ledger_accounts::posted.gt(ledger_accounts::held))
        .order(ledger_accounts::lapses_at)
        .limit(limit)
        .select(SourceRow::as_select())
        .load(conn)
        .await?;
    let mut wallets: HashSet<(AccountId, Currency)> = HashSet::new();
    for row in &lapsed {
        wallets.insert((AccountId::from_uuid(row.account_id.0), row.currency()?));
    }
    lock::wallets(conn, wallets.iter().copied()).await?;
    let mut count = 0_u32;
    for (account, currency) in wallets {
        let mut book = credit::load_whole(conn, account, currency).await?;
        for row in &lapsed {
            let is_here = row.account_id.0 == account.uuid() && row.currency()? == currency;
            if is_here && take_back(conn, &mut book, row, now).await? {
                count = count.saturating_add(1);
            }
        }
    }
    settle_lapsed(conn, now).await?;
    Ok(count)
}

/// Spent and expired grants are not looked at again.
async fn settle_lapsed(
    conn: &mut AsyncPgConnection,
    now: Timestamp,
) -> Result<(), Fault<Unavailable>> {
    let done = ledger_accounts::table
        .filter(ledger_accounts::lapses_at.le(now.as_micros()))
        .filter(ledger_accounts::posted.eq(0))
        .filter(ledger_accounts::held.eq(0));
    diesel::update(done)
        .set(ledger_accounts::lapses_at.eq(None::<i64>))
        .execute(conn)
        .await?;
    Ok(())
}

async fn take_back(
    conn: &mut AsyncPgConnection,
    book: &mut Book,
    row: &SourceRow,
    now: Timestamp,
) -> Result<bool, Fault<Unavailable>> {
    let id = Source::try_from(row)?.id;
    let Some(source) = book.source_mut(id) else {
        return Err(Fault::broken("a grant is not in its own wallet"));
    };
    let amount = source.lapsed(now);
    let Some(lapses_at) = row.lapses_at.filter(|_| amount.is_positive()) else {
        return Ok(false);
    };
    let expired = grant_expiry_id(source, Timestamp::from_micros(lapses_at));
    source.posted = source.posted.minus(amount)?;
    let source = *source;
    credit::save(conn, book.account, book.currency, &source).await?;
    let transfer = Transfer {
        id: expired,
        debit: source.id,
        credit: counterpart(TransferKind::GrantExpiry).id(book.currency),
        amount,
        currency: book.currency,
        kind: TransferKind::GrantExpiry,
        account: Some(book.account),
        generation: None,
        description: None,
        balance_after: Some(book.posted()),
        at: now,
    };
    diesel::insert_into(transfers::table)
        .values(NewTransferRow::from(&transfer))
        .execute(conn)
        .await?;
    Ok(true)
}
