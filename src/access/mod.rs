//! How we get in: secrets, and later keys, signatures and tokens; a location -> `dyn ObjectStore`.

pub mod secret;
