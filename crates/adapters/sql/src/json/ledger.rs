use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use vuzo_domain::id::{AccountId, KeyId, LedgerAccountId};
use vuzo_domain::money::Units;
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{CapScope, CapUse, CapWindow, Part};

use super::Text;

/// What a hold takes from one source.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartJson {
    source: Text<LedgerAccountId>,
    amount: i64,
}

impl From<&Part> for PartJson {
    fn from(part: &Part) -> Self {
        Self {
            source: Text(part.source),
            amount: part.amount.0,
        }
    }
}

impl From<PartJson> for Part {
    fn from(json: PartJson) -> Self {
        Self {
            source: json.source.0,
            amount: Units(json.amount),
        }
    }
}

/// A counter that a hold is counted in. The kind of its id says whose it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapUseJson<'text> {
    #[serde(borrow)]
    scope: Cow<'text, str>,
    #[serde(borrow)]
    window: Cow<'text, str>,
    started_at: i64,
}

impl From<&CapUse> for CapUseJson<'static> {
    fn from(cap: &CapUse) -> Self {
        let scope = match cap.scope {
            CapScope::Account(account) => account.to_string(),
            CapScope::Key(key) => key.to_string(),
        };
        Self {
            scope: Cow::Owned(scope),
            window: Cow::Borrowed(cap.window.name()),
            started_at: cap.started_at.as_micros(),
        }
    }
}

impl CapUseJson<'_> {
    /// The counter, if its scope and window are known.
    pub fn to_cap_use(&self) -> Option<CapUse> {
        let account = |text: &str| text.parse::<AccountId>().ok().map(CapScope::Account);
        let key = |text: &str| text.parse::<KeyId>().ok().map(CapScope::Key);
        Some(CapUse {
            scope: account(&self.scope).or_else(|| key(&self.scope))?,
            window: CapWindow::from_name(&self.window)?,
            started_at: Timestamp::from_micros(self.started_at),
        })
    }
}
