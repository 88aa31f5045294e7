//! What a run costs on AWS: a dated price table, which an environment may replace, and arithmetic. Pure.

use std::borrow::Cow;
use std::time::Duration;

/// Prices of one vCPU-hour and one GB-hour, and of a GB that leaves for the internet (which Azure is, from AWS).
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// What the table is for and of when; printed with every figure.
    pub basis: Cow<'static, str>,
    /// USD for one vCPU for one hour.
    pub vcpu_hour_usd: f64,
    /// USD for one GB of memory for one hour.
    pub gb_hour_usd: f64,
    /// USD for one GB out of AWS, after the free 100 GB of a month.
    pub egress_gb_usd: f64,
}

/// A task's size and the shortest time that is billed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    /// vCPUs.
    pub vcpu: f64,
    /// GB of memory.
    pub memory_gb: f64,
}

/// Fargate on Linux/x86, on demand. 0.04656 and 0.00511 are the figures of the body's own architecture for its region;
/// the list price was not looked up. Data out: 0.09 USD/GB to 10 TB a month.
pub const FARGATE: Prices = Prices {
    basis: Cow::Borrowed("fargate x86 eu-west-2, price table of 2026-03"),
    vcpu_hour_usd: 0.046_56,
    gb_hour_usd: 0.005_11,
    egress_gb_usd: 0.09,
};

/// The reference task: 1 vCPU, 2 GB.
pub const REFERENCE: Task = Task { vcpu: 1.0, memory_gb: 2.0 };

/// Fargate bills by the second, one minute at least.
const BILLED_SECONDS_MIN: f64 = 60.0;

/// Seconds that are billed of a task that ran for `time`.
pub fn billed_seconds(time: Duration) -> f64 {
    time.as_secs_f64().max(BILLED_SECONDS_MIN)
}

/// USD for a task of `task`'s size that ran for `time` and sent `bytes_out` out of AWS.
pub fn usd(prices: &Prices, task: Task, time: Duration, bytes_out: u64) -> f64 {
    let hours = billed_seconds(time) / 3600.0;
    let running = hours * (task.vcpu * prices.vcpu_hour_usd + task.memory_gb * prices.gb_hour_usd);
    running + bytes_out as f64 / 1e9 * prices.egress_gb_usd
}

impl Default for Prices {
    fn default() -> Self {
        FARGATE
    }
}

/// USD for an hour of a task of `task`'s size that sends nothing away.
pub fn usd_an_hour(prices: &Prices, task: Task) -> f64 {
    usd(prices, task, Duration::from_secs(3600), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_a_night_is_under_two_dollars_a_month() {
        let month = 30.4 * usd(&FARGATE, REFERENCE, Duration::from_secs(3600), 0);
        assert!((month - 1.73).abs() < 0.01, "{month}");
    }

    #[test]
    fn bills_a_minute_at_least_and_counts_what_leaves() {
        let second = usd(&FARGATE, REFERENCE, Duration::from_secs(1), 0);
        assert_eq!(second, usd(&FARGATE, REFERENCE, Duration::from_secs(60), 0));
        let gigabyte = usd(&FARGATE, REFERENCE, Duration::from_secs(1), 1_000_000_000) - second;
        assert!((gigabyte - 0.09).abs() < 1e-12);
    }
}
