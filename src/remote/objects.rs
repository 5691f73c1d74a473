// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! S3, Google Cloud Storage and Azure, through the `object_store` crate.

use std::sync::Arc;

use futures_util::StreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt as _, RetryConfig,
};
use reqwest::Url;

use super::address::{masked, shown};
use super::error::RemoteError;
use super::fetch::{Attempts, Failure, Part, Pin, Wanted};
use super::settings::Settings;

/// Objects listed at most.
const MOST: usize = 20_000;

/// One object of a store.
pub(super) struct Object {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) path: Path,
}

impl Object {
    /// Asks for a range.
    pub(super) async fn get(&self, wanted: &Wanted<'_>) -> Result<Part, Failure> {
        let offset = wanted.range.start;
        let options = GetOptions {
            range: Some(GetRange::Bounded(wanted.range.clone())),
            if_match: wanted.pin.and_then(|pin| pin.etag.clone()),
            ..GetOptions::default()
        };
        let answer = self.store.get_opts(&self.path, options).await;
        let answer = answer.map_err(|error| failure(&error, wanted.url, offset))?;
        let (range, size, pin) = (answer.range.clone(), answer.meta.size, pin(&answer.meta));
        let body = answer.into_stream().map(|chunk| chunk.map(Vec::from).map_err(|error| why(&error))).boxed();
        Ok(Part { range, size, pin, body })
    }
}

/// What tells this version of an object from another.
pub(super) fn pin(meta: &ObjectMeta) -> Pin {
    Pin { etag: meta.e_tag.clone(), date: Some(meta.last_modified.to_rfc3339()) }
}

/// The store of a URL, and the path in it.
pub(super) fn connect(url: &Url, settings: &Settings) -> Result<(Arc<dyn ObjectStore>, Path), RemoteError> {
    let wrong = |reason: String| RemoteError::Address { url: shown(url), reason: masked(&reason) };
    let path = Path::from_url_path(url.path()).map_err(|error| wrong(error.to_string()))?;
    // Ranges are tried again in `fetch.rs`; what is tried again here is getting credentials.
    let retry = || RetryConfig { max_retries: 1, ..RetryConfig::default() };
    let client = || ClientOptions::new().with_timeout_disabled().with_connect_timeout(settings.timeout);
    let options = || settings.stores.iter().map(|(name, value)| (name.as_str(), value.clone()));
    let plain = url.as_str().split(['?', '#']).next().unwrap_or_default().to_owned();
    // Options that a store does not know are those of another.
    macro_rules! built {
        ($builder:ty) => {{
            let builder = <$builder>::new().with_url(plain).with_retry(retry()).with_client_options(client());
            let known = |builder: $builder, (name, value): (&str, String)| match name.parse() {
                Ok(key) => builder.with_config(key, value),
                Err(_) => builder,
            };
            options().fold(builder, known).build().map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
        }};
    }
    let store = match url.scheme() {
        "s3" | "s3a" => built!(AmazonS3Builder),
        "gs" => built!(GoogleCloudStorageBuilder),
        _ => built!(MicrosoftAzureBuilder),
    };
    Ok((store.map_err(|error| wrong(why(&error)))?, path))
}

/// The object at a path; `None` if there is none.
pub(super) async fn find(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    url: &str,
    settings: &Settings,
) -> Result<Option<ObjectMeta>, RemoteError> {
    let mut attempts = Attempts::default();
    loop {
        match store.head(path).await {
            Ok(meta) => return Ok(Some(meta)),
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => attempts.failed(failure(&error, url, 0), url, 0, settings).await?,
        }
    }
}

/// The objects below a path; with `deep`, also those in its folders.
pub(super) async fn list(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    deep: bool,
    url: &str,
    settings: &Settings,
) -> Result<Vec<ObjectMeta>, RemoteError> {
    let mut attempts = Attempts::default();
    'again: loop {
        let mut found = Vec::new();
        let mut listed = if deep {
            store.list(Some(path))
        } else {
            let level = store.list_with_delimiter(Some(path)).await.map(|level| level.objects);
            match level {
                Ok(objects) => futures_util::stream::iter(objects.into_iter().map(Ok)).boxed(),
                Err(error) => futures_util::stream::iter([Err(error)]).boxed(),
            }
        };
        while let Some(object) = listed.next().await {
            match object {
                Ok(object) => found.push(object),
                Err(error) => {
                    attempts.failed(failure(&error, url, 0), url, 0, settings).await?;
                    continue 'again;
                }
            }
            if found.len() > MOST {
                let reason = format!("it holds more than {MOST} objects; name a folder of it");
                return Err(RemoteError::Listing { url: url.to_owned(), reason });
            }
        }
        return Ok(found);
    }
}

fn failure(error: &Error, url: &str, offset: u64) -> Failure {
    let url = url.to_owned();
    let refused = |status| RemoteError::Refused { url: url.clone(), status }.into();
    match error {
        Error::NotFound { .. } => refused(404),
        Error::Unauthenticated { .. } => refused(401),
        Error::PermissionDenied { .. } => refused(403),
        Error::Precondition { .. } | Error::NotModified { .. } => {
            RemoteError::Changed { url, offset, what: "its ETag is another".to_owned() }.into()
        }
        other => Failure::Again(why(other), None),
    }
}

/// What a store says, without addresses' queries, on one line.
fn why(error: &Error) -> String {
    let said = masked(&error.to_string());
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    said.chars().take(400).collect()
}
