use async_trait::async_trait;

use super::Unavailable;

/// Something in the books that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerFinding {
    /// Which rule is broken: `balance`, `held`, `floor`, `usage`, `hold`, `orphan`.
    pub rule: &'static str,
    /// What it is about: the text of an id.
    pub subject: String,
    /// What was found.
    pub detail: String,
}

/// The result of checking the books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerReport {
    /// Accounts of the ledger that were checked.
    pub accounts: u64,
    /// Transfers that were folded.
    pub transfers: u64,
    /// Holds that are open.
    pub open_holds: u64,
    /// Holds that are open past their expiry: not wrong, but the reaper's to end.
    pub overdue_holds: u64,
    /// Calls that were checked.
    pub calls: u64,
    /// What is wrong. At most 100 findings are listed.
    pub findings: Vec<LedgerFinding>,
}

/// Proves the books.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait LedgerAudit: Send + Sync + 'static {
    /// Recomputes everything from the transfers, on one consistent view:
    /// `balance` stored posted sums equal the fold of transfers; `held` stored held
    /// sums equal the open holds; `floor` no source is below its credit line;
    /// `usage` every call's cost equals its usage and shortfall transfers;
    /// `hold` every captured hold has exactly one call, for that charge; `orphan`
    /// every usage transfer has a call.
    async fn audit_ledger(&self, now: crate::time::Timestamp) -> Result<LedgerReport, Unavailable>;
}
