//! What every engine promises, run against each of them.
//!
//! A promise is a function of a store; `on_every_engine!` makes a test of it for each engine. Adding an engine is
//! adding a module beside `sqlite`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod audit;
mod authorizations;
mod clients;
mod definitions;
mod grants;
mod health;
mod initial_access_tokens;
mod keys;
mod moving;
mod postgres;
mod sessions;
mod sqlite;
mod users;
mod world;

/// Makes a test of each promise, on a store that `$open` opens for it alone.
macro_rules! on_engine {
    ($open:path) => {
        $crate::on_engine! { $open;
            audit: what_happened_is_told_in_order_of_time;
            audit: repeats_are_counted_by_the_minute;
            audit: what_has_had_its_time_is_forgotten_in_small_bites;
            clients: a_client_reads_back_as_it_was_written;
            clients: a_client_of_another_profile_is_not_there;
            clients: a_client_that_exists_is_not_overwritten;
            clients: thousands_of_clients_come_in_at_once;
            definitions: only_what_changed_gets_a_revision;
            definitions: a_template_id_is_remembered_for_ever;
            definitions: profiles_are_provisioned_together_or_not_at_all;
            definitions: definitions_read_back_at_the_revision_that_they_have;
            definitions: nothing_is_kept_for_a_profile_that_is_not_known;
            health: an_open_store_answers_and_a_closed_one_says_that_it_is_closed;
            health: what_is_committed_is_counted_with_what_it_told_of;
            initial_access_tokens: a_token_reads_back_as_it_was_written;
            initial_access_tokens: a_token_pays_for_one_client_however_many_ask_at_once;
            initial_access_tokens: a_token_that_is_not_good_leaves_no_client_behind;
            initial_access_tokens: a_client_that_cannot_be_written_costs_nothing;
            initial_access_tokens: a_token_is_judged_by_the_time_and_not_by_the_name_of_the_client;
            initial_access_tokens: a_token_is_revoked_or_spent_but_never_both;
            keys: a_signing_key_reads_back_as_it_was_written;
            keys: a_profile_has_one_first_key_however_many_make_one_at_once;
            keys: an_assertion_is_accepted_once;
            users: a_user_reads_back_as_they_were_written;
            users: a_user_of_another_directory_is_not_there;
            users: users_are_added_together_or_not_at_all;
            users: a_name_is_given_once_however_many_ask_at_once;
            users: another_password_makes_older_things_worthless;
            users: a_hash_made_anew_replaces_the_one_it_was_made_of_alone;
            users: a_user_who_was_switched_off_gets_nothing_back_when_switched_on;
            users: what_a_user_got_to_register_with_is_taken_back;
            sessions: a_session_reads_back_as_it_was_written_and_with_its_user;
            sessions: a_session_takes_the_place_of_the_one_before;
            sessions: a_session_goes_on_under_its_name_with_other_secrets;
            sessions: a_session_is_revoked_also_after_it_has_ended;
            sessions: a_session_ends_once_however_many_ask_at_once;
            sessions: a_session_is_noted_as_used_and_never_as_used_earlier;
            sessions: a_session_needs_a_directory_that_is_known;
            sessions: sessions_that_are_long_over_are_forgotten_in_small_bites;
            authorizations: a_request_reads_back_with_what_its_person_did;
            authorizations: a_request_is_bound_to_the_browser_that_opens_it_first;
            authorizations: a_request_is_answered_once_however_many_answer_at_once;
            authorizations: a_consent_is_kept_with_its_code_and_grows;
            grants: a_code_reads_back_as_it_was_written_with_what_stands_against_it;
            grants: a_code_gives_something_once_however_many_ask_at_once;
            grants: a_code_that_is_unknown_or_over_gives_nothing;
            grants: a_token_to_register_with_is_taken_back_with_its_code;
            grants: a_grant_reads_back_as_it_was_written;
            grants: a_refresh_token_is_rotated_and_a_lost_answer_can_be_had_again;
            grants: a_token_that_was_replaced_ends_the_family;
            grants: a_refresh_token_is_current_for_one_of_many;
            grants: a_grant_ends_once;
            grants: an_access_token_reads_back_and_can_be_taken_back;
            grants: what_is_over_is_forgotten_and_what_is_not_stays;
        }
    };
    ($open:path; $($module:ident: $promise:ident;)*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                let engine = $open().await;
                $crate::$module::$promise(engine.store()).await;
            }
        )*
    };
}

pub(crate) use on_engine;
