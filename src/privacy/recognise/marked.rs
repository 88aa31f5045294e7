//! What is recognised without a pattern, as `scan --kinds` tells it: addresses and secrets by their marks (`engine/marks.rs`), names of
//! people and streets by lists and cues (`names/`). Never in here: how it is found.

use super::kinds::Kind;

/// One way in which a kind is recognised without a pattern.
pub struct Marked {
    /// Its name.
    pub id: &'static str,
    /// What it finds.
    pub kind: Kind,
    /// Words nearby that say what it is, some of them; small letters.
    pub words: &'static [&'static str],
    /// Texts in which it is found.
    pub examples: &'static [&'static str],
    /// Texts in which nothing of its kind is found.
    pub counter_examples: &'static [&'static str],
    /// Where the shape is laid down.
    pub source: &'static str,
}

/// Every one of them.
pub const MARKED: &[Marked] = &[
    Marked {
        id: "email",
        kind: Kind::Email,
        words: &[],
        examples: &[
            "write to wren.alder@example.org, please",
            "zo\u{eb}@example.org",
            "\"wren alder\"@example.org",
            "GET /unsubscribe?email=wren.alder%40example.org&list=3",
            "?to=w2%40example.org",
            "?to=2026118%40example.org",
        ],
        counter_examples: &[
            "user@localhost",
            "logo@2x.png",
            "[\"\", \"@example.org\"]",
            "up 40%40.5",
            "up 5%40windfarm.co",
            "utm_term%3D12.5%40windfarm.co",
        ],
        source: "RFC 5321, 4.5.3.1; RFC 6531; RFC 3986, 2.1",
    },
    Marked {
        id: "secret_named",
        kind: Kind::Credential,
        words: &[
            "password",
            "passphrase",
            "secret",
            "token",
            "api key",
            "access key",
            "client secret",
            "private_key",
            "authorization",
        ],
        examples: &[
            "password: hunter2!Blue",
            "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "passcode: 123-456",
            "password: 12/11/1984",
            "pw: 2024-Winter",
            "token=1234-56-78",
        ],
        counter_examples: &[
            "token: invalid",
            "password: changed",
            "authorization: A2024/118",
            "Authorization: Basic only",
            "token: 2026-11-25",
            "{\"token\":\"25/11/2026\"}",
            "secret=2026-11-25T10:00:00Z",
            "api_key: v2.14.1003",
            "token: 10:30:00",
            "password: DISABLED",
        ],
        source: "custom: a word that names a secret, then `:`, `=` or `is`; RFC 7617 and 6750",
    },
    Marked {
        id: "password_of_url",
        kind: Kind::Credential,
        words: &[],
        examples: &["postgres://svc_loader:Tr0ub4dor-3xy@db.example.org:5432/settlements"],
        counter_examples: &["postgres://db.example.org:5432/settlements"],
        source: "RFC 3986, 3.2.1",
    },
    Marked {
        id: "key_issued",
        kind: Kind::Credential,
        words: &[],
        examples: &["export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE"],
        counter_examples: &["AKIA", "T_DRAXX-3"],
        source: "the issuers' own documentation, as secret scanning of public repositories uses it",
    },
    Marked {
        id: "jwt",
        kind: Kind::Credential,
        words: &[],
        examples: &["Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuZiJ9.c2lnbmF0dXJl"],
        counter_examples: &["eyJ."],
        source: "RFC 7519",
    },
    Marked {
        id: "person_name",
        kind: Kind::PersonName,
        words: &["dear", "mr", "mrs", "ms", "attendees", "cc", "my name is", "firstname"],
        examples: &["Dear Zo\u{eb} O\u{2019}Brien,", "Attendees: Omar el-Sayed", "cc Lotte Van Den Berg"],
        counter_examples: &[
            "Robin Rigg exported at full load",
            "Met Office warning: Storm Isla on Tuesday",
            "Dear Occupier, we will be resurfacing the road",
        ],
        source: "custom: lists of forenames and surnames, and cues before and behind",
    },
    Marked {
        id: "street_address",
        kind: Kind::Address,
        words: &[],
        examples: &[
            "We have updated your address to 14 Marsh Lane, Leeds",
            "delivery to Flat 3, 27 Gladstone Road, Bristol could not be completed",
            "write to P.O. Box 123, Leeds",
            "12/4 Leith Walk, Edinburgh",
            "Apt 12, 200 Deansgate",
            "12 Eastgate, Wakefield",
            "Stryd Fawr 14, Bangor",
            "8 Min y Mor",
            "Conf addr 14 the mews, Leeds",
        ],
        counter_examples: &[
            "Dogger Bank A Offshore Wind Farm",
            "settlement period 48 of 2026-10-25",
            "24 Smith & Sons, 24 East and Road 66",
            "12/4 of the contract, in 24 hours or by 12/4/2025",
            "Phase 2 Lane closures, 20 Drive letters",
            "Box 4 of the form, inbox 4, mailbox 12",
            "closed on 12/4 Mill Lane",
            "In 2024 Mill Lane was resurfaced",
            "signed 4 May 2019, Robin Lane",
            "Figure 3 Flow Path",
            "50 MW Solar Park, 500 GB Drive, 48 Hours Drive",
            "12 Input fields, 3 Key points",
            "Flat 3, 200 Pounds",
            "4,250 either way",
        ],
        source: "custom: a number or a house's name, and a word that streets end or, in Wales, begin with",
    },
];
