use diesel::prelude::*;
use uuid::Uuid;
use vuzo_domain::id::{AccountId, GenerationId, LedgerAccountId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{CreditWallet, Grant};
use vuzo_domain::wallet::{Book, Source, SourceKind, SystemAccount, Transfer};
use vuzo_sql::rows::{NewTransferRow, SourceRow, TransferRow};
use vuzo_sql::schema::{ledger_accounts, transfers};
use vuzo_sql::{RawId, counterpart};

use super::claims;
use crate::audit;
use crate::batch::Batch;
use crate::fault::Fault;

/// Moves money into a wallet or out of it, once per transfer.
pub(crate) fn credit(batch: &mut Batch<'_>, command: &CreditWallet) -> Result<Transfer, Fault> {
    if let Some(known) = find(batch.conn, command)? {
        return Ok(known);
    }
    if command.amount == Units::ZERO {
        return Err(Fault::Refused("a transfer moves more than nothing"));
    }
    batch.flush()?;
    let paid = open(
        batch.conn,
        command.account,
        command.currency,
        command.open_as,
    )?;
    let source = match command.grant {
        Grant::Separate(id, terms) if command.amount.is_positive() => {
            let kind = SourceKind::Grant(terms.kind, terms.expires_at);
            let source = Source::empty(id, kind);
            open_source(batch.conn, command.account, command.currency, &source)?;
            id
        }
        Grant::Separate(..) | Grant::Paid => paid,
    };
    let mut book = load_whole(batch.conn, command.account, command.currency)?;
    let Some(changed) = book.source_mut(source) else {
        return Err(Fault::Refused("the grant belongs to another wallet"));
    };
    changed.posted = changed.posted.plus(command.amount)?;
    let changed = *changed;
    save(batch.conn, command.account, command.currency, &changed)?;
    let transfer = transfer_of(command, source, book.posted())?;
    diesel::insert_into(transfers::table)
        .values(NewTransferRow::from(&transfer))
        .execute(batch.conn)?;
    if let Some(claim) = &command.claim {
        let own = GenerationId::from_uuid(command.transfer.uuid());
        claims::take(batch.conn, claim, own)?;
    }
    if let Some(entry) = &command.audit {
        audit::note(batch.conn, entry)?;
    }
    Ok(transfer)
}

fn transfer_of(
    command: &CreditWallet,
    source: LedgerAccountId,
    balance_after: Units,
) -> Result<Transfer, Fault> {
    let outside = counterpart(command.kind).id(command.currency);
    let (debit, credit, amount) = if command.amount.is_positive() {
        (outside, source, command.amount)
    } else {
        (source, outside, command.amount.negated()?)
    };
    Ok(Transfer {
        id: command.transfer,
        debit,
        credit,
        amount,
        currency: command.currency,
        kind: command.kind,
        account: Some(command.account),
        generation: None,
        description: Some(command.description.clone()),
        balance_after: Some(balance_after),
        at: command.at,
    })
}

/// The transfer of this order, if it was carried out before.
fn find(conn: &mut SqliteConnection, command: &CreditWallet) -> Result<Option<Transfer>, Fault> {
    let mut ids = vec![RawId(command.transfer.uuid())];
    if let Some(claim) = &command.claim {
        let earlier = claims::find(conn, &claim.key)?;
        let earlier = earlier.filter(|row| command.at.as_micros() < row.expires_at);
        ids.extend(earlier.map(|row| row.call_id));
    }
    let row = transfers::table
        .filter(transfers::id.eq_any(ids))
        .limit(1)
        .select(TransferRow::as_select())
        .get_result(conn)
        .optional()?;
    Ok(row.map(Transfer::try_from).transpose()?)
}

/// The paid source of a wallet, which is opened if need be.
pub(crate) fn open(
    conn: &mut SqliteConnection,
    account: AccountId,
    currency: Currency,
    open_as: LedgerAccountId,
) -> Result<LedgerAccountId, Fault> {
    let known: Option<RawId> = ledger_accounts::table
        .filter(ledger_accounts::account_id.eq(RawId(account.uuid())))
        .filter(ledger_accounts::currency.eq(currency.code()))
        .filter(ledger_accounts::kind.eq("paid"))
        .select(ledger_accounts::id)
        .get_result(conn)
        .optional()?;
    if let Some(RawId(raw)) = known {
        return Ok(LedgerAccountId::from_uuid(raw));
    }
    let source = Source::empty(open_as, SourceKind::Paid);
    diesel::insert_into(ledger_accounts::table)
        .values(SourceRow::new(account, currency, &source))
        .execute(conn)?;
    Ok(open_as)
}

fn open_source(
    conn: &mut SqliteConnection,
    account: AccountId,
    currency: Currency,
    source: &Source,
) -> Result<(), Fault> {
    diesel::insert_into(ledger_accounts::table)
        .values(SourceRow::new(account, currency, source))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(())
}

/// All sources of a wallet, empty ones too.
pub(crate) fn load_whole(
    conn: &mut SqliteConnection,
    account: AccountId,
    currency: Currency,
) -> Result<Book, Fault> {
    let rows: Vec<SourceRow> = ledger_accounts::table
        .filter(ledger_accounts::account_id.eq(RawId(account.uuid())))
        .filter(ledger_accounts::currency.eq(currency.code()))
        .select(SourceRow::as_select())
        .load(conn)?;
    let sources = rows
        .iter()
        .map(Source::try_from)
        .collect::<Result<_, _>>()?;
    Ok(Book::new(account, currency, sources))
}

/// Writes a source with the floor that follows from it. Only here is a floor moved:
/// holds and captures stay above the one that is there.
fn save(
    conn: &mut SqliteConnection,
    account: AccountId,
    currency: Currency,
    source: &Source,
) -> Result<(), Fault> {
    let row = SourceRow::new(account, currency, source);
    let place = ledger_accounts::table
        .filter(ledger_accounts::account_id.eq(row.account_id))
        .filter(ledger_accounts::currency.eq(currency.code()))
        .filter(ledger_accounts::id.eq(row.id));
    diesel::update(place).set(&row).execute(conn)?;
    Ok(())
}

/// Sets how far below zero a wallet may go. What is owed beyond that stays owed.
pub(crate) fn set_credit_line(
    batch: &mut Batch<'_>,
    account: AccountId,
    currency: Currency,
    line: Units,
) -> Result<(), Fault> {
    batch.flush()?;
    let paid = open(
        batch.conn,
        account,
        currency,
        unasked_wallet(account, currency),
    )?;
    let mut book = load_whole(batch.conn, account, currency)?;
    let Some(source) = book.source_mut(paid) else {
        return Err(Fault::Refused("the wallet has no paid source"));
    };
    source.credit_line = line.max(Units::ZERO);
    let source = *source;
    save(batch.conn, account, currency, &source)
}

/// The id of a wallet that is opened by a credit line, before any money came. It
/// follows from the account's, so that opening it twice opens one.
fn unasked_wallet(account: AccountId, currency: Currency) -> LedgerAccountId {
    let code = SystemAccount::CashIn.id(currency).uuid().as_u128();
    let low = code & u128::from(u64::MAX);
    LedgerAccountId::from_uuid(Uuid::from_u128(account.uuid().as_u128() ^ low))
}
