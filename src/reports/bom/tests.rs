// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Bills of materials against the official schema, and what they say.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::error::Error;

use jsonschema::{Retrieve, Uri, Validator};
use serde_json::Value;

use super::*;
use crate::reports::samples::blocked;
use crate::reports::{Report, ReportedBase, ReportedFile, ReportedRelease, Verdict};

const CYCLONEDX: &str = include_str!("../../../tests/fixtures/schemas/bom-1.6.SNAPSHOT.schema.json");
const LICENSES: &str = include_str!("../../../tests/fixtures/schemas/spdx.SNAPSHOT.schema.json");
const SIGNATURES: &str = include_str!("../../../tests/fixtures/schemas/jsf-0.82.SNAPSHOT.schema.json");

struct Shipped;

impl Retrieve for Shipped {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let text = if uri.as_str().contains("/spdx.") { LICENSES } else { SIGNATURES };
        Ok(serde_json::from_str(text)?)
    }
}

fn validator() -> Validator {
    jsonschema::options().with_retriever(Shipped).build(&serde_json::from_str(CYCLONEDX).unwrap()).unwrap()
}

fn written(
    write: fn(&Report, Option<&str>, &mut dyn std::io::Write) -> std::io::Result<()>,
    report: &Report,
) -> String {
    let mut text = Vec::new();
    write(report, None, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// A report with a declared and an undeclared base, several files, and text that is not to be trusted.
fn report() -> Report {
    let mut report = blocked();
    report.release = Some(ReportedRelease { name: Some("acme/Orca".into()), license: Some("llama3.1".into()) });
    let base = report.models[0].matches[0].base.clone();
    report.bases = vec![ReportedBase {
        id: base.clone(),
        license: "apache-2.0".into(),
        source: Some(format!("https://huggingface.co/{base}")),
        revision: Some("ABC123".into()),
    }];
    let model = &mut report.models[0];
    model.declared = vec!["acme/\u{1b}[31mghost\"<script>".into()];
    model.datasets = vec!["acme/data".into()];
    let file = |path: &str| ReportedFile { path: path.into(), sha256: "ab".repeat(32), bytes: 1 };
    model.files = vec![file("a.safetensors"), file("b.safetensors")];
    let mut single = model.clone();
    single.path = "single.safetensors".into();
    single.files = vec![file("single.safetensors")];
    report.models.push(single);
    report
}

#[test]
fn what_is_written_fits_the_schema_of_cyclonedx() {
    let validator = validator();
    let nothing = Report { models: Vec::new(), findings: Vec::new(), obligations: Vec::new(), ..blocked() };
    for report in [report(), blocked(), nothing] {
        let document: Value = serde_json::from_str(&written(cyclonedx, &report)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0]);
    }
    let mut wrong: Value = serde_json::from_str(&written(cyclonedx, &report())).unwrap();
    wrong["components"][0]["type"] = "model".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn ancestors_are_declared_and_measured_with_their_numbers() {
    let document: Value = serde_json::from_str(&written(cyclonedx, &report())).unwrap();
    let ancestors = document["components"][0]["pedigree"]["ancestors"].as_array().unwrap();
    assert_eq!(ancestors.len(), 2);
    assert_eq!(ancestors[0]["description"], "declared; no evidence found in the weights");
    let measured = &ancestors[1];
    assert_eq!(measured["purl"], "pkg:huggingface/Qwen/Qwen2.5-0.5B@abc123");
    assert_eq!(measured["licenses"][0]["expression"], "Apache-2.0");
    let properties = measured["properties"].as_array().unwrap();
    let value =
        |name: &str| properties.iter().find(|one| one["name"] == name).map(|one| one["value"].as_str().unwrap());
    assert_eq!(value("forebear:declared"), Some("false"));
    assert!(value("forebear:log10-p").is_some());
    let mechanism = properties.iter().find(|one| one["name"].as_str().unwrap().starts_with("forebear:mechanism:"));
    assert!(mechanism.unwrap()["value"].as_str().unwrap().contains("; null: "), "a number stands beside its null");
    assert_eq!(document["metadata"]["component"]["licenses"][0]["expression"], "LicenseRef-llama3.1");
}

#[test]
fn what_could_not_be_looked_at_makes_it_incomplete() {
    let aggregate = |report: &Report| -> Value {
        let document: Value = serde_json::from_str(&written(cyclonedx, report)).unwrap();
        document["compositions"][0]["aggregate"].clone()
    };
    assert_eq!(aggregate(&report()), "unknown");
    assert_eq!(aggregate(&Report { verdict: Verdict::Error, ..report() }), "incomplete");
}

#[test]
fn the_same_report_gives_the_same_bytes_and_another_gives_other_names() {
    let other = Report { verdict: Verdict::Error, ..report() };
    for write in [cyclonedx, spdx] {
        assert_eq!(written(write, &report()), written(write, &report()));
    }
    let serial = |report: &Report| -> Value {
        serde_json::from_str::<Value>(&written(cyclonedx, report)).unwrap()["serialNumber"].clone()
    };
    assert_ne!(serial(&report()), serial(&other));
    assert!(!written(cyclonedx, &report()).contains("timestamp"));
    let mut timed = Vec::new();
    cyclonedx(&report(), Some("2026-01-31T12:00:00Z"), &mut timed).unwrap();
    assert!(String::from_utf8(timed).unwrap().contains("\"timestamp\": \"2026-01-31T12:00:00Z\""));
}

#[test]
fn spdx_says_what_descends_from_what_and_every_reference_is_there() {
    let document: Value = serde_json::from_str(&written(spdx, &report())).unwrap();
    let graph = document["@graph"].as_array().unwrap();
    let of = |class: &str| -> Vec<&Value> { graph.iter().filter(|one| one["type"] == class).collect() };
    let ids: Vec<&str> = graph.iter().filter_map(|one| one["spdxId"].as_str()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
    for relationship in of("Relationship") {
        for end in [&relationship["from"], &relationship["to"][0]] {
            assert!(ids.contains(&end.as_str().unwrap()), "{end}");
        }
    }
    let descents: Vec<&Value> =
        of("Relationship").into_iter().filter(|one| one["relationshipType"] == "descendantOf").collect();
    assert_eq!(descents.len(), 4, "two models, each of two bases");
    assert_eq!(descents[0]["comment"], "declared; no evidence found in the weights");
    assert_eq!(of("dataset_DatasetPackage").len(), 2);
    let evidence: Value = serde_json::from_str(of("Annotation")[0]["statement"].as_str().unwrap()).unwrap();
    assert_eq!(evidence["forebear:relation"], "derived");
}
