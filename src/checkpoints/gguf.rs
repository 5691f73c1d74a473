// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! To be filled.

use super::{Checkpoint, CheckpointError, CheckpointFile};

pub(super) fn open(_files: Vec<CheckpointFile>) -> Result<Checkpoint, CheckpointError> {
    Err(CheckpointError::Unsupported { what: "gguf".to_owned(), reason: "read elsewhere".to_owned() })
}
