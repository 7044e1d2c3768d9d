use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use vuzo_domain::wallet::GrantKind;

/// An operation, before it is known which holds there are.
#[derive(Clone, Debug)]
pub enum Step {
    /// Paid money comes in.
    TopUp(i64),
    /// Paid money is taken back, there or not.
    TakeBack(i64),
    /// Credit is given away, perhaps for so many seconds.
    Grant {
        /// Why.
        kind: GrantKind,
        /// How much.
        amount: i64,
        /// How long.
        lasts: Option<u32>,
    },
    /// The credit line changes.
    CreditLine(i64),
    /// A hold is placed for so many seconds.
    Place {
        /// How much at the most.
        wanted: i64,
        /// How much at the least, in percent of that.
        least: u8,
        /// How long.
        lasts: u32,
    },
    /// One of the holds so far is extended.
    Extend {
        /// Which.
        which: usize,
        /// By how much.
        more: i64,
    },
    /// One of the holds so far is settled, whether it is open or not.
    Settle {
        /// Which.
        which: usize,
        /// By how many percent of the hold.
        percent: u8,
        /// And so much beyond.
        beyond: i64,
    },
    /// One of the commands so far is sent again.
    Retry(usize),
}

/// What happens to all wallets at once.
#[derive(Clone, Debug)]
pub enum Tick {
    /// So many seconds pass.
    Pass(u32),
    /// The reaper comes.
    ExpireHolds,
    /// Expired grants are taken back.
    ExpireGrants,
}

/// Amounts small enough to meet each other often, and now and then large ones.
fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => 1..=100_i64,
        2 => 1..=5_i64,
        1 => 1_000_000..=9_000_000_000_000_i64,
    ]
}

fn kind() -> impl Strategy<Value = GrantKind> {
    prop_oneof![
        Just(GrantKind::Trial),
        Just(GrantKind::Plan),
        Just(GrantKind::Promo)
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let percent = prop_oneof![3 => 0..=99_u8, 2 => Just(100), 1 => Just(0)];
    let beyond = prop_oneof![4 => Just(0), 1 => amount()];
    prop_oneof![
        4 => amount().prop_map(Step::TopUp),
        1 => amount().prop_map(Step::TakeBack),
        3 => (kind(), amount(), weighted(0.7, 1..=400_u32))
            .prop_map(|(kind, amount, lasts)| Step::Grant { kind, amount, lasts }),
        1 => prop_oneof![Just(0), amount()].prop_map(Step::CreditLine),
        10 => (prop_oneof![9 => amount(), 1 => Just(0)], 0..=100_u8, 1..=400_u32)
            .prop_map(|(wanted, least, lasts)| Step::Place { wanted, least, lasts }),
        4 => (any::<usize>(), amount()).prop_map(|(which, more)| Step::Extend { which, more }),
        8 => (any::<usize>(), percent, beyond)
            .prop_map(|(which, percent, beyond)| Step::Settle { which, percent, beyond }),
        4 => any::<usize>().prop_map(Step::Retry),
    ]
}

fn tick() -> impl Strategy<Value = Tick> {
    prop_oneof![
        2 => (1..=200_u32).prop_map(Tick::Pass),
        2 => Just(Tick::ExpireHolds),
        1 => Just(Tick::ExpireGrants),
    ]
}

/// The operations of one wallet.
pub(super) fn steps(count: usize) -> impl Strategy<Value = Vec<Option<Step>>> {
    vec(step().prop_map(Some), count)
}

/// The operations on all wallets, which take the place of one of each.
pub(super) fn ticks(count: usize) -> impl Strategy<Value = Vec<Option<Tick>>> {
    vec(weighted(0.2, tick()), count)
}
