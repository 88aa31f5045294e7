//! Tables that are read in parts, by several sessions: every row once, in one order, whoever read it.

use super::bench::{Bench, name, query, read, rows, source_of};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use futures::StreamExt;
use nightferry::data::{Batch, Extract};
use nightferry::job::Limits;
use nightferry::source::{Source, SourceError};
use std::time::Duration;

const COLUMNS: &[(&str, &str)] = &[("n", "bigint"), ("v", "text")];

/// Rows of about 1,900 bytes, four to a page, so that 16 MiB are some eight thousand of them.
fn wide(table: &str, from: u32, to: u32) -> String {
    format!("INSERT INTO {table} SELECT n, repeat(chr(65 + n % 26), 1900) FROM generate_series({from}, {to}) n;")
}

fn numbers(batches: &[Batch]) -> Vec<i64> {
    let of = |batch: &Batch| batch.rows.column(0).as_primitive::<Int64Type>().values().to_vec();
    batches.iter().flat_map(of).collect()
}

/// What SQL finds: rows, their sum, and the sum of their squares.
async fn at_source(bench: &mut Bench, table: &str) -> String {
    let sql = format!("SELECT concat_ws(' ', count(*), sum(n), sum(n::numeric * n)) FROM {}.{table}", bench.schema);
    bench.printed(&sql).await[0].clone().expect("a line")
}

fn found(batches: &[Batch]) -> String {
    let numbers = numbers(batches);
    let distinct: std::collections::BTreeSet<i64> = numbers.iter().copied().collect();
    assert_eq!(distinct.len(), numbers.len(), "a row came twice");
    let squares: i128 = numbers.iter().map(|n| i128::from(*n) * i128::from(*n)).sum();
    match numbers.len() {
        0 => "0".into(),
        count => format!("{count} {} {squares}", numbers.iter().sum::<i64>()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_batches_come_whatever_the_number_of_sessions() {
    let lay = format!("CREATE TABLE t (n bigint, v text); {}", wide("t", 1, 30_000));
    let mut bench = Bench::lay("it_parts_same", &lay).await;
    // Holes and moved rows, so that the order of pages is not that of the numbers.
    bench
        .run("DELETE FROM it_parts_same.t WHERE n % 7 = 0; UPDATE it_parts_same.t SET v = v || 'x' WHERE n % 5 = 0")
        .await;
    let in_order = bench.printed("SELECT string_agg(n::text, ',' ORDER BY ctid) FROM it_parts_same.t").await;
    let batches = alike(&bench.table("t", COLUMNS)).await;
    let numbers: Vec<String> = numbers(&batches).iter().map(ToString::to_string).collect();
    assert_eq!(Some(numbers.join(",")), in_order[0]);
}

/// The batches, which are the same by one session, by two and by four.
async fn alike(extract: &Extract) -> Vec<Batch> {
    let mut first: Option<Vec<Batch>> = None;
    for connections in [1, 2, 4] {
        let batches = read(&mut source_of(connections, &Limits::default()).await, extract).await.expect("rows");
        let Some(first) = &first else {
            first = Some(batches);
            continue;
        };
        let tables = |batches: &[Batch]| batches.iter().map(|batch| batch.rows.clone()).collect::<Vec<_>>();
        assert!(tables(first) == tables(&batches), "other batches by {connections} sessions");
    }
    first.expect("batches")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_divided_by_a_key_or_by_its_partitions_is_the_same_whatever_the_number_of_sessions() {
    let lay = format!(
        "CREATE TABLE t (n bigint PRIMARY KEY, v text); {whole} ANALYZE t; CREATE VIEW seen AS SELECT n, v FROM t WHERE v <> 'x';
         CREATE TABLE parted (n bigint, v text) PARTITION BY HASH (n);
         CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
         CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1); INSERT INTO parted TABLE t;",
        whole = wide("t", 1, 30_000),
    );
    let mut bench = Bench::lay("it_parts_keyed", &lay).await;
    let expected = at_source(&mut bench, "t").await;
    let asked = query("SELECT n, v FROM it_parts_keyed.t WHERE n > 0", COLUMNS);
    for (extract, is_by_key) in
        [(bench.table("seen", COLUMNS), true), (asked, true), (bench.table("parted", COLUMNS), false)]
    {
        let now = bench.printed("SELECT clock_timestamp()::text").await[0].clone().expect("a moment");
        let copies = format!(
            "SELECT DISTINCT query FROM pg_stat_activity WHERE application_name = 'nightferry' AND backend_start > '{now}' AND query LIKE '%COPY%it_parts_keyed%'"
        );
        let mut source = source_of(4, &Limits::default()).await;
        let mut extraction = source.extract(&extract).await.expect("an extract");
        let first = extraction.batches.next().await.expect("a batch").expect("rows");
        assert!(first.rows.num_rows() > 0);
        // Several sessions are at it, each with a part of its own.
        let mut queries = Vec::new();
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while queries.len() < 2 {
            assert!(std::time::Instant::now() < deadline, "one session alone: {queries:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
            queries = bench.printed(&copies).await;
        }
        let by_key = queries.iter().flatten().filter(|query| query.contains("WHERE \"n\" ")).count();
        assert_eq!(by_key > 0, is_by_key, "{queries:?}");
        drop(extraction);
        drop(source);
        let batches = alike(&extract).await;
        assert_eq!(found(&batches), expected);
        if is_by_key {
            assert!(numbers(&batches).is_sorted());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_every_kind_of_table_comes_once() {
    let lay = format!(
        "CREATE TABLE empty (n bigint, v text);
         CREATE TABLE one_page (n bigint, v text); INSERT INTO one_page VALUES (1, 'a'), (2, 'b');
         CREATE TABLE dead (n bigint, v text); {dead} DELETE FROM dead WHERE n > 100;
         CREATE TABLE parted (n bigint, v text) PARTITION BY RANGE (n);
         CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10000);
         CREATE TABLE parted_high PARTITION OF parted FOR VALUES FROM (10000) TO (20000) PARTITION BY LIST (n);
         CREATE TABLE parted_high_one PARTITION OF parted_high FOR VALUES IN (10000);
         CREATE TABLE parted_high_rest PARTITION OF parted_high DEFAULT;
         CREATE TABLE parted_rest PARTITION OF parted DEFAULT; {parted}
         INSERT INTO parted VALUES (-5, 'below'), (NULL, 'nowhere'); DELETE FROM parted WHERE n IS NULL;
         CREATE TABLE old (n bigint, v text); CREATE TABLE old_child () INHERITS (old);
         INSERT INTO old VALUES (1, 'a'); INSERT INTO old_child VALUES (2, 'b');
         CREATE VIEW seen AS SELECT n, v FROM parted WHERE n % 3 = 0;
         CREATE MATERIALIZED VIEW kept AS SELECT n, v FROM parted;",
        dead = wide("dead", 1, 10_000),
        parted = wide("parted", 0, 19_000),
    );
    let mut bench = Bench::lay("it_parts_kinds", &lay).await;
    let mut source = source_of(2, &Limits::default()).await;
    for table in ["empty", "one_page", "dead", "parted", "old", "seen", "kept"] {
        let batches = read(&mut source, &bench.table(table, COLUMNS)).await.expect("rows");
        assert_eq!(found(&batches), at_source(&mut bench, table).await, "{table}");
    }
    // The planner leaves partitions out for it: it is left whole, and comes in the order of the bounds.
    let few = bench.filtered("parted", "parted.n < 9 OR n = 10000 -- two of them", COLUMNS);
    assert_eq!(numbers(&read(&mut source, &few).await.expect("rows")), [0, 1, 2, 3, 4, 5, 6, 7, 8, 10_000, -5]);
    // Every partition is read for this one: in parts, by the partitions' names.
    let most = bench.filtered("parted", "parted.n % 10 <> 0", COLUMNS);
    let expected = at_source(&mut bench, "parted WHERE n % 10 <> 0").await;
    let batches = read(&mut source, &most).await.expect("rows");
    assert_eq!((found(&batches), numbers(&batches)[0]), (expected, 10_001));
    let asked = query("SELECT n, v FROM it_parts_kinds.parted WHERE n > 18000", COLUMNS);
    assert_eq!(rows(&read(&mut source, &asked).await.expect("rows")), 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_grows_changes_and_is_vacuumed_meanwhile_is_read_as_it_was() {
    let lay = format!("CREATE TABLE t (n bigint, v text); {} DELETE FROM t WHERE n > 28000", wide("t", 1, 30_000));
    let mut bench = Bench::lay("it_parts_grows", &lay).await;
    let before = at_source(&mut bench, "t").await;
    let mut source = source_of(2, &Limits::default()).await;
    // The end of the table is given back and then taken again by rows that the snapshot does not show.
    bench.run("VACUUM it_parts_grows.t").await;
    bench.run(&wide("it_parts_grows.t", 50_001, 60_000)).await;
    let extract = bench.table("t", COLUMNS);
    let mut extraction = source.extract(&extract).await.expect("an extract");
    let mut seen = vec![extraction.batches.next().await.expect("a batch").expect("rows").rows];
    bench.run("UPDATE it_parts_grows.t SET n = -n WHERE n % 2 = 0; DELETE FROM it_parts_grows.t WHERE n % 3 = 0").await;
    bench.run(&wide("it_parts_grows.t", 60_001, 61_000)).await;
    bench.run("VACUUM it_parts_grows.t").await;
    while let Some(batch) = extraction.batches.next().await {
        seen.push(batch.expect("rows").rows);
    }
    let none = arrow::array::RecordBatch::new_empty(seen[0].schema());
    let seen: Vec<Batch> = seen
        .into_iter()
        .map(|rows| Batch { rows, bad: Vec::new(), bad_rows: none.clone(), nulled: Default::default() })
        .collect();
    assert_eq!(found(&seen), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_are_ahead_pause_and_there_are_no_more_of_them_than_allowed() {
    let lay = format!("CREATE TABLE t (n bigint, v text); {}", wide("t", 1, 40_000));
    let mut bench = Bench::lay("it_parts_ahead", &lay).await;
    let limits = Limits { memory_bytes_max: 24 << 20, ..Limits::default() };
    let mut source = source_of(3, &limits).await;
    let extract = bench.table("t", COLUMNS);
    let mut extraction = source.extract(&extract).await.expect("an extract");
    // The table has five parts: with nobody to take their rows, three sessions are in the middle of one each.
    let waiting =
        "SELECT count(*) FILTER (WHERE wait_event = 'ClientWrite') || ' of ' || count(*) FROM pg_stat_activity
        WHERE application_name = 'nightferry' AND query LIKE '%COPY%it_parts_ahead%'";
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let told = bench.printed(waiting).await;
        if told == [Some("3 of 3".into())] {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{told:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut count = 0;
    while let Some(batch) = extraction.batches.next().await {
        count += batch.expect("rows").rows.num_rows();
    }
    assert_eq!(count, 40_000);
}

fn named(mut extract: Extract, dataset: &str) -> Extract {
    extract.dataset = name(dataset);
    extract
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_told_to_come_is_begun_early_and_comes_in_that_order() {
    let lay = format!(
        "CREATE TABLE one (n bigint, v text); {} CREATE TABLE two (n bigint, v text); {}
         CREATE TABLE three (n bigint, v text, more int);",
        wide("one", 1, 12_000),
        wide("two", 1, 9_000)
    );
    let mut bench = Bench::lay("it_parts_next", &lay).await;
    let mut source = source_of(2, &Limits::default()).await;
    let [one, two, three] = ["one", "two", "three"].map(|table| named(bench.table(table, COLUMNS), table));
    source.tell_what_comes(&[&one, &two, &three]);
    let begun = "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'nightferry' AND query LIKE '%COPY%it_parts_next\".\"two%'";
    // Nobody has asked for a row yet.
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while bench.printed(begun).await == [Some("0".into())] {
        assert!(std::time::Instant::now() < deadline, "the second table was not begun");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (extract, table) in [(&one, "one"), (&two, "two")] {
        let batches = read(&mut source, extract).await.expect("rows");
        assert_eq!(found(&batches), at_source(&mut bench, table).await);
    }
    // Its fault is told when it is asked for, and not before.
    let error = read(&mut source, &three).await.expect_err("a refusal");
    assert_eq!(error.to_string(), "it_parts_next.three: nobody classified `more`");
    source.tell_what_comes(&[&one, &two]);
    let error = read(&mut source, &two).await.expect_err("a refusal");
    assert!(
        matches!(error, SourceError::Away { .. }) && error.to_string().contains("told to come before it"),
        "{error}"
    );
}

#[tokio::test]
async fn a_partition_that_came_or_went_since_the_snapshot_is_told() {
    let lay = "CREATE TABLE parted (n bigint, v text) PARTITION BY RANGE (n);
        CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
        CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20);
        CREATE TABLE other (n bigint, v text); INSERT INTO other VALUES (25, 'c');
        INSERT INTO parted VALUES (1, 'a'), (11, 'b'); CREATE VIEW over AS SELECT * FROM parted";
    let mut bench = Bench::lay("it_parts_moved", lay).await;
    for (change, table) in [
        ("ALTER TABLE it_parts_moved.parted DETACH PARTITION it_parts_moved.parted_2", "parted"),
        (
            "ALTER TABLE it_parts_moved.parted ATTACH PARTITION it_parts_moved.other FOR VALUES FROM (20) TO (30)",
            "over",
        ),
    ] {
        let mut source = source_of(2, &Limits::default()).await;
        bench.run(change).await;
        let extract = bench.table(table, COLUMNS);
        let error = read(&mut source, &extract).await.expect_err("an error");
        assert!(matches!(error, SourceError::Away { .. }), "{error}");
        assert!(
            error.to_string().contains("it_parts_moved.parted got or lost a partition since the snapshot"),
            "{error}"
        );
        assert!(source.take_another_moment().await.expect("another moment"));
        let batches = read(&mut source, &extract).await.expect("rows");
        assert_eq!(found(&batches), at_source(&mut bench, "parted").await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_inherit_are_read_as_the_snapshot_has_them() {
    let lay = format!(
        "CREATE TABLE old (n bigint, v text); CREATE TABLE middle () INHERITS (old);
         CREATE TABLE low (more int) INHERITS (middle); CREATE TABLE twice () INHERITS (old, middle);
         CREATE TABLE alone (n bigint, v text); INSERT INTO alone VALUES (1, 'a');
         CREATE TABLE apart (n bigint, v text); INSERT INTO apart VALUES (-1, 'z');
         INSERT INTO old VALUES (1, 'a'); INSERT INTO twice VALUES (3, 'c'); INSERT INTO low VALUES (4, 'd', 4);
         INSERT INTO apart VALUES (-2, 'z'); {}",
        wide("middle", 10, 20_000)
    );
    let mut bench = Bench::lay("it_parts_heirs", &lay).await;
    let (old, alone) = (bench.table("old", COLUMNS), bench.table("alone", COLUMNS));
    let expected = at_source(&mut bench, "old").await;
    assert_eq!(found(&read(&mut source_of(2, &Limits::default()).await, &old).await.expect("rows")), expected);

    // What comes to inherit is not of the snapshot, and its rows do not come along.
    let mut source = source_of(2, &Limits::default()).await;
    bench.run("ALTER TABLE it_parts_heirs.apart INHERIT it_parts_heirs.old").await;
    assert_eq!(found(&read(&mut source, &old).await.expect("rows")), expected);
    drop(source);
    bench.run("ALTER TABLE it_parts_heirs.apart NO INHERIT it_parts_heirs.old").await;
    let mut source = source_of(2, &Limits::default()).await;
    bench.run("ALTER TABLE it_parts_heirs.apart INHERIT it_parts_heirs.alone").await;
    assert_eq!(numbers(&read(&mut source, &alone).await.expect("rows")), [1]);
    drop(source);
    bench.run("ALTER TABLE it_parts_heirs.apart NO INHERIT it_parts_heirs.alone").await;

    // One that goes is missed, whoever asks for it; who asks for the table alone misses nothing.
    let asked = query("SELECT n, v FROM it_parts_heirs.old", COLUMNS);
    let only = query("SELECT n, v FROM ONLY it_parts_heirs.old", COLUMNS);
    for (change, extract) in [
        ("DROP TABLE it_parts_heirs.low", &old),
        ("ALTER TABLE it_parts_heirs.middle NO INHERIT it_parts_heirs.old", &asked),
        ("DROP TABLE it_parts_heirs.twice", &asked),
    ] {
        let mut source = source_of(2, &Limits::default()).await;
        bench.run(change).await;
        let error = read(&mut source, extract).await.map(|rows| numbers(&rows).len()).expect_err(change);
        assert!(matches!(error, SourceError::Away { .. }), "{error}");
        assert!(error.to_string().contains("lost a table that inherits from it since the snapshot"), "{error}");
        assert!(source.take_another_moment().await.expect("another moment"));
        let batches = read(&mut source, extract).await.expect("rows");
        assert_eq!(found(&batches), at_source(&mut bench, "old").await);
        assert_eq!(numbers(&read(&mut source, &only).await.expect("rows")), [1]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_whose_end_takes_long_to_find_is_read_in_one_part() {
    // The server thinks little of the condition, which takes a tenth of a second for each of the last hundred and twenty rows.
    let lay = format!(
        "CREATE TABLE t (n bigint PRIMARY KEY, v text); {} ANALYZE t;
         CREATE FUNCTION late(n bigint) RETURNS boolean LANGUAGE plpgsql COST 0.001 AS $$
             BEGIN IF n > 19880 THEN PERFORM pg_sleep(0.1); RETURN false; END IF; RETURN true; END $$;
         CREATE VIEW slow AS SELECT n, v FROM t WHERE late(n)",
        wide("t", 1, 20_000)
    );
    let bench = Bench::lay("it_parts_late", &lay).await;
    let mut extract = bench.table("slow", COLUMNS);
    std::sync::Arc::make_mut(&mut extract.schema).key = vec![name("n")];
    let batches = read(&mut source_of(2, &Limits::default()).await, &extract).await.expect("rows");
    assert_eq!(numbers(&batches).len(), 19_880);
}
