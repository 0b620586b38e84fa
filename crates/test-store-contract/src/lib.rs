#![doc = include_str!("../README.md")]
#![allow(clippy::unwrap_used, reason = "this is a test suite: a case may stop at the first surprise")]

mod backend;
pub mod cases;
pub mod fixtures;
pub mod migration_data;
pub mod race;
pub mod upgrade;

pub use backend::{Backend, run_case};

/// Runs every case against the backends that a function gives: `store_suite!(fresh)`, where `fresh` is the path of an
/// `async fn() -> attune_test_store_contract::Backend`. The calling crate needs `tokio` with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! store_suite {
    ($fresh:path) => {
        async fn fresh_backend_for_the_store_suite() -> $crate::Backend {
            $fresh().await
        }

        $crate::each_store_case!($crate::store_suite_tests);
    };
}

/// The second half of [`store_suite!`]; not to be called directly.
#[doc(hidden)]
#[macro_export]
macro_rules! store_suite_tests {
    ($($group:ident { $($case:ident,)* })*) => {
        $(
            mod $group {
                $(
                    #[::tokio::test(flavor = "multi_thread")]
                    async fn $case() {
                        let backend = super::fresh_backend_for_the_store_suite().await;
                        $crate::run_case($crate::cases::$group::$case(&backend)).await;
                    }
                )*
            }
        )*
    };
}

/// The list of all cases, handed to another macro as `group { case, … } …`.
#[doc(hidden)]
#[macro_export]
macro_rules! each_store_case {
    ($then:path) => {
        $then! {
            bookings {
                an_overlapping_booking_is_refused,
                touching_ends_are_allowed,
                the_pause_after_a_session_blocks,
                another_therapist_is_free,
                cancelled_and_expired_bookings_block_nothing,
                every_other_status_blocks,
                moving_a_session_onto_another_is_refused,
                a_session_can_move_within_its_own_time,
                reviving_an_expired_booking_needs_its_time,
                a_booking_is_written_one_version_at_a_time,
                writing_a_booking_touches_no_other,
                every_step_of_a_life_is_kept,
                taken_time_is_listed_by_start,
                ended_sessions_come_earliest_first,
                lapsed_holds_come_oldest_first,
                booking_ids_grow,
                a_booking_id_is_used_once,
                a_booking_needs_its_people_and_its_service,
                an_unknown_booking_is_nothing,
                a_booking_is_shown_with_its_client_as_of_now,
            }
            calendars {
                a_new_practice_has_nothing_but_the_default,
                a_week_comes_back_as_it_went_in,
                a_week_is_replaced_as_a_whole,
                calendars_are_their_therapists_own,
                a_week_needs_its_therapist,
                time_off_comes_back_as_it_went_in,
                time_off_is_cut_to_milliseconds,
                time_off_is_listed_by_id,
                an_entry_is_forgotten_once,
                time_off_needs_its_therapist,
                a_policy_comes_back_as_it_went_in,
                changing_a_calendar_touches_no_booking,
                a_dropped_unit_of_work_changes_no_calendar,
                taken_time_is_what_bookings_block,
                holds_that_are_over_take_no_time,
            }
            cancelled_calls {
                questions_given_up_leave_the_store_healthy,
                openings_given_up_leave_the_store_healthy,
                calls_given_up_undo_their_unit_of_work,
                commits_given_up_are_all_or_nothing,
            }
            audit_trail {
                lines_come_back_oldest_first,
                a_trail_is_about_one_booking,
            }
            ledger {
                a_line_comes_back_as_it_went_in,
                lines_are_dated_to_the_millisecond,
                lines_come_in_the_order_in_which_they_were_written,
                a_refund_that_came_back_can_go_again,
                a_movement_is_written_once,
                the_ledger_balances,
                money_goes_back_by_a_refund_only,
                a_line_needs_what_it_is_about,
                a_dropped_unit_of_work_writes_no_line,
                sums_are_by_quarter_way_and_currency,
                sums_end_before_their_end,
                quarters_begin_on_the_clock_everywhere,
                sums_grow_beyond_single_amounts,
            }
            lists {
                an_empty_filter_matches_everything,
                bookings_are_filtered_by_client,
                bookings_are_filtered_by_therapist,
                bookings_are_filtered_by_state,
                bookings_are_filtered_by_time,
                filters_combine,
                pages_are_right_up_to_the_end_while_the_list_grows,
                pages_add_up,
                people_are_found_by_their_ids,
            }
            login_failures {
                failures_are_counted_per_account_and_time,
                old_failures_of_the_account_are_forgotten,
                failures_are_cleared_after_a_login,
            }
            outbox {
                a_queued_email_waits,
                an_email_is_queued_once,
                a_mail_needs_its_booking_and_its_reader,
                mails_go_to_accounts_and_to_people_invited,
                a_link_is_queued_once_per_hour_version_and_reader,
                due_mails_are_claimed_earliest_first,
                attempts_are_counted_at_the_claim,
                an_undone_claim_leaves_the_mail_as_it_was,
                a_lease_holds_until_it_runs_out,
                every_settlement_is_written,
                a_lost_lease_writes_nothing,
                a_late_settlement_counts_while_no_one_took_over,
                mails_of_one_claim_are_settled_one_by_one,
                what_is_given_back_was_never_claimed,
                a_lost_lease_gives_nothing_back,
                health_counts_what_waits_and_what_was_given_up,
                mails_are_listed_per_booking,
            }
            pages {
                places_and_numbers_give_the_same_pages,
                a_place_need_not_be_a_bookings,
                a_place_holds_in_every_list,
                a_walk_goes_on_while_the_list_changes,
                pages_have_any_length,
                totals_follow_every_change,
                pages_and_totals_are_of_one_moment,
            }
            participants {
                an_invitation_comes_back_as_it_went_in,
                names_of_people_invited_come_back_as_they_were_typed,
                invitations_are_dated_to_the_millisecond,
                an_address_is_invited_once_into_a_session,
                an_address_can_be_invited_again_after_it_was_taken_back,
                taking_an_invitation_back_writes_when,
                an_invitation_is_taken_back_once,
                an_invitation_needs_its_session_and_its_therapist,
                an_unknown_invitation_is_no_one,
                invitations_are_listed_by_id,
                invitations_of_an_address_are_those_that_lead_somewhere,
                a_dropped_unit_of_work_invites_no_one,
                an_invitation_takes_no_address_from_accounts,
            }
            payment_events {
                an_event_is_new_once,
                an_event_of_a_dropped_unit_of_work_is_new_again,
                an_event_is_remembered_with_its_effect_or_not_at_all,
                events_differ_by_provider_and_name,
                events_are_dated_to_the_millisecond,
                old_events_are_forgotten_oldest_first,
                a_dropped_unit_of_work_forgets_no_event,
            }
            payment_problems {
                a_problem_comes_back_as_it_went_in,
                problems_are_dated_to_the_millisecond,
                a_problem_is_noted_once,
                a_problem_is_settled_once_and_for_good,
                a_refund_settles_its_problem,
                problems_are_listed_oldest_first,
                a_problem_needs_what_it_is_about,
                a_dropped_unit_of_work_notes_no_problem,
            }
            payments {
                a_payment_comes_back_as_it_went_in,
                payments_are_dated_to_the_millisecond,
                a_payment_reference_is_known_once,
                a_payment_is_found_by_provider_and_reference,
                a_payment_is_found_by_its_charge,
                saving_a_payment_writes_what_may_change,
                saving_an_unknown_payment_is_stale,
                a_payment_cannot_move_to_a_known_reference,
                payments_are_listed_newest_first,
                payments_to_check_come_longest_due_first,
                a_payment_needs_its_booking_and_its_recorder,
                a_dropped_unit_of_work_collects_nothing,
            }
            races {
                one_slot_is_booked_once_under_the_calendar_lock,
                one_slot_is_booked_once_without_the_calendar_lock,
                overlapping_requests_leave_disjoint_bookings,
                overlapping_requests_without_the_calendar_lock_leave_disjoint_bookings,
                one_slot_is_rescheduled_to_once,
                the_next_holder_of_a_calendar_lock_sees_the_booking_of_the_first,
                the_last_admin_stays_enabled,
                one_email_address_creates_one_account,
                no_update_of_a_booking_is_lost,
                one_of_many_stale_writers_wins,
                no_update_of_an_account_or_a_login_session_is_lost,
                booking_ids_are_unique,
                concurrent_leases_are_disjoint,
                one_notification_is_enqueued_once,
                one_provider_id_is_recorded_once,
                one_provider_id_is_assigned_once,
                refunds_never_exceed_the_payment,
                refunds_never_exceed_the_payment_without_the_booking_lock,
                one_refund_is_scheduled_once,
                refunds_of_many_payments_all_succeed,
                the_ledger_balances_under_concurrency,
                one_payment_event_is_new_once,
                a_rolled_back_payment_event_is_new_again,
                one_payment_event_is_purged_once,
                one_payment_problem_is_added_once,
                one_payment_problem_is_resolved_once,
                one_email_address_is_invited_once,
                a_loaded_invitation_is_locked,
                one_invitation_is_revoked_once,
                one_conference_is_opened_once,
                one_conference_is_closed_once,
                concurrent_attendance_events_are_stored_once,
                one_idempotent_request_is_executed_once,
                one_idempotency_record_is_added_once,
                the_response_that_is_saved_first_stays,
                different_idempotency_keys_are_independent,
                one_idempotency_record_is_purged_once,
                no_update_of_a_service_is_lost,
                concurrent_schedules_and_policies_are_stored_whole,
                one_schedule_exception_is_removed_once,
                ended_bookings_are_completed_once,
            }
            refunds {
                a_refund_comes_back_as_it_went_in,
                amounts_given_back_come_back_exactly,
                refunds_are_dated_to_the_millisecond,
                refunds_are_listed_oldest_first,
                a_refund_is_found_by_reference_or_key,
                saving_a_refund_writes_what_may_change,
                saving_an_unknown_refund_is_stale,
                a_refund_is_known_once,
                no_more_than_came_in_goes_back,
                only_what_was_paid_goes_back,
                refunds_that_failed_leave_their_money,
                refunds_to_settle_come_longest_due_first,
                a_refund_needs_what_it_is_about,
                a_dropped_unit_of_work_promises_nothing,
            }
            idempotency {
                idempotency_records_round_trip,
                idempotency_records_are_dated_to_the_millisecond,
                an_idempotency_key_has_one_record,
                idempotency_keys_differ_by_user_route_and_text,
                the_first_response_of_a_record_stays,
                an_idempotency_record_needs_its_user,
                old_idempotency_records_are_purged_oldest_first,
                a_dropped_unit_of_work_leaves_idempotency_records_unchanged,
                an_idempotency_record_is_added_with_its_effect_or_not_at_all,
            }
            rooms {
                a_room_is_open_once_at_a_time,
                a_room_that_ended_can_open_again,
                a_conference_ends_once,
                a_conference_needs_its_booking,
                a_fact_is_kept_once,
                facts_differ_by_occupant_happening_and_instant,
                facts_come_back_to_the_letter,
                facts_are_told_by_booking_in_the_order_in_which_they_happened,
                facts_of_many_bookings_are_told_at_once,
                a_fact_needs_its_booking,
                a_dropped_unit_of_work_tells_nothing_of_rooms,
                a_booking_is_found_by_its_room,
                a_room_that_no_one_has_is_nothing,
            }
            services {
                a_service_comes_back_as_it_went_in,
                services_are_listed_by_id_and_the_first_is_the_default,
                saving_a_service_writes_every_field,
                saving_an_unknown_service_is_stale,
                a_service_can_be_withdrawn_and_offered_again,
                bookings_keep_what_they_were_made_with,
                a_dropped_unit_of_work_changes_no_service,
            }
            login_sessions {
                a_login_begins_at_generation_one,
                saving_a_login_writes_generation_rotation_and_end,
                saving_an_unknown_login_is_stale,
                ending_logins_spares_what_it_should,
                refresh_tokens_are_found_however_old,
                a_refresh_token_is_kept_once,
                logins_need_an_account_and_tokens_a_login,
                a_caller_is_known_as_of_now,
                a_network_is_known_to_who_came_from_it,
                a_caller_and_a_booking_are_found_in_one_look,
            }
            units_of_work {
                a_dropped_unit_of_work_leaves_nothing,
                a_committed_unit_of_work_is_kept_whole,
                all_faces_share_one_transaction,
                uncommitted_writes_are_invisible_to_queries,
                a_unit_of_work_dropped_in_the_middle_of_a_call_leaves_nothing,
                a_dropped_unit_of_work_gives_its_locks_back,
                spent_after_a_taken_email,
                spent_after_a_taken_slot,
                spent_after_a_stale_write,
                spent_after_a_taken_payment_reference,
                spent_after_a_move_to_a_taken_payment_reference,
                spent_after_too_large_a_refund,
                spent_after_a_known_refund,
                spent_after_an_unbalanced_line,
                spent_after_a_second_invitation,
                spent_after_a_second_opening,
                spent_after_a_taken_idempotency_key,
                spent_after_an_unknown_row_was_referred_to,
            }
            users {
                an_account_comes_back_as_it_went_in,
                an_unknown_account_is_no_one,
                a_taken_address_makes_no_second_account,
                an_account_cannot_move_to_a_taken_address,
                an_address_that_was_given_up_is_free,
                saving_an_account_writes_what_may_change,
                saving_an_account_touches_no_other,
                saving_an_unknown_account_is_stale,
                a_new_password_replaces_the_old_one,
                the_default_therapist_is_the_first_enabled_admin,
                enabled_admins_are_listed_by_id,
                accounts_are_listed_filtered_and_paged,
            }
            values {
                every_legal_state_comes_back,
                every_legal_state_can_be_written_over_another,
                illegal_states_cannot_be_built,
                optional_fields_of_a_booking_come_and_go,
                amounts_come_back_exactly,
                versions_of_links_come_back,
                terms_come_back,
                instants_come_back_to_the_millisecond,
                instants_are_cut_to_milliseconds,
                texts_come_back_to_the_letter,
                the_longest_note_comes_back_whole,
                names_come_back_as_they_were_typed,
            }
        }
    };
}
