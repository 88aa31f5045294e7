//! Generating units, the same in both worlds: what the register and the contracts say of unit `number`.

use super::random::Draw;

/// A place, its three letters, and what stands there.
const SITES: [(&str, &str, &str, &str); 12] = [
    ("Bryn Tŷ Gwyn", "BRY", "Wind Farm", "Onshore Wind"),
    ("Hollowmere", "HOL", "Solar Park", "Solar PV"),
    ("Kestrel Sands", "KES", "Offshore Wind Farm", "Offshore Wind"),
    ("Dunmallow", "DUN", "Energy Works", "Advanced Conversion Technology"),
    ("Penwarrow \"Ridge\"", "PEN", "Wind Farm", "Remote Island Wind"),
    ("Firthgate", "FIR", "Offshore Wind Farm", "Offshore Wind"),
    ("Lumley Cross", "LUM", "Solar", "Solar PV"),
    ("Orrinside", "ORR", "Biomass", "Dedicated Biomass"),
    ("Tarn Hollow", "TAR", "Wind Farm", "Onshore Wind"),
    ("Selsway", "SEL", "Tidal Array", "Tidal Stream"),
    ("Morfa Lân", "MOR", "Offshore Wind Farm", "Offshore Wind"),
    ("Gallowbeck", "GAL", "Energy from Waste", "Energy from Waste with CHP"),
];

const ROUNDS: [(&str, &str); 7] = [
    ("AAA", "Investment Contract"),
    ("AR1", "Allocation Round 1"),
    ("AR2", "Allocation Round 2"),
    ("AR3", "Allocation Round 3"),
    ("AR4", "Allocation Round 4"),
    ("AR5", "Allocation Round 5"),
    ("AR6", "Allocation Round 6"),
];

/// A unit.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its contract, such as `AR4-LUM-107`.
    pub cfd_id: String,
    /// Its name.
    pub name: String,
    /// The round it was allocated in.
    pub round: &'static str,
    /// What it makes electricity of.
    pub technology: &'static str,
    /// Its balancing mechanism unit, once it has one.
    pub bmu: String,
    /// Most that it may generate, in kW.
    pub capacity_kw: i64,
    /// Strike price in 2012 prices, in pence per MWh.
    pub strike_pence: i64,
    /// Whether it hangs on the transmission network.
    pub is_transmission: bool,
}

/// The contract of unit `number`.
pub fn cfd_id(number: u64) -> String {
    let (_, letters, ..) = SITES[(number % 12) as usize];
    let (round, _) = ROUNDS[(number * 5 % 7) as usize];
    format!("{round}-{letters}-{}", 101 + number)
}

/// The name of a place and what stands there.
pub fn name(number: u64) -> String {
    let (place, _, kind, _) = SITES[(number % 12) as usize];
    match number / 12 {
        0 => format!("{place} {kind}"),
        phase => format!("{place} {kind}, Phase {}", phase + 1),
    }
}

/// Unit `number`.
pub fn unit(seed: u64, number: u64) -> Unit {
    let mut draw = Draw::of(seed, "unit", number);
    let (_, letters, _, technology) = SITES[(number % 12) as usize];
    let (_, round) = ROUNDS[(number * 5 % 7) as usize];
    let is_transmission = draw.once_in(2);
    let bmu = if is_transmission { format!("T_{letters}{number}-1") } else { format!("E_{letters}{number}-1") };
    Unit {
        cfd_id: cfd_id(number),
        name: name(number),
        round,
        technology,
        bmu,
        capacity_kw: draw.between(5, 400) * 1_000 + draw.between(0, 3) * 250,
        strike_pence: draw.between(3_700, 14_000),
        is_transmission,
    }
}
