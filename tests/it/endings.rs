//! Every way a run can end badly, brought about in the real binary, and the list of which test shows which.

use crate::ferry::{Came, Ferry};
use crate::services::{BUCKET, variable};
use nightferry::ending;
use std::path::Path;

/// Message id -> a test or a case of `fixtures/problems/` that shows it.
const SHOWN: &[(&str, &str)] = &[
    ("E-DATE-2", "crossing::a_day_that_has_not_begun_is_refused"),
    ("E-INIT-2", "postgres/drafts::only_what_is_asked_for_is_drafted_and_nothing_is_written_over"),
    ("E-DIFF-2", "differences::usage_that_makes_no_sense_ends_with_2"),
    ("E-TABLE-2", "upkeep::usage_that_makes_no_sense_ends_with_2"),
    ("E-SCAN-2", "scans::usage_that_makes_no_sense_ends_with_2"),
    ("E-FORGET-10", "forgotten::what_cannot_leave_rows_out_is_refused_once_somebody_is_to_be_forgotten"),
    ("E-FORGET-73", "forgotten::a_list_that_comes_between_the_extract_and_the_record_ends_the_night_with_73"),
    ("E-JOB-10", "fixtures/problems/unknown-key"),
    ("E-ARRAY-2", "batch::children_of_an_array_job_do_one_job_each_and_never_the_datasets_of_one"),
    ("E-DAYS-2", "fixtures/problems/usage-days-in-the-wrong-order"),
    ("E-PERIOD-10", "modes/again::periods_that_could_not_take_the_place_of_what_is_there_end_with_10"),
    ("E-SQL-10", "endings::sql_that_the_source_refuses_ends_with_10_and_says_that_nothing_was_published"),
    ("E-ENV-11", "fixtures/problems/secret-that-is-not-set"),
    ("E-ACCESS-12", "endings::a_wrong_password_ends_with_12"),
    ("E-SECRET-11", "managers::what_secrets_manager_refuses_is_told_once_with_what_to_do"),
    ("E-SECRET-12", "managers::what_key_vault_refuses_is_told_once_with_what_to_do"),
    ("E-SECRET-70", "managers::what_key_vault_refuses_is_told_once_with_what_to_do"),
    ("E-SAS-12", "shared_access::a_signature_that_is_over_is_called_that_before_it_is_shown_to_anybody"),
    ("E-CLOCK-12", "federated::a_clock_twenty_minutes_off_ends_with_12_and_is_called_a_clock"),
    ("E-EPOCH-12", "upkeep::whoever_a_failover_has_overtaken_is_refused_with_12"),
    (
        "E-ROLE-12",
        "postgres/powers::a_role_that_may_write_ends_a_run_with_12_and_the_sql_that_is_printed_makes_one_that_may_not",
    ),
    ("E-REDIRECT-13", "elsewhere::an_answer_that_leads_elsewhere_is_followed_by_nobody"),
    ("E-TLS-13", "endings::a_database_whose_certificate_nobody_vouches_for_ends_with_13"),
    ("E-THERE-14", "endings::a_table_that_the_database_lacks_ends_with_14"),
    ("E-SIDE-14", "differences::a_path_or_column_that_is_not_there_ends_with_14"),
    ("E-LOG-14", "publishing::a_reader_sees_whole_nights_alone_while_two_hundred_are_published"),
    ("E-STAMP-14", "hostile::refuses_a_store_that_holds_another_environments_data"),
    ("E-STORE-14", "endings::a_store_whose_conditional_writes_are_not_exclusive_ends_with_14"),
    ("E-BEGUN-2", "relay/follow::a_topic_can_be_begun_behind_its_beginning_and_only_once"),
    ("E-TOMB-2", "relay/tombstones::keys_and_topics_that_nobody_can_mean_are_refused"),
    ("E-COMPACT-14", "relay/tombstones::a_topic_in_which_nothing_is_ever_compacted_is_refused"),
    ("E-TOMB-14", "relay/tombstones::keys_that_nobody_ever_saw_in_the_topic_are_not_attested"),
    ("E-TOMB-25", "relay/tombstones::it_is_attested_once_compaction_has_taken_every_value_and_not_before"),
    ("E-TOMB-74", "relay/tombstones::it_is_attested_once_compaction_has_taken_every_value_and_not_before"),
    ("E-CHAIN-42", "relay/endings::an_object_that_no_relay_wrote_is_left_alone_and_told"),
    ("E-LETTERS-22", "relay/treated::what_cannot_be_treated_is_put_aside_and_past_the_limit_the_run_ends"),
    ("E-LOST-26", "relay/holes::records_that_went_before_they_were_landed_end_the_run_and_are_counted"),
    ("E-ANEW-26", "relay/holes::a_topic_that_was_made_anew_and_has_outgrown_the_one_before_is_refused"),
    ("E-TOPIC-26", "relay/holes::a_topic_that_was_made_anew_is_not_taken_for_the_one_before"),
    ("E-DRIFT-20", "hostile::refuses_a_column_that_nobody_classified_and_leaves_no_part"),
    ("E-RECON-21", "endings::a_row_that_the_topic_tells_otherwise_ends_with_21"),
    ("E-ROWS-22", "hostile::refuses_more_bad_rows_than_are_allowed_and_says_where_the_first_is"),
    ("E-INPUT-22", "hostile::refuses_parquet_that_was_cut_short"),
    ("E-EXPORT-22", "forms/pg_dump::refuses_a_dump_that_is_not_whole"),
    ("E-KEY-22", "hostile::refuses_a_key_that_is_there_twice"),
    ("E-SCAN-22", "scans::a_torn_file_ends_with_22"),
    ("E-SIDE-22", "differences::input_that_is_torn_or_not_what_it_is_said_to_be_ends_with_22"),
    ("E-DIFF-22", "differences::keys_that_tell_no_row_from_another_end_with_22"),
    ("E-PRIVACY-23", "hostile::refuses_personal_data_in_a_column_that_is_kept_and_leaves_no_part"),
    (
        "E-VAULT-71",
        "tokens::of_two_runs_at_once_that_give_one_value_two_tokens_one_ends_and_takes_the_others_next_time",
    ),
    ("E-RISK-23", "risks::people_who_stand_out_stop_the_night_unless_somebody_answers_for_it"),
    ("E-CLASS-23", "closed::an_internal_column_that_is_full_of_people_stops_the_night"),
    ("E-PATH-23", "closed::a_declared_field_that_no_row_has_stops_the_night"),
    ("E-BACK-23", "upkeep::nobody_goes_back_to_what_is_treated_since"),
    ("E-AUDIENCE-23", "audience::a_store_refuses_rows_that_were_made_for_another_audience_with_23"),
    ("E-RECON-24", "endings::a_comparison_that_no_retry_can_decide_ends_with_24"),
    ("E-DIFF-24", "differences::a_side_that_changes_meanwhile_ends_with_24"),
    ("E-CHECK-25", "endings::a_check_that_does_not_hold_ends_with_25"),
    ("E-SUM-42", "endings::a_record_that_is_damaged_ends_with_42"),
    ("E-TABLE-42", "upkeep::an_object_that_is_not_what_was_written_ends_with_42"),
    ("E-CLOUDS-41", "upkeep::clouds_that_differ_end_with_41"),
    ("E-BEHIND-72", "upkeep::a_second_cloud_that_is_behind_ends_with_72"),
    ("E-PLAIN-72", "plain/mod::a_copy_whose_cloud_is_away_is_behind_and_the_next_run_makes_it"),
    ("E-CLOUD-41", "endings::a_second_cloud_that_somebody_wrote_to_ends_with_41"),
    ("E-MEMORY-50", "endings::whole_tables_that_take_more_than_memory_max_end_with_50"),
    ("E-DISK-51", "hostile::says_when_the_disk_is_full_and_publishes_when_it_no_longer_is"),
    ("E-BYTES-52", "costs::more_than_may_leave_aws_ends_with_52_before_anything_leaves"),
    ("E-SOURCE-70", "endings::a_database_that_does_not_answer_ends_with_70"),
    ("E-STORE-71", "endings::a_store_that_does_not_answer_ends_with_71"),
    ("E-SECOND-72", "endings::a_second_cloud_that_does_not_answer_ends_with_72_and_the_next_run_carries_it"),
    ("E-STOP-73", "crossing::a_run_that_is_told_to_stop_ends_with_73_and_publishes_nothing"),
    ("E-WINDOW-74", "awaited::a_row_that_changed_within_the_window_ends_with_74_and_is_published_by_declaration"),
    ("E-STREAM-74", "endings::a_topic_that_is_behind_the_extract_ends_with_74"),
];

/// Endings that no test brings about, and why.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("E-READBACK-42", "only an encoder that writes something else than it was given ends so, and ours does not"),
    ("E-RELAY-2", "the binary of the tests has the relay"),
];

#[test]
fn every_ending_has_a_test_that_shows_it_or_a_reason_why_none_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for ending in ending::ALL {
        let reason = NOT_SHOWN.iter().any(|(id, _)| *id == ending.id);
        let shown: Vec<&str> = SHOWN.iter().filter(|(id, _)| *id == ending.id).map(|(_, test)| *test).collect();
        assert_eq!(shown.len() + usize::from(reason), 1, "{} is listed once", ending.id);
        let Some(test) = shown.first() else { continue };
        let text = match test.split_once("::") {
            None => std::fs::read_to_string(root.join(test).join("expected.txt")).expect("a case"),
            Some((file, name)) => {
                let text = std::fs::read_to_string(root.join(format!("tests/it/{file}.rs"))).expect("a file of tests");
                let test = text.split_once(&format!("fn {name}()")).unwrap_or_else(|| panic!("no test {test}")).1;
                test.split("\n}\n").next().unwrap_or_default().to_owned()
            }
        };
        assert!(text.contains(ending.id), "{test} does not name {}", ending.id);
    }
    assert_eq!(SHOWN.len() + NOT_SHOWN.len(), ending::ALL.len(), "an ending that is no more is still listed");
}

/// Three things, each with an amount.
fn things(dataset: &str) -> Ferry {
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    Ferry::of_one_file("app.thing.csv", b"id,amount\n1,10\n2,20\n3,30\n", amount, dataset)
}

/// Three things against a topic that tells `amounts` of them, and then an event of `last`, a transaction.
fn against(amounts: [Option<u32>; 3], last: u32, dataset: &str) -> Ferry {
    let reconcile = "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.app.thing\"\n";
    let ferry = things(&format!("{dataset}{reconcile}"));
    let topics = "[source.topics]\ndump = { url = \"in/topics\", layout = \"confluent\" }\n\n[store.warehouse]";
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", topics);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    let event = |transaction: u32, after: String| {
        format!("{{\"before\":null,\"after\":{{{after}}},\"source\":{{\"txId\":{transaction}}},\"op\":\"c\"}}\n")
    };
    let told = (1..).zip(amounts).map(|(id, amount)| match amount {
        Some(amount) => event(4000 + id, format!("\"id\":{id},\"amount\":{amount}")),
        None => event(4000 + id, format!("\"id\":{id}")),
    });
    let told: String = told.chain([event(last, "\"id\":3,\"amount\":30".into())]).collect();
    ferry.write("in/topics/app.app.thing/partition=0/app.app.thing+0+0000000000.json", told.as_bytes());
    ferry
}

/// Three things in the tests' PostgreSQL: the source is as `postgres` says it.
fn in_database(postgres: &str) -> Ferry {
    let ferry = things("");
    let source = format!(
        "postgres = {{ host = {{ env = \"NIGHTFERRY_PG_HOST\" }}, database = \"settlements\", user = {{ env = \"NIGHTFERRY_PG_USER\" }}, {postgres} }}"
    );
    ferry.edit("jobs/environments/dev.toml", "files = { url = \"in\" }", &source);
    variable("NIGHTFERRY_PG_HOST");
    ferry
}

const PORT: &str = "port = { env = \"NIGHTFERRY_PG_PORT\" }";
const CA: &str = "ca = { env = \"NIGHTFERRY_PG_CA\" }";
const PASSWORD: &str = "password = { env = \"NIGHTFERRY_PG_PASSWORD\" }";
/// Where nobody listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// Runs the job; it ends with `ending` and what is told holds `told`.
fn ends(ferry: &Ferry, ending: &str, told: &str) -> Came {
    let came = ferry.run(&["run", "jobs/things.toml"]);
    let code = ending.rsplit('-').next().and_then(|code| code.parse().ok()).expect("a code");
    assert_eq!(came.code, code, "{}{}", came.out, came.err);
    let line =
        came.endings().into_iter().find(|line| line.starts_with(ending)).unwrap_or_else(|| panic!("{}", came.err));
    assert!(line.contains(told), "{told} in {line}");
    let retryable = format!("retryable={}", (70..80).contains(&code));
    assert!(line.contains(&retryable), "{retryable} in {line}");
    came
}

fn refused(ferry: &Ferry, ending: &str, told: &str) {
    ends(ferry, ending, told);
    assert!(!ferry.is_published("out/warehouse/thing"), "nothing is published");
}

#[test]
fn sql_that_the_source_refuses_ends_with_10_and_says_that_nothing_was_published() {
    let ferry = things(
        "\n[dataset.other]\nfrom = \"app\"\ntable = \"app.thing\"\nschema = \"thing\"\nto = [\"warehouse\"]\nwrite = \"replace\"\nwhere = \"nosuch > 1\"\n",
    );
    let told =
        "the SQL of `where` of `other` names a table or column that is not there\" safe=\"nothing was published\"";
    refused(&ferry, "E-SQL-10", told);
}

#[test]
fn whole_tables_that_take_more_than_memory_max_end_with_50() {
    let rows: String = (0..20_000).map(|id| format!("{id},{id}\n")).collect();
    let of = |dataset: &str, memory_max: &str| {
        let ferry = things(dataset);
        ferry.write("in/app.thing.csv", format!("id,amount\n{rows}").as_bytes());
        ferry.edit(
            "jobs/environments/dev.toml",
            "[secrets]",
            &format!("[limits]\nmemory_max = \"{memory_max}\"\n\n[secrets]"),
        );
        ferry
    };
    let check = "\n[[dataset.thing.check]]\nname = \"none\"\nsql = \"select min(id) = 0 as holds from thing\"\n";
    for (dataset, told) in [
        ("where = \"amount >= 0\"\n", "the SQL of `where` of `thing` takes more than the 65536 bytes"),
        (check, "the check `none` cannot be made: it takes more than the 131072 bytes"),
    ] {
        let ferry = of(dataset, "128KiB");
        refused(&ferry, "E-MEMORY-50", told);
        refused(&ferry, "E-MEMORY-50", "hint: raise `memory_max`");
        assert_eq!(of(dataset, "16MiB").run(&["run", "jobs/things.toml"]).code, 0);
    }
    assert_eq!(of("", "128KiB").run(&["run", "jobs/things.toml"]).code, 0, "rows that pass through need no more");
}

#[test]
fn two_stores_that_a_link_makes_one_folder_end_with_11() {
    let ferry = things("");
    std::fs::create_dir_all(ferry.path("out/restricted/inside")).expect("made");
    std::os::unix::fs::symlink("restricted/inside", ferry.path("out/warehouse")).expect("linked");
    refused(&ferry, "E-ENV-11", "`restricted` and `warehouse` lie in one another by a link");
}

#[test]
fn a_wrong_password_ends_with_12() {
    let ferry = in_database(&format!("{PORT}, {CA}, password = {{ file = \"password\" }}"));
    ferry.write("password", b"opensesame\n");
    std::fs::set_permissions(ferry.path("password"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    refused(&ferry, "E-ACCESS-12", "refused the login of `nightferry_ro` (SQLSTATE 28P01)");
}

#[test]
fn a_database_whose_certificate_nobody_vouches_for_ends_with_13() {
    refused(&in_database(&format!("{PORT}, {PASSWORD}")), "E-TLS-13", "a verified TLS connection");
}

#[test]
fn a_table_that_the_database_lacks_ends_with_14() {
    refused(&in_database(&format!("{PORT}, {CA}, {PASSWORD}")), "E-THERE-14", "app.thing");
}

#[test]
fn a_database_that_does_not_answer_ends_with_70() {
    refused(&in_database(&format!("port = 1, {CA}, {PASSWORD}")), "E-SOURCE-70", "went away while connecting");
}

/// Puts the warehouse, or its second cloud, in a bucket.
fn in_bucket(ferry: &Ferry, keys: [&str; 3], endpoint: &str) {
    let place = format!("s3://{BUCKET}/{}", uuid::Uuid::now_v7());
    let [url, region, at] = keys;
    let to = format!("{url} = \"{place}\"\n{region} = \"eu-west-2\"\n{at} = \"{endpoint}\"");
    let from = "url = \"out/warehouse\"";
    let to = if url == "second" { format!("{from}\n{to}") } else { to };
    ferry.edit("jobs/environments/dev.toml", from, &to);
    variable("AWS_ACCESS_KEY_ID");
}

#[test]
fn a_store_whose_conditional_writes_are_not_exclusive_ends_with_14() {
    let ferry = things("");
    in_bucket(&ferry, ["url", "region", "endpoint"], &variable("NIGHTFERRY_S3_NOMETA_ENDPOINT"));
    refused(&ferry, "E-STORE-14", "lets two writers create one object");
}

#[test]
fn a_store_that_does_not_answer_ends_with_71() {
    let ferry = things("");
    in_bucket(&ferry, ["url", "region", "endpoint"], NOBODY);
    refused(&ferry, "E-STORE-71", "store `warehouse` went away");
}

#[test]
fn a_second_cloud_that_does_not_answer_ends_with_72_and_the_next_run_carries_it() {
    let ferry = things("");
    in_bucket(&ferry, ["second", "second_region", "second_endpoint"], NOBODY);
    let came = ends(&ferry, "E-SECOND-72", "the second cloud lacks the newest version of");
    assert!(ferry.is_published("out/warehouse/thing"), "{}", came.out);
    ferry.edit("jobs/environments/dev.toml", NOBODY, &variable("NIGHTFERRY_S3_ENDPOINT"));
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
}

#[test]
fn a_second_cloud_that_somebody_wrote_to_ends_with_41() {
    let ferry = things("");
    let (from, to) = ("url = \"out/warehouse\"", "url = \"out/warehouse\"\nsecond = \"out/second\"");
    ferry.edit("jobs/environments/dev.toml", from, to);
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0);
    ferry.edit("out/second/thing/_delta_log/00000000000000000000.json", "\"nightferry.stamp\"", "\"somebody.else\"");
    ends(&ferry, "E-CLOUD-41", "version 0 of table `thing` differs");
}

#[test]
fn a_record_that_is_damaged_ends_with_42() {
    let ferry = things("");
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0);
    ferry.write("out/security/_jobs/things/00000000000000000000.json", b"{");
    ends(&ferry, "E-SUM-42", "`security` is damaged: it is no job record");
}

#[test]
fn a_topic_that_tells_the_same_is_a_match() {
    let (came, report) = against([Some(10), Some(20), Some(30)], 6000, "").report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(report["datasets"][0]["reconciliation"]["verdict"], "MATCH");
}

#[test]
fn a_row_that_the_topic_tells_otherwise_ends_with_21() {
    refused(&against([Some(10), Some(21), Some(30)], 6000, ""), "E-RECON-21", "1 row differs in amount");
}

#[test]
fn a_comparison_that_no_retry_can_decide_ends_with_24() {
    refused(&against([Some(10), None, Some(30)], 6000, ""), "E-RECON-24", "the topic does not tell 1 cell");
}

#[test]
fn a_topic_that_is_behind_the_extract_ends_with_74() {
    let behind = against([Some(10), Some(21), Some(30)], 4009, "");
    refused(&behind, "E-STREAM-74", "the topic holds nothing later than the extract");
}

#[test]
fn an_object_of_a_topic_that_the_layout_does_not_name_ends_with_22() {
    let folder = "in/topics/app.app.thing/partition=0";
    let ferry = against([Some(10), Some(20), Some(30)], 6000, "");
    ferry.write(&format!("{folder}/app.app.thing+0+0000000000.keys.json"), &b"{\"id\":1}\n".repeat(9));
    ferry.write(&format!("{folder}/_SUCCESS"), b"done");
    assert_eq!(ferry.run(&["run", "jobs/things.toml", "--dry-run"]).code, 0);
    ferry.write(&format!("{folder}/app.app.thing+0+0000000004.JSON"), b"{}\n");
    refused(&ferry, "E-INPUT-22", "partition=0/app.app.thing+0+0000000004.JSON");
}

#[test]
fn a_check_that_does_not_hold_ends_with_25() {
    let check = |sql: &str| {
        format!(
            "\n[[dataset.thing.check]]\nname = \"small\"\nsql = \"select count(*) = 0 as holds from thing where {sql}\"\n"
        )
    };
    refused(&things(&check("amount > 20")), "E-CHECK-25", "the check `small` does not hold");
    assert_eq!(things(&check("amount > 30")).run(&["run", "jobs/things.toml"]).code, 0);
}
