//! Somebody between the binary and a real server, who answers some requests otherwise.

use crate::faulty::server::{Message, read};
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// What becomes of a request: `ask` gives what the real server answers.
pub type Otherwise = dyn Fn(&Asked<'_>, &dyn Fn() -> Option<Message>) -> Option<Message> + Send + Sync;

/// A request.
pub struct Asked<'a> {
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Its first line and headers, in small letters.
    pub head: String,
}

/// The address of somebody between, in front of `endpoint`.
pub fn between(
    endpoint: &str,
    otherwise: impl Fn(&Asked<'_>, &dyn Fn() -> Option<Message>) -> Option<Message> + Send + Sync + 'static,
) -> String {
    let upstream = endpoint.trim_start_matches("http://").split('/').next().expect("a host").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (otherwise, of): (Arc<Otherwise>, String) = (Arc::new(otherwise), upstream.clone());
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (otherwise, upstream) = (Arc::clone(&otherwise), of.clone());
            std::thread::spawn(move || serve(client, &upstream, otherwise.as_ref()));
        }
    });
    endpoint.replace(&upstream, &format!("127.0.0.1:{port}"))
}

fn serve(client: TcpStream, upstream: &str, otherwise: &Otherwise) {
    let Ok(mut reader) = client.try_clone().map(BufReader::new) else { return };
    let mut client = client;
    while let Some(request) = read(&mut reader, None) {
        let line = request.first_line();
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let ask = || {
            let mut server = TcpStream::connect(upstream).ok()?;
            server.write_all(&request.head).ok()?;
            server.write_all(&request.body).ok()?;
            read(&mut BufReader::new(server), Some(method))
        };
        let head = String::from_utf8_lossy(&request.head).to_lowercase();
        let Some(answer) = otherwise(&Asked { method, target, head }, &ask) else { return };
        if client.write_all(&answer.head).and_then(|()| client.write_all(&answer.body)).is_err() {
            return;
        }
    }
}

/// An answer made up.
pub fn answer(status: &str, headers: &str, body: &str) -> Message {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    Message { head: head.into_bytes(), body: body.as_bytes().to_vec() }
}
