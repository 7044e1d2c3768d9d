use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use vuzo_domain::id::AccountId;
use vuzo_domain::money::Currency;
use vuzo_domain::port::{Page, PageRequest, Unavailable, WalletView};
use vuzo_domain::wallet::{Book, Source, Transfer};
use vuzo_sql::RawId;
use vuzo_sql::rows::{SourceRow, TransferRow};
use vuzo_sql::schema::{ledger_accounts, transfers};

use crate::database::Fault;
use crate::page;

/// The wallets of an account, with every source that may still be drawn on or holds
/// anything.
pub(super) async fn wallets(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Vec<WalletView>, Fault<Unavailable>> {
    let rows: Vec<SourceRow> = ledger_accounts::table
        .filter(ledger_accounts::account_id.eq(RawId(account.uuid())))
        .filter(
            ledger_accounts::expires_at
                .is_null()
                .or(ledger_accounts::lapses_at.is_not_null())
                .or(ledger_accounts::posted.ne(0))
                .or(ledger_accounts::held.ne(0)),
        )
        .order(ledger_accounts::currency)
        .select(SourceRow::as_select())
        .load(conn)
        .await?;
    let mut wallets: Vec<(Currency, Vec<Source>)> = Vec::new();
    for row in &rows {
        let currency = row.currency()?;
        let source = Source::try_from(row)?;
        match wallets.last_mut().filter(|(last, _)| *last == currency) {
            Some((_, sources)) => sources.push(source),
            None => wallets.push((currency, vec![source])),
        }
    }
    let view = |(currency, sources)| WalletView {
        currency,
        sources: Book::new(account, currency, sources).sources().to_vec(),
    };
    Ok(wallets.into_iter().map(view).collect())
}

/// The transfers of an account, newest first: their ids are in the order of time.
pub(super) async fn transfers(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    request: &PageRequest,
) -> Result<Page<Transfer>, Fault<Unavailable>> {
    let mut query = transfers::table
        .filter(transfers::account_id.eq(RawId(account.uuid())))
        .order(transfers::id.desc())
        .limit(page::limit(request))
        .offset(page::offset(request))
        .select(TransferRow::as_select())
        .into_boxed();
    if let Some(before) = request.before {
        query = query.filter(transfers::id.lt(RawId(before)));
    }
    let rows: Vec<TransferRow> = query.load(conn).await?;
    page::cut(rows, request, Transfer::try_from)
}
