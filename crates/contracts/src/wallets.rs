//! What [`vuzo_domain::port::Wallets`] promises.

mod caps;
mod claims;
mod credit;
mod expiry;
mod extend;
mod hold;
mod order;
mod settle;

pub use caps::*;
pub use claims::*;
pub use credit::*;
pub use expiry::*;
pub use extend::*;
pub use hold::*;
pub use order::*;
pub use settle::*;

/// Every law of `Wallets`. See [`crate::storage_laws`] for the argument.
#[macro_export]
macro_rules! wallet_laws {
    ($setup:path) => {
        $crate::__instantiate!(wallets, $setup, $crate::World, [
            a_hold_sets_money_aside
            a_retried_hold_changes_nothing
            a_retried_hold_is_answered_as_it_is_stored
            concurrent_holds_never_overdraw
            concurrent_partial_holds_never_overdraw
            a_hold_takes_what_is_there_but_not_less_than_the_least
            a_hold_of_nothing_is_always_granted
            without_a_wallet_there_is_no_money
            the_credit_line_is_the_floor
            a_credit_line_below_what_is_owed_spends_nothing
            neighbours_in_a_batch_do_not_harm_each_other
            grants_are_spent_in_their_order
            an_expired_grant_is_not_held
            a_call_is_paid_from_several_sources_at_once
            an_extension_is_to_a_total
            an_extension_never_shrinks_a_hold
            an_extension_is_all_or_nothing
            an_ended_hold_is_not_extended
            an_extension_takes_from_the_next_source
            an_extension_respects_the_caps
            concurrent_extensions_never_overdraw
            a_settlement_takes_the_charge_and_gives_the_rest_back
            a_retried_settlement_changes_nothing
            what_exceeds_the_hold_is_shortfall
            a_charge_of_nothing_ends_the_hold
            a_late_settlement_takes_what_is_left
            an_unknown_hold_is_not_settled
            concurrent_settlements_sum_up
            a_settlement_and_the_reaper_do_not_both_win
            providers_are_owed_their_cost
            a_claim_is_running_until_it_is_settled
            a_claim_with_another_body_is_a_mismatch
            an_answered_claim_is_replayed
            a_claim_without_an_answer_is_given_back
            a_claim_whose_time_is_over_does_not_count
            concurrent_claims_place_one_hold
            claims_of_others_are_apart
            a_refused_hold_leaves_no_claim
            a_claim_is_decided_before_the_money
            an_expired_hold_gives_its_claim_back
            a_late_settlement_leaves_the_claim_of_another_alone
            a_retried_claim_is_not_its_own_rival
            a_reached_cap_refuses
            a_hold_from_an_earlier_window_is_not_counted
            a_cap_trims_a_hold
            a_refusal_leaves_nothing_on_the_other_cap
            concurrent_holds_never_pass_a_cap
            a_cap_counts_what_was_charged
            an_expired_hold_leaves_the_cap
            caps_begin_anew_with_their_window
            a_call_counts_in_the_window_that_it_began_in
            a_key_cap_counts_that_key_alone
            a_new_account_cap_begins_with_what_was_spent
            a_new_key_cap_begins_with_what_was_spent
            a_retried_credit_changes_nothing
            orders_under_one_key_are_carried_out_once
            a_credit_opens_the_wallet
            taking_back_may_go_below_zero
            a_grant_is_a_source_of_its_own
            concurrent_credits_sum_up
            transfers_are_listed_newest_first
            transfers_of_others_are_not_listed
            a_credit_is_audited_once
            expired_holds_give_their_money_back
            the_reaper_respects_its_limit
            two_reapers_end_a_hold_once
            an_extended_hold_is_not_overdue
            expired_grants_are_taken_back
            an_expired_grant_keeps_what_open_holds_need
            grants_are_taken_back_within_the_limit
        ]);
    };
}
