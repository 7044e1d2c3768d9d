use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;
use vuzo_domain::id::{AccountId, GenerationId, LedgerAccountId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Claim, CreditWallet, Grant};
use vuzo_domain::wallet::{Book, Source, SourceKind, SystemAccount, Transfer};
use vuzo_sql::rows::{ClaimRow, NewTransferRow, SourceRow, TransferRow};
use vuzo_sql::schema::{idempotency_claims as claims, ledger_accounts, transfers};
use vuzo_sql::{RawId, counterpart};

use super::lock;
use crate::audit;
use crate::database::Fault;

/// Moves money into a wallet or out of it, once per transfer.
pub(crate) async fn credit<R>(
    conn: &mut AsyncPgConnection,
    command: &CreditWallet,
) -> Result<Transfer, Fault<R>> {
    if command.amount == Units::ZERO {
        return Err(Fault::broken("a transfer moves more than nothing"));
    }
    let paid = open(conn, command.account, command.currency, command.open_as).await?;
    if let Some(known) = find(conn, command, command.transfer.uuid()).await? {
        return Ok(known);
    }
    if let Some(claim) = &command.claim
        && let Some(earlier) = take(conn, command, claim).await?
    {
        let known = find(conn, command, earlier).await?;
        return known.ok_or_else(|| Fault::broken("nothing was moved under the claim"));
    }
    let source = match command.grant {
        Grant::Separate(id, terms) if command.amount.is_positive() => {
            let kind = SourceKind::Grant(terms.kind, terms.expires_at);
            let source = Source::empty(id, kind);
            insert(conn, command.account, command.currency, &source).await?;
            id
        }
        Grant::Separate(..) | Grant::Paid => paid,
    };
    let mut book = load_whole(conn, command.account, command.currency).await?;
    let Some(changed) = book.source_mut(source) else {
        return Err(Fault::broken("the grant belongs to another wallet"));
    };
    changed.posted = changed.posted.plus(command.amount)?;
    let changed = *changed;
    save(conn, command.account, command.currency, &changed).await?;
    let transfer = transfer_of(command, source, book.posted())?;
    diesel::insert_into(transfers::table)
        .values(NewTransferRow::from(&transfer))
        .execute(conn)
        .await?;
    if let Some(entry) = &command.audit {
        audit::note(conn, entry).await?;
    }
    Ok(transfer)
}

fn transfer_of<R>(
    command: &CreditWallet,
    source: LedgerAccountId,
    balance_after: Units,
) -> Result<Transfer, Fault<R>> {
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

/// Gives the claim to this order, or tells the transfer of the one that has it. Whoever
/// is about to take the same one is waited for.
async fn take<R>(
    conn: &mut AsyncPgConnection,
    command: &CreditWallet,
    claim: &Claim,
) -> Result<Option<Uuid>, Fault<R>> {
    let own = GenerationId::from_uuid(command.transfer.uuid());
    let row = ClaimRow::running(claim, own);
    let place = || {
        claims::table
            .filter(claims::account_id.eq(row.account_id))
            .filter(claims::key_id.eq(row.key_id))
            .filter(claims::route.eq(&row.route))
            .filter(claims::token.eq(&row.token))
    };
    diesel::delete(place().filter(claims::expires_at.le(command.at.as_micros())))
        .execute(conn)
        .await?;
    let taken = diesel::insert_into(claims::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if taken == 1 {
        return Ok(None);
    }
    let holder: RawId = place().select(claims::call_id).get_result(conn).await?;
    Ok(Some(holder.0))
}

/// The transfer of that id, if it was carried out before.
async fn find<R>(
    conn: &mut AsyncPgConnection,
    command: &CreditWallet,
    id: Uuid,
) -> Result<Option<Transfer>, Fault<R>> {
    let row = transfers::table
        .filter(transfers::account_id.eq(RawId(command.account.uuid())))
        .filter(transfers::id.eq(RawId(id)))
        .select(TransferRow::as_select())
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(Transfer::try_from).transpose()?)
}

/// The paid source of a wallet, which is opened if need be. The wallet is locked.
pub(crate) async fn open<R>(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    currency: Currency,
    open_as: LedgerAccountId,
) -> Result<LedgerAccountId, Fault<R>> {
    // Only the lock tells whether there is a wallet: what a later statement finds may
    // have been opened meanwhile, and is not locked.
    if lock::wallets(conn, [(account, currency)]).await? == 0 {
        let source = Source::empty(open_as, SourceKind::Paid);
        insert(conn, account, currency, &source).await?;
        // Another may have been quicker: then its wallet it is.
        if lock::wallets(conn, [(account, currency)]).await? == 0 {
            let fault = "the id of the new wallet is another source's";
            return Err(Fault::broken(fault));
        }
    }
    let paid: RawId = ledger_accounts::table
        .filter(ledger_accounts::account_id.eq(RawId(account.uuid())))
        .filter(ledger_accounts::currency.eq(currency.code()))
        .filter(ledger_accounts::kind.eq("paid"))
        .select(ledger_accounts::id)
        .get_result(conn)
        .await?;
    Ok(LedgerAccountId::from_uuid(paid.0))
}

async fn insert<R>(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    currency: Currency,
    source: &Source,
) -> Result<(), Fault<R>> {
    diesel::insert_into(ledger_accounts::table)
        .values(SourceRow::new(account, currency, source))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// All sources of a wallet, empty ones too.
pub(super) async fn load_whole<R>(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    currency: Currency,
) -> Result<Book, Fault<R>> {
    let rows: Vec<SourceRow> = ledger_accounts::table
        .filter(ledger_accounts::account_id.eq(RawId(account.uuid())))
        .filter(ledger_accounts::currency.eq(currency.code()))
        .select(SourceRow::as_select())
        .load(conn)
        .await?;
    let sources = rows
        .iter()
        .map(Source::try_from)
        .collect::<Result<_, _>>()?;
    Ok(Book::new(account, currency, sources))
}

/// Writes a source with the floor that follows from it. Only here is a floor moved:
/// holds and captures stay above the one that is there.
pub(super) async fn save<R>(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    currency: Currency,
    source: &Source,
) -> Result<(), Fault<R>> {
    let row = SourceRow::new(account, currency, source);
    diesel::update(ledger_accounts::table.filter(ledger_accounts::id.eq(row.id)))
        .set(&row)
        .execute(conn)
        .await?;
    Ok(())
}

/// Sets how far below zero a wallet may go. What is owed beyond that stays owed.
pub(crate) async fn set_credit_line<R>(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    currency: Currency,
    line: Units,
) -> Result<(), Fault<R>> {
    let paid = open(conn, account, currency, unasked_wallet(account, currency)).await?;
    let mut book = load_whole(conn, account, currency).await?;
    let Some(source) = book.source_mut(paid) else {
        return Err(Fault::broken("the wallet has no paid source"));
    };
    source.credit_line = line.max(Units::ZERO);
    let source = *source;
    save(conn, account, currency, &source).await
}

/// The id of a wallet that is opened by a credit line, before any money came. It
/// follows from the account's, so that opening it twice opens one.
fn unasked_wallet(account: AccountId, currency: Currency) -> LedgerAccountId {
    let code = SystemAccount::CashIn.id(currency).uuid().as_u128();
    let low = code & u128::from(u64::MAX);
    LedgerAccountId::from_uuid(Uuid::from_u128(account.uuid().as_u128() ^ low))
}
