//! Somebody between the binary and the tests' S3 who knows temporary credentials, as AWS does and that server does not: a request is let
//! through that they sign, their session token among what is signed, and signed anew for the server.

use crate::faulty::server::{Message, read};
use crate::services::variable;
use chrono::NaiveDateTime;
use nightferry::access::sigv4::{Scope, escaped};
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Temporary credentials.
pub const KEY: &str = "ASIAOFTHENIGHT";
pub const SECRET: &str = "opensesame/of+the/night";
pub const SESSION: &str = "session//opensesame==";

/// What became of each request: its first line, and why it was not let through.
pub type Seen = Arc<Mutex<Vec<(String, Result<(), &'static str>)>>>;

/// Its address, and what it saw.
pub fn resigned() -> (String, Seen) {
    let upstream = variable("NIGHTFERRY_S3_ENDPOINT").trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let seen = Seen::default();
    let of = Arc::clone(&seen);
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (upstream, seen) = (upstream.clone(), Arc::clone(&of));
            std::thread::spawn(move || serve(client, &upstream, &seen));
        }
    });
    (endpoint, seen)
}

/// Every request was let through; how many there were.
pub fn all_were_signed(seen: &Seen) -> usize {
    let seen = std::mem::take(&mut *seen.lock().expect("requests"));
    let wrong: Vec<_> = seen.iter().filter(|(_, was)| was.is_err()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    seen.len()
}

fn serve(client: TcpStream, upstream: &str, seen: &Seen) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut client = client;
    while let Some(request) = read(&mut reader, None) {
        let line = request.first_line();
        let head = anew(&String::from_utf8_lossy(&request.head));
        seen.lock().expect("requests").push((line.clone(), head.as_ref().map(|_| ()).map_err(|why| *why)));
        let Ok(head) = head else {
            client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").ok()?;
            continue;
        };
        let mut server = TcpStream::connect(upstream).ok()?;
        server.write_all(head.as_bytes()).and_then(|()| server.write_all(&request.body)).ok()?;
        let Message { head, body } = read(&mut BufReader::new(server), line.split(' ').next())?;
        client.write_all(&head).and_then(|()| client.write_all(&body)).ok()?;
    }
    Some(())
}

/// A head that the temporary credentials sign, as the server's own sign it.
fn anew(head: &str) -> Result<String, &'static str> {
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().ok_or("no line")?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let of = |name: &str| headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str());
    if of("x-amz-security-token") != Some(SESSION) {
        return Err("no session token, or another");
    }
    let told = of("authorization").ok_or("no signature")?;
    let part = |name: &str| told.split([',', ' ']).find_map(|part| part.strip_prefix(name)).ok_or("half a signature");
    let moment = of("x-amz-date").ok_or("no moment")?;
    let moment = NaiveDateTime::parse_from_str(moment, "%Y%m%dT%H%M%SZ").map_err(|_| "no moment")?.and_utc();
    let scope = Scope::new(moment, "eu-west-2", "s3");
    if part("Credential=")? != format!("{KEY}/{}", scope.words()) {
        return Err("another key, region or service");
    }
    let names: Vec<&str> = part("SignedHeaders=")?.split(';').collect();
    if !names.contains(&"x-amz-security-token") || !names.contains(&"host") {
        return Err("the session token is not signed");
    }
    let signature = |names: &[&str], secret: &str| {
        let told: Option<String> = names.iter().map(|name| Some(format!("{name}:{}\n", of(name)?))).collect();
        let (method, target) = (line.split(' ').next()?, line.split(' ').nth(1)?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let body = of("x-amz-content-sha256")?;
        let request = format!("{method}\n{path}\n{}\n{}\n{}\n{body}", canonical(query), told?, names.join(";"));
        Some(scope.signature(&request, secret))
    };
    if signature(&names, SECRET).as_deref() != Some(part("Signature=")?) {
        return Err("another secret, or something that was changed");
    }
    let names: Vec<&str> = names.into_iter().filter(|name| *name != "x-amz-security-token").collect();
    let signature = signature(&names, &variable("AWS_SECRET_ACCESS_KEY")).ok_or("a header that is not there")?;
    let mut out = format!("{line}\r\n");
    for (name, value) in
        headers.iter().filter(|(name, _)| !["authorization", "x-amz-security-token"].contains(&name.as_str()))
    {
        out += &format!("{name}: {value}\r\n");
    }
    let (key, words, names) = (variable("AWS_ACCESS_KEY_ID"), scope.words(), names.join(";"));
    out += &format!(
        "authorization: AWS4-HMAC-SHA256 Credential={key}/{words}, SignedHeaders={names}, Signature={signature}\r\n\r\n"
    );
    Ok(out)
}

/// A query as it is signed: in the order of its names, each with a value.
fn canonical(query: &str) -> String {
    let plain = |text: &str| {
        let (mut out, mut rest) = (Vec::new(), text.as_bytes());
        while let Some((byte, after)) = rest.split_first() {
            let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            match (byte, hex) {
                (b'%', Some(byte)) => {
                    out.push(byte);
                    rest = &after[2..];
                }
                (byte, _) => {
                    out.push(*byte);
                    rest = after;
                }
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    };
    let parts = query.split('&').filter(|part| !part.is_empty());
    let parts = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    let mut parts: Vec<String> =
        parts.map(|(name, value)| format!("{}={}", escaped(&plain(name)), escaped(&plain(value)))).collect();
    parts.sort();
    parts.join("&")
}
