// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A web server inside the test: it speaks ranges, notes what it is asked, and misbehaves where a test wants it to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: BTreeMap<String, String>,
}

impl Asked {
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// First and last byte asked for.
    pub(super) fn range(&self) -> Option<(usize, usize)> {
        let (first, last) = self.headers.get("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }
}

/// An answer, right or wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// The connection drops after so many bytes of the body.
    pub(super) cut: Option<usize>,
}

impl Answer {
    pub(super) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn json(text: impl Into<String>) -> Self {
        Self { status: 200, body: text.into().into_bytes(), ..Self::default() }
    }

    pub(super) fn redirect(to: impl Into<String>) -> Self {
        Self { status: 302, headers: vec![("Location", to.into())], ..Self::default() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(held, _)| *held != name);
        self.headers.push((name, value.into()));
        self
    }

    /// The range of some bytes that was asked for, as an honest server gives it.
    pub(super) fn range(asked: &Asked, bytes: &[u8], etag: &str) -> Self {
        let etag = format!("\"{etag}\"");
        if asked.headers.get("if-match").is_some_and(|wanted| *wanted != etag) {
            return Self::status(412);
        }
        let Some((first, last)) = asked.range() else {
            return Self { status: 200, body: bytes.to_vec(), ..Self::default() }.with("ETag", etag);
        };
        if first >= bytes.len() {
            return Self::status(416).with("Content-Range", format!("bytes */{}", bytes.len()));
        }
        let last = last.min(bytes.len() - 1);
        let answer = Self { status: 206, body: bytes[first..=last].to_vec(), ..Self::default() };
        answer.with("ETag", etag).with("Content-Range", format!("bytes {first}-{last}/{}", bytes.len()))
    }
}

/// A server that runs until the test ends.
pub(super) struct Server {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<(Asked, usize)>>>,
}

impl Server {
    pub(super) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || serve(&stream, &*answer, &log));
            }
        });
        Self { url, asked }
    }

    /// A server of files by path; what is not there is not found.
    pub(super) fn of(files: Vec<(String, Vec<u8>)>) -> Self {
        Self::start(move |asked| match files.iter().find(|(path, _)| path == asked.path()) {
            Some((_, bytes)) => Answer::range(asked, bytes, "one"),
            None => Answer::status(404),
        })
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().map(|(asked, _)| asked.clone()).collect()
    }

    /// Bytes of bodies that were sent for a path.
    pub(super) fn sent(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(asked, _)| asked.path() == path).map(|(_, sent)| sent).sum()
    }
}

fn serve(stream: &TcpStream, answer: &dyn Fn(&Asked) -> Answer, log: &Mutex<Vec<(Asked, usize)>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    let asked = Asked { method, target, headers: headers.collect() };
    let answer = answer(&asked);
    let sent = if asked.method == "HEAD" { 0 } else { answer.cut.unwrap_or(answer.body.len()) };
    let mut head = format!("HTTP/1.1 {} Whatever\r\nConnection: close\r\n", answer.status);
    if !answer.headers.iter().any(|(name, _)| *name == "Content-Length") {
        write!(head, "Content-Length: {}\r\n", answer.body.len()).unwrap();
    }
    for (name, value) in &answer.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    log.lock().unwrap().push((asked, sent));
    let mut stream = stream;
    // The reader may have hung up, which is its right.
    let _ = stream.write_all(format!("{head}\r\n").as_bytes()).and_then(|()| stream.write_all(&answer.body[..sent]));
}
