//! What a job is in Batch: a task that AWS's own model takes, of a size that Fargate sells, with the variables that the binary reads, stopped and
//! tried again as its exit codes want, at the time that its file says.

use super::python;
use super::terraform::Files;
use nightferry::ending;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Each example, its variables, and the environment file whose names its jobs must set.
pub const EXAMPLES: [(&str, &str); 3] =
    [("examples/minimal", "dev.tfvars"), ("examples/minimal", "uat.tfvars"), ("examples/complete", "prod.tfvars")];

fn locals(files: &Files, (example, tfvars): (&str, &str)) -> BTreeMap<String, Json> {
    files.locals("aws", &files.arguments(example, tfvars, "aws"))
}

fn root(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("text")
}

/// Words of a text that are variables of nightferry's.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|sign: char| !sign.is_ascii_uppercase() && !sign.is_ascii_digit() && sign != '_');
    words.filter(|word| word.starts_with("NIGHTFERRY_")).map(str::to_owned).collect()
}

/// What Fargate sells: vCPUs, the least and the most MiB, and the step. Source: AWS Batch API, ResourceRequirement, `MEMORY`.
const SOLD: [(&str, u64, u64, u64); 7] = [
    ("0.5", 1024, 4096, 1024),
    ("1", 2048, 8192, 1024),
    ("2", 4096, 16384, 1024),
    ("4", 8192, 30720, 1024),
    ("8", 16384, 61440, 4096),
    ("16", 32768, 122_880, 8192),
    ("0.25", 512, 2048, 0),
];

fn sizes(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for example in EXAMPLES {
        let locals = locals(files, example);
        let mut wanted: BTreeMap<&str, Vec<u64>> = BTreeMap::from([("32", vec![61440, 122_880, 249_856])]);
        for (vcpu, least, most, step) in SOLD {
            let all = if step == 0 { vec![512, 1024, 2048] } else { (least..=most).step_by(step as usize).collect() };
            wanted.insert(vcpu, all);
        }
        if locals["fargate"] != json!(wanted) {
            found.push(format!("fargate.tf is not what Fargate sells: {}", locals["fargate"]));
        }
        for (job, task) in locals["tasks"].as_object().expect("tasks") {
            let needs = &task["taskProperties"][0]["containers"][0]["resourceRequirements"];
            let need = |kind: &str| {
                let all = needs.as_array().expect("needs");
                all.iter().find(|of| of["type"] == kind).and_then(|of| of["value"].as_str()).expect("a size").to_owned()
            };
            let memory: u64 = need("MEMORY").parse().expect("a number");
            if !wanted.get(need("VCPU").as_str()).is_some_and(|all| all.contains(&memory)) {
                found.push(format!("{job}: {} vCPU with {memory} MiB", need("VCPU")));
            }
        }
    }
    found
}

#[test]
fn a_task_has_a_size_that_fargate_sells() {
    let shipped = Files::shipped();
    assert_eq!(sizes(&shipped), Vec::<String>::new());
    for (file, from, to) in [
        ("aws/fargate.tf", "range(8, 31)", "range(8, 33)"),
        ("aws/variables.tf", "optional(number, 2048)", "optional(number, 1024)"),
        ("aws/variables.tf", "vcpu          = optional(number, 1)", "vcpu        = optional(number, 1.5)"),
    ] {
        assert_ne!(sizes(&shipped.with(file, from, to)), Vec::<String>::new(), "{file}: {to}");
    }
}

/// What Batch does with an ending: the first rule that fits, and a retry where none does. Source: AWS Batch API, EvaluateOnExit.
fn action(rules: &Json, code: u8, reason: &str, status: &str) -> String {
    let fits = |pattern: &Json, value: &str| match pattern.as_str() {
        None => true,
        Some(pattern) => match pattern.strip_suffix('*') {
            Some(begin) => value.starts_with(begin),
            None => value == pattern,
        },
    };
    let rules = rules.as_array().expect("rules");
    let fitting = rules.iter().find(|rule| {
        fits(&rule["exit_code"], &code.to_string())
            && fits(&rule["reason"], reason)
            && fits(&rule["status_reason"], status)
    });
    fitting.map_or("RETRY (no rule)".into(), |rule| rule["action"].as_str().expect("an action").to_owned())
}

fn retries(files: &Files) -> Vec<String> {
    let locals = locals(files, EXAMPLES[2]);
    let rules = &locals["endings"];
    let mut found = Vec::new();
    let mut look = |what: String, code: u8, reason: &str, status: &str, wanted: &str| {
        let came = action(rules, code, reason, status);
        if came != wanted {
            found.push(format!("{what}: {came}, not {wanted}"));
        }
    };
    let exited = "Essential container in task exited";
    let retried: BTreeSet<u8> = ending::ALL.iter().filter(|of| of.is_retryable()).map(|of| of.code).collect();
    for of in ending::ALL {
        look(of.id.into(), of.code, "", exited, if retried.contains(&of.code) { "RETRY" } else { "EXIT" });
    }
    for code in [0, ending::FOUND, ending::USAGE, ending::PANIC, 143, 255] {
        look(format!("{code}"), code, "", exited, "EXIT");
    }
    look("killed".into(), 137, "", exited, "RETRY");
    look("memory".into(), 137, "OutOfMemoryError: Container killed due to memory usage", exited, "EXIT");
    look("not started".into(), 0, "CannotPullContainerError", "Task failed to start", "RETRY");
    if rules.as_array().expect("rules").len() > 5 || !(1..=10).contains(&locals["attempts"].as_i64().expect("a number"))
    {
        found.push("Batch takes five rules and ten attempts at most".into());
    }
    // The last one takes everything, so that nothing is retried because nobody thought of it.
    let last = rules.as_array().and_then(|of| of.last()).expect("a rule");
    if *last != json!({ "reason": "*", "action": "EXIT" }) {
        found.push(format!("the last rule is {last}"));
    }
    found
}

#[test]
fn batch_tries_again_what_the_binary_says_a_retry_may_cure_and_nothing_else() {
    let shipped = Files::shipped();
    assert_eq!(retries(&shipped), Vec::<String>::new());
    for (from, to) in [
        ("exit_code = \"7*\"", "exit_code = \"*\""),
        ("exit_code = \"7*\"", "exit_code = \"1*\""),
        ("exit_code = \"137\"", "exit_code = \"13*\""),
        ("    { reason = \"*\", action = \"EXIT\" },\n", ""),
        ("    { reason = \"OutOfMemory*\", action = \"EXIT\" },\n", ""),
        ("attempts = 4", "attempts = 11"),
    ] {
        assert_ne!(retries(&shipped.with("aws/task.tf", from, to)), Vec::<String>::new(), "{to}");
    }
    // The README's table says the same.
    let readme = root("README.md");
    assert!(readme.contains("| 70 71 72 73 74 |") && readme.contains("| retry |"), "the README's table of exit codes");
}

fn variables(files: &Files) -> Vec<String> {
    // What the sources name, what the environment file that is shipped refers to, and what object stores' tools read.
    let asked = named(&root("jobs/environments/prod.toml"));
    let read: BTreeSet<String> = named(&super::sources()).union(&asked).cloned().collect();
    let azure = ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"];
    let mut found = Vec::new();
    for example in EXAMPLES {
        for (job, task) in locals(files, example)["tasks"].as_object().expect("tasks") {
            let container = &task["taskProperties"][0]["containers"][0];
            let names = |key: &str| -> Vec<String> {
                let all = container[key].as_array().expect("variables");
                all.iter().map(|of| of["name"].as_str().expect("a name").to_owned()).collect()
            };
            let (plain, secret) = (names("environment"), names("secrets"));
            for name in plain.iter().chain(&secret) {
                if !read.contains(name) && !azure.contains(&name.as_str()) {
                    found.push(format!("{job}: nothing reads {name}"));
                }
                if name.starts_with("AWS_BATCH") {
                    found.push(format!("{job}: {name} is Batch's own"));
                }
            }
            for name in &asked {
                if plain.contains(name) == secret.contains(name) {
                    found.push(format!("{job}: {name} is to be set once"));
                }
            }
            for name in ["NIGHTFERRY_PG_PASSWORD", "NIGHTFERRY_KEY", "AZURE_CLIENT_SECRET"] {
                if plain.iter().any(|of| of == name) {
                    found.push(format!("{job}: {name} is a secret"));
                }
            }
            // What the process is told to do is a verb that there is, with a job that there is.
            let command: Vec<&str> =
                container["command"].as_array().expect("a command").iter().filter_map(Json::as_str).collect();
            let environment = locals(files, example)["tags"]["environment"].as_str().expect("a name").to_owned();
            if command != ["run", &format!("jobs/{job}.toml"), "--env", &environment, "--metrics", "emf"] {
                found.push(format!("{job}: {command:?}"));
            }
            if !Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("jobs/{job}.toml")).exists() {
                found.push(format!("there is no job {job}"));
            }
        }
    }
    found
}

#[test]
fn a_task_is_given_the_variables_that_the_binary_reads() {
    let shipped = Files::shipped();
    assert_eq!(variables(&shipped), Vec::<String>::new());
    for (file, from, to) in [
        ("aws/task.tf", "NIGHTFERRY_LOG =", "NIGHTFERRY_LOGS ="),
        ("aws/task.tf", "jobs/${job}.toml", "job/${job}.toml"),
        ("examples/complete/prod.tfvars", "NIGHTFERRY_KEY ", "NIGHTFERRY_KEYS "),
        ("examples/complete/main.tf", "variables = var.database", "variables = merge(var.database, var.secrets)"),
        ("examples/complete/main.tf", "    contracts = merge", "    contract = merge"),
    ] {
        assert_ne!(variables(&shipped.with(file, from, to)), Vec::<String>::new(), "{file}: {to}");
    }
}

/// The longest that a run takes to be out once it is told to stop, in seconds: README, "Every night". That its parts
/// come to no more is held against the source below.
const OUT_SECONDS_MAX: i64 = 25;

/// The seconds that a constant of the source says.
fn seconds(source: &str, name: &str) -> i64 {
    let line = source.lines().find(|line| line.contains(&format!("const {name}: Duration"))).expect("a constant");
    let digits: String =
        line.split("from_secs(").nth(1).expect("seconds").chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

fn shape(files: &Files, examples: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    let stopped = root("src/verbs/walk/stopped.rs");
    if seconds(&stopped, "PUBLISHING_MAX") + seconds(&stopped, "FILING_MAX") > OUT_SECONDS_MAX {
        found.push("a run takes longer to be out".into());
    }
    for example in examples {
        let locals = locals(files, *example);
        for (job, task) in locals["tasks"].as_object().expect("tasks") {
            let one = &task["taskProperties"][0];
            let container = &one["containers"][0];
            let stop = container["stopTimeout"].as_i64().unwrap_or(30);
            if stop <= OUT_SECONDS_MAX || stop > 120 {
                found.push(format!("{job}: {stop} seconds to stop in"));
            }
            let user = container["user"].as_str().unwrap_or("0");
            let log = &container["logConfiguration"]["options"];
            let scratch = &container["mountPoints"][0];
            for (holds, what) in [
                (container["readonlyRootFilesystem"] == true, "may write to its root"),
                (!user.starts_with('0') && !user.starts_with("root"), "runs as root"),
                (container.get("privileged").is_none(), "is privileged"),
                (log["mode"] == "blocking", "may lose lines of its log"),
                (container["image"].as_str().is_some_and(|of| of.contains("@sha256:")), "names its image by a tag"),
                (scratch["containerPath"] == "/tmp" && scratch["readOnly"] == false, "has no scratch"),
                (one["volumes"][0]["name"] == scratch["sourceVolume"], "mounts what is not there"),
                (one["taskRoleArn"].as_str().is_some_and(|of| of.ends_with(&format!(".{job}"))), "has another's role"),
                (one["executionRoleArn"] != one["taskRoleArn"], "has one role for both"),
            ] {
                if !holds {
                    found.push(format!("{job}: {what}"));
                }
            }
            let rules = locals["endings"].as_array().expect("rules").iter().map(|rule| {
                let names = [
                    ("exit_code", "onExitCode"),
                    ("reason", "onReason"),
                    ("status_reason", "onStatusReason"),
                    ("action", "action"),
                ];
                let said =
                    names.into_iter().filter_map(|(ours, theirs)| Some((theirs.to_owned(), rule.get(ours)?.clone())));
                Json::Object(said.collect())
            });
            let definition = json!({
                "jobDefinitionName": job, "type": "container", "platformCapabilities": ["FARGATE"], "ecsProperties": task,
                "retryStrategy": { "attempts": locals["attempts"], "evaluateOnExit": rules.collect::<Vec<_>>() },
            });
            let said = python("batch_model.py", definition.to_string().as_bytes());
            found.extend(said.lines().map(str::to_owned));
        }
    }
    found
}

#[test]
fn a_task_is_one_that_batch_takes_stopped_in_time_and_hardened() {
    let shipped = Files::shipped();
    assert_eq!(shape(&shipped, &EXAMPLES), Vec::<String>::new());
    for (from, to) in [
        ("stop_seconds = 120", "stop_seconds = 20"),
        ("stop_seconds = 120", "stop_seconds = 240"),
        ("readonlyRootFilesystem = true", "readonlyRootFilesystem = false"),
        ("readonlyRootFilesystem =", "readOnlyRootFilesystem ="),
        ("\"65532:65532\"", "\"0\""),
        ("mode                  = \"blocking\"", "mode                  = \"non-blocking\""),
        ("sizeInGiB = of.scratch_gib", "sizeInGiB = \"many\""),
        ("[{ name = \"scratch\" }]", "[{ name = \"other\" }]"),
        ("aws_iam_role.job[job].arn", "aws_iam_role.execution.arn"),
    ] {
        assert_ne!(shape(&shipped.with("aws/task.tf", from, to), &EXAMPLES[2..]), Vec::<String>::new(), "{to}");
    }
}

fn nights(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for (example, tfvars) in EXAMPLES {
        let arguments = files.arguments(example, tfvars, "aws");
        let jobs = serde_json::to_value(&arguments["jobs"]).expect("JSON");
        for (job, of) in jobs.as_object().expect("jobs") {
            let file: toml::Table = root(&format!("jobs/{job}.toml")).parse().expect("TOML");
            let cron = file["schedule"]["cron"].as_str().expect("a time");
            let fields: Vec<u32> = cron.split(' ').take(2).map(|of| of.parse().expect("a number")).collect();
            if of["at"] != format!("{:02}:{:02}", fields[1], fields[0]) || !cron.ends_with(" * * *") {
                found.push(format!("{job} begins at {}, and its file says {cron}", of["at"]));
            }
            for (audience, store) in [("analytics", "warehouse"), ("public", "public")] {
                let datasets = file["dataset"].as_table().expect("datasets");
                let goes = datasets.iter().filter(|(_, of)| {
                    of["to"].as_array().is_some_and(|to| to.iter().any(|to| to.as_str() == Some(store)))
                });
                let wanted: BTreeSet<&str> = goes.map(|(name, _)| name.as_str()).collect();
                let all = of["tables"][audience].as_array().cloned().unwrap_or_default();
                let given: BTreeSet<&str> = all.iter().filter_map(Json::as_str).collect();
                if given != wanted {
                    found.push(format!("{job} publishes {wanted:?} in `{store}`, and may {given:?}"));
                }
            }
        }
    }
    let schedule = &files.0["aws/schedule.tf"];
    if !schedule.contains("schedule_expression_timezone = \"Europe/London\"")
        || !schedule.contains("dead_letter_config {")
    {
        found.push("the schedule is London's, with a queue for what could not be submitted".into());
    }
    found
}

#[test]
fn a_job_is_submitted_when_its_file_says_and_may_write_the_tables_that_it_publishes() {
    let shipped = Files::shipped();
    assert_eq!(nights(&shipped), Vec::<String>::new());
    for (file, from, to) in [
        ("examples/complete/main.tf", "\"03:00\"", "\"04:00\""),
        ("examples/minimal/main.tf", "public    = [\"cfd_unit\"]", "public    = [\"cfd_unit\", \"invoice\"]"),
        ("examples/complete/main.tf", "\"milestone\"", "\"milestones\""),
        ("aws/schedule.tf", "\"Europe/London\"", "\"UTC\""),
    ] {
        assert_ne!(nights(&shipped.with(file, from, to)), Vec::<String>::new(), "{file}: {to}");
    }
}
