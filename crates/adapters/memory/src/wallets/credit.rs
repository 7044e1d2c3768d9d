use uuid::Uuid;
use vuzo_domain::id::{AccountId, GenerationId, LedgerAccountId, TransferId};
use vuzo_domain::money::{Currency, Overflow, Units};
use vuzo_domain::port::{CreditWallet, Grant, Unavailable};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Source, SourceKind, SystemAccount, Transfer, TransferKind};

use super::ledger::{Ledger, Wallet};
use crate::store::refused;

const CREDIT: &str = "credit";

impl Ledger {
    /// Moves money into a wallet or out of it, once per transfer id.
    pub(crate) fn credit(&mut self, command: &CreditWallet) -> Result<Transfer, Unavailable> {
        if let Some(known) = self.known(command) {
            return Ok(known.clone());
        }
        if command.amount == Units::ZERO {
            return Err(refused(CREDIT, "a transfer moves more than nothing"));
        }
        let wallet = self.open_wallet(command.account, command.currency, command.open_as);
        let outside = counterpart(command.kind).id(command.currency);
        let source = source_for(wallet, command)?;
        let id = source.id;
        source.posted = source.posted.plus(command.amount).map_err(overflow)?;
        wallet.settle_floors();
        let (debit, credit, amount) = if command.amount.is_positive() {
            (outside, id, command.amount)
        } else {
            let taken = command.amount.negated().map_err(overflow)?;
            (id, outside, taken)
        };
        let transfer = Transfer {
            id: command.transfer,
            debit,
            credit,
            amount,
            currency: command.currency,
            kind: command.kind,
            account: Some(command.account),
            generation: None,
            description: Some(command.description.clone()),
            balance_after: Some(wallet.book.posted()),
            at: command.at,
        };
        self.keep(transfer.clone());
        if let Some(claim) = &command.claim {
            let own = GenerationId::from_uuid(command.transfer.uuid());
            self.claims.take(claim.clone(), own);
        }
        Ok(transfer)
    }

    /// The transfer of this order, if it was carried out before.
    fn known(&self, command: &CreditWallet) -> Option<&Transfer> {
        let own = self.transfers.get(&command.transfer);
        own.or_else(|| {
            let key = &command.claim.as_ref()?.key;
            let earlier = self.claims.holder(key, command.at)?;
            self.transfers.get(&TransferId::from_uuid(earlier.uuid()))
        })
    }

    /// Sets how far below zero a wallet may go. What is owed beyond that stays owed.
    pub(crate) fn set_credit_line(&mut self, account: AccountId, currency: Currency, line: Units) {
        let line = line.max(Units::ZERO);
        self.credit_lines.insert((account, currency), line);
        let Some(wallet) = self.wallets.get_mut(&(account, currency)) else {
            return;
        };
        if let Some(paid) = paid_source(wallet) {
            paid.credit_line = line;
        }
        wallet.settle_floors();
    }

    pub(super) fn expire_grants(&mut self, now: Timestamp, limit: u32) -> Result<u32, Unavailable> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let lapsed: Vec<_> = self
            .wallets
            .iter()
            .flat_map(|(key, wallet)| wallet.book.sources().iter().map(move |s| (*key, *s)))
            .filter(|(_, source)| source.lapsed(now).is_positive())
            .take(most)
            .collect();
        let count = u32::try_from(lapsed.len()).unwrap_or(u32::MAX);
        for ((account, currency), source) in lapsed {
            let amount = source.lapsed(now);
            let Some(wallet) = self.wallets.get_mut(&(account, currency)) else {
                continue;
            };
            if let Some(kept) = wallet.book.source_mut(source.id) {
                kept.posted = kept.posted.minus(amount).map_err(overflow)?;
            }
            let balance_after = Some(wallet.book.posted());
            self.keep(Transfer {
                id: expiry_id(&source),
                debit: source.id,
                credit: counterpart(TransferKind::GrantExpiry).id(currency),
                amount,
                currency,
                kind: TransferKind::GrantExpiry,
                account: Some(account),
                generation: None,
                description: None,
                balance_after,
                at: now,
            });
        }
        Ok(count)
    }
}

/// The source that a credit is for. Only paid money is taken away.
fn source_for<'wallet>(
    wallet: &'wallet mut Wallet,
    command: &CreditWallet,
) -> Result<&'wallet mut Source, Unavailable> {
    let found = match command.grant {
        Grant::Separate(id, terms) if command.amount.is_positive() => {
            let is_known = wallet.book.sources().iter().any(|known| known.id == id);
            if !is_known {
                let kind = SourceKind::Grant(terms.kind, terms.expires_at);
                wallet.book.add_source(Source::empty(id, kind));
            }
            wallet.book.source_mut(id)
        }
        Grant::Separate(..) | Grant::Paid => paid_source(wallet),
    };
    found.ok_or_else(|| refused(CREDIT, "the wallet has no paid source"))
}

fn paid_source(wallet: &mut Wallet) -> Option<&mut Source> {
    let mut sources = wallet.book.sources().iter();
    let paid: LedgerAccountId = sources.find(|s| s.kind == SourceKind::Paid)?.id;
    wallet.book.source_mut(paid)
}

/// Which of the operator's own accounts stands on the other side.
const fn counterpart(kind: TransferKind) -> SystemAccount {
    match kind {
        TransferKind::Topup | TransferKind::Refund | TransferKind::Dispute | TransferKind::Fx => {
            SystemAccount::CashIn
        }
        TransferKind::TrialGrant | TransferKind::PlanGrant | TransferKind::GrantExpiry => {
            SystemAccount::Promotions
        }
        TransferKind::Adjustment => SystemAccount::Adjustments,
        TransferKind::Usage => SystemAccount::Revenue,
        TransferKind::ProviderCost => SystemAccount::ProviderCost,
        TransferKind::Shortfall => SystemAccount::Shortfall,
    }
}

/// The id of the transfer that takes back what is left of a grant. It follows from
/// the grant and what was in it, so that two reapers cannot write two.
fn expiry_id(source: &Source) -> TransferId {
    let posted = u128::from(source.posted.0.unsigned_abs());
    let mixed = posted.wrapping_mul(0x9E37_79B9_7F4A_7C15) & ((1 << 62) - 1);
    TransferId::from_uuid(Uuid::from_u128(source.id.uuid().as_u128() ^ mixed))
}

fn overflow(overflow: Overflow) -> Unavailable {
    refused(CREDIT, overflow)
}
