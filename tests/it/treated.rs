//! Dumps whose rows were treated before they were landed, made here as the relay lands them: the extract is treated the same way,
//! and what the dump does not hold is told.

use crate::ferry::{Came, Ferry};
use crate::layouts::parquet;
use serde_json::{Value, json};

/// What tells the key of the domain `people` from others, and tokens of two addresses under it: by Python's `hmac`, from the public
/// test key, as `src/privacy/keys.rs` says.
const KEY: &str = "7d10f43d402c7161";
const ADA: &str = "6a3fb46ea687875425c1faf21902ace1";
const GRACE: &str = "642eb5560159b594d08ae62622fc0e43";

const COLUMNS: &str = "email = { type = \"text\", class = \"personal\", kind = \"email\", nullable = true }\n\
    phone = { type = \"text\", class = \"personal\", kind = \"phone\", nullable = true }\n\
    born_on = { type = \"date\", class = \"sensitive\", nullable = true }\n\
    bank_account = { type = \"text\", class = \"personal\", nullable = true }\n\
    amount = { type = \"numeric(10,2)\", class = \"open\", nullable = true }";

const EXTRACT: &str = "{\"id\":1,\"email\":\"Ada@example.org \",\"phone\":\"07700 900123\",\"born_on\":\"1990-07-14\",\"bank_account\":\"00012345\",\"amount\":\"1.50\"}\n\
    {\"id\":2,\"email\":\"grace@example.org\",\"phone\":null,\"born_on\":null,\"bank_account\":null,\"amount\":\"2.50\"}\n";

/// 1990-01-01 is 7,305 days after 1970-01-01.
fn rows() -> [Value; 2] {
    [
        json!({"id": 1, "email": ADA, "phone": "***** ***123", "born_on": 7305, "amount": "1.50"}),
        json!({"id": 2, "email": GRACE, "phone": null, "born_on": null, "amount": "2.50"}),
    ]
}

fn treated() -> Value {
    json!({"email": {"treatment": {"hmac": "people"}, "key": KEY}, "phone": {"treatment": {"mask": {"last": 3}}},
        "born_on": {"treatment": {"generalise": "year"}}, "bank_account": {"treatment": "drop"}})
}

fn ferry() -> Ferry {
    let reconcile = "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.thing\"\n";
    let ferry = Ferry::of_one_file("app.thing.jsonl", EXTRACT.as_bytes(), COLUMNS, reconcile);
    let topics = "[source.topics]\ndump = { url = \"in/topics\", layout = \"relay\" }\n\n[store.warehouse]";
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", topics);
    // The extract's own store shows none of the personal columns; they are read for the comparison all the same.
    ferry.edit("jobs/things.toml", "to = [\"warehouse\"]", "to = [\"warehouse\", \"inside\"]");
    let inside = "[store.inside]\nurl = \"out/inside\"\naudience = \"restricted\"\n\n[store.restricted]";
    ferry.edit("jobs/environments/dev.toml", "[store.restricted]", inside);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    ferry
}

/// Lands rows as one run does, and behind them an event that the extract does not show.
fn land(ferry: &Ferry, run: &str, first: u64, rows: &[Value], treated: &Value, change: impl Fn(&mut Value)) {
    let event = |row: &Value, transaction: u32| {
        let value = json!({"before": null, "after": row, "source": {"txId": transaction, "ts_ms": 1}, "op": "c"});
        (Some(json!({"id": row["id"]}).to_string().into_bytes()), Some(value.to_string().into_bytes()))
    };
    let mut records: Vec<_> = rows.iter().map(|row| event(row, 4000)).collect();
    records.push(event(&json!({"id": 9}), 6000));
    let bytes = parquet(first as i64, &records);
    let path = format!("p=0/{first:020}.parquet");
    ferry.write(&format!("in/topics/app.thing/{path}"), &bytes);
    let next = first + records.len() as u64;
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    let sha256: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut manifest = json!({"manifest": 1, "run": run, "complete": true, "audience": "analytics",
        "partitions": {"0": {"first": first, "next": next, "end": next}},
        "objects": [{"path": path, "records": records.len(), "bytes": bytes.len(), "sha256": sha256}],
        "treated": treated, "dead_letters": 0});
    change(&mut manifest);
    ferry.write(&format!("in/topics/app.thing/_runs/{run}.json"), manifest.to_string().as_bytes());
}

/// What is said of a manifest, and what is done to one for that.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Value));

fn compared(ferry: &Ferry) -> (Came, Value) {
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    let text = report.to_string() + &came.err;
    for value in ["example.org", "900123", "00012345", ADA, GRACE] {
        assert!(!text.contains(value), "a value of the data is told: {text}");
    }
    let told = report["datasets"][0]["reconciliation"].clone();
    (came, told)
}

#[test]
fn the_extract_is_treated_as_the_dump_was_and_what_was_dropped_is_told() {
    let ferry = ferry();
    land(&ferry, "a", 0, &rows(), &treated(), |_| ());
    // Not named by any manifest: still being landed, whatever it holds.
    ferry.write("in/topics/app.thing/p=0/00000000000000000003.parquet", b"half of it");
    let (came, told) = compared(&ferry);
    assert_eq!(
        (came.code, &told["verdict"], &told["proof"]),
        (0, &json!("MATCH"), &json!("txid")),
        "{told} {}",
        came.err
    );
    let how = json!({"email": "hmac (people)", "phone": "mask (last 3)", "born_on": "generalise (year)"});
    assert_eq!((&told["compared"], &told["treated"]), (&json!(2), &how));
    assert_eq!(told["not_compared"], json!(["bank_account"]));
    assert_eq!(told["not_compared_because"], json!({"bank_account": "the dump does not hold it (drop)"}));
    let again = ferry.run(&["run", "jobs/things.toml", "--again", "to look at it"]);
    assert!(
        again.out.contains("thing as its dump was treated: born_on generalise (year), email hmac"),
        "{}",
        again.out
    );
    assert!(again.out.contains("bank_account of thing was not compared: the dump does not hold it"), "{}", again.out);
}

#[test]
fn a_difference_is_found_behind_every_treatment_and_filed_as_the_dump_has_it() {
    let ferry = ferry();
    for (column, value) in [("email", json!(GRACE)), ("phone", json!("***** ***124")), ("born_on", json!(7670))] {
        let [mut one, two] = rows();
        one[column] = value;
        land(&ferry, "a", 0, &[one, two], &treated(), |_| ());
        let (came, told) = compared(&ferry);
        assert_eq!((came.code, &told["verdict"]), (21, &json!("DRIFT")), "{told}");
        assert_eq!(told["changed_columns"], json!({column: 1}));
        assert!(told["rows_at"].is_string(), "{told}");
    }
}

#[test]
fn what_was_made_with_another_key_or_in_two_ways_is_not_compared() {
    let ferry = ferry();
    let mut other = treated();
    other["email"]["key"] = json!("0000000000000000");
    land(&ferry, "a", 0, &rows(), &other, |_| ());
    let (came, told) = compared(&ferry);
    let because = "its pseudonyms in the dump are of a key that this environment does not have";
    assert_eq!((came.code, &told["not_compared_because"]["email"]), (0, &json!(because)), "{told}");
    // The next run has the key, and hides more of a number.
    let mut next = treated();
    next["phone"] = json!({"treatment": {"mask": {"last": 2}}});
    land(&ferry, "b", 3, &[], &next, |_| ());
    let (_, report) = ferry.report(&["jobs/things.toml", "--again", "another run landed"]);
    let told = &report["datasets"][0]["reconciliation"]["not_compared_because"];
    let because = json!("the runs that landed the dump treated it in two ways");
    assert_eq!((&told["email"], &told["phone"]), (&because, &because), "{told}");
}

#[test]
fn a_key_that_the_dump_does_not_tell_leaves_nothing_to_compare_by() {
    let ferry = ferry();
    land(&ferry, "a", 0, &rows(), &json!({"id": {"treatment": "drop"}}), |_| ());
    let (came, _) = compared(&ferry);
    assert_eq!(came.code, 22);
    assert!(came.err.contains("E-KEY-22") && came.err.contains("does not tell the key `id`"), "{}", came.err);
}

#[test]
fn keys_that_are_pseudonyms_are_compared_as_such() {
    let ferry = ferry();
    ferry.edit("schemas/thing.toml", "key = [\"id\"]", "key = [\"email\"]");
    ferry.edit("schemas/thing.toml", "kind = \"email\", nullable = true", "kind = \"email\"");
    land(&ferry, "a", 0, &rows(), &treated(), |_| ());
    // Behind the rows an event whose key is told as well: it is later, and not looked at.
    let (came, told) = compared(&ferry);
    assert_eq!(
        (came.code, &told["verdict"], &told["compared"]),
        (0, &json!("MATCH"), &json!(2)),
        "{told} {}",
        came.err
    );
    let [one, mut two] = rows();
    two["email"] = json!("ffffffffffffffffffffffffffffffff");
    land(&ferry, "a", 0, &[one, two], &treated(), |_| ());
    let (came, report) = ferry.report(&["jobs/things.toml", "--again", "another row"]);
    let told = &report["datasets"][0]["reconciliation"];
    assert_eq!((came.code, &told["missing"], &told["extra"]), (21, &json!(1), &json!(1)), "{told}");
}

#[test]
fn records_that_are_elsewhere_leave_a_difference_undecided() {
    let ferry = ferry();
    land(&ferry, "a", 0, &rows()[..1], &treated(), |manifest| manifest["dead_letters"] = json!(1));
    let (came, told) = compared(&ferry);
    assert_eq!((came.code, &told["verdict"]), (24, &json!("INCONCLUSIVE")), "{told}");
    assert!(came.err.contains("1 record of the topic is not in the dump"), "{}", came.err);
}

#[test]
fn a_manifest_and_its_objects_that_do_not_fit_together_are_refused() {
    let sha = |manifest: &mut Value| manifest["objects"][0]["sha256"] = json!("00");
    let size = |manifest: &mut Value| manifest["objects"][0]["bytes"] = json!(1);
    let gone = |manifest: &mut Value| manifest["objects"][0]["path"] = json!("p=0/00000000000000000099.parquet");
    let gap = |manifest: &mut Value| manifest["partitions"]["0"] = json!({"first": 8, "next": 9, "end": 9});
    let word = |manifest: &mut Value| manifest["treated"]["email"]["treatment"] = json!("opensesame");
    let torn = |manifest: &mut Value| *manifest = json!("opensesame");
    let changes: [Change<'_>; 6] = [
        ("its bytes have another SHA-256", &sha),
        ("is not as large as its manifest says", &size),
        ("is named in a manifest and is not there", &gone),
        ("leaves out offsets of partition 0", &gap),
        ("names a treatment that is none of ours", &word),
        ("is no manifest of a dump", &torn),
    ];
    for (fault, change) in changes {
        let ferry = ferry();
        land(&ferry, "a", 0, &rows(), &treated(), |_| ());
        land(&ferry, "b", 3, &[], &treated(), change);
        let (came, _) = compared(&ferry);
        assert_eq!(came.code, 22, "{fault}: {}", came.err);
        assert!(came.err.contains("E-INPUT-22") && came.err.contains(fault), "{fault}: {}", came.err);
        assert!(!came.err.contains("opensesame"), "{}", came.err);
    }
}

/// Columns whose treatments need a key, another column of the row, or the value's own inside.
const OTHERS: &str = "account = { type = \"text\", class = \"personal\", kind = \"account\", nullable = true, treat = { analytics = { ff1 = { domain = \"people\" } } } }\n\
    born_on = { type = \"date\", class = \"personal\", nullable = true, treat = { analytics = { date_shift = { domain = \"people\", subject = \"id\", days = 40 } } } }\n\
    age = { type = \"smallint\", class = \"personal\", nullable = true, treat = { analytics = { bucket = [\"18\", \"65\"] } } }\n\
    paper = { type = \"jsonb\", class = \"personal\", nullable = true, treat = { analytics = { fields = { \"who.account\" = { treat = { ff1 = { domain = \"people\" } } } } } } }";

const PERSON: &str = "{\"id\":7000001,\"account\":\"12-34-5678\",\"born_on\":\"1990-02-28\",\"age\":\"17\",\"paper\":\"{\\\"who\\\": {\\\"account\\\": \\\"12345678\\\", \\\"name\\\": \\\"Wren Alder\\\"}}\"}\n";

#[test]
fn what_takes_a_key_another_column_or_a_part_of_json_is_done_to_the_extract_as_well() {
    // What the treatments make of the row is what analysts see of it.
    let seen = Ferry::of_one_file("app.thing.jsonl", PERSON.as_bytes(), OTHERS, "");
    let came = seen.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let location = nightferry::job::Location { url: "out/warehouse".into(), ..nightferry::job::Location::default() };
    let purpose = nightferry::access::Purpose::Read;
    let folder = nightferry::access::open(&location, seen.root(), "warehouse", purpose).expect("a folder");
    let text = runtime.block_on(nightferry::store::rows_of_table(&folder, "thing")).expect("rows");
    let cells: Vec<&str> = text.lines().nth(1).expect("a row").split(',').collect();
    let (account, born_on) = (cells[1], cells[2]);
    assert!(account != "12-34-5678" && born_on != "1990-02-28" && cells[3] == "under 18", "{text}");
    let days = |day: &str| {
        let day: chrono::NaiveDate = day.get(..10).expect("a day").parse().expect("a day");
        (day - chrono::NaiveDate::default()).num_days()
    };
    let paper = format!("{{\"who\":{{\"account\":\"{}\"}}}}", account.replace('-', ""));
    let row = json!({"id": 7_000_001, "account": account, "born_on": days(born_on), "age": "under 18", "paper": paper});

    let reconcile = "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.thing\"\n";
    let ferry = Ferry::of_one_file("app.thing.jsonl", PERSON.as_bytes(), OTHERS, reconcile);
    let topics = "[source.topics]\ndump = { url = \"in/topics\", layout = \"relay\" }\n\n[store.warehouse]";
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", topics);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    let shift = json!({"date_shift": {"domain": "people", "subject": "id", "days": 40}});
    let treated = json!({"account": {"treatment": {"ff1": {"domain": "people"}}, "key": KEY},
        "born_on": {"treatment": shift, "key": KEY}, "age": {"treatment": {"bucket": ["18", "65"]}},
        "paper": {"treatment": {"fields": {"who.account": {"treat": {"ff1": {"domain": "people"}}}}}, "key": KEY}});
    land(&ferry, "a", 0, std::slice::from_ref(&row), &treated, |_| ());
    let (came, told) = compared(&ferry);
    assert_eq!((came.code, &told["verdict"]), (0, &json!("MATCH")), "{told} {}", came.err);
    assert_eq!((&told["compared"], &told["not_compared"]), (&json!(1), &json!([])));
    assert_eq!(told["treated"]["born_on"], json!("date_shift (people, by id, 40 days)"));
    // Each is compared: another value is a difference.
    for (column, value) in [
        ("account", json!("00-00-0000")),
        ("born_on", json!(days(born_on) + 1)),
        ("age", json!("18 to under 65")),
        ("paper", json!("{\"who\":{\"account\":\"00000000\"}}")),
    ] {
        let mut other = row.clone();
        other[column] = value;
        land(&ferry, "a", 0, &[other], &treated, |_| ());
        let (came, report) = ferry.report(&["jobs/things.toml", "--again", "another row"]);
        let told = &report["datasets"][0]["reconciliation"];
        assert_eq!((came.code, &told["changed_columns"]), (21, &json!({column: 1})), "{told} {}", came.err);
    }
    // Without the key that they were made with there is nothing to make the extract's like.
    let mut other = treated.clone();
    for column in ["account", "born_on", "paper"] {
        other[column]["key"] = json!("0000000000000000");
    }
    land(&ferry, "a", 0, std::slice::from_ref(&row), &other, |_| ());
    let (came, report) = ferry.report(&["jobs/things.toml", "--again", "another key"]);
    let told = &report["datasets"][0]["reconciliation"];
    assert_eq!((came.code, &told["not_compared"]), (0, &json!(["account", "born_on", "paper"])), "{told}");
}
