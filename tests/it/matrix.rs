//! What may go wrong, and the tests that bring it about: faults of servers, disks, processes and files, and input that somebody made to
//! do harm. A fault without a test of its own is no row here; the list is held against the sources, so that no test is lost unnoticed.

use std::path::{Path, PathBuf};

/// A fault, and the tests that show what comes of it.
const MATRIX: &[(&str, &[&str])] = &[
    (
        "the process is killed, before and after every call to a store or a database",
        &[
            "a_hundred_kills_leave_one_new_version_that_is_whole_in_both_clouds",
            "upkeep_that_is_killed_anywhere_shows_whole_versions_and_the_next_night_is_published",
            "kills_at_every_store_call_leave_one_new_version_that_is_whole",
            "kills_at_every_step_of_a_commit_leave_one_new_version_with_that_day_and_every_other",
            "the_way_back_ends_the_same_wherever_it_is_killed",
            "killed_at_its_record_and_its_commits_a_night_is_whole_and_silent",
            "killed_where_a_session_takes_the_snapshot_over_a_night_is_read_again",
            "killed_where_a_session_that_waits_says_a_word_a_night_is_read_again",
            "every_place_that_the_sources_name_is_one_where_a_test_kills",
            "a_failover_that_is_killed_anywhere_is_ended_by_saying_it_again_and_the_old_writer_is_refused",
            "a_cloud_that_took_no_part_in_a_failover_is_raised_before_anything_is_carried_there",
            "a_schedule_that_is_killed_around_its_turn_leaves_a_night_that_is_run_once",
            "since_when_a_job_is_watched_is_said_once_wherever_the_first_schedule_is_killed",
            "that_a_night_is_late_is_told_once_at_most_wherever_the_schedule_is_killed",
            "who_is_killed_before_it_is_noted_who_was_told_tells_it_again_and_behind_that_nobody_twice",
            "a_checkpoint_that_is_killed_at_either_write_is_written_by_the_next_run_and_every_version_is_read",
            "a_second_cloud_that_begins_with_a_shortened_log_shows_whole_nights_wherever_it_is_killed",
            "a_second_cloud_that_is_nights_behind_is_caught_up_wherever_it_is_killed",
            "the_lists_of_what_is_gone_are_there_before_a_version_without_its_files",
            "a_first_night_that_is_killed_between_its_vaults_loses_no_token_and_gives_none_twice",
            "a_copy_that_is_killed_between_its_objects_says_so_and_the_next_run_ends_it",
            "a_copy_that_is_killed_between_the_pieces_of_an_object_is_made_by_the_next_run",
            "events_reports_and_papers_of_a_night_that_is_killed_between_them_are_whole_or_not_there",
            "what_is_published_has_its_papers_wherever_its_run_was_killed",
            "a_file_of_diff_that_is_killed_at_its_end_has_its_name_where_it_is_whole_and_the_next_one_writes_it",
            "killed_before_and_after_each_write_it_leaves_one_chain_that_the_next_run_ends",
            "killed_around_a_record_that_cannot_be_treated_it_puts_that_aside_before_it_goes_on_without_it",
            "holds_in_every_storm",
        ],
    ),
    (
        "every row is an error, or a bug of ours panics with rows in hand",
        &[
            "a_hundred_thousand_bad_rows_in_one_run_are_told_on_no_channel",
            "a_panic_whose_text_is_the_rows_in_hand_says_none_of_them",
        ],
    ),
    (
        "it is told to stop",
        &[
            "a_run_that_is_told_to_stop_ends_with_73_and_publishes_nothing",
            "told_to_stop_in_any_phase_a_night_ends_with_73_or_to_its_end",
            "a_night_that_is_told_to_stop_in_the_middle_of_an_upload_leaves_none_open",
        ],
    ),
    (
        "somebody is to be forgotten while a night runs, or has been since a version that is gone back to",
        &[
            "a_list_that_is_newer_than_a_night_stops_it_and_the_next_one_goes_by_it",
            "a_list_that_comes_between_the_extract_and_the_record_ends_the_night_with_73",
            "nobody_goes_back_to_a_version_from_before_the_list",
        ],
    ),
    (
        "the key of tokens is missing, unreadable or open to others",
        &["a_token_key_that_is_missing_or_unreadable_ends_a_night_with_11_before_any_part_leaves"],
    ),
    (
        "a store answers 500, 409 or nothing",
        &[
            "decides_every_answer_to_a_conditional_write_by_looking",
            "publishes_in_spite_of_lost_answers_and_conflicts_that_stored_nothing",
            "what_is_stored_and_answered_otherwise_is_published_once",
        ],
    ),
    (
        "a store falls silent, is slow or asked too much, breaks off, garbles, or takes our credentials away in the night",
        &[
            "a_store_that_falls_silent_after_a_commit_is_looked_at_again",
            "a_store_that_is_slow_or_asked_too_much_is_asked_again",
            "a_store_that_does_nothing_and_says_so_or_closes_is_asked_again",
            "an_answer_that_breaks_off_is_taken_for_none",
            "a_part_with_a_bit_flipped_on_the_way_is_never_carried",
            "credentials_that_expire_in_the_night_end_it_with_12",
        ],
    ),
    (
        "a log is long, was never written a checkpoint, or its checkpoint is damaged or another branch's",
        &[
            "a_night_of_version_2050_costs_what_one_of_version_50_costs",
            "a_log_of_more_than_ten_thousand_entries_is_read_and_appended_to",
            "a_store_where_nothing_can_be_written_over_costs_a_night_no_replay",
            "a_checkpoint_that_is_not_whole_or_of_another_branch_is_passed_over",
            "a_bit_that_is_flipped_in_a_checkpoint_changes_no_table",
            "a_log_that_others_cleaned_up_by_the_rules_is_read_and_appended_to",
        ],
    ),
    (
        "the database ends a session in the middle of a COPY, restarts, or falls silent",
        &[
            "a_backend_terminated_at_any_time_gives_all_rows_or_an_error",
            "a_line_that_breaks_anywhere_never_looks_whole",
            "a_line_that_falls_silent_in_the_middle_is_found_out",
            "a_line_that_falls_silent_in_the_night_is_read_again",
            "a_line_that_falls_silent_while_the_session_waits_for_work_is_found_out_within_a_minute",
            "a_source_whose_sessions_are_always_ended_publishes_nothing",
            "a_server_that_is_restarted_in_the_middle_is_read_again_when_it_is_back",
        ],
    ),
    (
        "a standby cleans up behind the snapshot, or who exported it is gone",
        &[
            "a_standby_that_had_to_clean_up_behind_the_snapshot_is_read_again",
            "an_exporter_that_is_ended_takes_everything_to_another_moment",
        ],
    ),
    (
        "no connection is left",
        &[
            "a_role_without_a_connection_left_is_asked_again_until_it_has_one",
            "a_role_with_room_for_one_session_is_read_by_one",
        ],
    ),
    (
        "a password was changed",
        &[
            "a_password_that_was_changed_is_read_again_once",
            "a_password_that_was_changed_before_the_night_ends_it_with_12",
            "a_password_that_is_changed_in_the_night_is_read_again_and_carries_it",
        ],
    ),
    (
        "a disk is full, or may not be written",
        &[
            "says_when_the_disk_is_full_and_publishes_when_it_no_longer_is",
            "says_that_the_night_is_decided_when_the_disk_is_full_after_its_record",
            "a_disk_that_is_full_in_the_night_ends_it_with_51",
            "a_scratch_disk_that_is_full_publishes_nothing",
            "what_would_take_more_of_the_disk_than_spill_max_ends_a_night_with_51",
            "no_more_waits_for_the_verdict_than_the_disk_may_hold",
            "a_folder_that_may_not_be_written_is_refused",
            "a_night_that_may_open_too_few_files_publishes_all_or_nothing",
            "a_second_cloud_that_is_full_ends_a_night_with_72_and_is_caught_up",
        ],
    ),
    (
        "rows take more memory than there is",
        &[
            "whole_tables_that_take_more_than_memory_max_end_with_50",
            "more_than_memory_max_ends_a_night_with_50",
            "a_cell_of_400_mib_costs_no_memory_wherever_it_lies",
        ],
    ),
    (
        "an input is cut short, garbled, or not what it says",
        &[
            "refuses_parquet_that_was_cut_short",
            "refuses_gzip_that_was_cut_short",
            "refuses_a_json_line_that_was_cut_short",
            "input_that_is_garbled_anywhere_ends_a_night_with_22",
            "lines_of_windows_and_a_mark_of_its_byte_order_change_no_row",
            "refuses_more_bad_rows_than_are_allowed_and_says_where_the_first_is",
            "sets_few_bad_rows_aside_in_the_restricted_store",
        ],
    ),
    (
        "a clock changes in the night",
        &[
            "knows_the_nights_when_clocks_change",
            "a_day_that_has_not_begun_is_refused",
            "the_zone_and_the_words_of_the_machine_change_no_night",
            "a_clock_that_is_wrong_skips_and_doubles_no_day",
        ],
    ),
    (
        "two runs at once, or a late one of an old day",
        &[
            "lets_one_of_two_racing_runs_publish",
            "never_ends_a_race_of_two_days_with_the_older_one",
            "of_two_runs_at_once_one_publishes_one_moment",
            "of_nights_at_once_one_is_published_and_an_older_day_never_goes_over_it",
            "the_same_night_again_is_already_published_and_an_older_one_superseded",
        ],
    ),
    (
        "a file of the project is a bomb, or holds a secret",
        &[
            "every_fault_is_told_as_its_snapshot_says",
            "files_of_the_project_that_are_bombs_or_hold_secrets_end_with_10_or_11_at_once",
        ],
    ),
    (
        "a cloud is away, for nights on end, or somebody else writes there",
        &[
            "carries_earlier_nights_first_once_the_second_cloud_is_back",
            "a_second_cloud_that_does_not_answer_ends_with_72_and_the_next_run_carries_it",
            "a_day_without_the_second_cloud_is_caught_up_and_nothing_is_extracted_again",
            "a_store_that_does_not_answer_ends_with_71",
            "clouds_that_are_away_end_a_night_with_71_or_72",
            "a_failover_needs_the_cloud_that_takes_over_and_not_the_one_that_is_away",
            "refuses_whoever_a_failover_has_overtaken",
            "clouds_that_differ_end_with_41",
            "a_cloud_that_was_away_for_three_hundred_versions_is_not_asked_for_its_checkpoint_at_each",
            "after_a_failover_the_cloud_that_took_over_is_right_about_the_runs_too",
        ],
    ),
    (
        "SQL in names and in the author's own text",
        &[
            "quotes_names_so_that_they_stay_names",
            "refuses_sql_that_is_wrong_writes_or_breaks_out_and_quotes_none_of_it",
        ],
    ),
    (
        "a name or path that leaves its folder",
        &[
            "refuses_what_could_leave_its_folder_or_need_quoting",
            "a_hundred_thousand_hostile_names_stay_in_their_folder",
            "refuses_paths_that_leave_the_table",
            "a_name_that_leaves_its_folder_ends_with_10_and_nothing_is_written",
            "usage_that_makes_no_sense_ends_with_2",
        ],
    ),
    ("a cell that is a formula", &["a_formula_is_published_as_the_text_that_it_is_and_told_in_no_report"]),
    ("a cell that makes patterns slow", &["takes_bounded_time_over_a_hostile_cell_of_any_pattern"]),
    (
        "Parquet, gzip and JSON that decode to more than there is room for",
        &[
            "refuses_what_is_torn_and_what_is_a_bomb",
            "stops_at_a_bomb_before_it_is_written_out",
            "what_decodes_to_a_gigabyte_or_nests_millions_deep_is_refused_within_memory",
            "hundreds_of_bombs_end_with_a_told_error_within_memory",
        ],
    ),
    (
        "a url that leads elsewhere, or carries a secret",
        &[
            "refuses_urls_that_could_carry_a_secret_or_leave_their_place",
            "refuses_plain_http_to_another_machine",
            "knows_endpoints_that_are_never_asked",
            "nobody_is_asked_at_a_url_that_leads_elsewhere",
            "an_answer_that_leads_elsewhere_is_followed_by_nobody",
            "an_endpoint_of_the_surroundings_is_looked_at_as_well",
        ],
    ),
    (
        "an object exchanged for another, old or new",
        &[
            "a_thousand_harms_of_sixteen_kinds_are_all_found_by_comparing_the_clouds",
            "what_was_harmed_in_one_cloud_is_found_there_by_its_manifests",
            "notices_a_part_that_changed_on_the_way_to_the_second_cloud",
        ],
    ),
];

#[test]
fn every_fault_of_the_matrix_has_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    for folder in ["src", "tests/it"] {
        gather(&root.join(folder), &mut text);
    }
    for (fault, tests) in MATRIX {
        assert!(!tests.is_empty(), "{fault}");
        for test in *tests {
            assert!(text.contains(&format!("fn {test}()")), "{fault}: there is no test {test}");
        }
    }
}

/// The text of every source file below a folder.
pub fn gather(folder: &Path, text: &mut String) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("it").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            gather(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            text.push_str(&std::fs::read_to_string(path).expect("a source file"));
        }
    }
}
