//! A server between the binary and a real one (S3 or Azure), over which answers go wrong as a seed says.
//!
//! HTTP/1.1, one request after the other on a connection; what it is told to do to a request is one [`Fault`] or none. The real
//! server sees the very bytes that the client signed, so that whatever is stored is stored by it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// 500, and nothing is done.
    Refused500,
    /// The connection is closed, and nothing is done.
    Closed,
    /// 200 with an error for a body, and nothing is done.
    ErrorIn200,
    /// The answer lacks the second half of its body, and says that it is whole.
    TooShort,
    /// The answer says that its body is longer than it is, and ends.
    TooLong,
    /// It is done, and answered 500.
    DoneThen500,
    /// It is done, and the connection closed.
    DoneThenClosed,
    /// It is done, and nothing is answered, until the client gives up.
    DoneThenSilent,
    /// The answer breaks off in the middle of its body.
    CutShort,
    /// A bit of the answer's body is another.
    BitFlipped,
    /// 409, and nothing is done: S3's conflict in flight.
    Conflict,
    /// 412, and nothing is done.
    Precondition,
    /// The answer comes in two pieces with a second between.
    Slow,
    /// 403, as of a token that is no longer valid.
    Expired,
    /// 503, as of a store that is asked too much.
    SlowDown,
    /// 429.
    TooMany,
}

/// Which requests it befalls: of a method, to a path with this in it, `one_in` by chance, so many at most.
#[derive(Clone, Debug)]
pub struct Script {
    pub faults: Vec<Fault>,
    pub methods: &'static [&'static str],
    pub path: &'static str,
    pub one_in: u64,
    pub most: u64,
    pub seed: u64,
}

/// A request as it came, whatever became of it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub bytes: u64,
}

/// The server; it listens until this goes.
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    script: Script,
    requests: AtomicU64,
    befallen: Mutex<BTreeMap<Fault, u64>>,
    asked: Mutex<Vec<Asked>>,
    is_over: AtomicBool,
}

impl Server {
    /// In front of the server at `endpoint` (`http://host:port` and, of Azure, the account).
    pub fn before(endpoint: &str, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let upstream = endpoint.trim_start_matches("http://").split('/').next().expect("a host").to_owned();
        let shared = Arc::new(Shared {
            upstream,
            script,
            requests: AtomicU64::new(0),
            befallen: Mutex::default(),
            asked: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let of = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if of.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let of = Arc::clone(&of);
                std::thread::spawn(move || of.serve(client));
            }
        });
        Server { port, shared }
    }

    /// `endpoint`, with this server in the other's place.
    pub fn endpoint(&self, endpoint: &str) -> String {
        endpoint.replace(&self.shared.upstream, &format!("127.0.0.1:{}", self.port))
    }

    /// Every request so far, in the order in which they came.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("requests").clone()
    }

    /// How many requests each fault befell.
    pub fn befallen(&self) -> BTreeMap<Fault, u64> {
        self.shared.befallen.lock().expect("counts").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener, which then ends.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// A request or an answer: its first line and headers as they came, and its body.
pub struct Message {
    pub head: Vec<u8>,
    pub body: Vec<u8>,
}

impl Message {
    pub fn first_line(&self) -> String {
        let end = self.head.iter().position(|byte| *byte == b'\r').unwrap_or(self.head.len());
        String::from_utf8_lossy(&self.head[..end]).into_owned()
    }
}

impl Shared {
    fn serve(&self, client: TcpStream) {
        let Ok(mut reader) = client.try_clone().map(BufReader::new) else { return };
        let mut client = client;
        while let Some(request) = read(&mut reader, None) {
            let line = request.first_line();
            let method = line.split(' ').next().unwrap_or_default().to_owned();
            let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
            let fault = self.fault(&method, &target);
            let asked = Asked { method: method.clone(), target, bytes: request.body.len() as u64 };
            self.asked.lock().expect("requests").push(asked);
            if self.answer(&mut client, &request, &method, fault).is_none() {
                return;
            }
        }
    }

    /// The fault of the next request, by the seed and the request's number.
    fn fault(&self, method: &str, path: &str) -> Option<Fault> {
        let script = &self.script;
        if !script.methods.contains(&method) || !path.contains(script.path) {
            return None;
        }
        let nth = self.requests.fetch_add(1, Ordering::SeqCst);
        let roll = mixed(script.seed ^ mixed(nth));
        let mut befallen = self.befallen.lock().expect("counts");
        if !roll.is_multiple_of(script.one_in) || befallen.values().sum::<u64>() >= script.most {
            return None;
        }
        let fault = script.faults[usize::try_from(roll >> 32).expect("a number") % script.faults.len()];
        *befallen.entry(fault).or_default() += 1;
        Some(fault)
    }

    /// `None` where the connection is to be closed.
    fn answer(&self, client: &mut TcpStream, request: &Message, method: &str, fault: Option<Fault>) -> Option<()> {
        let refused = |status: &str, code: &str| {
            let body = format!(
                "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>canary@example.org</Message></Error>"
            );
            let length = if method == "HEAD" { String::new() } else { body.clone() };
            format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{length}",
                body.len()
            )
        };
        let early = match fault {
            Some(Fault::Closed) => return None,
            Some(Fault::Refused500) => Some(refused("500 Internal Server Error", "InternalError")),
            Some(Fault::ErrorIn200) => Some(refused("200 OK", "InternalError")),
            Some(Fault::Conflict) => Some(refused("409 Conflict", "ConditionalRequestConflict")),
            Some(Fault::Precondition) => Some(refused("412 Precondition Failed", "PreconditionFailed")),
            Some(Fault::Expired) => Some(refused("403 Forbidden", "ExpiredToken")),
            Some(Fault::SlowDown) => Some(refused("503 Slow Down", "SlowDown")),
            Some(Fault::TooMany) => Some(refused("429 Too Many Requests", "TooManyRequests")),
            _ => None,
        };
        if let Some(early) = early {
            return client.write_all(early.as_bytes()).ok();
        }
        let mut answer = self.asked(request, method)?;
        match fault {
            Some(Fault::DoneThen500) => {
                return client.write_all(refused("500 Internal Server Error", "InternalError").as_bytes()).ok();
            }
            Some(Fault::DoneThenClosed) => return None,
            Some(Fault::DoneThenSilent) => {
                // Until the client closes the connection.
                let _ = client.set_read_timeout(Some(Duration::from_secs(120)));
                let _ = client.read(&mut [0; 1]);
                return None;
            }
            Some(Fault::CutShort) => {
                client.write_all(&answer.head).ok()?;
                client.write_all(&answer.body[..answer.body.len() / 2]).ok()?;
                return None;
            }
            Some(Fault::BitFlipped) => {
                let place = answer.body.len() / 2;
                if let Some(byte) = answer.body.get_mut(place) {
                    *byte ^= 1;
                }
            }
            Some(Fault::TooShort) => {
                answer.body.truncate(answer.body.len() / 2);
                answer.head = with_length(&answer.head, answer.body.len());
            }
            Some(Fault::TooLong) => {
                client.write_all(&with_length(&answer.head, answer.body.len() + 100)).ok()?;
                client.write_all(&answer.body).ok()?;
                return None;
            }
            Some(Fault::Slow) => {
                client.write_all(&answer.head).ok()?;
                std::thread::sleep(Duration::from_millis(1_000));
                return client.write_all(&answer.body).ok();
            }
            _ => {}
        }
        client.write_all(&answer.head).ok()?;
        client.write_all(&answer.body).ok()
    }

    /// What the real server answers.
    fn asked(&self, request: &Message, method: &str) -> Option<Message> {
        let mut upstream = TcpStream::connect(&self.upstream).ok()?;
        upstream.write_all(&request.head).ok()?;
        upstream.write_all(&request.body).ok()?;
        read(&mut BufReader::new(upstream), Some(method))
    }
}

/// The next message; `asked` is the method that an answer is to. A body that came in chunks is given in one piece.
pub fn read(from: &mut impl BufRead, asked: Option<&str>) -> Option<Message> {
    let (mut head, mut length, mut is_chunked) = (Vec::new(), None, false);
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if line == b"\r\n" {
            break;
        }
        let text = String::from_utf8_lossy(&line).to_ascii_lowercase();
        if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse::<usize>().ok();
        }
        match text.starts_with("transfer-encoding:") && text.contains("chunked") {
            true => is_chunked = true,
            false => head.extend(line),
        }
    }
    let status = String::from_utf8_lossy(&head).split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    let has_none = asked == Some("HEAD") || (asked.is_some() && matches!(status, Some(100..=199 | 204 | 304)));
    let mut body = Vec::new();
    match (has_none, is_chunked, length) {
        (true, ..) => {}
        (_, true, _) => {
            body = chunks(from)?;
            head.extend(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        (_, _, Some(length)) => {
            body.resize(length, 0);
            from.read_exact(&mut body).ok()?;
        }
        (_, _, None) => {}
    }
    head.extend(b"\r\n");
    Some(Message { head, body })
}

/// The same first line and headers, for a body of so many bytes.
fn with_length(head: &[u8], bytes: usize) -> Vec<u8> {
    let told = String::from_utf8_lossy(head);
    let is_other = |line: &&str| !line.is_empty() && !line.to_ascii_lowercase().starts_with("content-length:");
    let lines: Vec<&str> = told.split("\r\n").filter(is_other).collect();
    format!("{}\r\nContent-Length: {bytes}\r\n\r\n", lines.join("\r\n")).into_bytes()
}

fn chunks(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim().split(';').next()?, 16).ok()?;
        let mut chunk = vec![0; length + 2];
        from.read_exact(&mut chunk).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend(&chunk[..length]);
    }
}

/// splitmix64.
fn mixed(of: u64) -> u64 {
    let mut z = of.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
