mod claims;
pub(crate) mod credit;
mod hold;
mod list;
pub(crate) mod lock;
mod reaper;
mod settle;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use vuzo_domain::id::AccountId;
use vuzo_domain::port::{
    Answer, Claim, CreditWallet, ExtendHold, ExtendHoldError, HoldExtended, HoldPlaced, Page,
    PageRequest, PlaceHold, PlaceHoldError, Settle, SettleError, Settled, Unavailable, WalletView,
    Wallets,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{CapCheck, Hold, Transfer};

use crate::PgStore;
use crate::database::{Fault, Scope};
use hold::Extension;
use reaper::Expiry;

/// The most holds that the reaper ends in one transaction.
const REAPED_MOST: u32 = 1_000;

#[async_trait]
impl Wallets for PgStore {
    async fn place_hold(&self, command: PlaceHold) -> Result<HoldPlaced, PlaceHoldError> {
        self.writer().run(command).await
    }

    async fn extend_hold(
        &self,
        command: ExtendHold,
        caps: Vec<CapCheck>,
    ) -> Result<HoldExtended, ExtendHoldError> {
        self.writer().run(Extension { command, caps }).await
    }

    async fn settle(&self, command: Settle) -> Result<Settled, SettleError> {
        self.writer().run(command).await
    }

    async fn find_answer(
        &self,
        claim: &Claim,
        at: Timestamp,
    ) -> Result<Option<Answer>, PlaceHoldError> {
        let scope = Scope::Account(claim.key.account);
        let key = claim.key.clone();
        let row = self
            .database()
            .read("find_answer", scope, key, |conn, key| {
                claims::find(conn, key).boxed()
            })
            .await?;
        claims::judge(row.as_ref(), claim, at).map_err(|fault| match fault {
            Fault::Refused(refusal) => refusal,
            Fault::Query(fault) => Unavailable::new("find_answer", fault).into(),
            Fault::Broken(fault) => Unavailable::new("find_answer", fault).into(),
        })
    }

    async fn expire_holds(&self, now: Timestamp, limit: u32) -> Result<Vec<Hold>, Unavailable> {
        let limit = limit.min(REAPED_MOST);
        let input = (now, i64::from(limit));
        let holds = self
            .database()
            .read("expire_holds", Scope::Everything, input, |conn, input| {
                reaper::find_overdue(conn, input.0, input.1).boxed()
            })
            .await?;
        let ended = if holds.is_empty() {
            Vec::new()
        } else {
            self.writer().run(Expiry { holds, now }).await?
        };
        self.database()
            .transact("expire_holds", Scope::Everything, input, |conn, input| {
                claims::forget_old(conn, input.0, input.1).boxed()
            })
            .await?;
        Ok(ended)
    }

    async fn expire_grants(&self, now: Timestamp, limit: u32) -> Result<u32, Unavailable> {
        let input = (now, i64::from(limit));
        self.database()
            .transact("expire_grants", Scope::Everything, input, |conn, input| {
                reaper::expire_grants(conn, input.0, input.1).boxed()
            })
            .await
    }

    async fn credit(&self, command: CreditWallet) -> Result<Transfer, Unavailable> {
        self.database()
            .transact("credit", Scope::Everything, command, |conn, command| {
                credit::credit(conn, command).boxed()
            })
            .await
    }

    async fn list_wallets(&self, account: AccountId) -> Result<Vec<WalletView>, Unavailable> {
        let scope = Scope::Account(account);
        self.database()
            .read("list_wallets", scope, account, |conn, account| {
                list::wallets(conn, *account).boxed()
            })
            .await
    }

    async fn list_transfers(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> Result<Page<Transfer>, Unavailable> {
        let scope = Scope::Account(account);
        self.database()
            .read("list_transfers", scope, (account, page), |conn, input| {
                list::transfers(conn, input.0, &input.1).boxed()
            })
            .await
    }
}
