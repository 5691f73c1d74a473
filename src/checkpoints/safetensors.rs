// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! To be filled.

use super::{Checkpoint, CheckpointError, CheckpointFile};

pub(super) fn open(
    _files: Vec<CheckpointFile>,
    _index: Option<&serde_json::Value>,
    _config: Option<&serde_json::Value>,
) -> Result<Checkpoint, CheckpointError> {
    Err(CheckpointError::Unsupported { what: "safetensors".to_owned(), reason: "read elsewhere".to_owned() })
}
