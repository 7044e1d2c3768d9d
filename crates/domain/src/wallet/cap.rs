use crate::id::{AccountId, KeyId};
use crate::money::Units;
use crate::time::{Period, Timestamp};

/// Over which time a spending cap counts. Days, weeks (from Monday) and months are
/// those of the calendar in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CapWindow {
    /// One day.
    Daily,
    /// One week.
    Weekly,
    /// One month.
    Monthly,
    /// For ever.
    Total,
}

impl CapWindow {
    /// Every window, shortest first.
    pub const ALL: [Self; 4] = [Self::Daily, Self::Weekly, Self::Monthly, Self::Total];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Total => "total",
        }
    }

    /// The window of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.name() == name)
    }

    /// When the window that holds `at` began.
    pub fn start(self, at: Timestamp) -> Timestamp {
        match self {
            Self::Daily => at.start_of(Period::Day),
            Self::Weekly => at.start_of(Period::Week),
            Self::Monthly => at.start_of(Period::Month),
            Self::Total => Timestamp::default(),
        }
    }
}

/// Whose spending is capped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CapScope {
    /// Everything that the account spends.
    Account(AccountId),
    /// What is spent with one key.
    Key(KeyId),
}

/// A limit on spending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cap {
    /// Over which time.
    pub window: CapWindow,
    /// The most that may be spent in it.
    pub limit: Units,
}

/// A cap that a hold must respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CapCheck {
    /// Whose spending.
    pub scope: CapScope,
    /// How much, over which time.
    pub cap: Cap,
}

/// The counter that a hold was counted in: it stays with that window even if the
/// call ends in the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CapUse {
    /// Whose spending.
    pub scope: CapScope,
    /// Over which time.
    pub window: CapWindow,
    /// When that window began.
    pub started_at: Timestamp,
}

impl CapCheck {
    /// The counter for a hold that is placed at `at`.
    pub fn at(&self, at: Timestamp) -> CapUse {
        let window = self.cap.window;
        CapUse {
            scope: self.scope,
            window,
            started_at: window.start(at),
        }
    }
}

/// What was spent and is held within one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpendCounter {
    /// Captured.
    pub spent: Units,
    /// Set aside by open holds.
    pub held: Units,
}

impl SpendCounter {
    /// What may still be spent under a cap.
    pub fn remaining(&self, cap: Cap) -> Units {
        cap.limit
            .saturating_minus(self.spent)
            .saturating_minus(self.held)
            .max(Units::ZERO)
    }
}
