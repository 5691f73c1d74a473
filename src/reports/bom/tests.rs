// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Bills of materials against the official schema, and what they say.

#![expect(clippy::unwrap_used, reason = "tests")]

use jsonschema::{Registry, Resource};
use serde_json::Value;

use super::*;
use crate::reports::samples::blocked;
use crate::reports::{Report, ReportedBase, ReportedFile, ReportedRelease};

const SCHEMA: &str = include_str!("../../../tests/fixtures/schemas/bom-1.6.SNAPSHOT.schema.json");
