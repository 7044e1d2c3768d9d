mod claims;
pub(crate) mod credit;
mod hold;
mod list;
mod reaper;
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

use crate::SqliteStore;
use crate::fault::Failure;

#[async_trait]
impl Wallets for SqliteStore {
    async fn place_hold(&self, command: PlaceHold) -> Result<HoldPlaced, PlaceHoldError> {
        self.write("place_hold", move |batch| hold::place(batch, &command))
            .await
    }

    async fn extend_hold(
        &self,
        command: ExtendHold,
        caps: Vec<CapCheck>,
    ) -> Result<HoldExtended, ExtendHoldError> {
        self.write("extend_hold", move |batch| {
            hold::extend(batch, &command, &caps)
        })
        .await
    }

    async fn settle(&self, command: Settle) -> Result<Settled, SettleError> {
        self.write("settle", move |batch| settle::settle(batch, &command))
            .await
    }

    async fn find_answer(
        &self,
        claim: &Claim,
        at: Timestamp,
    ) -> Result<Option<Answer>, PlaceHoldError> {
        let claim = claim.clone();
        let key = claim.key.clone();
        let row = self
            .read("find_answer", move |conn| claims::find(conn, &key))
            .await?;
        claims::judge(row, &claim, at).map_err(|failure| match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Broken(fault) => fault.into_unavailable("find_answer").into(),
        })
    }

    async fn expire_holds(&self, now: Timestamp, limit: u32) -> Result<Vec<Hold>, Unavailable> {
        self.write("expire_holds", move |batch| {
            Ok(reaper::expire_holds(batch, now, limit)?)
        })
        .await
    }

    async fn expire_grants(&self, now: Timestamp, limit: u32) -> Result<u32, Unavailable> {
        self.write("expire_grants", move |batch| {
            Ok(reaper::expire_grants(batch, now, limit)?)
        })
        .await
    }

    async fn credit(&self, command: CreditWallet) -> Result<Transfer, Unavailable> {
        self.write("credit", move |batch| Ok(credit::credit(batch, &command)?))
            .await
    }

    async fn list_wallets(&self, account: AccountId) -> Result<Vec<WalletView>, Unavailable> {
        self.read("list_wallets", move |conn| list::wallets(conn, account))
            .await
    }

    async fn list_transfers(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> Result<Page<Transfer>, Unavailable> {
        self.read("list_transfers", move |conn| {
            list::transfers(conn, account, &page)
        })
        .await
    }
}
