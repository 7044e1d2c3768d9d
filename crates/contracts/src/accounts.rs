//! What [`vuzo_domain::port::Accounts`] promises.

mod operate;
mod sessions;
mod sign_up;

pub use operate::*;
pub use sessions::*;
pub use sign_up::*;

/// Every law of `Accounts`. See [`crate::storage_laws`] for the argument.
#[macro_export]
macro_rules! account_laws {
    ($setup:path) => {
        $crate::__instantiate!(accounts, $setup, $crate::World, [
            signing_up_makes_everything
            a_trial_is_credited_with_the_account
            an_address_is_taken_once
            concurrent_registrations_take_an_address_once
            a_refused_registration_leaves_nothing
            people_change_their_names
            who_is_not_there_is_not_found
            a_refresh_token_is_exchanged_once
            a_reused_token_ends_the_session
            an_unknown_token_is_refused
            a_token_out_of_time_is_refused
            an_ended_session_stays_ended
            concurrent_exchanges_of_one_token_succeed_once
            sessions_are_apart
            accounts_are_listed_newest_first
            accounts_are_found_by_name_and_address
            an_account_is_changed_with_its_audit_entry
            a_change_touches_only_what_it_names
            an_unknown_account_is_not_changed
        ]);
    };
}
