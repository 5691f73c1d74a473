// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What all connections of one command share, and the one place that knows of an asynchronous runtime.

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};

use reqwest::{Client as Web, Url, redirect};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use super::address::{masked, shown};
use super::blocks::Blocks;
use super::error::RemoteError;
use super::settings::Settings;
use super::web::is_private;

/// Requests under way at a time.
const IN_FLIGHT: usize = 8;

/// Shared by the files of one opened folder.
pub(super) struct Client {
    pub(super) web: Web,
    pub(super) settings: Settings,
    /// Where Hugging Face's interface is.
    pub(super) hub: Url,
    pub(super) permits: Semaphore,
    pub(super) blocks: Mutex<Blocks>,
    /// Bytes in spools so far.
    pub(super) spooled: std::sync::atomic::AtomicU64,
}

impl Client {
    pub(super) fn new(settings: Settings) -> Result<Arc<Self>, RemoteError> {
        let hub = Url::parse(&settings.hub).ok().filter(|hub| matches!(hub.scheme(), "http" | "https"));
        let hub = hub.ok_or_else(|| RemoteError::Address {
            url: masked(&settings.hub),
            reason: "HF_ENDPOINT is no http(s) URL".to_owned(),
        })?;
        // Somebody else may have chosen a provider before; one is all that is needed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let web = Web::builder()
            .user_agent(concat!("forebear/", env!("CARGO_PKG_VERSION")))
            // Redirects are followed in `web.rs`, which knows where a token may go.
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.timeout)
            .read_timeout(settings.timeout)
            .build()
            .map_err(|error| RemoteError::Setup(error.to_string()))?;
        Ok(Arc::new(Self {
            web,
            hub,
            settings,
            permits: Semaphore::new(IN_FLIGHT),
            blocks: Mutex::new(Blocks::new(IN_FLIGHT + 4 * rayon::current_num_threads())),
            spooled: std::sync::atomic::AtomicU64::new(0),
        }))
    }

    /// Whether an address is Hugging Face's own.
    pub(super) fn is_hub(&self, url: &Url) -> bool {
        url.origin() == self.hub.origin()
    }

    /// The token, where it may be sent: to Hugging Face's own host, and not in clear text over a network.
    pub(super) fn token_for(&self, url: &Url) -> Result<Option<&str>, RemoteError> {
        let Some(token) = self.settings.token.as_ref().filter(|_| self.is_hub(url)) else { return Ok(None) };
        if url.scheme() != "https" && !is_private(url) {
            let reason = "a token would be sent without encryption; use https, or unset it".to_owned();
            return Err(RemoteError::Address { url: shown(url), reason });
        }
        Ok(Some(&token.0))
    }
}

/// The runtime that carries the requests; never dropped, because a task of its own might drop it.
pub(super) fn runtime() -> Result<&'static Runtime, RemoteError> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            let built = Builder::new_multi_thread().worker_threads(2).thread_name("remote").enable_all().build();
            built.map_err(|error| error.to_string())
        })
        .as_ref()
        .map_err(|error| RemoteError::Setup(error.clone()))
}

/// Waits for a piece of work, from a thread that is not the runtime's.
pub(super) fn wait<T>(work: impl Future<Output = Result<T, RemoteError>>) -> Result<T, RemoteError> {
    runtime()?.block_on(work)
}
