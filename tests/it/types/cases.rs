//! Every type with nasty values: how it is declared, what it is at the source, how psql prints the published value.

/// One column of the table.
pub struct Case {
    /// `type` in the schema file.
    pub declared: &'static str,
    /// `beyond` in the schema file, where it is there.
    pub beyond: &'static str,
    /// The column's type at the source.
    pub at_source: &'static str,
    /// What psql is asked for in place of `v` itself: for types that a reader holds as such, the form that it shows them in.
    pub print: &'static str,
    /// Values, in SQL.
    pub values: &'static [&'static str],
}

/// A column that is carried as the text which psql prints.
const fn text(declared: &'static str, at_source: &'static str, values: &'static [&'static str]) -> Case {
    Case { declared, beyond: "", at_source, print: "v", values }
}

/// A column with a type of its own.
const fn own(
    declared: &'static str,
    at_source: &'static str,
    print: &'static str,
    values: &'static [&'static str],
) -> Case {
    Case { declared, beyond: "", at_source, print, values }
}

/// A column some of whose values the declared type cannot hold.
const fn beyond(
    declared: &'static str,
    beyond: &'static str,
    at_source: &'static str,
    print: &'static str,
    values: &'static [&'static str],
) -> Case {
    Case { declared, beyond, at_source, print, values }
}

/// Types, and what is in them.
pub const SETUP: &str = r#"
CREATE TYPE mood AS ENUM ('fine', 'it''s "so"', 'Môr 🐉', ' blank ', 'NULL', 'a,b\c', '{}');
CREATE TYPE thing AS (a int, b text, c numeric[]);
CREATE TYPE floatrange AS RANGE (subtype = float8);
CREATE DOMAIN pence AS numeric(12,2);
CREATE DOMAIN fee AS pence CHECK (VALUE >= 0);
CREATE DOMAIN scores AS int[];
CREATE DOMAIN feeling AS mood;
CREATE DOMAIN pair AS thing;
CREATE TABLE "We""ird, table" (n int);
"#;

const DAYS: &[&str] = &[
    "'infinity'",
    "'-infinity'",
    "'4713-01-01 BC'",
    "'0001-12-31 BC'",
    "'0001-01-01'",
    "'9999-12-31'",
    "'10000-01-01'",
    "'5874897-12-31'",
    "'2024-02-29'",
];
const MOMENTS: &[&str] = &[
    "'infinity'",
    "'-infinity'",
    "'4713-01-01 00:00:00 BC'",
    "'0001-12-31 23:59:59.999999 BC'",
    "'0001-01-01'",
    "'9999-12-31 23:59:59.999999'",
    "'10000-01-01'",
    "'294276-12-31 23:59:59.999999'",
    "'2026-10-25 01:30:00.000001'",
];
const ZONED: &[&str] = &[
    "'infinity'",
    "'-infinity'",
    "'4713-01-01 00:00:00+00 BC'",
    "'0001-01-01 00:00:00+00'",
    "'0001-01-01 00:00:00+01'",
    "'9999-12-31 23:59:59.999999+00'",
    "'9999-12-31 23:59:59-00:00:01'",
    "'294276-12-31 23:59:59.999999+00'",
    "'2026-10-25 01:30 Europe/London'",
];
const NUMBERS: &[&str] = &[
    "'NaN'",
    "'Infinity'",
    "'-Infinity'",
    "repeat('9', 131072)",
    "'-1' || repeat('0', 131071) || '.' || repeat('3', 16383)",
    "'0.' || repeat('0', 16382) || '1'",
    "'1.500'",
    "'-0'",
    "'1e38'",
    "'0.10'",
    "'-123456789012.34'",
];
const IN_YEARS: &str =
    "CASE WHEN isfinite(v) AND v >= '0001-01-01 00:00:00+00' AND v < '10000-01-01 00:00:00+00' THEN ";

/// The columns.
pub const CASES: &[Case] = &[
    own("smallint", "smallint", "v", &["-32768", "32767", "0"]),
    own("integer", "integer", "v", &["-2147483648", "2147483647"]),
    own("bigint", "bigint", "v", &["-9223372036854775808", "9223372036854775807", "9007199254740993"]),
    own("numeric(14,2)", "numeric(14,2)", "v", &["0.01", "-999999999999.99", "999999999999.99", "10000"]),
    own(
        "numeric(38,0)",
        "numeric",
        "v::numeric(38,0)",
        &["repeat('9', 38)", "'-' || repeat('9', 38)", "'-0'", "'1e37'"],
    ),
    own("numeric(38,38)", "numeric", "v::numeric(38,38)", &["'0.' || repeat('9', 38)", "'1e-38'", "'-5e-1'"]),
    own("numeric(12,2)", "fee", "v", &["0", "9999999999.99"]),
    own(
        "real",
        "real",
        "encode(float4send(v), 'hex')",
        &["0.1", "'-0'", "1e-45", "3.4028235e38", "'NaN'", "'-Infinity'"],
    ),
    own(
        "double precision",
        "double precision",
        "encode(float8send(v), 'hex')",
        &["0.1", "'-0'", "5e-324", "1.7976931348623157e308", "'NaN'", "'Infinity'"],
    ),
    own("boolean", "boolean", "v", &["true", "false"]),
    own(
        "text",
        "text",
        "v",
        &[
            "''",
            "' x '",
            r"E'tab\tline\n\\N\r'",
            "'Môr 🐉'",
            "'NULL'",
            r"E'\u0001\ufffe\ufffd\u0301\u200f'",
            r"E'\U0010fffe'",
            "repeat('é', 300000)",
        ],
    ),
    own("varchar(4)", "varchar(4)", "v", &["'éééé'", "'a '", "'🐉🐉🐉🐉'"]),
    own("char(4)", "char(4)", "v::text", &["'ab'", "''", "' a'", "'🐉'"]),
    own("uuid", "uuid", "v", &["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'00000000-0000-0000-0000-000000000000'"]),
    own("date", "date", "to_char(v, 'YYYY-MM-DD')", &["'0001-01-01'", "'9999-12-31'", "'2024-02-29'"]),
    own("time", "time", "to_char(v, 'HH24:MI:SS.US')", &["'00:00'", "'23:59:59.999999'"]),
    own(
        "timestamp",
        "timestamp",
        "to_char(v, 'YYYY-MM-DD HH24:MI:SS.US')",
        &["'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'"],
    ),
    own(
        "timestamptz",
        "timestamptz",
        "to_char(v, 'YYYY-MM-DD HH24:MI:SS.US')",
        &["'0001-01-01 00:00:00+00'", "'2026-10-25 01:30 Europe/London'", "'9999-12-31 23:59:59.999999+00'"],
    ),
    own("bytea", "bytea", "encode(v, 'hex')", &[r"'\x'", r"'\x00ff5c'", "decode(repeat('00', 5000), 'hex')"]),
    own("json", "json", "v", &["'{\"b\": 1,  \"a\": 1.10, \"a\": 2}'", "'null'", r#"'"\u00e9"'"#, "' [1e400] '"]),
    own(
        "jsonb",
        "jsonb",
        "v",
        &["'{\"b\": 1,  \"a\": 1.10}'", "'[]'", "'1e400'", "'-0.00'", "'0.1000000000000000055511151231257827'"],
    ),
    own("money", "money", "v::numeric(19,2)", &["'-92233720368547758.08'", "'92233720368547758.07'", "'0.01'"]),
    own("oid", "oid", "v", &["0", "4294967295"]),
    own("xid", "xid", "v", &["'3'", "'4294967295'"]),
    own("cid", "cid", "v", &["'0'", "'4294967295'"]),
    own("xid8", "xid8", "v", &["'0'", "'18446744073709551615'"]),
    // What a declared type cannot hold.
    beyond(
        "numeric(14,2)",
        "null",
        "numeric",
        "CASE WHEN v = trunc(v, 2) AND abs(v) < 1e12 THEN v::numeric(14,2) END",
        NUMBERS,
    ),
    beyond(
        "money",
        "null",
        "numeric",
        "CASE WHEN v = trunc(v, 2) AND abs(v) < 1e17 THEN v::numeric(19,2) END",
        NUMBERS,
    ),
    beyond(
        "date",
        "null",
        "date",
        "CASE WHEN v BETWEEN '0001-01-01' AND '9999-12-31' THEN to_char(v, 'YYYY-MM-DD') END",
        DAYS,
    ),
    beyond(
        "time",
        "null",
        "time",
        "CASE WHEN v < '24:00' THEN to_char(v, 'HH24:MI:SS.US') END",
        &["'24:00'", "'00:00'"],
    ),
    beyond("timestamp", "null", "timestamp", "to_char(v, 'YYYY-MM-DD HH24:MI:SS.US')", MOMENTS),
    beyond("timestamptz", "null", "timestamptz", "to_char(v, 'YYYY-MM-DD HH24:MI:SS.US')", ZONED),
    beyond("numeric(14,2)", "text", "numeric", "v", NUMBERS),
    beyond("date", "text", "date", "v", DAYS),
    beyond("time", "text", "time", "v", &["'24:00'", "'23:59:59.999999'"]),
    beyond("timestamp", "text", "timestamp", "v", MOMENTS),
    beyond("timestamptz", "text", "timestamptz", "v", ZONED),
    // Carried as text.
    text("numeric", "numeric", NUMBERS),
    text(
        "interval",
        "interval",
        &[
            "'1 year 2 mons 3 days 04:05:06.789'",
            "'-1 day +02:03'",
            "'0'",
            "'178000000 years'",
            "'-178000000 years'",
            "'1 mon -1 day -00:00:00.000001'",
            "'2562047788:00:54.775807'",
        ],
    ),
    text("timetz", "timetz", &["'00:00+00'", "'24:00:00+15:59'", "'12:00:00.000001-12:34:56'"]),
    text("bit(5)", "bit(5)", &["B'00000'", "B'10101'"]),
    text("bit", "bit", &["B'1'"]),
    text("varbit", "varbit", &["B''", "repeat('10', 5000)"]),
    text("varbit(12)", "varbit(12)", &["B'101'"]),
    text("inet", "inet", &["'192.168.0.1'", "'192.168.0.1/24'", "'::1'", "'::ffff:1.2.3.4/128'", "'2001:db8::/32'"]),
    text("cidr", "cidr", &["'10.0.0.0/8'", "'::/0'", "'192.168.100.128/25'", "'10.1.2.3'"]),
    text("macaddr", "macaddr", &["'08:00:2b:01:02:03'", "'FFFFFFFFFFFF'"]),
    text("macaddr8", "macaddr8", &["'08:00:2b:01:02:03:04:05'", "'08002b010203'"]),
    text(
        "xml",
        "xml",
        &[
            "'<a b=\"1\">é &lt; 🐉</a>'",
            "'x<y/>z'",
            "'<?xml version=\"1.0\" standalone=\"yes\"?><a/>'",
            "''",
            "'<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>é</a>'",
        ],
    ),
    text("name", "name", &["'a b'", "repeat('x', 63)", "''"]),
    text("\"char\"", "\"char\"", &["'a'", "''", "' '", "'é'"]),
    text(
        "point",
        "point",
        &["'(1.5,-0)'", "'(NaN,Infinity)'", "'(5e-324,1.7976931348623157e308)'", "'(0.1,0.30000000000000004)'"],
    ),
    text("line", "line", &["'{1,-1,0.1}'"]),
    text("lseg", "lseg", &["'[(0,0),(1,1e-30)]'"]),
    text("box", "box", &["'(1,1),(0,0)'"]),
    text("path", "path", &["'[(0,0),(1,1)]'", "'((0,0),(1,1))'"]),
    text("polygon", "polygon", &["'((0,0),(1,1),(2,0))'"]),
    text("circle", "circle", &["'<(1,2),3.5>'"]),
    text("tsvector", "tsvector", &["$$'a':1A 'b''c':2,3 'é' 'd\\\\e'$$", "''"]),
    text("tsquery", "tsquery", &["'a & !(b | c:*)'", "$$'it''s' <2> b:AB$$", "''"]),
    text("jsonpath", "jsonpath", &["'$.a[*] ? (@.b > 1)'", "'strict $'"]),
    text("pg_lsn", "pg_lsn", &["'0/0'", "'FFFFFFFF/FFFFFFFF'"]),
    text("tid", "tid", &["'(0,0)'", "'(4294967295,65535)'"]),
    text("pg_snapshot", "pg_snapshot", &["'10:20:10,14,15'"]),
    text("txid_snapshot", "txid_snapshot", &["'10:20:'"]),
    text("refcursor", "refcursor", &["'a \"cursor\"'"]),
    text("aclitem", "aclitem", &["makeaclitem(0, 10, 'SELECT', true)"]),
    text("int2vector", "int2vector", &["'1 -2 3'", "''"]),
    text("oidvector", "oidvector", &["'1 4294967295'"]),
    text("regclass", "regclass", &["'pg_class'", "'\"We\"\"ird, table\"'", "0", "4294967295"]),
    text("regcollation", "regcollation", &["'\"C\"'"]),
    text("regconfig", "regconfig", &["'english'"]),
    text("regdictionary", "regdictionary", &["'simple'"]),
    text("regnamespace", "regnamespace", &["'pg_catalog'"]),
    text("regoper", "regoper", &["'||/'", "0"]),
    text("regoperator", "regoperator", &["'+(integer,integer)'"]),
    text("regproc", "regproc", &["'now'"]),
    text("regprocedure", "regprocedure", &["'now()'", "'lower(text)'"]),
    text("regrole", "regrole", &["'nightferry_ro'"]),
    text("regtype", "regtype", &["'int[]'", "'\"char\"'", "'mood'"]),
    text("int4range", "int4range", &["'empty'", "'(,)'", "'[1,10)'", "'[-2147483648,2147483647)'"]),
    text("int8range", "int8range", &["'(1,)'"]),
    text("numrange", "numrange", &["'(1.50,2.500]'", "'[-Infinity,NaN]'", "'empty'"]),
    text("daterange", "daterange", &["'[-infinity,infinity)'", "'[4713-01-01 BC,)'"]),
    text("tsrange", "tsrange", &["'[\"2026-01-01 00:00\",infinity]'", "'(,294276-12-31)'"]),
    text("tstzrange", "tstzrange", &["'[2026-10-25 01:30 Europe/London,)'"]),
    text("int4multirange", "int4multirange", &["'{}'", "'{[1,2),[5,)}'"]),
    text("int8multirange", "int8multirange", &["'{(,)}'"]),
    text("nummultirange", "nummultirange", &["'{[1.0,2.00]}'"]),
    text("datemultirange", "datemultirange", &["'{[2026-01-01,2026-02-01)}'"]),
    text("tsmultirange", "tsmultirange", &["'{[2026-01-01,infinity)}'"]),
    text("tstzmultirange", "tstzmultirange", &["'{[2026-01-01 00:00+01,)}'"]),
    text("enum", "mood", MOODS),
    text("text", "mood", MOODS),
    text("enum", "feeling", MOODS),
    text("composite", "thing", THINGS),
    text("composite", "pair", THINGS),
    text("range", "floatrange", &["'[0.1,1e300)'", "'[NaN,)'"]),
    text("multirange", "floatmultirange", &["'{[-Infinity,0.1]}'"]),
    // Arrays.
    text("smallint[]", "smallint[]", &["'{1,NULL}'"]),
    text(
        "integer[]",
        "integer[]",
        &["'{}'", "'{NULL}'", "'{{1,2},{3,NULL}}'", "'[0:1][-1:0]={{1,2},{3,4}}'", "'{{{{{{7}}}}}}'"],
    ),
    text("integer[]", "scores", &["'{1}'", "'{{1},{2}}'"]),
    text("bigint[]", "bigint[]", &["'{-9223372036854775808}'"]),
    text("numeric[]", "numeric(12,3)[]", &["'{1.5,NaN,NULL}'"]),
    text("numeric[]", "pence[]", &["'{1.5,0}'"]),
    text("real[]", "real[]", &["'{0.1,-0,NaN,1e-45}'"]),
    text("double precision[]", "double precision[]", &["'{0.1,-Infinity,5e-324}'"]),
    text("boolean[]", "boolean[]", &["'{t,f,NULL}'"]),
    text("text[]", "text[]", &["ARRAY['a \"b\" \\c', '', 'NULL', NULL, E'line\\n', '{x}', 'é,🐉']", "ARRAY[]::text[]"]),
    text("varchar[]", "varchar(9)[]", &["ARRAY['a,b']"]),
    text("char[]", "char(4)[]", &["ARRAY['ab']"]),
    text("uuid[]", "uuid[]", &["'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'"]),
    text("date[]", "date[]", &["'{infinity,0044-03-15 BC}'"]),
    text("time[]", "time[]", &["'{24:00}'"]),
    text("timestamp[]", "timestamp[]", &["'{-infinity,294276-12-31}'"]),
    text("timestamptz[]", "timestamptz[]", &["ARRAY['2026-10-25 01:30 Europe/London'::timestamptz]"]),
    text("bytea[]", "bytea[]", &[r"ARRAY['\x00ff5c'::bytea, '\x']"]),
    text("json[]", "json[]", &["ARRAY['{\"a\": \"b\\\\\"}'::json]"]),
    text("jsonb[]", "jsonb[]", &["ARRAY['{\"a\": 1.10}'::jsonb, 'null']"]),
    text("money[]", "money[]", &["ARRAY['-1234.5'::money]"]),
    text("oid[]", "oid[]", &["'{4294967295}'"]),
    text("xid[]", "xid[]", &["'{3}'"]),
    text("cid[]", "cid[]", &["'{3}'"]),
    text("xid8[]", "xid8[]", &["'{18446744073709551615}'"]),
    text("interval[]", "interval[]", &["ARRAY['1 year -2 days'::interval]"]),
    text("inet[]", "inet[]", &["'{10.0.0.1,10.0.0.0/8}'"]),
    text("tstzrange[]", "tstzrange[]", &["ARRAY['[2026-01-01 00:00+01,)'::tstzrange]"]),
    text("enum[]", "mood[]", &["ARRAY['it''s \"so\"'::mood, NULL, 'NULL', '{}']"]),
    text("composite[]", "thing[]", &["ARRAY[ROW(1, 'a \"b\"', '{1}')::thing, ROW(NULL, NULL, NULL)::thing, NULL]"]),
    text("name[]", "name[]", &["'{a}'"]),
];

/// Columns of extensions; the first word of each type is the extension's own or its `CREATE EXTENSION`'s.
pub const OF_EXTENSIONS: &[(&str, Case)] = &[
    ("citext", text("citext", "citext", &["'ABC'", "'é'", "''"])),
    ("citext", text("text", "citext", &["'ABC'"])),
    ("citext", text("citext[]", "citext[]", &["'{ABC,NULL}'"])),
    ("hstore", text("hstore", "hstore", &["$$\"a b\"=>NULL, c=>\"d\\\"e\"$$", "''"])),
    ("hstore", text("hstore[]", "hstore[]", &["ARRAY['a=>1'::hstore]"])),
    ("ltree", text("ltree", "ltree", &["'Top.Science'", "''"])),
    ("ltree", text("lquery", "lquery", &["'Top.*{0,2}.!x'"])),
    ("ltree", text("ltxtquery", "ltxtquery", &["'a & b*@'"])),
];

const MOODS: &[&str] = &["'fine'", "'it''s \"so\"'", "'Môr 🐉'", "' blank '", "'NULL'", r"'a,b\c'", "'{}'"];
const THINGS: &[&str] = &[
    r#"ROW(1, 'a "b", \c', '{NULL,NaN}')"#,
    "ROW(NULL, NULL, NULL)",
    "ROW(NULL, '', '{}')",
    "ROW(7, E'line\\n(x)', NULL)",
];

/// Where `print` shows NULL for moments that no reader holds.
pub fn print(case: &Case) -> String {
    match (case.beyond, case.at_source) {
        ("null", "timestamp" | "timestamptz") => format!("{IN_YEARS}{} END", case.print),
        _ => case.print.to_owned(),
    }
}
