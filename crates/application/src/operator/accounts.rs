use vuzo_domain::account::{Account, AccountStatus};
use vuzo_domain::id::AccountId;
use vuzo_domain::limit::Limits;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{AccountChange, Actor, Change, Page, PageRequest, Unavailable, WalletView};
use vuzo_domain::wallet::{Cap, CapWindow};

use super::detail::{Detail, cap_detail, limits_detail};
use super::{Operator, OperatorError};

const LONGEST_PLAN: usize = 64;
const NO_ACCOUNT: OperatorError = OperatorError::NotFound { what: "account" };

/// What shall be different about an account. `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct AccountPatch {
    /// Whether it may be used.
    pub status: Option<AccountStatus>,
    /// The name of its plan.
    pub plan: Option<String>,
    /// Its limits, all of them.
    pub limits: Option<Limits>,
    /// Its spending caps in US dollars, all of them.
    pub caps: Option<Vec<Cap>>,
    /// How far below zero its wallet in that currency may go.
    pub credit_line: Option<(Currency, Units)>,
}

impl AccountPatch {
    const fn is_empty(&self) -> bool {
        self.status.is_none()
            && self.plan.is_none()
            && self.limits.is_none()
            && self.caps.is_none()
            && self.credit_line.is_none()
    }
}

impl Operator {
    /// Accounts, newest first; with a query those whose name or a member's address
    /// holds it.
    pub async fn accounts(
        &self,
        query: Option<String>,
        page: PageRequest,
    ) -> Result<Page<Account>, Unavailable> {
        let query = query.map(|text| text.trim().to_owned());
        let query = query.filter(|text| !text.is_empty());
        self.accounts.list_accounts(query, page).await
    }

    /// One account with its wallets.
    pub async fn account(
        &self,
        id: AccountId,
    ) -> Result<Option<(Account, Vec<WalletView>)>, Unavailable> {
        let Some(account) = self.accounts.find_account(id).await? else {
            return Ok(None);
        };
        let wallets = self.wallets.list_wallets(id).await?;
        Ok(Some((account, wallets)))
    }

    /// Changes an account, and answers it as it is now.
    pub async fn change_account(
        &self,
        actor: Actor,
        id: AccountId,
        patch: AccountPatch,
    ) -> Result<Account, OperatorError> {
        check_patch(&patch)?;
        if patch.is_empty() {
            return self.accounts.find_account(id).await?.ok_or(NO_ACCOUNT);
        }
        let audit = self.entry(patch_detail(&patch), actor, "account.update", &id);
        let change = AccountChange {
            account: id,
            status: patch.status,
            plan: patch.plan,
            limits: patch.limits,
            caps: patch.caps,
            credit_line: patch.credit_line,
            audit,
        };
        let changed = self.accounts.update_account(change).await?;
        let changed = changed.ok_or(NO_ACCOUNT)?;
        self.announcer.tell(Change::Account(id)).await;
        Ok(changed)
    }
}

fn check_patch(patch: &AccountPatch) -> Result<(), OperatorError> {
    let is_plan = |plan: &String| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        (1..=LONGEST_PLAN).contains(&plan.len()) && plan.bytes().all(allowed)
    };
    if !patch.plan.as_ref().is_none_or(is_plan) {
        let why = "must have 1 to 64 letters, digits, -, _ or .";
        return Err(OperatorError::invalid("plan", why));
    }
    if let Some(caps) = &patch.caps {
        if caps.iter().any(|cap| cap.limit < Units::ZERO) {
            return Err(OperatorError::invalid("caps", "must not be negative"));
        }
        let of_window = |window: CapWindow| caps.iter().filter(|cap| cap.window == window).count();
        if CapWindow::ALL
            .into_iter()
            .any(|window| of_window(window) > 1)
        {
            let why = "must name each window once";
            return Err(OperatorError::invalid("caps", why));
        }
    }
    match patch.credit_line {
        Some((_, line)) if line < Units::ZERO => Err(OperatorError::invalid(
            "credit_line",
            "must not be negative",
        )),
        _ => Ok(()),
    }
}

fn patch_detail(patch: &AccountPatch) -> Detail {
    let mut detail = Detail::new();
    if let Some(status) = patch.status {
        detail = detail.text("status", status.name());
    }
    if let Some(plan) = &patch.plan {
        detail = detail.text("plan", plan);
    }
    if let Some(limits) = &patch.limits {
        detail = detail.object("limits", &limits_detail(limits));
    }
    if let Some(caps) = &patch.caps {
        detail = detail.objects("caps", caps.iter().map(cap_detail));
    }
    if let Some((currency, line)) = patch.credit_line {
        let line = Detail::new()
            .amount("amount", line, currency)
            .text("currency", currency.code());
        detail = detail.object("credit_line", &line);
    }
    detail
}
