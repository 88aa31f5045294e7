//! The world `settlements`: units, their half hours, strike prices, payments and invoices.
//!
//! A unit-day is one unit on one day; they are counted by day, then by unit. Payments have two rows a unit-day, the first run
//! and the one that superseded it; so many rows of everything follow from the half hours asked for.

use super::cell::{Cell, Row};
use super::day::{Day, Payment, indexation, output_kwh, payment, strike_pence, year_start};
use super::life::{Life, STEADY};
use super::people::{account_number, login, person, sort_code};
use super::random::Draw;
use super::table::{Sketch, Writing, everything};
use super::unit::{Unit, unit};
use std::sync::Arc;

/// Units that generate, at most: what is kept in memory.
const UNITS_MAX: u64 = 400;
/// Microseconds since 1970 of 2026-11-22 00:00.
const LATELY_MICROS: i64 = 1_795_305_600_000_000;

struct Settlements {
    seed: u64,
    units: Vec<Unit>,
    days: Vec<Day>,
    /// Half hours before each day, and after the last.
    before: Vec<u64>,
    unit_days: u64,
}

/// The tables, with at least `rows` half hours.
pub fn sketches(seed: u64, rows: u64) -> Vec<Sketch> {
    let world = Arc::new(Settlements::new(seed, rows));
    let units = world.units.len() as u64;
    let years = world.years().count() as u64;
    let row = |make: fn(&Settlements, u64, u8) -> Row| {
        let world = Arc::clone(&world);
        Box::new(move |index, version| make(&world, index, version))
    };
    let table = |name, rows, make, changing| Sketch {
        name,
        rows,
        row: row(make),
        changing,
        life: None,
        carried: everything,
        partitions: 1,
        writing: Writing::Bare,
    };
    vec![
        table(
            "cfd_unit",
            units + units / 2 + 2,
            Settlements::cfd_unit,
            &["Maximum_Contract_Capacity_MW", "Target_Commissioning_Date", "Updated_At"],
        ),
        Sketch {
            partitions: 3,
            writing: Writing::Redelivered,
            ..table(
                "metered_output",
                world.half_hours(),
                Settlements::metered_output,
                &["Loss_Adjusted_Metered_Output_MWh", "Loss_Multiplier", "Estimated", "Received_At"],
            )
        },
        table(
            "strike_price",
            units * years,
            Settlements::strike_price,
            &["Strike_Price_GBP_Per_MWh", "Effective_date_to", "Updated_At"],
        ),
        Sketch {
            // Two keys of the table are one of the dataset's: only one partition keeps their events in order.
            life: Some(Box::new({
                let world = Arc::clone(&world);
                move |index| world.run_life(index)
            })),
            carried: |definition, row| definition.place("Latest_Flag").is_ok_and(|at| row[at] == Cell::Bool(true)),
            writing: Writing::WithSchema,
            ..table(
                "difference_payment",
                world.unit_days * 2,
                Settlements::difference_payment,
                &["CFD_Payments_GBP", "Avoided_GHG_tonnes_CO2e", "Calculated_At"],
            )
        },
        Sketch {
            carried: |definition, row| definition.place("status").is_ok_and(|at| row[at] != Cell::from("draft")),
            partitions: 2,
            writing: Writing::Redelivered,
            ..table(
                "invoice",
                world.unit_days + world.unit_days / 8 + 3,
                Settlements::invoice,
                &["Amount_GBP", "Reconciliation_Amount_GBP", "Issued_At", "Updated_At"],
            )
        },
    ]
}

impl Settlements {
    fn new(seed: u64, rows: u64) -> Self {
        // A day has 48 half hours within a few of a hundred: start near, then add days until there are enough.
        let units = (rows / 48).isqrt().clamp(1, UNITS_MAX);
        let (mut days, mut before) = (Vec::new(), vec![0]);
        while before[days.len()] < rows || days.len() < 3 {
            let day = Day::new(days.len() as u64);
            before.push(before[days.len()] + units * u64::from(day.periods));
            days.push(day);
        }
        // The last day ends with the unit that reaches the number.
        let (whole, last) = (days.len() - 1, u64::from(days[days.len() - 1].periods));
        let of_last = rows.saturating_sub(before[whole]).div_ceil(last).clamp(1, units);
        before[whole + 1] = before[whole] + of_last * last;
        let unit_days = units * whole as u64 + of_last;
        Settlements { seed, units: (0..units).map(|number| unit(seed, number)).collect(), days, before, unit_days }
    }

    fn half_hours(&self) -> u64 {
        self.before[self.days.len()]
    }

    /// The financial years of all days.
    fn years(&self) -> std::ops::RangeInclusive<i32> {
        let years = || self.days.iter().map(|day| day.year);
        years().min().unwrap_or(2026)..=years().max().unwrap_or(2026)
    }

    fn unit(&self, number: u64) -> Unit {
        self.units.get(number as usize).cloned().unwrap_or_else(|| unit(self.seed, number))
    }

    /// Unit and day of a unit-day. Those of ghosts lie on days that the world does not have.
    fn unit_day(&self, unit_day: u64) -> (u64, Day) {
        let units = self.units.len() as u64;
        match unit_day.checked_sub(self.unit_days) {
            Some(ghost) => (ghost % units, Day::new(self.days.len() as u64 + ghost / units)),
            None => (unit_day % units, self.days[(unit_day / units) as usize]),
        }
    }

    fn half_hour(&self, index: u64) -> (u64, Day, u8) {
        if let Some(ghost) = index.checked_sub(self.half_hours()) {
            let (number, day) = self.unit_day(self.unit_days + ghost / 46);
            return (number, day, 1 + (ghost % 46) as u8);
        }
        let day = self.before.partition_point(|before| *before <= index) - 1;
        let (within, periods) = (index - self.before[day], u64::from(self.days[day].periods));
        (within / periods, self.days[day], 1 + (within % periods) as u8)
    }

    fn cfd_unit(&self, index: u64, _: u8) -> Row {
        let unit = self.unit(index);
        let mut draw = Draw::of(self.seed, "cfd_unit", index);
        let generates = index < self.units.len() as u64;
        let start = 17_000 + draw.between(0, 3_000) as i32;
        let is_vague = !generates && draw.once_in(2);
        let target = |days: i32| Cell::Date(start + days).or_null(is_vague);
        let status = if generates {
            draw.pick(&["Live (Post-FIC)", "Live (Pre-FIC)"])
        } else {
            draw.pick(&["Pre-Start Date", "Pre-MDD", "Terminated"])
        };
        vec![
            unit.cfd_id.into(),
            unit.name.into(),
            unit.round.into(),
            unit.technology.into(),
            if unit.is_transmission { "Transmission" } else { "Distribution" }.into(),
            status.into(),
            target(0),
            target(-182),
            target(182),
            target(-1),
            Cell::Decimal(unit.capacity_kw, 3),
            generates.then_some(unit.bmu).into(),
            Cell::Bool(draw.once_in(2)),
            login(&mut draw),
            updated_at(&mut draw),
        ]
    }

    fn metered_output(&self, index: u64, _: u8) -> Row {
        let (number, day, period) = self.half_hour(index);
        let unit = &self.units[number as usize];
        let mut draw = Draw::of(self.seed, "metered_output", index);
        let start = day.period_start(period);
        vec![
            Cell::Date(day.date),
            Cell::Whole(period.into()),
            unit.bmu.clone().into(),
            unit.cfd_id.clone().into(),
            Cell::Timestamptz(start),
            Cell::Decimal(output_kwh(self.seed, number, unit, &day, period), 3),
            Cell::Double((900_000 + draw.below(100_000)) as f64 / 1_000_000.0),
            draw.pick(&["II ", "SF ", "R1 "]).into(),
            Cell::Bool(draw.once_in(12)),
            Cell::Timestamptz(start + 86_400_000_000 + draw.between(0, 3_599_999_999)).or_null(draw.once_in(20)),
        ]
    }

    fn strike_price(&self, index: u64, _: u8) -> Row {
        // Ghosts are units that have no prices.
        let units = self.units.len() as u64;
        let years = self.years();
        let span = years.clone().count() as u64;
        let (number, year) = match index.checked_sub(units * span) {
            Some(ghost) => (units + ghost, *years.end()),
            None => (index / span, years.start() + (index % span) as i32),
        };
        let unit = self.unit(number);
        let mut draw = Draw::of(self.seed, "strike_price", index);
        vec![
            unit.cfd_id.clone().into(),
            format!("{year}/{:02}", (year + 1) % 100).into(),
            Cell::Decimal(strike_pence(&unit, year), 2),
            Cell::Decimal(indexation(year), 6),
            Cell::Date(year_start(year)),
            Cell::Date(year_start(year + 1) - 1).or_null(year == *years.end()),
            login(&mut draw),
            updated_at(&mut draw),
        ]
    }

    /// One unit-day in so many has its first run superseded during the world, the others before it.
    fn run_life(&self, index: u64) -> Option<Life> {
        let is_late = Draw::of(self.seed, "run", index / 2).once_in(12);
        match (index < self.unit_days * 2, index.is_multiple_of(2)) {
            (false, _) => None,
            (true, true) if is_late => Some([Some(1), Some(1), Some(0), Some(0), Some(0)]),
            (true, true) => Some(STEADY),
            (true, false) if is_late => Some([None, None, Some(0), Some(0), Some(0)]),
            (true, false) => None,
        }
    }

    fn difference_payment(&self, index: u64, version: u8) -> Row {
        // Ghosts are later runs, alone.
        let ghost = index.checked_sub(self.unit_days * 2);
        let (unit_day, is_first) =
            ghost.map_or((index / 2, index.is_multiple_of(2)), |ghost| (self.unit_days + ghost, false));
        let (number, day) = self.unit_day(unit_day);
        let unit = &self.units[number as usize];
        let mut draw = Draw::of(self.seed, "difference_payment", index);
        let Payment { generation_kwh, market, weighted, strike_pence, pence } = payment(self.seed, number, unit, &day);
        let is_without_average = draw.once_in(10);
        vec![
            Cell::Date(day.date),
            unit.cfd_id.clone().into(),
            if is_first { "II ".into() } else { draw.pick(&["SF ", "R1 ", "RF "]).into() },
            Cell::Bool(!is_first || version > 0),
            if unit.technology == "Dedicated Biomass" { "BMRP" } else { "IMRP" }.into(),
            Cell::Decimal(generation_kwh, 3),
            Cell::Decimal(generation_kwh * 218 / 100, 4).or_null(draw.once_in(6)),
            Cell::Decimal(strike_pence, 2),
            Cell::Decimal(market, 4).or_null(is_without_average),
            weighted.map(|weighted| Cell::Decimal(weighted, 4)).unwrap_or(Cell::Null),
            // What the first run got wrong.
            Cell::Decimal(pence + if is_first { 1_000 } else { 0 }, 2),
            Cell::Timestamptz(day.start_micros + 93_600_000_000 + draw.between(0, 9_999_999_999)),
        ]
    }

    fn invoice(&self, index: u64, version: u8) -> Row {
        let (number, day) = self.unit_day(index % self.unit_days);
        let unit = &self.units[number as usize];
        let pence = payment(self.seed, number, unit, &day).pence;
        let mut draw = Draw::of(self.seed, "invoice", index);
        let who = person(self.seed, number);
        let status = draw.pick(&["draft", "issued", "paid", "paid", "disputed", "issued", "paid", "paid"]);
        // Drawn in every version: the draws after it must not depend on the version.
        let was_draft = draw.once_in(3) && version > 0;
        let has_account = !draw.once_in(6);
        vec![
            Cell::Uuid(draw.uuid()),
            format!("{}-2026-{index:07}", if pence < 0 { "CN" } else { "IN" }).into(),
            unit.cfd_id.clone().into(),
            Cell::Date(day.date),
            if was_draft { "draft" } else { status }.into(),
            Cell::Decimal(pence, 2),
            Cell::Decimal(draw.between(-90_000, 90_000), 2).or_null(draw.once_in(3)),
            Cell::Decimal(draw.between(-9_000_000, 9_000_000), 6).or_null(draw.once_in(3)),
            Cell::Date(day.date + 28),
            draw.pick(&[Some(59_400_000_000), Some(57_599_999_999), None]).map(Cell::Time).into(),
            Cell::Timestamptz(day.start_micros + 518_400_000_000 + draw.between(0, 2_000_000_000))
                .or_null(draw.once_in(9)),
            Cell::from(who.email(&mut draw)).or_null(draw.once_in(8)),
            has_account.then(|| account_number(&mut draw)).into(),
            has_account.then(|| sort_code(&mut draw)).into(),
            who.note(&mut draw).into(),
            login(&mut draw),
            updated_at(&mut draw),
        ]
    }
}

/// Sometime in the weeks before the extract.
fn updated_at(draw: &mut Draw) -> Cell {
    Cell::Timestamp(LATELY_MICROS - draw.between(1, 2_000_000_000_000))
}
