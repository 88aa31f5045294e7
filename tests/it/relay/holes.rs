//! What a topic no longer holds, never held, or does not hold yet.

use super::kafka::{Ends, forget, make, things, topic, transact, unmake, write};
use super::{chain, ferry, landed, refused};
use rdkafka::producer::Producer;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn what_a_transaction_took_back_is_not_landed_and_what_is_open_is_waited_for_by_nobody() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..3, 4000));
    drop(transact(&topic, &things(3..6, 4000), Ends::Aborts));
    drop(transact(&topic, &things(6..9, 4000), Ends::Commits));
    // 3, then 3 and a mark, then 3 and a mark: the last is the end, and nothing that may be read stands before it.
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["complete"]), (&json!(6), &json!(true)), "{told}");
    let open = transact(&topic, &things(9..12, 4000), Ends::Stays);
    write(&topic, 0, &things(12..14, 4000));
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["complete"]), (&json!(0), &json!(true)), "{told}");
    open.abort_transaction(Duration::from_secs(30)).expect("aborted");
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["complete"]), (&json!(2), &json!(true)), "{told}");
    let chain = chain(&ferry, &topic);
    assert_eq!(
        (&chain["0"]["records"], &chain["0"]["once"], &chain["0"]["whole"]),
        (&json!(8), &json!(8), &json!(true))
    );
}

#[tokio::test]
async fn an_end_of_marks_alone_is_an_end() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    drop(transact(&topic, &things(0..3, 4000), Ends::Aborts));
    let began = Instant::now();
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["objects"], &told["complete"]), (&json!(0), &json!(0), &json!(true)), "{told}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn holes_that_compaction_left_are_no_gaps() {
    let settings = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "100"),
        ("min.cleanable.dirty.ratio", "0.001"),
        ("delete.retention.ms", "100"),
        ("max.compaction.lag.ms", "100"),
    ];
    let topic = topic(1, &settings).await;
    let ferry = ferry(&topic, "");
    for _ in 0..40 {
        write(&topic, 0, &things(0..10, 4000));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    // A segment is closed by what comes behind it.
    write(&topic, 0, &things(10..11, 4000));
    let mut records = 401;
    let began = Instant::now();
    while records == 401 {
        assert!(began.elapsed() < Duration::from_secs(90), "nothing is compacted");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let _ = std::fs::remove_dir_all(ferry.path("landed"));
        records = landed(&ferry)["records"].as_u64().expect("a number");
    }
    let chain = chain(&ferry, &topic);
    assert_eq!((&chain["0"]["next"], &chain["0"]["whole"]), (&json!(401), &json!(true)), "{chain}");
    assert!(records >= 11, "{chain}");
}

#[tokio::test]
async fn records_that_went_before_they_were_landed_end_the_run_and_are_counted() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..10, 4000));
    landed(&ferry);
    write(&topic, 0, &things(10..30, 4000));
    forget(&topic, 17).await;
    let came = refused(&ferry, 26, "E-LOST-26");
    let told = format!("partition 0 of topic `{topic}` no longer holds 7 offsets from 10 on, which were not landed");
    assert!(came.err.contains(&told), "{}", came.err);
    assert_eq!(chain(&ferry, &topic)["0"]["next"], 10, "nothing is landed behind a gap");
}

#[tokio::test]
async fn a_topic_that_was_made_anew_is_not_taken_for_the_one_before() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..10, 4000));
    landed(&ferry);
    unmake(&topic).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    make(&topic, 1, &[]).await;
    write(&topic, 0, &things(0..4, 4000));
    let came = refused(&ferry, 26, "E-TOPIC-26");
    assert!(came.err.contains("ends at offset 4, and 10 was to be read next"), "{}", came.err);
}

#[tokio::test]
async fn a_topic_that_was_made_anew_and_has_outgrown_the_one_before_is_refused() {
    let topic = topic(2, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..10, 4000));
    landed(&ferry);
    // It is the same as long as it is: what came behind is landed, and nothing new is no fault.
    write(&topic, 0, &things(10..12, 4000));
    assert_eq!(landed(&ferry)["records"], 2);
    assert_eq!(landed(&ferry)["complete"], true);
    unmake(&topic).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    make(&topic, 2, &[]).await;
    write(&topic, 0, &things(0..25, 4000));
    // Of this partition nothing was landed before, and nothing of another topic is.
    write(&topic, 1, &things(25..30, 4000));
    let came = refused(&ferry, 26, "E-ANEW-26");
    assert!(came.err.contains(&format!("partition 0 of topic `{topic}` has another record at offset")), "{}", came.err);
    let chain = chain(&ferry, &topic);
    assert_eq!((&chain["0"]["next"], &chain["1"]), (&json!(12), &serde_json::Value::Null), "{chain}");
}

#[tokio::test]
async fn last_records_that_age_took_away_tell_nothing_and_are_no_fault() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    write(&topic, 0, &things(0..10, 4000));
    landed(&ferry);
    write(&topic, 0, &things(10..12, 4000));
    forget(&topic, 10).await;
    assert_eq!(landed(&ferry)["records"], 2);
}

#[tokio::test]
async fn partitions_that_memory_has_no_room_for_at_once_are_read_one_after_another() {
    let topic = topic(7, &[]).await;
    let ferry = ferry(&topic, "");
    // A sixteenth of it is fetched ahead: of two partitions at once.
    ferry.edit(super::ENVIRONMENT, "[secrets]", "[limits]\nmemory_max = \"8MiB\"\n\n[secrets]");
    for partition in 0..7 {
        write(&topic, partition, &things(0..500, 4000));
    }
    let told = landed(&ferry);
    assert_eq!((&told["records"], &told["complete"]), (&json!(3_500), &json!(true)), "{told}");
    write(&topic, 6, &things(500..501, 4000));
    assert_eq!(landed(&ferry)["records"], 1);
}
