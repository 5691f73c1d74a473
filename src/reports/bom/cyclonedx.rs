// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! CycloneDX 1.6: a machine-learning bill of materials, ECMA-424.
//!
//! In: a report, and a time if one is wished for. Out: JSON. Ancestors stand in `pedigree.ancestors`; the numbers
//! behind each are its properties in the namespace `forebear`, which docs/bom.md describes.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::ancestors::{Ancestor, ancestors, is_incomplete, models, numbers};
use super::names::{address, expression, package_url, uuid};
use crate::reports::{Report, ReportedModel};

/// Writes a report as a CycloneDX document.
pub fn cyclonedx(report: &Report, created: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let mut metadata = json!({
        "tools": {"components": [{"type": "application", "name": report.tool.name, "version": report.tool.version}]},
    });
    if let Some(created) = created {
        metadata["timestamp"] = json!(created);
    }
    if let Some(name) = report.release.as_ref().and_then(|release| release.name.as_ref()) {
        let mut release = json!({"type": "machine-learning-model", "bom-ref": "release", "name": name});
        license(&mut release, report);
        metadata["component"] = release;
    }
    let models = models(report);
    let components: Vec<Value> =
        models.iter().enumerate().map(|(index, model)| component(report, model, index)).collect();
    let references: Vec<String> = (0..models.len()).map(reference).collect();
    // Even where everything could be read, the registry holds some bases and not all there are.
    let aggregate = if is_incomplete(report) { "incomplete" } else { "unknown" };
    let mut body = Map::new();
    body.insert("version".to_owned(), json!(1));
    body.insert("metadata".to_owned(), metadata);
    body.insert("components".to_owned(), json!(components));
    body.insert("compositions".to_owned(), json!([{"aggregate": aggregate, "assemblies": references}]));
    body.insert("properties".to_owned(), of_the_check(report));
    let mut document = Map::new();
    document.insert("$schema".to_owned(), json!("http://cyclonedx.org/schema/bom-1.6.schema.json"));
    document.insert("bomFormat".to_owned(), json!("CycloneDX"));
    document.insert("specVersion".to_owned(), json!("1.6"));
    let serial = uuid(&Value::Object(body.clone()).to_string());
    document.insert("serialNumber".to_owned(), json!(format!("urn:uuid:{serial}")));
    document.extend(body);
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn reference(index: usize) -> String {
    format!("model-{}", index + 1)
}

fn component(report: &Report, model: &ReportedModel, index: usize) -> Value {
    let mut component = json!({
        "type": "machine-learning-model",
        "bom-ref": reference(index),
        "name": model.path,
        "version": model.id,
    });
    if let [file] = model.files.as_slice() {
        component["hashes"] = json!([{"alg": "SHA-256", "content": file.sha256}]);
    }
    license(&mut component, report);
    let ancestors: Vec<Value> = ancestors(report, model).iter().map(ancestor).collect();
    if !ancestors.is_empty() {
        component["pedigree"] = json!({"ancestors": ancestors});
    }
    if model.files.len() > 1 {
        let part = |file: &crate::reports::ReportedFile| json!({"type": "file", "name": file.path, "hashes": [{"alg": "SHA-256", "content": file.sha256}]});
        component["components"] = model.files.iter().map(part).collect();
    }
    let mut parameters = json!({"modelArchitecture": model.architecture});
    if !model.datasets.is_empty() {
        let data = |name: &String| json!({"type": "dataset", "name": name});
        parameters["datasets"] = model.datasets.iter().map(data).collect();
    }
    component["modelCard"] = json!({"modelParameters": parameters});
    component["properties"] = properties(&[
        ("model-id", model.id.clone()),
        ("format", model.format.clone()),
        ("parameters", model.parameters.to_string()),
        ("bytes", model.bytes.to_string()),
        ("bases-searched", model.searched.to_string()),
    ]);
    component
}

/// What the owner declares. What forebear concludes of it stands among the findings.
fn license(component: &mut Value, report: &Report) {
    if let Some(license) = report.release.as_ref().and_then(|release| release.license.as_ref()) {
        component["licenses"] = json!([{"expression": expression(license), "acknowledgement": "declared"}]);
    }
}

fn ancestor(ancestor: &Ancestor) -> Value {
    let mut value = json!({"type": "machine-learning-model", "name": ancestor.id, "description": ancestor.standing()});
    if let Some(known) = ancestor.known {
        if let Some(revision) = &known.revision {
            value["version"] = json!(revision);
        }
        if !known.license.is_empty() {
            value["licenses"] = json!([{"expression": expression(&known.license)}]);
        }
        if let Some(url) = package_url(&known.id, known.source.as_deref(), known.revision.as_deref()) {
            value["purl"] = json!(url);
        }
        if let Some(source) = address(known.source.as_deref()) {
            value["externalReferences"] = json!([{"type": "distribution", "url": source}]);
        }
    }
    let mut named = vec![
        ("declared".to_owned(), ancestor.declared.to_string()),
        ("registered".to_owned(), ancestor.known.is_some().to_string()),
    ];
    named.extend(ancestor.comparison.map(numbers).unwrap_or_default());
    value["properties"] = properties(&named);
    value
}

fn of_the_check(report: &Report) -> Value {
    let verdict = serde_json::to_value(report.verdict).ok().and_then(|value| value.as_str().map(str::to_owned));
    let mut named = vec![("verdict".to_owned(), verdict.unwrap_or_default())];
    for digest in report.judged_by.iter().flat_map(|judged| &judged.digests) {
        named.push((format!("{}-sha256", digest.what), digest.sha256.clone()));
    }
    for finding in &report.findings {
        let text = format!("{}: {}", finding.level.name(), finding.message);
        named.push((format!("finding:{}", finding.rule.id()), text));
    }
    for owed in &report.obligations {
        let state = serde_json::to_value(owed.state).ok().and_then(|value| value.as_str().map(str::to_owned));
        let text = format!("{}: {} of {}, {}", state.unwrap_or_default(), owed.kind, owed.base, owed.model);
        named.push((format!("obligation:{}", owed.license), text));
    }
    properties(&named)
}

fn properties<N: AsRef<str>>(named: &[(N, String)]) -> Value {
    named.iter().map(|(name, value)| json!({"name": format!("forebear:{}", name.as_ref()), "value": value})).collect()
}
