//! Extracts and topic dumps that lie in S3 and in Azure, and how a night ends where they cannot be had.

use crate::ferry::Ferry;
use crate::services::variable;
use nightferry::access::{Purpose, open};
use nightferry::job::Location;
use object_store::{ObjectStoreExt, PutPayload};

const JOB: &str = "jobs/settlements.toml";
const ENVIRONMENT: &str = "jobs/environments/dev.toml";
const EXTRACT: &str = "fixtures/settlements/extract";
const TOPICS: &str = "fixtures/settlements/topics";

/// A cloud of the tests: its containers' urls, its server, and the variable that holds a key of ours.
struct Cloud {
    url: &'static str,
    endpoint: &'static str,
    key: (&'static str, &'static str),
}

const S3: Cloud = Cloud {
    url: "s3://nightferry-topics",
    endpoint: "NIGHTFERRY_S3_ENDPOINT",
    key: ("AWS_SECRET_ACCESS_KEY", "opensesame"),
};
const AZURE: Cloud = Cloud {
    url: "az://warehouse",
    endpoint: "NIGHTFERRY_AZURE_ENDPOINT",
    key: ("AZURE_STORAGE_ACCOUNT_KEY", "b3BlbnNlc2FtZQ=="),
};

/// The shipped project with `folder` of its fixtures at `url` of a cloud.
fn moved(cloud: &Cloud, folder: &str, url: &str) -> Ferry {
    let ferry = Ferry::shipped();
    let place = format!("url = \"{url}\", region = \"eu-west-2\", endpoint = {{ env = \"{}\" }}", cloud.endpoint);
    ferry.edit(ENVIRONMENT, &format!("url = \"{folder}\""), &place);
    variable(cloud.endpoint);
    ferry
}

/// The same, with the files of `folder` uploaded to a place of their own.
async fn uploaded(cloud: &Cloud, folder: &str) -> Ferry {
    let url = format!("{}/{}", cloud.url, uuid::Uuid::now_v7());
    let ferry = moved(cloud, folder, &url);
    let location = Location {
        url,
        region: Some("eu-west-2".into()),
        endpoint: Some(variable(cloud.endpoint)),
        ..Location::default()
    };
    let there = open(&location, ferry.root(), "a place", Purpose::Write).expect("a place");
    for file in ferry.files(folder) {
        let bytes = std::fs::read(ferry.path(folder).join(&file)).expect("a file");
        there.store().put(&there.at(&file), PutPayload::from(bytes)).await.expect("uploaded");
    }
    std::fs::remove_dir_all(ferry.path(folder)).expect("removed");
    ferry
}

/// The job ends with `ending` for what `told` says; `variables` are set.
fn ends(ferry: &Ferry, variables: &[(&str, &str)], ending: &str, told: &str) {
    let output = ferry.command(&["run", JOB]).envs(variables.iter().copied()).output().expect("the binary starts");
    let came = crate::ferry::Came::of(&output);
    let line =
        came.endings().into_iter().find(|line| line.starts_with(ending)).unwrap_or_else(|| panic!("{}", came.err));
    assert!(ending.ends_with(&format!("-{}", came.code)), "{}", came.err);
    assert!(line.contains(told) && line.contains("retryable=false"), "{told} in {line}");
    assert!(!ferry.is_published("target/warehouse/invoice"), "nothing is published");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_files_and_topics_lie_in_a_cloud_runs() {
    for cloud in [S3, AZURE] {
        for folder in [EXTRACT, TOPICS] {
            let ferry = uploaded(&cloud, folder).await;
            let (came, report) = ferry.report(&[JOB]);
            assert_eq!(came.code, 0, "{folder} at {}: {}", cloud.url, came.err);
            assert_eq!(report["outcome"], "published");
        }
    }
}

#[test]
fn a_bucket_or_container_that_is_not_there_ends_with_14() {
    for (cloud, url) in [(S3, "s3://nightferry-nowhere/a"), (AZURE, "az://nowhere/a")] {
        for (folder, source) in [(EXTRACT, "settlements_db"), (TOPICS, "settlements_topics")] {
            let told = format!("the bucket, container or folder of source `{source}` is not there");
            ends(&moved(&cloud, folder, url), &[], "E-THERE-14", &told);
        }
    }
}

#[test]
fn a_wrong_key_ends_with_12() {
    for cloud in [S3, AZURE] {
        for (folder, source) in [(EXTRACT, "settlements_db"), (TOPICS, "settlements_topics")] {
            let ferry = moved(&cloud, folder, &format!("{}/a", cloud.url));
            ends(&ferry, &[cloud.key], "E-ACCESS-12", &format!("source `{source}` refused listing"));
        }
    }
}

#[test]
fn a_bucket_of_another_region_ends_with_12() {
    let ferry = moved(&S3, EXTRACT, &format!("{}/a", S3.url));
    ferry.edit(ENVIRONMENT, "eu-west-2", "us-east-1");
    ends(&ferry, &[], "E-ACCESS-12", "source `settlements_db` refused listing");
}
