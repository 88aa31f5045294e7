//! The seeded generator of worlds.

fn main() {}
