//! What a run costs on AWS: a dated price table, which an environment may replace, and arithmetic. Pure.

use std::borrow::Cow;
use std::time::Duration;

/// Prices of one vCPU-hour and one GB-hour, of a GB that leaves for the internet (which Azure is, from AWS), and of requests to stores.
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
    /// USD for a thousand requests that write or list.
    pub put_thousand_usd: f64,
    /// USD for a thousand that read.
    pub get_thousand_usd: f64,
}

/// Requests to a store, by what they are billed as, and what was sent with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// PUT, POST and COPY, and whatever else writes.
    pub puts: u64,
    /// Listings, a page each.
    pub lists: u64,
    /// GET and HEAD.
    pub gets: u64,
    /// Deletes, which cost nothing.
    pub deletes: u64,
    /// Bytes of their bodies.
    pub bytes_sent: u64,
}

impl Requests {
    /// Requests in all.
    pub fn all(&self) -> u64 {
        self.puts + self.lists + self.gets + self.deletes
    }

    /// What they cost, without what is paid for bytes.
    pub fn usd(&self, prices: &Prices) -> f64 {
        ((self.puts + self.lists) as f64 * prices.put_thousand_usd + self.gets as f64 * prices.get_thousand_usd) / 1e3
    }
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
/// the list price was not looked up. Data out: 0.09 USD/GB to 10 TB a month. Requests: S3 Standard in us-east-1; what London and
/// Azure's hot tier ask was not looked up, and is near it.
pub const FARGATE: Prices = Prices {
    basis: Cow::Borrowed("fargate x86 eu-west-2, price table of 2026-03"),
    vcpu_hour_usd: 0.046_56,
    gb_hour_usd: 0.005_11,
    egress_gb_usd: 0.09,
    put_thousand_usd: 0.005,
    get_thousand_usd: 0.000_4,
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

    #[test]
    fn prices_what_writes_and_lists_alike_and_lets_deletes_go_free() {
        let requests = Requests { puts: 600, lists: 400, gets: 1_000, deletes: 50, bytes_sent: 7 };
        assert_eq!(requests.all(), 2_050);
        assert!((requests.usd(&FARGATE) - 0.0054).abs() < 1e-12);
    }
}
