//! Every resource takes the attributes that its provider's schema has, with those that must be there, and is asked for what it gives.
//!
//! `providers.json` is made by `make providers` out of the schemas as PyPI's cdktf wheels ship them; Terraform would fetch the
//! providers themselves, hundreds of MB, from a registry of its own.

use super::terraform::{Files, parsed};
use hcl::Body;
use serde_json::Value as Json;

/// The schemas of the resources that are used.
pub fn provided() -> Json {
    serde_json::from_str(include_str!("providers.json")).expect("JSON")
}

/// What Terraform itself takes in every resource.
const META: &[&str] = &["count", "for_each", "depends_on", "lifecycle", "provider"];

fn found(files: &Files) -> Vec<String> {
    let provided = provided();
    let mut found = Vec::new();
    for (name, text) in files.0.iter().filter(|(name, _)| name.ends_with(".tf")) {
        for block in parsed(name, text).blocks().filter(|of| ["resource", "data"].contains(&of.identifier())) {
            let kind = block.labels()[0].as_str();
            let kind = if block.identifier() == "data" { format!("data.{kind}") } else { kind.to_owned() };
            match provided["resources"].get(&kind) {
                Some(schema) => look(&format!("{name} {kind}"), block.body(), &schema["takes"], &mut found),
                None => found.push(format!("{name}: {kind} is not in providers.json: make providers")),
            }
        }
        asked(name, text, &provided, &mut found);
        // The oldest provider that is allowed is the one whose schema this is.
        for provider in ["aws", "azurerm"] {
            let version = provided["wheels"][provider]["provider"].as_str().expect("a version");
            let oldest = format!("version = \">= {},", version.rsplit_once('.').expect("three numbers").0);
            let source = format!("source  = \"hashicorp/{provider}\"");
            let said = text.split(&source).skip(1).filter_map(|rest| rest.lines().nth(1));
            found.extend(said.filter(|line| !line.contains(&oldest)).map(|line| format!("{name}: {}", line.trim())));
        }
    }
    found
}

/// A body against a schema, block by block.
fn look(at: &str, body: &Body, schema: &Json, found: &mut Vec<String>) {
    let mut there = Vec::new();
    for attribute in body.attributes().filter(|of| !META.contains(&of.key())) {
        there.push(attribute.key().to_owned());
        if schema.get(attribute.key()).is_none() {
            found.push(format!("{at}: takes no `{}`", attribute.key()));
        }
    }
    for block in body.blocks().filter(|of| !META.contains(&of.identifier())) {
        let (name, inner) = match block.identifier() {
            "dynamic" => {
                let content = block.body().blocks().find(|of| of.identifier() == "content").expect("content");
                (block.labels()[0].as_str(), content.body())
            }
            name => (name, block.body()),
        };
        there.push(name.to_owned());
        match schema.get(name).and_then(|of| of.get("block")) {
            Some(schema) => look(&format!("{at}.{name}"), inner, schema, found),
            None => found.push(format!("{at}: has no block `{name}`")),
        }
    }
    for (name, of) in schema.as_object().expect("a schema") {
        if of["needed"] == true && !there.contains(name) {
            found.push(format!("{at}: lacks `{name}`"));
        }
    }
}

/// What is taken of resources, `aws_kms_key.data.arn`, by the text: also inside of templates.
fn asked(name: &str, text: &str, provided: &Json, found: &mut Vec<String>) {
    let is_word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    for (kind, schema) in provided["resources"].as_object().expect("resources") {
        for (at, _) in text.match_indices(&format!("{kind}.")) {
            if text[..at].ends_with(is_word) || text[..at].ends_with('.') {
                continue;
            }
            let rest = text[at + kind.len() + 1..].trim_start_matches(is_word);
            let Some(rest) = behind_index(rest).strip_prefix('.') else { continue };
            let attribute: String = rest.chars().take_while(|sign| is_word(*sign)).collect();
            let gives = schema["gives"].as_array().expect("a list");
            if !attribute.is_empty() && !gives.iter().any(|of| of == &attribute) {
                found.push(format!("{name}: {kind} gives no `{attribute}`"));
            }
        }
    }
}

/// What comes after `[..]`, where that comes first.
fn behind_index(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, sign) in text.char_indices() {
        match sign {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => return &text[at..],
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}

#[test]
fn every_attribute_is_one_of_the_providers_schema() {
    let shipped = Files::shipped();
    assert_eq!(found(&shipped), Vec::<String>::new());
    for (file, from, to) in [
        ("aws/batch.tf", "ecs_properties =", "ecs_property ="),
        ("aws/buckets.tf", "noncurrent_days", "noncurrent_day"),
        ("aws/schedule.tf", "role_arn = aws_iam_role.scheduler.arn", ""),
        ("aws/logs.tf", "retention_in_days", "retention"),
        ("aws/alarms.tf", "aws_sns_topic.told.arn", "aws_sns_topic.told.topic_arn"),
        ("aws/batch.tf", "evaluate_on_exit\"", "evaluate_at_exit\""),
        ("aws/outputs.tf", "aws_sqs_queue.sentinel[0].url", "aws_sqs_queue.sentinel[0].href"),
        ("aws/task.tf", "aws_iam_role.job[job].arn", "aws_iam_role.job[job].role_arn"),
        ("aws/versions.tf", ">= 6.25,", ">= 6.0,"),
        ("azure/storage.tf", "is_hns_enabled", "hns_enabled"),
        ("azure/storage.tf", "enabled_log {", "log {"),
        ("azure/identities.tf", "parent_id ", "parent "),
    ] {
        assert_ne!(found(&shipped.with(file, from, to)), Vec::<String>::new(), "{file}: {to} was not seen");
    }
    println!("{} kinds of resource", provided()["resources"].as_object().map_or(0, serde_json::Map::len));
}
