// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One range of one remote file, whole: tried again where that may help, and resumed from the byte that was reached.

use std::ops::Range;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use super::client::Client;
use super::error::RemoteError;
use super::objects::Object;
use super::settings::Settings;
use super::web::WebFile;

/// Longest wait that a server may ask for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the bytes of a file come from.
pub(super) enum Origin {
    Web(WebFile),
    Object(Object),
}

/// What tells one version of a file from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) etag: Option<String>,
    pub(super) date: Option<String>,
}

/// The answer to one request, not read yet.
pub(super) struct Part {
    /// The range that comes.
    pub(super) range: Range<u64>,
    /// Size of the whole file.
    pub(super) size: u64,
    pub(super) pin: Pin,
    pub(super) body: BoxStream<'static, Result<Vec<u8>, String>>,
}

/// Why a request failed.
pub(super) enum Failure {
    /// Trying again may help, perhaps after the wait that the server asks for.
    Again(String, Option<Duration>),
    /// It does not.
    Final(RemoteError),
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        Self::Final(error)
    }
}

/// Counts attempts and waits between them.
#[derive(Default)]
pub(super) struct Attempts(u32);

impl Attempts {
    /// Waits before the next attempt, or ends them.
    pub(super) async fn failed(
        &mut self,
        failure: Failure,
        url: &str,
        offset: u64,
        settings: &Settings,
    ) -> Result<(), RemoteError> {
        let (reason, asked) = match failure {
            Failure::Again(reason, asked) => (reason, asked),
            Failure::Final(error) => return Err(error),
        };
        self.0 += 1;
        if self.0 > settings.retries {
            return Err(RemoteError::Unreachable { url: url.to_owned(), offset, attempts: self.0, reason });
        }
        let doubled = settings.backoff.saturating_mul(1 << (self.0 - 1).min(6));
        tracing::info!("{url} at byte {offset}: {reason}; trying again");
        tokio::time::sleep(asked.unwrap_or(doubled).min(PATIENCE)).await;
        Ok(())
    }
}

/// What is known of a file before a range of it is asked for.
pub(super) struct Wanted<'a> {
    pub(super) url: &'a str,
    pub(super) range: Range<u64>,
    /// Size of the whole file; `None` at first contact with one that no list tells of.
    pub(super) size: Option<u64>,
    pub(super) pin: Option<&'a Pin>,
}

/// The bytes of a range, with the size and the pin that the server gave. Fewer than asked for only where the size was not
/// known before.
pub(super) async fn fetch(
    client: &Client,
    origin: &Origin,
    wanted: Wanted<'_>,
) -> Result<(Vec<u8>, u64, Pin), RemoteError> {
    let Wanted { url, range, mut size, pin } = wanted;
    let (mut end, mut pin) = (range.end, pin.cloned());
    let mut bytes: Vec<u8> = Vec::new();
    let mut attempts = Attempts::default();
    let _permit = client.permits.acquire().await.map_err(|error| RemoteError::Setup(error.to_string()))?;
    loop {
        let offset = range.start + bytes.len() as u64;
        if let (Some(size), Some(pin)) = (size, &pin)
            && offset >= end
        {
            return Ok((bytes, size, pin.clone()));
        }
        let asked = Wanted { url, range: offset..end, size, pin: pin.as_ref() };
        let part = match origin {
            Origin::Web(file) => file.get(client, &asked).await,
            Origin::Object(object) => object.get(&asked).await,
        };
        let failed = match part {
            Ok(part) => {
                if let Some(known) = size.filter(|known| *known != part.size) {
                    let what = format!("it has {} bytes instead of {known}", part.size);
                    return Err(RemoteError::Changed { url: url.to_owned(), offset, what });
                }
                if let Some(known) = pin.as_ref().filter(|known| !is_same(known, &part.pin)) {
                    let what = format!("it is {} instead of {}", said(&part.pin), said(known));
                    return Err(RemoteError::Changed { url: url.to_owned(), offset, what });
                }
                end = end.min(part.size);
                if part.range != (offset..end) {
                    return Err(RemoteError::Unexpected {
                        url: url.to_owned(),
                        offset,
                        expected: format!("bytes {offset} to {end}"),
                        found: format!("bytes {} to {}", part.range.start, part.range.end),
                    });
                }
                size = Some(part.size);
                pin.get_or_insert(part.pin);
                read(part.body, &mut bytes, end - range.start, url, range.start).await
            }
            Err(failure) => Err(failure),
        };
        if let Err(failure) = failed {
            let reached = range.start + bytes.len() as u64;
            attempts.failed(failure, url, reached, &client.settings).await?;
        }
    }
}

/// Reads a body up to `whole` bytes in all; what came before it broke off is kept.
async fn read(
    mut body: BoxStream<'static, Result<Vec<u8>, String>>,
    bytes: &mut Vec<u8>,
    whole: u64,
    url: &str,
    start: u64,
) -> Result<(), Failure> {
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|reason| Failure::Again(reason, None))?;
        if bytes.len() as u64 + chunk.len() as u64 > whole {
            return Err(Failure::Final(RemoteError::Unexpected {
                url: url.to_owned(),
                offset: start,
                expected: format!("{whole} bytes"),
                found: "more".to_owned(),
            }));
        }
        bytes.extend_from_slice(&chunk);
    }
    if (bytes.len() as u64) < whole {
        let reason = format!("{} of {whole} bytes came", bytes.len());
        return Err(Failure::Again(reason, None));
    }
    Ok(())
}

/// Whether two answers are of one version. A mark that was there and is gone tells nothing, and so does not pass.
pub(super) fn is_same(known: &Pin, now: &Pin) -> bool {
    match (&known.etag, &now.etag) {
        (Some(known), now) => now.as_ref() == Some(known),
        (None, _) => known.date.is_none() || known.date == now.date,
    }
}

fn said(pin: &Pin) -> String {
    let mark = pin.etag.as_ref().or(pin.date.as_ref());
    mark.map_or("without a mark".to_owned(), |mark| mark.escape_debug().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart_by_what_both_have() {
        let pin = |etag: &str, date: &str| {
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            Pin { etag: some(etag), date: some(date) }
        };
        assert!(is_same(&pin("a", "1"), &pin("a", "2")));
        assert!(is_same(&pin("", "1"), &pin("b", "1")));
        assert!(is_same(&pin("", ""), &pin("b", "1")));
        assert!(!is_same(&pin("a", "1"), &pin("", "1")));
        assert!(!is_same(&pin("a", "1"), &pin("b", "1")));
        assert!(!is_same(&pin("", "1"), &pin("", "2")));
    }
}
