//! What a job's role may do is what the binary does: the calls that it makes of object stores, and every object that a night leaves.
//!
//! The README's table is the list of actions; the objects are those of the shipped jobs, run over their fixtures.

use super::sources;
use super::task::EXAMPLES;
use super::terraform::Files;
use crate::ferry::Ferry;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A statement of a policy.
struct Statement {
    actions: Vec<String>,
    resources: Vec<String>,
    /// The audience that it is bound to, where there is no resource to bind it to.
    audience: Option<String>,
}

fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::Array(all) => all.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Json::String(one) => vec![one.clone()],
        _ => Vec::new(),
    }
}

fn statements(policy: &Json) -> Vec<Statement> {
    let all = policy["Statement"].as_array().expect("statements").iter();
    let audience = |of: &Json| {
        let bound = &of["Condition"]["ForAllValues:StringEquals"]["sts:IdentityTokenAudience"][0];
        bound.as_str().filter(|_| of["Condition"]["Null"]["sts:IdentityTokenAudience"] == "false").map(str::to_owned)
    };
    let statement = |of: &Json| Statement {
        actions: texts(&of["Action"]),
        resources: texts(&of["Resource"]),
        audience: audience(of),
    };
    all.map(statement).collect()
}

/// Whether `text` is what a pattern of IAM's means, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(left) = text.strip_prefix(begin) else { return false };
    (0..=left.len()).filter(|at| left.is_char_boundary(*at)).any(|at| fits(rest, &left[at..]))
}

fn may(policy: &[Statement], action: &str, resource: &str) -> bool {
    let granted = policy.iter().filter(|of| of.actions.iter().any(|of| of == action));
    granted.flat_map(|of| &of.resources).any(|pattern| fits(pattern, resource))
}

/// The policies of both jobs in production, and the ARN of each store there.
fn rights(files: &Files) -> (BTreeMap<String, Vec<Statement>>, Json) {
    let (example, tfvars) = EXAMPLES[2];
    let locals = files.locals("aws", &files.arguments(example, tfvars, "aws"));
    let jobs = locals["rights"].as_object().expect("rights");
    (jobs.iter().map(|(job, policy)| (job.clone(), statements(policy))).collect(), locals["stores"].clone())
}

/// What a night of each shipped job leaves: store -> path.
fn left() -> BTreeMap<&'static str, Vec<(String, String)>> {
    let mut found: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    for (job, first) in [("settlements", "contracts"), ("contracts", "")] {
        let ferry = Ferry::shipped();
        let before = |ferry: &Ferry| -> BTreeSet<(&str, String)> {
            let stores = [
                ("analytics", "target/warehouse"),
                ("public", "target/public"),
                ("restricted", "target/restricted"),
                ("security", "target/security"),
            ];
            stores
                .iter()
                .flat_map(|(store, folder)| ferry.files(folder).into_iter().map(|path| (*store, path)))
                .collect()
        };
        if !first.is_empty() {
            assert_eq!(ferry.run(&["run", &format!("jobs/{first}.toml")]).code, 0);
        }
        let had = before(&ferry);
        let came = ferry.run(&["run", &format!("jobs/{job}.toml")]);
        assert_eq!(came.code, 0, "{}", came.err);
        for (store, path) in before(&ferry).difference(&had) {
            found.entry(job).or_default().push(((*store).to_owned(), path.clone()));
        }
    }
    found
}

fn objects(files: &Files, left: &BTreeMap<&'static str, Vec<(String, String)>>) -> Vec<String> {
    let (rights, stores) = rights(files);
    let mut found = Vec::new();
    for (job, all) in left {
        let (own, other) =
            (&rights[*job], if *job == "settlements" { &rights["contracts"] } else { &rights["settlements"] });
        for (store, path) in all {
            let arn = format!("{}/{path}", stores[store].as_str().expect("an ARN"));
            for action in ["s3:GetObject", "s3:PutObject"] {
                if !may(own, action, &arn) {
                    found.push(format!("{job} may not {action} {store}/{path}"));
                }
            }
            let is_shared = path.starts_with("_nightferry/") || path.starts_with("nightferry_runs/");
            if may(other, "s3:PutObject", &arn) && !is_shared {
                found.push(format!("{store}/{path} is {job}'s, and the other job may write it"));
            }
            let is_run = |nth: usize| path.split('/').nth(nth).is_some_and(|of| of.starts_with("run="));
            let is_aside = store == "restricted" && !path.starts_with("token_vault_") && is_run(2);
            let is_staged = is_aside || (["analytics", "public"].contains(&store.as_str()) && is_run(1));
            if may(own, "s3:DeleteObject", &arn) != (is_staged && !path.starts_with("nightferry_runs/")) {
                found.push(format!("{job} and deleting {store}/{path}"));
            }
        }
        for (store, path) in [
            ("security", "reports/another/x.json"),
            ("restricted", "token_vault_people/run=1/x.parquet"),
            ("analytics", "another/run=1/x"),
        ] {
            let arn = format!("{}/{path}", stores[store].as_str().expect("an ARN"));
            if may(own, "s3:PutObject", &arn) || may(own, "s3:GetObject", &arn) {
                found.push(format!("{job} may touch {store}/{path}"));
            }
        }
        let published = left[*job].iter().filter(|(store, path)| store == "analytics" && path.contains("/_delta_log/"));
        let tables =
            published.filter_map(|(_, path)| path.split('/').next()).filter(|table| *table != "nightferry_runs");
        for table in tables.collect::<BTreeSet<_>>() {
            let arn = format!("{}/plain/{table}/all.parquet", stores["analytics"].as_str().expect("an ARN"));
            let all = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"];
            if !all.iter().all(|action| may(own, action, &arn)) || may(other, "s3:PutObject", &arn) {
                found.push(format!("{job} and {arn}"));
            }
        }
        for (store, path) in [("analytics", "_nightferry/probe-0193"), ("security", "_nightferry/probe-0193")] {
            let arn = format!("{}/{path}", stores[store].as_str().expect("an ARN"));
            if !may(own, "s3:DeleteObject", &arn) || !may(own, "s3:PutObject", &arn) {
                found.push(format!("{job} may not probe {store}"));
            }
        }
    }
    let places: BTreeSet<&str> = stores.as_object().expect("stores").values().filter_map(Json::as_str).collect();
    if places.len() != 4 {
        found.push(format!("four stores in {} places", places.len()));
    }
    let looked_up =
        format!("{}/contract/_delta_log/00000000000000000000.json", stores["analytics"].as_str().expect("an ARN"));
    if !may(&rights["settlements"], "s3:GetObject", &looked_up) {
        found.push("settlements may not look up contracts".into());
    }
    found
}

#[test]
fn a_jobs_role_may_write_every_object_that_its_night_leaves_and_no_other_jobs() {
    let (shipped, left) = (Files::shipped(), left());
    assert!(left.values().all(|all| all.len() > 20), "{left:?}");
    assert_eq!(objects(&shipped, &left), Vec::<String>::new());
    for (file, from, to) in [
        ("aws/rights.tf", "\"reports\", \"papers\"", "\"papers\""),
        ("aws/rights.tf", "\"quarantine\", \"differences\"", "\"quarantine\""),
        ("aws/rights.tf", "${local.stores.security}/${shelf}/${job}/*", "${local.stores.security}/${shelf}/*"),
        ("aws/rights.tf", "\"${table}/run=*\"", "\"${table}/*\""),
        ("aws/rights.tf", "\"${table}/run=*\"", "\"${table}/part=*\""),
        ("aws/rights.tf", "${local.stores.analytics}/${table}\"]", "${local.stores.analytics}/*\"]"),
        ("aws/rights.tf", "${store}/_nightferry/probe-*\"]", "${store}/_nightferry/probes-*\"]"),
        ("examples/complete/main.tf", "looks_up  = [\"contract\"]", "looks_up  = []"),
        ("aws/names.tf", "bucket_arns[local.published]}/public", "bucket_arns[local.published]}/analytics"),
    ] {
        assert_ne!(objects(&shipped.with(file, from, to), &left), Vec::<String>::new(), "{file}: {to}");
    }
    println!("{} objects", left.values().map(Vec::len).sum::<usize>());
}

/// What the binary calls of an object store, and what S3 asks for it. Source: Amazon S3, "Required permissions for API operations".
const CALLS: [(&str, &str); 6] = [
    (".put_opts(", "s3:PutObject"),
    (".get", "s3:GetObject"),
    (".head(", "s3:GetObject"),
    (".list", "s3:ListBucket"),
    (".delete(", "s3:DeleteObject"),
    (".put_multipart(", "s3:AbortMultipartUpload"),
];

/// Calls that would need an action which no role has.
const NEVER: [&str; 4] = [".copy_if_not_exists(", ".rename_if_not_exists(", "with_copy_if_not_exists", "put_tagging"];

/// A secret, and the key that it lies under.
const SECRET: &str = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:nightferry/prod/key-AbCdEf";
const SECRET_KEY: &str = "arn:aws:kms:eu-west-2:111122223333:key/00000000-0000-4000-8000-000000000009";

/// For whom AWS signs a token.
const AUDIENCE: &str = "api://AzureADTokenExchange";

fn actions(files: &Files, readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    let sources = sources();
    let mut wanted: BTreeSet<&str> =
        CALLS.iter().filter(|(call, _)| sources.contains(&format!("store(){call}"))).map(|of| of.1).collect();
    found.extend(NEVER.iter().filter(|call| sources.contains(**call)).map(|call| format!("the binary calls {call}")));
    // By the key of the bucket and of the topic; a login by IAM; a message.
    wanted.extend(["kms:Decrypt", "kms:GenerateDataKey"]);
    for (action, sign) in [
        ("rds-db:connect", "\"rds-db\""),
        ("sns:Publish", "(\"Action\", \"Publish\")"),
        ("sts:GetWebIdentityToken", "GetWebIdentityToken"),
        ("secretsmanager:GetSecretValue", "secretsmanager.GetSecretValue"),
    ] {
        if sources.contains(sign) {
            wanted.insert(action);
        }
    }
    let (example, tfvars) = EXAMPLES[2];
    let mut arguments = files.arguments(example, tfvars, "aws");
    let login = hcl::Value::from(vec!["arn:aws:rds-db:eu-west-2:111122223333:dbuser:db-A/nightferry_ro"]);
    for (_, job) in arguments["jobs"].as_object_mut().expect("jobs").iter_mut() {
        let job = job.as_object_mut().expect("a job");
        job.insert("databases".into(), login.clone());
        // A secret that its environment file refers to, under a key of its own.
        job.insert("reads_secrets".into(), hcl::Value::from(vec![SECRET]));
        job.insert("secret_keys".into(), hcl::Value::from(vec![SECRET_KEY]));
    }
    // A job that comes to Azure by a token.
    let identity: hcl::Map<String, hcl::Value> =
        [("NIGHTFERRY_AZURE_AUDIENCE".to_owned(), AUDIENCE.into())].into_iter().collect();
    let jobs: Vec<String> = arguments["jobs"].as_object().expect("jobs").keys().cloned().collect();
    let identities: hcl::Map<String, hcl::Value> = jobs.into_iter().map(|job| (job, identity.clone().into())).collect();
    arguments.insert("identities".into(), identities.into());
    let locals = files.locals("aws", &arguments);
    for (job, policy) in locals["rights"].as_object().expect("rights") {
        let all = statements(policy);
        let given: BTreeSet<&str> = all.iter().flat_map(|of| &of.actions).map(String::as_str).collect();
        for (sid, action, resource) in
            [("ReadSecrets", "secretsmanager:GetSecretValue", SECRET), ("DecryptSecrets", "kms:Decrypt", SECRET_KEY)]
        {
            let of = policy["Statement"].as_array().expect("statements").iter().find(|of| of["Sid"] == sid);
            let alone = of.map(|of| (texts(&of["Action"]), texts(&of["Resource"])));
            if alone != Some((vec![action.to_owned()], vec![resource.to_owned()])) {
                found.push(format!("{job} may read secrets otherwise: {alone:?}"));
            }
        }
        if given != wanted {
            found.push(format!("{job} may {given:?}, and the binary asks for {wanted:?}"));
        }
        let is_bound =
            |of: &&Statement| of.audience.as_deref() == Some(AUDIENCE) && of.actions == ["sts:GetWebIdentityToken"];
        let wide = all
            .iter()
            .filter(|of| !is_bound(of))
            .flat_map(|of| &of.resources)
            .filter(|of| *of == "*" || of.ends_with(":::*"));
        found.extend(wide.map(|of| format!("{job} may do something to {of}")));
    }
    // What Fargate itself needs, and no more.
    let of_task: Vec<String> = statements(&locals["execution_rights"]).into_iter().flat_map(|of| of.actions).collect();
    let needed = [
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:GetSecretValue",
    ];
    if of_task != needed {
        found.push(format!("the execution role may {of_task:?}"));
    }
    let section = readme.split("## What a job's role may do").nth(1).expect("a section");
    let rows = section.split("\n## ").next().unwrap_or_default().lines().filter(|line| line.starts_with("| `"));
    let words =
        rows.flat_map(|line| line.split('|').nth(1).unwrap_or_default().split('`').filter(|word| word.contains(':')));
    let told: BTreeSet<&str> = words.collect();
    if told != wanted {
        found.push(format!("the README tells {told:?}, and the binary asks for {wanted:?}"));
    }
    found
}

#[test]
fn the_actions_of_a_role_are_those_that_the_binary_asks_for_and_that_the_readme_tells() {
    let shipped = Files::shipped();
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/README.md")).expect("text");
    assert_eq!(actions(&shipped, &readme), Vec::<String>::new());
    for (from, to) in [
        ("\"s3:GetObject\", \"s3:PutObject\"", "\"s3:GetObject\", \"s3:PutObject\", \"s3:PutObjectAcl\""),
        ("[\"rds-db:connect\"]", "[\"rds-db:*\"]"),
        ("Resource = of.databases", "Resource = [\"*\"]"),
        ("Resource = of.reads_secrets", "Resource = local.secrets"),
        ("Resource  = of.secret_keys", "Resource  = [\"arn:aws:kms:eu-west-2:111122223333:key/*\"]"),
        ("\"logs:PutLogEvents\"", "\"logs:*\""),
        ("Null                        = { \"sts:IdentityTokenAudience\" = \"false\" }", ""),
        ("\"NIGHTFERRY_AZURE_AUDIENCE\", \"\"", "\"NOBODY\", \"*\""),
    ] {
        assert_ne!(actions(&shipped.with("aws/rights.tf", from, to), &readme), Vec::<String>::new(), "{to}");
    }
    assert_ne!(actions(&shipped, &readme.replace("| `sns:Publish`", "| `sns:Subscribe`")), Vec::<String>::new());
}

/// What differs of the key that an environment is told to name: from the one that roles may use by way of S3 and buckets take.
fn keys(files: &Files) -> Vec<String> {
    let outputs = files.module("aws");
    let output = outputs.blocks().find(|of| of.identifier() == "output" && of.labels()[0].as_str() == "data_key");
    let told = output.expect("an output").body().attributes().find(|of| of.key() == "value").expect("a value").expr();
    let mut found = Vec::new();
    if told.to_string() != "aws_kms_key.data.arn" {
        found.push(format!("the key that is told is {told}"));
    }
    let (example, tfvars) = EXAMPLES[2];
    let locals = files.locals("aws", &files.arguments(example, tfvars, "aws"));
    let key = "arn:of:aws_kms_key.data";
    for (bucket, policy) in locals["bucket_policies"].as_object().expect("policies") {
        let own = policy["Statement"].as_array().expect("statements").iter().find(|of| of["Sid"] == "OwnKeyOnly");
        let header = "s3:x-amz-server-side-encryption-aws-kms-key-id";
        if own.is_none_or(|of| of["Condition"]["StringNotEqualsIfExists"][header] != key) {
            found.push(format!("`{bucket}` refuses it, or takes another"));
        }
    }
    for (job, policy) in locals["rights"].as_object().expect("rights") {
        let all = policy["Statement"].as_array().expect("statements").iter();
        let may = all.filter(|of| {
            of["Resource"][0] == key
                && of["Condition"]["StringEquals"]["kms:ViaService"][0] == "s3.eu-west-2.amazonaws.com"
        });
        // What S3 asks of KMS for an object that is written, one that comes in pieces, and one that is read.
        let given: Vec<String> = may.flat_map(|of| texts(&of["Action"])).collect();
        if given != ["kms:Decrypt", "kms:GenerateDataKey"] {
            found.push(format!("{job} may {given:?} with it"));
        }
    }
    found
}

#[test]
fn the_key_that_an_environment_names_is_the_one_that_roles_may_use_and_buckets_take() {
    let shipped = Files::shipped();
    assert!(sources().contains("with_sse_kms_encryption("), "the binary asks for a key");
    assert_eq!(keys(&shipped), Vec::<String>::new());
    for (file, from, to) in [
        ("aws/outputs.tf", "aws_kms_key.data.arn", "aws_kms_key.service.arn"),
        ("aws/buckets.tf", "-aws-kms-key-id\" = aws_kms_key.data.arn", "-aws-kms-key-id\" = aws_kms_key.service.arn"),
        ("aws/rights.tf", "Resource  = [aws_kms_key.data.arn]", "Resource  = [aws_kms_key.service.arn]"),
        ("aws/rights.tf", "Action    = [\"kms:Decrypt\", \"kms:GenerateDataKey\"]", "Action    = [\"kms:Decrypt\"]"),
    ] {
        assert_ne!(keys(&shipped.with(file, from, to)), Vec::<String>::new(), "{file}: {to}");
    }
}
