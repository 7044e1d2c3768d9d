#![expect(clippy::ref_option_ref, reason = "the derive of Insertable writes it")]

use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use uuid::Uuid;
use vuzo_domain::id::{AccountId, GenerationId, HoldId, KeyId, LedgerAccountId, TransferId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{
    CapUse, GrantKind, Hold, HoldEnd, HoldState, Part, Source, SourceKind, Transfer, TransferKind,
};

use crate::fault::{Place, RowFault};
use crate::json::{self, CapUseJson, PartJson};
use crate::rows::currency;
use crate::schema::{holds, ledger_accounts, transfers};
use crate::types::RawId;

/// A row of `ledger_accounts`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Identifiable, AsChangeset)]
#[diesel(
    table_name = ledger_accounts,
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
pub struct SourceRow {
    pub id: RawId,
    pub account_id: RawId,
    pub currency: String,
    pub kind: String,
    pub grant_kind: Option<String>,
    pub expires_at: Option<i64>,
    pub lapses_at: Option<i64>,
    pub posted: i64,
    pub held: i64,
    pub credit_line: i64,
    pub floor: i64,
}

impl SourceRow {
    /// A source of a wallet. Its floor is its credit line, or what is owed already
    /// beyond that.
    pub fn new(account: AccountId, currency: Currency, source: &Source) -> Self {
        let (kind, grant_kind, expires_at) = match source.kind {
            SourceKind::Paid => ("paid", None, None),
            SourceKind::Grant(kind, until) => ("grant", Some(grant_name(kind).to_owned()), until),
        };
        let expires_at = expires_at.map(Timestamp::as_micros);
        let is_empty = source.posted == Units::ZERO && source.held == Units::ZERO;
        Self {
            id: RawId(source.id.uuid()),
            account_id: RawId(account.uuid()),
            currency: currency.code().to_owned(),
            kind: kind.to_owned(),
            grant_kind,
            expires_at,
            lapses_at: expires_at.filter(|_| !is_empty),
            posted: source.posted.0,
            held: source.held.0,
            credit_line: source.credit_line.0,
            floor: Self::floor_of(source),
        }
    }

    /// The lowest that `posted - held` may be from now on: the credit line, or what is
    /// owed already beyond it.
    pub fn floor_of(source: &Source) -> i64 {
        let line = source.credit_line.0.saturating_neg();
        let free = source.posted.saturating_minus(source.held);
        line.min(free.0)
    }
}

const GRANT_NAMES: [(GrantKind, &str); 3] = [
    (GrantKind::Trial, "trial"),
    (GrantKind::Plan, "plan"),
    (GrantKind::Promo, "promo"),
];

fn grant_name(kind: GrantKind) -> &'static str {
    match kind {
        GrantKind::Trial => "trial",
        GrantKind::Plan => "plan",
        GrantKind::Promo => "promo",
    }
}

impl TryFrom<&SourceRow> for Source {
    type Error = RowFault;

    fn try_from(row: &SourceRow) -> Result<Self, RowFault> {
        let id = LedgerAccountId::from_uuid(row.id.0);
        let place = Place::new("ledger_accounts", &id);
        let kind = match (row.kind.as_str(), row.grant_kind.as_deref()) {
            ("paid", None) => Some(SourceKind::Paid),
            ("grant", Some(name)) => GRANT_NAMES
                .into_iter()
                .find(|(_, known)| *known == name)
                .map(|(kind, _)| {
                    SourceKind::Grant(kind, row.expires_at.map(Timestamp::from_micros))
                }),
            _ => None,
        };
        Ok(Self {
            id,
            kind: place.known("kind", kind)?,
            posted: Units(row.posted),
            held: Units(row.held),
            credit_line: Units(row.credit_line),
        })
    }
}

impl SourceRow {
    /// The currency of the wallet.
    pub fn currency(&self) -> Result<Currency, RowFault> {
        let id = LedgerAccountId::from_uuid(self.id.0);
        currency(&Place::new("ledger_accounts", &id), &self.currency)
    }
}

/// A row of `holds`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Identifiable)]
#[diesel(table_name = holds, treat_none_as_default_value = false)]
pub struct HoldRow {
    pub id: RawId,
    pub account_id: RawId,
    pub key_id: Option<RawId>,
    pub currency: String,
    pub parts: String,
    pub caps: String,
    pub state: String,
    pub captured: Option<i64>,
    pub ended_at: Option<i64>,
    pub placed_at: i64,
    pub expires_at: i64,
}

impl From<&Hold> for HoldRow {
    fn from(hold: &Hold) -> Self {
        let (state, captured, ended_at) = match hold.state {
            HoldState::Open => ("open", None, None),
            HoldState::Ended {
                end: HoldEnd::Captured(charge),
                at,
            } => ("captured", Some(charge.0), Some(at.as_micros())),
            HoldState::Ended {
                end: HoldEnd::Expired,
                at,
            } => ("expired", None, Some(at.as_micros())),
        };
        Self {
            id: RawId(hold.id.uuid()),
            account_id: RawId(hold.account.uuid()),
            key_id: hold.key.map(|key| RawId(key.uuid())),
            currency: hold.currency.code().to_owned(),
            parts: write_parts(&hold.parts),
            caps: write_cap_uses(&hold.caps),
            state: state.to_owned(),
            captured,
            ended_at,
            placed_at: hold.placed_at.as_micros(),
            expires_at: hold.expires_at.as_micros(),
        }
    }
}

/// The parts of a hold as the text of a column.
pub fn write_parts(parts: &[Part]) -> String {
    let parts: Vec<_> = parts.iter().map(PartJson::from).collect();
    json::write(&parts)
}

/// The counters of a hold as the text of a column.
pub fn write_cap_uses(caps: &[CapUse]) -> String {
    if caps.is_empty() {
        return "[]".to_owned();
    }
    let caps: Vec<_> = caps.iter().map(CapUseJson::from).collect();
    json::write(&caps)
}

impl TryFrom<&HoldRow> for Hold {
    type Error = RowFault;

    fn try_from(row: &HoldRow) -> Result<Self, RowFault> {
        let id = HoldId::from_uuid(row.id.0);
        let place = Place::new("holds", &id);
        let parts: Vec<PartJson> = place.json("parts", &row.parts)?;
        let caps: Vec<CapUseJson<'_>> = place.json("caps", &row.caps)?;
        let ended_at = row.ended_at.map(Timestamp::from_micros);
        let state = match (row.state.as_str(), row.captured, ended_at) {
            ("open", None, None) => Some(HoldState::Open),
            ("captured", Some(charge), Some(at)) => Some(HoldState::Ended {
                end: HoldEnd::Captured(Units(charge)),
                at,
            }),
            ("expired", None, Some(at)) => Some(HoldState::Ended {
                end: HoldEnd::Expired,
                at,
            }),
            _ => None,
        };
        Ok(Self {
            id,
            account: AccountId::from_uuid(row.account_id.0),
            key: row.key_id.map(|RawId(raw)| KeyId::from_uuid(raw)),
            currency: currency(&place, &row.currency)?,
            parts: parts.into_iter().map(Part::from).collect(),
            caps: place.known("caps", caps.iter().map(CapUseJson::to_cap_use).collect())?,
            state: place.known("state", state)?,
            placed_at: Timestamp::from_micros(row.placed_at),
            expires_at: Timestamp::from_micros(row.expires_at),
        })
    }
}

/// A row of `transfers`, to be written.
#[derive(Clone, Copy, Debug, Insertable)]
#[diesel(table_name = transfers, treat_none_as_default_value = false)]
pub struct NewTransferRow<'transfer> {
    pub account_id: RawId,
    pub id: RawId,
    pub debit_id: RawId,
    pub credit_id: RawId,
    pub amount: i64,
    pub currency: &'transfer str,
    pub kind: &'static str,
    pub call_id: Option<RawId>,
    pub description: Option<&'transfer str>,
    pub balance_after: Option<i64>,
    pub created_at: i64,
}

impl<'transfer> From<&'transfer Transfer> for NewTransferRow<'transfer> {
    fn from(transfer: &'transfer Transfer) -> Self {
        Self {
            account_id: RawId(transfer.account.map_or(Uuid::nil(), AccountId::uuid)),
            id: RawId(transfer.id.uuid()),
            debit_id: RawId(transfer.debit.uuid()),
            credit_id: RawId(transfer.credit.uuid()),
            amount: transfer.amount.0,
            currency: transfer.currency.code(),
            kind: transfer.kind.name(),
            call_id: transfer.generation.map(|call| RawId(call.uuid())),
            description: transfer.description.as_deref(),
            balance_after: transfer.balance_after.map(|Units(balance)| balance),
            created_at: transfer.at.as_micros(),
        }
    }
}

/// A row of `transfers`, as it was read.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = transfers)]
pub struct TransferRow {
    pub account_id: RawId,
    pub id: RawId,
    pub debit_id: RawId,
    pub credit_id: RawId,
    pub amount: i64,
    pub currency: String,
    pub kind: String,
    pub call_id: Option<RawId>,
    pub description: Option<String>,
    pub balance_after: Option<i64>,
    pub created_at: i64,
}

impl TryFrom<TransferRow> for Transfer {
    type Error = RowFault;

    fn try_from(row: TransferRow) -> Result<Self, RowFault> {
        let id = TransferId::from_uuid(row.id.0);
        let place = Place::new("transfers", &id);
        let account = (!row.account_id.0.is_nil()).then(|| AccountId::from_uuid(row.account_id.0));
        Ok(Self {
            id,
            debit: LedgerAccountId::from_uuid(row.debit_id.0),
            credit: LedgerAccountId::from_uuid(row.credit_id.0),
            amount: Units(row.amount),
            currency: currency(&place, &row.currency)?,
            kind: place.known("kind", TransferKind::from_name(&row.kind))?,
            account,
            generation: row.call_id.map(|RawId(raw)| GenerationId::from_uuid(raw)),
            description: row.description,
            balance_after: row.balance_after.map(Units),
            at: Timestamp::from_micros(row.created_at),
        })
    }
}
