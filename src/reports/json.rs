// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! JSON, for other programs.
//!
//! In: any of the reports. Out: one JSON document with a new line at its end; numbers that JSON cannot
//! hold become `null`.

use std::io::{self, Write};

use serde::Serialize;

/// Writes a report as JSON.
pub fn json<T: Serialize>(report: &T, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::samples::{blocked, joined};
    use crate::reports::{IdentifyReport, Report, SCHEMA_VERSION};

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn a_report_survives_being_written_and_read() -> TestResult {
        let report = blocked();
        let mut text = Vec::new();
        json(&report, &mut text)?;
        assert_eq!(serde_json::from_slice::<Report>(&text)?, report);
        Ok(())
    }

    #[test]
    fn the_fields_are_those_that_were_promised() -> TestResult {
        let value = serde_json::to_value(blocked())?;
        let keys = |pointer: &str| -> Vec<String> {
            let object = value.pointer(pointer).and_then(serde_json::Value::as_object);
            object.map(|object| object.keys().cloned().collect()).unwrap_or_default()
        };
        assert_eq!(
            keys(""),
            [
                "schema_version",
                "tool",
                "verdict",
                "scope",
                "models",
                "obligations",
                "findings",
                "waived",
                "remarks",
                "stats"
            ]
        );
        assert_eq!(keys("/tool"), ["name", "version"]);
        assert_eq!(keys("/scope"), ["kind", "refs", "commits", "files", "bytes"]);
        assert_eq!(keys("/stats"), ["seconds", "bytes_read", "cache_hits"]);
        assert_eq!(value.pointer("/verdict"), Some(&"block".into()));
        assert_eq!(
            keys("/findings/0"),
            [
                "rule",
                "level",
                "message",
                "path",
                "line",
                "span",
                "model",
                "base",
                "obligation",
                "clause",
                "evidence",
                "remedy",
                "fingerprint"
            ]
        );
        assert_eq!(keys("/obligations/0"), ["model", "base", "license", "kind", "clause", "state", "where", "what"]);
        assert_eq!(keys("/obligations/0/where"), ["path", "line"]);
        assert_eq!(keys("/findings/0/evidence/0"), ["mechanism", "log10_p", "effect", "null", "n", "detail"]);
        Ok(())
    }

    #[test]
    fn what_supports_a_finding_has_fields_of_its_own() -> TestResult {
        let value = serde_json::to_value(joined())?;
        let related = value.pointer("/findings/0/related/0").and_then(serde_json::Value::as_object);
        let keys: Vec<&String> = related.into_iter().flat_map(serde_json::Map::keys).collect();
        assert_eq!(keys, ["rule", "level", "message", "path", "line", "remedy", "fingerprint"]);
        assert_eq!(serde_json::from_value::<Report>(value)?, joined());
        Ok(())
    }

    #[test]
    fn what_is_written_fits_its_schema() -> TestResult {
        let schema = serde_json::to_value(schemars::schema_for!(Report))?;
        let validator = jsonschema::validator_for(&schema)?;
        let good = serde_json::to_value(blocked())?;
        assert!(validator.is_valid(&good));
        let mut bad = good;
        bad["verdict"] = "perhaps".into();
        assert!(!validator.is_valid(&bad));
        Ok(())
    }

    #[test]
    fn numbers_that_json_cannot_hold_become_null() -> TestResult {
        let mut report = blocked();
        report.stats.seconds = f64::NAN;
        assert!(serde_json::to_value(&report)?["stats"]["seconds"].is_null());
        let nothing = IdentifyReport {
            schema_version: SCHEMA_VERSION,
            path: "m".to_owned(),
            matches: Vec::new(),
            searched: 0,
            bases: None,
            glance: None,
        };
        let mut text = Vec::new();
        json(&nothing, &mut text)?;
        assert_eq!(
            String::from_utf8(text)?,
            "{\n  \"schema_version\": 1,\n  \"path\": \"m\",\n  \"matches\": [],\n  \"searched\": 0\n}\n"
        );
        Ok(())
    }
}
