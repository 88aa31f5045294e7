//! Where a run ran, as the platform tells it: the job of AWS Batch, and the task of Amazon ECS. Words and numbers of the platform's own;
//! a run that nobody tells anything has none of it.

use serde::{Deserialize, Serialize};

/// A job of AWS Batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchReport {
    /// Its id; that of a child of an array job ends with `:<index>`.
    pub job: String,
    /// Which attempt this is, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Which child of an array job, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_index: Option<u32>,
    /// How many children it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_size: Option<u32>,
    /// The compute environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_environment: Option<String>,
}

/// A task of Amazon ECS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskReport {
    /// The last part of its ARN.
    pub id: String,
    /// The cluster's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// `<family>:<revision>` of its definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Availability zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// `FARGATE` or `EC2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<String>,
    /// Processors that it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vcpu: Option<f64>,
    /// Memory that it was given, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    /// Whether its clock is kept, in the platform's word: `SYNCHRONIZED` or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Digest of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Group of CloudWatch Logs that its log goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    /// Stream of that group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_stream: Option<String>,
}

impl BatchReport {
    /// In words: `3f0c, attempt 2, child 4 of 31`.
    pub fn phrase(&self) -> String {
        let attempt = self.attempt.map(|attempt| format!(", attempt {attempt}")).unwrap_or_default();
        let child = self.array_index.zip(self.array_size);
        // People count from one; the id has the index.
        let child = child.map(|(index, size)| format!(", child {} of {size}", u64::from(index) + 1));
        format!("{}{attempt}{}", self.job, child.unwrap_or_default())
    }

    /// Every text of it.
    pub fn words(&mut self) -> impl Iterator<Item = &mut String> {
        std::iter::once(&mut self.job).chain(&mut self.compute_environment)
    }
}

impl TaskReport {
    /// Where its log is: group and stream.
    pub fn log(&self) -> Option<String> {
        Some(format!("{} {}", self.log_group.as_ref()?, self.log_stream.as_ref()?))
    }

    /// Every text of it.
    pub fn words(&mut self) -> impl Iterator<Item = &mut String> {
        let TaskReport { id, cluster, definition, zone, launch_type, clock, image, log_group, log_stream, .. } = self;
        let told = [cluster, definition, zone, launch_type, clock, image, log_group, log_stream];
        std::iter::once(id).chain(told.into_iter().flatten())
    }
}
