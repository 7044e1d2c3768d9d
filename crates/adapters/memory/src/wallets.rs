mod claims;
mod counters;
mod credit;
mod hold;
mod ledger;
mod settle;

use async_trait::async_trait;
use vuzo_domain::id::AccountId;
use vuzo_domain::port::{
    Answer, Claim, CreditWallet, ExtendHold, ExtendHoldError, HoldExtended, HoldPlaced, Page,
    PageRequest, PlaceHold, PlaceHoldError, Settle, SettleError, Settled, Unavailable, WalletView,
    Wallets,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{CapCheck, Hold, Transfer};

use crate::MemoryStore;

pub(crate) use ledger::Ledger;

#[async_trait]
impl Wallets for MemoryStore {
    async fn place_hold(&self, command: PlaceHold) -> Result<HoldPlaced, PlaceHoldError> {
        self.state().ledger.place(command)
    }

    async fn extend_hold(
        &self,
        command: ExtendHold,
        caps: Vec<CapCheck>,
    ) -> Result<HoldExtended, ExtendHoldError> {
        self.state().ledger.extend(&command, &caps)
    }

    async fn settle(&self, command: Settle) -> Result<Settled, SettleError> {
        self.state().ledger.settle(command)
    }

    async fn find_answer(
        &self,
        claim: &Claim,
        at: Timestamp,
    ) -> Result<Option<Answer>, PlaceHoldError> {
        self.state().ledger.claims.find(claim, at)
    }

    async fn expire_holds(&self, now: Timestamp, limit: u32) -> Result<Vec<Hold>, Unavailable> {
        self.state().ledger.expire_holds(now, limit)
    }

    async fn expire_grants(&self, now: Timestamp, limit: u32) -> Result<u32, Unavailable> {
        self.state().ledger.expire_grants(now, limit)
    }

    async fn credit(&self, command: CreditWallet) -> Result<Transfer, Unavailable> {
        let mut state = self.state();
        let known = state.ledger.transfers.len();
        let transfer = state.ledger.credit(&command)?;
        let is_new = state.ledger.transfers.len() > known;
        if let (true, Some(entry)) = (is_new, command.audit) {
            state.note(entry);
        }
        Ok(transfer)
    }

    async fn list_wallets(&self, account: AccountId) -> Result<Vec<WalletView>, Unavailable> {
        Ok(self.state().ledger.wallets_of(account))
    }

    async fn list_transfers(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> Result<Page<Transfer>, Unavailable> {
        Ok(self.state().ledger.transfers_of(account, &page))
    }
}
