//! Why TLS did not come about, in our words.
//!
//! rustls keeps its errors in a type that the driver hides, so they are read from the text, of which nothing is kept: it quotes
//! names out of the certificate. Never in here: a reason to go on all the same.

/// What rustls or the driver writes, and what that means; the first that fits counts.
const REASONS: &[(&str, &str)] = &[
    ("does not support TLS", "it has none"),
    ("certificate expired", "its certificate, or one of its authorities', has expired"),
    ("Expired", "its certificate, or one of its authorities', has expired"),
    ("not valid yet", "its certificate, or one of its authorities', is not valid yet"),
    ("not valid for name", "its certificate is for another host"),
    ("NotValidForName", "its certificate is for another host"),
    ("UnknownIssuer", "no authority that is trusted vouches for its certificate"),
    ("BadSignature", "its certificate was altered, or is not signed by whom it names"),
    ("CriticalExtension", "its certificate demands something that cannot be checked"),
    ("UnsupportedSignatureAlgorithm", "its certificate is signed or keyed in a way that is no longer safe"),
    ("extended key usage", "its certificate is not for servers"),
    ("InvalidPurpose", "its certificate is not for servers"),
    ("CaUsedAsEndEntity", "its certificate is an authority's"),
    ("EndEntityUsedAsCa", "its certificate is signed by one that is no authority"),
    ("NameConstraint", "its authority may not vouch for this host"),
    ("PathLenConstraint", "its authority may not make other authorities"),
    ("BadEncoding", "a certificate, its own or our `ca`, is none"),
    ("invalid peer certificate", "its certificate cannot be used"),
    ("received fatal alert", "it broke off, as it does where it takes none of our certificates"),
    ("HandshakeFailure", "the two have no way of encrypting in common"),
    ("PeerIncompatible", "the two have no way of encrypting in common"),
];

/// Why the driver's error, in its own words `text`, came about.
pub fn reason(text: &str) -> &'static str {
    let found = REASONS.iter().find(|(theirs, _)| text.contains(theirs));
    found.map_or(
        "a `ca`, `client_cert` or `client_key` of ours cannot be used, or it speaks another language",
        |(_, ours)| ours,
    )
}
