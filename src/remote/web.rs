// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Ranges of a file on a web server, and small documents.
//!
//! Redirects are followed here and not by the library: the token goes to Hugging Face's own host and nowhere else, and
//! no redirect leads from the public into a private network, away from HTTPS, or away from HTTP altogether.

use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, IF_MATCH, LAST_MODIFIED, LINK,
    LOCATION, RANGE, RETRY_AFTER,
};
use reqwest::{Response, StatusCode, Url};

use super::address::{masked, shown};
use super::client::Client;
use super::error::RemoteError;
use super::fetch::{Attempts, Failure, Part, Pin, Wanted};

const REDIRECTS: usize = 10;

/// A file on a web server.
pub(super) struct WebFile {
    url: Url,
    /// Where redirects led, so that they are followed once.
    landed: Mutex<Option<Url>>,
}

impl WebFile {
    pub(super) fn new(url: Url) -> Self {
        Self { url, landed: Mutex::new(None) }
    }

    /// Asks for a range.
    pub(super) async fn get(&self, client: &Client, wanted: &Wanted<'_>) -> Result<Part, Failure> {
        let offset = wanted.range.start;
        let mut headers =
            vec![(RANGE, format!("bytes={offset}-{}", wanted.range.end - 1)), (ACCEPT_ENCODING, "identity".to_owned())];
        // A weak mark never matches (RFC 9110, 13.1.1); it is compared with the answer's.
        let strong = wanted.pin.and_then(|pin| pin.etag.clone()).filter(|etag| !etag.starts_with("W/"));
        headers.extend(strong.map(|etag| (IF_MATCH, etag)));
        let known = self.landed.lock().ok().and_then(|landed| landed.clone());
        let mut response = match &known {
            Some(landed) => send(client, &self.url, landed, &headers).await?.0,
            None => self.begin(client, &headers).await?,
        };
        // A signed address holds for a while only.
        if known.is_some() && matches!(response.status().as_u16(), 401 | 403 | 404 | 410) {
            response = self.begin(client, &headers).await?;
        }
        self.part(response, wanted)
    }

    async fn begin(&self, client: &Client, headers: &[(HeaderName, String)]) -> Result<Response, Failure> {
        let (response, landed) = send(client, &self.url, &self.url, headers).await?;
        if let Ok(mut held) = self.landed.lock() {
            *held = Some(landed).filter(|landed| *landed != self.url);
        }
        Ok(response)
    }

    fn part(&self, response: Response, wanted: &Wanted<'_>) -> Result<Part, Failure> {
        let (offset, url) = (wanted.range.start, shown(&self.url));
        let unexpected = |expected: String, found: String| {
            Failure::Final(RemoteError::Unexpected { url: url.clone(), offset, expected, found })
        };
        let text = |name: HeaderName| text(response.headers(), name);
        let range = text(CONTENT_RANGE);
        let pin = Pin { etag: text(ETAG), date: text(LAST_MODIFIED) };
        match response.status() {
            StatusCode::PARTIAL_CONTENT => {}
            StatusCode::RANGE_NOT_SATISFIABLE if wanted.size.is_none() && range.as_deref() == Some("bytes */0") => {
                let body = futures_util::stream::empty().boxed();
                return Ok(Part { range: 0..0, size: 0, pin, body });
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                let what = "the range that was asked for is not in it any more".to_owned();
                return Err(RemoteError::Changed { url, offset, what }.into());
            }
            StatusCode::OK => {
                return Err(unexpected("status 206 with the range asked for".into(), "status 200, the whole".into()));
            }
            status => return Err(refused(status, response.headers(), url, offset)),
        }
        let shape = || "a Content-Range of the form `bytes FIRST-LAST/SIZE`".to_owned();
        let Some((first, last, size)) = range.as_deref().and_then(content_range) else {
            return Err(unexpected(shape(), range.map_or("none".to_owned(), |range| range.escape_debug().to_string())));
        };
        let length = text(CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if let Some(length) = length.filter(|length| *length != last + 1 - first) {
            return Err(unexpected(format!("{} bytes", last + 1 - first), format!("a Content-Length of {length}")));
        }
        let body = response.bytes_stream().map(|chunk| chunk.map(Vec::from).map_err(why)).boxed();
        Ok(Part { range: first..last + 1, size, pin, body })
    }
}

/// A small document, and the address of its next page if it has one.
pub(super) async fn document(client: &Client, url: &Url, limit: usize) -> Result<(Vec<u8>, Option<Url>), RemoteError> {
    let mut attempts = Attempts::default();
    loop {
        match document_once(client, url, limit).await {
            Ok(document) => return Ok(document),
            Err(failure) => attempts.failed(failure, &shown(url), 0, &client.settings).await?,
        }
    }
}

async fn document_once(client: &Client, url: &Url, limit: usize) -> Result<(Vec<u8>, Option<Url>), Failure> {
    let (response, landed) = send(client, url, url, &[]).await?;
    if response.status() != StatusCode::OK {
        return Err(refused(response.status(), response.headers(), shown(url), 0));
    }
    let next = text(response.headers(), LINK).and_then(|link| next(&link, &landed));
    let length = response.content_length();
    let mut body = response.bytes_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| Failure::Again(why(error), None))?);
        if bytes.len() > limit {
            let reason = format!("the answer is longer than {limit} bytes");
            return Err(RemoteError::Listing { url: shown(url), reason }.into());
        }
    }
    if length.is_some_and(|length| length != bytes.len() as u64) {
        return Err(Failure::Again("the answer broke off".to_owned(), None));
    }
    Ok((bytes, next))
}

/// Sends a request to `at`, which is `url` or where that led before, and follows redirects. Returns the answer and where
/// it came from. Only what began at Hugging Face can bring its token there.
async fn send(
    client: &Client,
    url: &Url,
    at: &Url,
    headers: &[(HeaderName, String)],
) -> Result<(Response, Url), Failure> {
    let mut at = at.clone();
    for _ in 0..=REDIRECTS {
        let mut request = client.web.get(at.clone());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(token) = client.token_for(&at)?.filter(|_| client.is_hub(url)) {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| Failure::Again(why(error), None))?;
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok((response, at));
        }
        let refuse = |to: &str, reason| RemoteError::Redirect { url: shown(url), to: masked(to), reason };
        let location = text(response.headers(), LOCATION).unwrap_or_default();
        let to = at.join(&location).map_err(|_| refuse(&location, "it is no URL"))?;
        if let Some(reason) = objection(&at, &to) {
            return Err(refuse(&shown(&to), reason).into());
        }
        at = to;
    }
    Err(RemoteError::Redirect { url: shown(url), to: shown(&at), reason: "there are too many redirects" }.into())
}

/// Why a redirect is not followed.
fn objection(from: &Url, to: &Url) -> Option<&'static str> {
    if !matches!(to.scheme(), "http" | "https") {
        Some("it leaves HTTP")
    } else if from.scheme() == "https" && to.scheme() == "http" {
        Some("it leaves HTTPS")
    } else if is_private(to) && !is_private(from) {
        Some("it leads into a private network")
    } else {
        None
    }
}

/// Whether a host is written as an address of this machine or of a private network. Names are not looked up.
pub(super) fn is_private(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => {
            address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified()
        }
        Ok(IpAddr::V6(address)) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn refused(status: StatusCode, headers: &HeaderMap, url: String, offset: u64) -> Failure {
    let code = status.as_u16();
    if code == 412 {
        return RemoteError::Changed { url, offset, what: "its ETag is another".to_owned() }.into();
    }
    if matches!(code, 408 | 425 | 429) || status.is_server_error() {
        let after = text(headers, RETRY_AFTER).and_then(|after| after.parse().ok()).map(Duration::from_secs);
        return Failure::Again(format!("status {code}"), after);
    }
    RemoteError::Refused { url, status: code }.into()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// `bytes 0-99/1234` → (0, 99, 1234).
fn content_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, size) = (first.parse().ok()?, last.parse().ok()?, size.parse().ok()?);
    (first <= last && last < size).then_some((first, last, size))
}

/// The `rel="next"` of a Link header.
fn next(link: &str, base: &Url) -> Option<Url> {
    let entry = link.split(',').find(|entry| entry.contains("rel=\"next\""))?;
    let target = entry.split_once('<')?.1.split_once('>')?.0;
    base.join(target).ok().filter(|next| next.origin() == base.origin())
}

/// An error with its causes, without the address it was about.
fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        said = format!("{said}: {cause}");
        source = cause.source();
    }
    masked(&said)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn redirects_stay_in_the_public_and_on_https() {
        for (from, to, followed) in [
            ("https://a.example/x", "https://b.example/y", true),
            ("http://a.example/x", "https://b.example/y", true),
            ("http://127.0.0.1:1/x", "http://127.0.0.1:2/y", true),
            ("https://a.example/x", "http://b.example/y", false),
            ("https://a.example/x", "file:///etc/passwd", false),
            ("https://a.example/x", "ftp://b.example/", false),
            ("http://a.example/x", "http://127.0.0.1/", false),
            ("http://a.example/x", "http://169.254.169.254/latest/meta-data", false),
            ("http://a.example/x", "http://[::1]/", false),
            ("http://a.example/x", "http://[::ffff:10.0.0.1]/", false),
            ("http://a.example/x", "http://0x7f000001/", false),
            ("http://a.example/x", "http://localhost./", false),
        ] {
            assert_eq!(objection(&url(from), &url(to)).is_none(), followed, "{from} {to}");
        }
    }

    #[test]
    fn a_content_range_is_taken_as_it_is_or_not_at_all() {
        assert_eq!(content_range("bytes 0-99/1234"), Some((0, 99, 1234)));
        for text in ["bytes 0-99/*", "bytes 5-4/10", "bytes 0-10/10", "items 0-1/2", "bytes 0-99", "bytes -1-2/3", ""] {
            assert_eq!(content_range(text), None, "{text}");
        }
    }

    #[test]
    fn the_next_page_is_of_the_same_host() {
        let base = url("https://a.example/api?x=1");
        assert_eq!(
            next("<https://a.example/api?cursor=2>; rel=\"next\"", &base),
            Some(url("https://a.example/api?cursor=2"))
        );
        assert_eq!(next("<https://b.example/>; rel=\"next\"", &base), None);
        assert_eq!(next("<https://a.example/>; rel=\"prev\"", &base), None);
    }
}
