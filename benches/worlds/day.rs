//! Settlement days, what a unit generates in each half hour of one, and what is paid for it. Whole numbers throughout: kWh,
//! pence per MWh, ten-thousandths of a pound per MWh.
//!
//! Days are counted from the end: the first three are the fixtures' (48, 50 and 46 half hours), so that the smallest world
//! has them all; the others go back from there. The half hours are counted here anew, and not by `nightferry::calendar`:
//! the generator is what the product is judged by.

use super::random::Draw;
use super::unit::Unit;
use chrono::{Days, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Europe::London;

/// A settlement day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970.
    pub date: i32,
    /// Its start, microseconds since 1970 UTC.
    pub start_micros: i64,
    /// Half hours.
    pub periods: u8,
    /// The financial year that it is in, by the year of its April.
    pub year: i32,
}

const HALF_HOUR_MICROS: i64 = 1_800_000_000;

/// Days since 1970 of the days that come first: 2026-11-22, 2026-10-25 and 2026-03-29.
const FIRST: [i32; 3] = [20_779, 20_751, 20_541];

impl Day {
    /// Day `number`.
    pub fn new(number: u64) -> Self {
        let date = match number {
            0..=2 => FIRST[number as usize],
            later => {
                // Days back from 2026-11-21, without the two that came first.
                let date = FIRST[0] - (later as i32 - 2);
                let date = date - i32::from(date <= FIRST[1]);
                date - i32::from(date <= FIRST[2])
            }
        };
        let (start, end) = (midnight_micros(date), midnight_micros(date + 1));
        let periods = ((end - start) / HALF_HOUR_MICROS) as u8;
        Day { date, start_micros: start, periods, year: financial_year(date) }
    }

    /// Start of half hour `period` (from 1), microseconds since 1970 UTC.
    pub fn period_start(&self, period: u8) -> i64 {
        self.start_micros + HALF_HOUR_MICROS * i64::from(period - 1)
    }
}

fn naive(date: i32) -> NaiveDate {
    NaiveDate::from_epoch_days(date).unwrap_or_default()
}

fn midnight_micros(date: i32) -> i64 {
    // The clocks change at 01:00 UTC: midnight is there once on every day.
    let start = London.from_local_datetime(&naive(date).and_time(NaiveTime::MIN)).earliest();
    start.map_or(0, |start| start.timestamp_micros())
}

fn financial_year(date: i32) -> i32 {
    use chrono::Datelike;
    // 1 April begins a year: 90 or 91 days into it.
    naive(date).checked_sub_days(Days::new(90)).map_or(0, |day| day.year())
}

/// First day of financial year `year`, in days since 1970.
pub fn year_start(year: i32) -> i32 {
    NaiveDate::from_ymd_opt(year, 4, 1).map_or(0, |day| day.to_epoch_days())
}

/// What the strike price of 2012 is multiplied by in a financial year, in millionths.
pub fn indexation(year: i32) -> i64 {
    1_000_000 + i64::from(year - 2012) * 31_726
}

/// Strike price in a financial year, in pence per MWh.
pub fn strike_pence(unit: &Unit, year: i32) -> i64 {
    unit.strike_pence * indexation(year) / 1_000_000
}

/// The price of an hour (from 1) of a day, in pence per MWh: sometimes below zero, and beyond every strike price on some days.
pub fn price_pence(seed: u64, day: &Day, hour: u8) -> i64 {
    let mut draw = Draw::of(seed, "price", (day.date as u64) * 32 + u64::from(hour));
    let is_dear = day.date == FIRST[2] || Draw::of(seed, "dear", day.date as u64).once_in(9);
    match draw.below(24) {
        0 => -draw.between(1, 900),
        1 => 0,
        _ if is_dear => draw.between(26_000, 41_000),
        _ => draw.between(4_000, 9_500),
    }
}

/// What a unit generates in each half hour of a day, in kWh. Solar sleeps at night, and now and then a unit is out all day.
pub fn output_kwh(seed: u64, number: u64, unit: &Unit, day: &Day, period: u8) -> i64 {
    let of_day = number << 32 | day.date as u64;
    let mut draw = Draw::of(seed, "day", of_day);
    let is_out = draw.once_in(40) || (number == 0 && day.date == FIRST[1]);
    let is_dark = unit.technology == "Solar PV" && !(14..=36).contains(&period);
    if is_out || is_dark {
        return 0;
    }
    let share = draw.between(150, 900);
    let jitter = Draw::of(seed, "half hour", of_day << 6 | u64::from(period)).between(-150, 100);
    unit.capacity_kw / 2 * (share + jitter) / 1_000
}

/// What a day comes to for a unit.
pub struct Payment {
    /// kWh.
    pub generation_kwh: i64,
    /// Average price of the day's hours, ten-thousandths of a pound per MWh.
    pub market: i64,
    /// Average price weighted by output, ten-thousandths of a pound per MWh; none on a day without output.
    pub weighted: Option<i64>,
    /// Strike price, pence per MWh.
    pub strike_pence: i64,
    /// What is paid to the generator, in pence; below zero it pays.
    pub pence: i64,
}

/// The payment of a unit for a day, from its half hours and the hours' prices.
pub fn payment(seed: u64, number: u64, unit: &Unit, day: &Day) -> Payment {
    let (mut generation, mut worth, mut prices) = (0_i64, 0_i64, 0_i64);
    for hour in 1..=day.periods / 2 {
        let price = price_pence(seed, day, hour);
        prices += price;
        for period in [hour * 2 - 1, hour * 2] {
            let output = output_kwh(seed, number, unit, day, period);
            generation += output;
            worth += output * price;
        }
    }
    let strike = strike_pence(unit, day.year);
    let weighted = (generation > 0).then(|| rounded(i128::from(worth) * 100, i128::from(generation)));
    // The published price is the rounded one, and the payment follows from what is published.
    let difference = weighted.map_or(0, |weighted| strike * 100 - weighted);
    Payment {
        generation_kwh: generation,
        market: rounded(i128::from(prices) * 100, i128::from(day.periods / 2)),
        weighted,
        strike_pence: strike,
        pence: rounded(i128::from(generation) * i128::from(difference), 100_000),
    }
}

/// A quotient, rounded half up.
fn rounded(of: i128, by: i128) -> i64 {
    (2 * of + by).div_euclid(2 * by) as i64
}
