//! What a stranger is told: every variable is typed, described and in the README, every exception has its reason, and whoever applies it has the
//! rights for what is made.

use super::terraform::{Files, parsed};
use hcl::{Body, Expression};
use std::collections::BTreeSet;
use std::path::Path;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/README.md")).expect("text")
}

const MODULES: [&str; 2] = ["aws", "azure"];
const ROOTS: [&str; 2] = ["examples/minimal", "examples/complete"];

/// Variables whose values no rule of ours knows better than the cloud: free words and maps of them.
const FREE: [&str; 5] = ["tags", "identities", "resource_group", "subnets", "readers"];

fn attribute<'a>(body: &'a Body, key: &str) -> Option<&'a Expression> {
    body.attributes().find(|of| of.key() == key).map(hcl::Attribute::expr)
}

fn variables(files: &Files, readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    for folder in MODULES.into_iter().chain(ROOTS) {
        for block in files.module(folder).blocks() {
            let name = || format!("{folder}: {} {}", block.identifier(), block.labels()[0].as_str());
            match block.identifier() {
                "variable" => {
                    let label = block.labels()[0].as_str();
                    let described = matches!(attribute(block.body(), "description"), Some(Expression::String(_)));
                    if attribute(block.body(), "type").is_none() || !described {
                        found.push(format!("{} has no type or no description", name()));
                    }
                    let is_free = FREE.contains(&label)
                        || block.body().attributes().any(|of| of.key() == "type" && of.expr().to_string() == "bool");
                    let is_checked = block.body().blocks().any(|of| of.identifier() == "validation");
                    // A root hands its variables on, and the module looks at them.
                    if MODULES.contains(&folder)
                        && !is_checked
                        && !is_free
                        && !["writers", "oidc_provider_arn"].contains(&label)
                    {
                        found.push(format!("{} is not validated", name()));
                    }
                    if ROOTS.contains(&folder) {
                        told(&name(), label, block.body(), readme, &mut found);
                    }
                }
                "output" if !matches!(attribute(block.body(), "description"), Some(Expression::String(_))) => {
                    found.push(format!("{} has no description", name()));
                }
                _ => {}
            }
        }
    }
    for (name, text) in &files.0 {
        let all = text.lines().filter_map(|line| line.split_once("checkov:skip=").map(|of| of.1));
        let bare =
            all.filter(|of| of.split_once(':').is_none_or(|(id, reason)| !id.starts_with("CKV") || reason.len() < 20));
        found.extend(bare.map(|of| format!("{name}: {of} has no reason")));
    }
    found
}

/// A root's variable is in the README, and so is each attribute of one that is an object.
fn told(at: &str, name: &str, body: &Body, readme: &str, found: &mut Vec<String>) {
    let table = readme.split("## Variables").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a section");
    let names: BTreeSet<&str> = table.split('`').skip(1).step_by(2).collect();
    let Some(Expression::FuncCall(of)) = attribute(body, "type") else {
        if !names.contains(name) {
            found.push(format!("{at} is not in the README"));
        }
        return;
    };
    let Some(Expression::Object(fields)) = of.args.first().filter(|_| of.name.name.as_str() == "object") else {
        if !names.contains(name) {
            found.push(format!("{at} is not in the README"));
        }
        return;
    };
    for field in fields.keys().map(ToString::to_string) {
        let whole = format!("{name}.{field}");
        if !names.contains(whole.as_str()) && !names.contains(name) && !names.contains(field.as_str()) {
            found.push(format!("{at}: `{whole}` is not in the README"));
        }
    }
}

#[test]
fn every_variable_is_typed_described_and_in_the_readme() {
    let (shipped, readme) = (Files::shipped(), readme());
    assert_eq!(variables(&shipped, &readme), Vec::<String>::new());
    for (file, from, to) in [
        ("aws/variables.tf", "variable \"log_days\" {\n  description", "variable \"log_days\" {\n  sensitive"),
        ("azure/variables.tf", "  type        = string\n  default     = \"ZRS\"", "  default     = \"ZRS\""),
        ("aws/outputs.tf", "description = \"Where the image is pushed.\"", ""),
        ("azure/storage.tf", "CKV_AZURE_33:There are no queues in it", "CKV_AZURE_33"),
        ("examples/minimal/variables.tf", "variable \"prices\"", "variable \"price_place\""),
    ] {
        assert_ne!(variables(&shipped.with(file, from, to), &readme), Vec::<String>::new(), "{file}: {to}");
    }
    for word in ["`azure.issuer`", "`network.route_tables`", "`logins`"] {
        assert_ne!(variables(&shipped, &readme.replace(word, "")), Vec::<String>::new(), "{word}");
    }
    assert!(readme.contains("**What has not been run.**"));
}

/// A kind of resource, and the right that makes one.
const MADE_BY: [(&str, &str); 33] = [
    ("aws_batch_compute_environment", "batch:CreateComputeEnvironment"),
    ("aws_batch_job_definition", "batch:RegisterJobDefinition"),
    ("aws_batch_job_queue", "batch:CreateJobQueue"),
    ("aws_budgets_budget", "budgets:ModifyBudget"),
    ("aws_cloudwatch_event_rule", "events:PutRule"),
    ("aws_cloudwatch_event_target", "events:PutTargets"),
    ("aws_cloudwatch_log_group", "logs:CreateLogGroup"),
    ("aws_cloudwatch_metric_alarm", "cloudwatch:PutMetricAlarm"),
    ("aws_ecr_lifecycle_policy", "ecr:PutLifecyclePolicy"),
    ("aws_ecr_repository", "ecr:CreateRepository"),
    ("aws_iam_openid_connect_provider", "iam:CreateOpenIDConnectProvider"),
    ("aws_iam_role", "iam:CreateRole"),
    ("aws_iam_role_policy", "iam:PutRolePolicy"),
    ("aws_kms_alias", "kms:CreateAlias"),
    ("aws_kms_key", "kms:CreateKey"),
    ("aws_s3_bucket", "s3:CreateBucket"),
    ("aws_s3_bucket_lifecycle_configuration", "s3:PutLifecycleConfiguration"),
    ("aws_s3_bucket_notification", "s3:PutBucketNotification"),
    ("aws_s3_bucket_ownership_controls", "s3:PutBucketOwnershipControls"),
    ("aws_s3_bucket_policy", "s3:PutBucketPolicy"),
    ("aws_s3_bucket_public_access_block", "s3:PutBucketPublicAccessBlock"),
    ("aws_s3_bucket_server_side_encryption_configuration", "s3:PutEncryptionConfiguration"),
    ("aws_s3_bucket_versioning", "s3:PutBucketVersioning"),
    ("aws_scheduler_schedule", "scheduler:CreateSchedule"),
    ("aws_scheduler_schedule_group", "scheduler:CreateScheduleGroup"),
    ("aws_security_group", "ec2:CreateSecurityGroup"),
    ("aws_sns_topic", "sns:CreateTopic"),
    ("aws_sns_topic_policy", "sns:SetTopicAttributes"),
    ("aws_sns_topic_subscription", "sns:Subscribe"),
    ("aws_sqs_queue", "sqs:CreateQueue"),
    ("aws_sqs_queue_policy", "sqs:SetQueueAttributes"),
    ("aws_vpc_endpoint", "ec2:CreateVpcEndpoint"),
    ("aws_vpc_security_group_egress_rule", "ec2:AuthorizeSecurityGroupEgress"),
];

/// The characters of a managed policy, blanks apart. Source: IAM, "IAM and AWS STS quotas".
const POLICY_MAX: usize = 6144;

fn appliers(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    let mut actions: Vec<String> = Vec::new();
    for name in ["aws/apply-keeping.json", "aws/apply-running.json"] {
        let policy: serde_json::Value = serde_json::from_str(&files.0[name]).expect("JSON");
        let size = files.0[name].chars().filter(|sign| !sign.is_whitespace()).count();
        if size > POLICY_MAX {
            found.push(format!("{name} has {size} characters"));
        }
        for statement in policy["Statement"].as_array().expect("statements") {
            let all = statement["Action"].as_array().expect("actions").iter().filter_map(|of| of.as_str());
            for action in all {
                // `Describe*` and the like read; nothing else is a whole service's.
                if action == "*" || action.ends_with(":*") {
                    found.push(format!("{name}: {action}"));
                }
                let reads = ["Describe", "List", "Get"]
                    .iter()
                    .any(|of| action.split(':').nth(1).is_some_and(|rest| rest.starts_with(of)));
                if statement["Resource"][0] == "*" && statement.get("Condition").is_none() && !reads {
                    found.push(format!("{name}: {action} of anything"));
                }
                actions.push(action.to_owned());
            }
        }
    }
    let role: serde_json::Value = serde_json::from_str(&files.0["azure/apply-role.json"]).expect("JSON");
    found.extend(
        role["Actions"]
            .as_array()
            .expect("actions")
            .iter()
            .filter(|of| of.as_str().is_some_and(|of| of.contains('*')))
            .map(ToString::to_string),
    );
    let kinds = |folder: &str| -> BTreeSet<String> {
        let all = files.0.iter().filter(|(name, _)| name.starts_with(folder) && name.ends_with(".tf"));
        let blocks = all.flat_map(|(name, text)| parsed(name, text).into_blocks().collect::<Vec<_>>());
        blocks.filter(|of| of.identifier() == "resource").map(|of| of.labels()[0].as_str().to_owned()).collect()
    };
    for kind in kinds("aws/").iter().filter(|of| *of != "aws_vpc_security_group_ingress_rule") {
        let by = MADE_BY.iter().find(|(of, _)| of == kind).map_or_else(|| panic!("{kind}: by which right?"), |of| of.1);
        let may = |action: &String| action == by || action.strip_suffix('*').is_some_and(|begin| by.starts_with(begin));
        if !actions.iter().any(may) {
            found.push(format!("{kind} needs {by}"));
        }
    }
    for (kind, by) in [
        ("azurerm_storage_account", "Microsoft.Storage/storageAccounts/write"),
        ("azurerm_storage_container", "Microsoft.Storage/storageAccounts/blobServices/containers/write"),
        ("azurerm_storage_management_policy", "Microsoft.Storage/storageAccounts/managementPolicies/write"),
        ("azurerm_user_assigned_identity", "Microsoft.ManagedIdentity/userAssignedIdentities/write"),
        (
            "azurerm_federated_identity_credential",
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
        ),
        ("azurerm_role_assignment", "Microsoft.Authorization/roleAssignments/write"),
        ("azurerm_monitor_diagnostic_setting", "Microsoft.Insights/diagnosticSettings/write"),
    ] {
        if !kinds("azure/").contains(kind)
            || !role["Actions"].as_array().is_some_and(|all| all.iter().any(|of| of == by))
        {
            found.push(format!("{kind} needs {by}"));
        }
    }
    found
}

#[test]
fn whoever_applies_it_may_make_what_is_made_and_nothing_of_others() {
    let shipped = Files::shipped();
    assert_eq!(appliers(&shipped), Vec::<String>::new());
    for (file, from, to) in [
        ("aws/apply-running.json", "\"sqs:CreateQueue\",", ""),
        ("aws/apply-keeping.json", "\"iam:CreateRole\"", "\"iam:*\""),
        ("aws/apply-running.json", "\"batch:DescribeJobQueues\"", "\"batch:UpdateJobQueue\""),
        ("azure/apply-role.json", "Microsoft.Insights/diagnosticSettings/write", "Microsoft.Insights/*"),
    ] {
        assert_ne!(appliers(&shipped.with(file, from, to)), Vec::<String>::new(), "{file}: {to}");
    }
}

/// What stands between the warehouse and the world, by the text of the resources.
#[test]
fn the_warehouse_is_productions_alone_and_trust_names_whom_it_means() {
    let shipped = Files::shipped();
    let buckets = |example: &str, tfvars: &str| {
        let locals = shipped.locals("aws", &shipped.arguments(example, tfvars, "aws"));
        let names: BTreeSet<String> = locals["bucket_names"].as_object().expect("buckets").keys().cloned().collect();
        names
    };
    let set = |names: &[&str]| names.iter().map(|of| (*of).to_owned()).collect::<BTreeSet<_>>();
    for tfvars in ["dev.tfvars", "uat.tfvars"] {
        assert_eq!(buckets("examples/minimal", tfvars), set(&["restricted", "security", "topics", "trial"]));
    }
    assert_eq!(buckets("examples/complete", "prod.tfvars"), set(&["restricted", "security", "topics", "warehouse"]));
    assert!(!shipped.0.iter().any(|(name, text)| name.starts_with("examples/minimal") && text.contains("azure")));
    let credential = &shipped.0["azure/identities.tf"];
    for word in [
        "issuer              = var.aws.issuer",
        "audience            = [var.aws.audience]",
        "subject             = each.value",
    ] {
        assert!(credential.contains(word), "{word}");
    }
    // Roles are given at a container, never at the account.
    for line in credential.lines().filter(|line| line.trim_start().starts_with("scope ")) {
        assert!(line.contains("azurerm_storage_container.audience["), "{line}");
    }
    let sentinel = &shipped.0["aws/sentinel.tf"];
    assert!(sentinel.contains("${local.sentinel_issuer}:aud\"") && sentinel.contains("\"sts:RoleSessionName\""));
    let azure = &shipped.0["aws/from_azure.tf"];
    for word in
        ["/:aud\" = each.value.audience", "/:sub\" = each.value.object_id", "jsonencode(local.rights[each.key])"]
    {
        assert!(azure.contains(word), "{word}");
    }
}
