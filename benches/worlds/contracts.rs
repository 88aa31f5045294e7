//! The world `contracts`: who holds a contract for difference, and who acts under it. So many contracts and companies as go
//! with the contacts asked for.

use super::cell::{Cell, Row};
use super::people::{account_number, born, ip, job, person, postcode, sort_code};
use super::random::Draw;
use super::table::{Sketch, Writing, everything};
use super::unit::{cfd_id, name, unit};
use std::sync::Arc;

/// Contacts of a contract, on average.
const CONTACTS: u64 = 20;
/// Beyond what a float can hold exactly.
const ROW_VERSION: i64 = 9_007_199_254_740_993;
/// Microseconds since 1970 of 2026-11-01 00:00.
const NOVEMBER_MICROS: i64 = 1_793_491_200_000_000;

const MILESTONES: [&str; 3] = ["Milestone Delivery Date", "Target Commissioning Date", "Longstop Date"];
const AUTHORITIES: [&str; 4] = ["Primary Authority", "Finance Authority", "Operating Authority", "User"];
const PROGRESS: [f32; 6] = [0.0, 0.1, 0.125, 0.7, 0.99, 1.0];

struct Contracts {
    seed: u64,
    contracts: u64,
    counterparties: u64,
    people: u64,
}

/// The tables, with `rows` contacts.
pub fn sketches(seed: u64, rows: u64) -> Vec<Sketch> {
    let contracts = (rows / CONTACTS).max(4);
    let counterparties = contracts - contracts / 4;
    let world = Arc::new(Contracts { seed, contracts, counterparties, people: rows - rows / 4 });
    let table = |name, rows, make: fn(&Contracts, u64) -> Row, changing| {
        let world = Arc::clone(&world);
        Sketch {
            name,
            rows,
            row: Box::new(move |index, _| make(&world, index)),
            changing,
            life: None,
            carried: everything,
            partitions: 1,
            writing: Writing::Bare,
        }
    };
    vec![
        table(
            "counterparty",
            counterparties,
            Contracts::counterparty,
            &["Onboarded_At", "Credit_Cover_GBP", "Registered_Office"],
        ),
        Sketch {
            writing: Writing::Redelivered,
            ..table(
                "contract",
                contracts,
                Contracts::contract,
                &["Maximum_Contract_Capacity_MW", "Notes", "Row_Version"],
            )
        },
        Sketch {
            partitions: 3,
            writing: Writing::Redelivered,
            ..table("contact", rows, Contracts::contact, &["Authority", "Phone", "Last_Login_At"])
        },
        Sketch {
            partitions: 2,
            ..table("signatory", contracts * 2, Contracts::signatory, &["Signed_On", "Job_Title", "Signature_Digest"])
        },
        table(
            "bank_account",
            counterparties + counterparties / 4 + 1,
            Contracts::bank_account,
            &["Is_Primary", "Verified_At"],
        ),
        Sketch {
            partitions: 2,
            ..table("milestone", contracts * 3, Contracts::milestone, &["Due_On", "Progress", "Updated_At"])
        },
    ]
}

impl Contracts {
    fn counterparty(&self, index: u64) -> Row {
        let mut draw = Draw::of(self.seed, "counterparty", index);
        let office = format!("{} Invented Row, Nowhere-on-Sea", 1 + draw.below(200));
        vec![
            counterparty_id(index),
            format!("{} {}", name(index), draw.pick(&["Limited", "LLP", "(Holdings) plc"])).into(),
            format!("X9{:06}", index % 1_000_000).into(),
            format!("NF{:06}", index % 1_000_000).into(),
            Cell::from(office).or_null(draw.once_in(6)),
            postcode(&mut draw),
            Cell::Uuid(draw.uuid()).or_null(draw.once_in(9)),
            Cell::Decimal(draw.between(-10_000_000, 900_000_000), 2).or_null(draw.once_in(5)),
            Cell::Timestamptz(NOVEMBER_MICROS - draw.between(1, 300_000_000_000_000)),
        ]
    }

    fn contract(&self, index: u64) -> Row {
        let unit = unit(self.seed, index);
        let mut draw = Draw::of(self.seed, "contract", index);
        let kyc = draw.once_in(2);
        // As PostgreSQL prints a `jsonb`: shorter names first.
        let conditions =
            format!("{{\"kyc\": {kyc}, \"legal_opinion\": true, \"facility_map_pages\": {}}}", draw.below(40));
        let who = self.somebody(&mut draw);
        vec![
            unit.cfd_id.into(),
            counterparty_id(index % self.counterparties),
            unit.name.into(),
            unit.technology.into(),
            unit.round.into(),
            Cell::Date(agreed_on(index)),
            Cell::Decimal(unit.capacity_kw, 3),
            Cell::Decimal(unit.strike_pence, 2),
            Cell::Whole(draw.pick(&[15, 15, 15, 20, 35])),
            Cell::from(conditions).or_null(draw.once_in(7)),
            draw.pick(&["Live", "Live", "Agreed", "Terminated"]).into(),
            who.note(&mut draw).into(),
            Cell::Whole(ROW_VERSION + index as i64),
        ]
    }

    fn contact(&self, index: u64) -> Row {
        let mut draw = Draw::of(self.seed, "contact", index);
        let who = self.somebody(&mut draw);
        vec![
            Cell::Whole(5_000_000_000 + index as i64),
            cfd_id(draw.below(self.contracts)).into(),
            who.name.clone().into(),
            job(&mut draw),
            who.email(&mut draw).into(),
            who.phone(&mut draw).into(),
            born(&mut draw),
            postcode(&mut draw),
            draw.pick(&AUTHORITIES).into(),
            ip(&mut draw),
            Cell::Timestamptz(NOVEMBER_MICROS + draw.between(0, 1_800_000_000_000)).or_null(draw.once_in(6)),
            who.note(&mut draw).into(),
        ]
    }

    fn signatory(&self, index: u64) -> Row {
        let mut draw = Draw::of(self.seed, "signatory", index);
        let who = self.somebody(&mut draw);
        let digest = draw.uuid().to_be_bytes().to_vec();
        vec![
            cfd_id(index / 2).into(),
            Cell::Whole(1 + (index % 2) as i64),
            who.name.clone().into(),
            job(&mut draw),
            who.email(&mut draw).into(),
            who.phone(&mut draw).into(),
            born(&mut draw),
            postcode(&mut draw),
            Cell::Bool(draw.once_in(2)),
            Cell::Date(agreed_on(index / 2)),
            Cell::Time(39_600_000_000 + draw.between(0, 7_200_000_000)).or_null(draw.once_in(8)),
            Cell::Bytes(digest).or_null(draw.once_in(6)),
        ]
    }

    fn bank_account(&self, index: u64) -> Row {
        let mut draw = Draw::of(self.seed, "bank_account", index);
        let holder = index % self.counterparties;
        let who = self.somebody(&mut draw);
        let is_primary = index < self.counterparties;
        vec![
            Cell::Uuid(draw.uuid()),
            counterparty_id(holder),
            if is_primary { format!("{} Limited", name(holder)) } else { who.name.clone() }.into(),
            sort_code(&mut draw).into(),
            account_number(&mut draw).into(),
            Cell::Bool(is_primary),
            Cell::Timestamp(NOVEMBER_MICROS - draw.between(1, 90_000_000_000_000)).or_null(draw.once_in(5)),
            who.note(&mut draw).into(),
        ]
    }

    fn milestone(&self, index: u64) -> Row {
        let mut draw = Draw::of(self.seed, "milestone", index);
        let (contract, place) = (index / 3, (index % 3) as usize);
        let due = agreed_on(contract) + [400, 1_200, 1_900][place] + draw.between(0, 90) as i32;
        let evidence = format!("{{\"documents\":[{},{place}],\"by\":\"delivery team\"}}", draw.below(100));
        vec![
            cfd_id(contract).into(),
            MILESTONES[place].into(),
            Cell::Date(due),
            // Never before the contract was agreed.
            Cell::Date(due - draw.between(0, 300) as i32).or_null(draw.once_in(3)),
            Cell::Real(draw.pick(&PROGRESS)).or_null(draw.once_in(6)),
            Cell::from(evidence).or_null(draw.once_in(4)),
            Cell::Timestamptz(NOVEMBER_MICROS - draw.between(0, 2_600_000_000_000)),
        ]
    }

    /// Several contacts are one person.
    fn somebody(&self, draw: &mut Draw) -> super::people::Person {
        person(self.seed, draw.below(self.people.max(1)))
    }
}

fn counterparty_id(index: u64) -> Cell {
    Cell::Whole(1_001 + index as i64)
}

/// When a contract was agreed, in days since 1970: from May 2014 on.
fn agreed_on(contract: u64) -> i32 {
    16_198 + (contract * 37 % 4_000) as i32
}
