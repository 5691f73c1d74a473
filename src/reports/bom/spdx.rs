// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! SPDX 3.0.1, as JSON-LD: AI packages, their files, and what they descend from.
//!
//! In: a report, and a time if one is known. Out: JSON. The document claims no conformance with the AI profile, which
//! asks for a release time and a supplier that no weights tell; it uses the profile's classes.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::ancestors::{Ancestor, ancestors, is_incomplete, is_license_in_doubt, models, numbers};
use super::names::{address, digest, expression, package_url};
use crate::reports::{Report, ReportedModel};

/// The time that stands where none is given: the standard asks for one, and the document must not change by itself.
const NO_TIME: &str = "1970-01-01T00:00:00Z";
const CREATION: &str = "_:creation";
const NO_ASSERTION: &str = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertion";

/// Writes a report as an SPDX document.
pub fn spdx(report: &Report, created: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let draft = Graph::of(report, created, "https://forebear.dev/spdx/").document();
    let space = format!("https://forebear.dev/spdx/{}#", digest(&draft.to_string()));
    serde_json::to_writer_pretty(&mut *out, &Graph::of(report, created, &space).document())?;
    writeln!(out)
}

/// The elements, in the order in which they are made.
struct Graph<'a> {
    space: &'a str,
    created: &'a str,
    elements: Vec<Value>,
    roots: Vec<String>,
    count: usize,
}

impl<'a> Graph<'a> {
    fn of(report: &Report, created: Option<&'a str>, space: &'a str) -> Self {
        let mut graph =
            Self { space, created: created.unwrap_or(NO_TIME), elements: Vec::new(), roots: Vec::new(), count: 0 };
        let name = format!("{} {}", report.tool.name, report.tool.version);
        graph.add("SoftwareAgent", "agent", json!({"name": name}));
        for model in models(report) {
            graph.model(report, model);
        }
        graph
    }

    fn document(self) -> Value {
        let of = |element: &Value| element.get("spdxId").cloned().unwrap_or_default();
        let elements: Vec<Value> = self.elements.iter().map(of).collect();
        let roots = if self.roots.is_empty() { vec![format!("{}agent", self.space)] } else { self.roots };
        let mut graph = vec![
            json!({
                "type": "CreationInfo", "@id": CREATION, "specVersion": "3.0.1", "created": self.created,
                "createdBy": [format!("{}agent", self.space)],
            }),
            json!({
                "type": "SpdxDocument", "spdxId": format!("{}document", self.space), "creationInfo": CREATION,
                "profileConformance": ["core", "software", "simpleLicensing"],
                "rootElement": roots, "element": elements,
            }),
        ];
        graph.extend(self.elements);
        json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph})
    }

    /// Adds an element; returns its id.
    fn add(&mut self, class: &str, id: &str, fields: Value) -> String {
        let id = format!("{}{id}", self.space);
        let mut element = json!({"type": class, "spdxId": id, "creationInfo": CREATION});
        if let (Some(element), Value::Object(fields)) = (element.as_object_mut(), fields) {
            element.extend(fields);
        }
        self.elements.push(element);
        id
    }

    fn next(&mut self, kind: &str) -> String {
        self.count += 1;
        format!("{kind}-{}", self.count)
    }

    fn relate(&mut self, from: &str, kind: &str, to: &str, completeness: &str, comment: Option<&str>) -> String {
        let id = self.next("relationship");
        let mut fields = json!({"from": from, "relationshipType": kind, "to": [to], "completeness": completeness});
        if let Some(comment) = comment {
            fields["comment"] = json!(comment);
        }
        self.add("Relationship", &id, fields)
    }

    fn license(&mut self, of: &str, kind: &str, license: &str) {
        let id = self.next("license");
        let fields = json!({"simplelicensing_licenseExpression": expression(license)});
        let license = self.add("simplelicensing_LicenseExpression", &id, fields);
        self.relate(of, kind, &license, "noAssertion", None);
    }

    fn model(&mut self, report: &Report, model: &ReportedModel) {
        let id = self.next("model");
        let mut fields = json!({
            "name": model.path,
            "software_packageVersion": model.id,
            "software_primaryPurpose": "model",
            "ai_typeOfModel": [model.architecture],
            "comment": format!(
                "{}, {} parameters, compared with {} registered bases", model.format, model.parameters, model.searched
            ),
        });
        if let [file] = model.files.as_slice() {
            fields["verifiedUsing"] = json!([hash(&file.sha256)]);
        }
        let package = self.add("ai_AIPackage", &id, fields);
        self.roots.push(package.clone());
        for file in &model.files {
            let id = self.next("file");
            let fields = json!({"name": file.path, "verifiedUsing": [hash(&file.sha256)]});
            let part = self.add("software_File", &id, fields);
            self.relate(&package, "contains", &part, "complete", None);
        }
        self.licenses(report, &package);
        for name in &model.datasets {
            let id = self.next("dataset");
            let fields = json!({"name": name, "dataset_datasetType": ["noAssertion"]});
            let data = self.add("dataset_DatasetPackage", &id, fields);
            let said = "named by the model card; forebear does not look at data";
            self.relate(&package, "trainedOn", &data, "noAssertion", Some(said));
        }
        let completeness = if is_incomplete(report) { "incomplete" } else { "noAssertion" };
        for ancestor in ancestors(report, model) {
            self.ancestor(&package, &ancestor, completeness);
        }
    }

    /// Declared is what the owner says. Concluded is the same where nothing found speaks against it.
    fn licenses(&mut self, report: &Report, package: &str) {
        let Some(license) = report.release.as_ref().and_then(|release| release.license.as_ref()) else { return };
        self.license(package, "hasDeclaredLicense", license);
        if is_license_in_doubt(report) {
            let said = "findings contradict the declared license";
            self.relate(package, "hasConcludedLicense", NO_ASSERTION, "noAssertion", Some(said));
        } else {
            self.license(package, "hasConcludedLicense", license);
        }
    }

    fn ancestor(&mut self, package: &str, ancestor: &Ancestor, completeness: &str) {
        let id = self.next("base");
        let mut fields = json!({"name": ancestor.id, "software_primaryPurpose": "model"});
        if let Some(known) = ancestor.known {
            if let Some(revision) = &known.revision {
                fields["software_packageVersion"] = json!(revision);
            }
            if let Some(url) = package_url(&known.id, known.source.as_deref(), known.revision.as_deref()) {
                fields["software_packageUrl"] = json!(url);
            }
            if let Some(source) = address(known.source.as_deref()) {
                fields["software_downloadLocation"] = json!(source);
            }
        }
        let base = self.add("ai_AIPackage", &id, fields);
        if let Some(known) = ancestor.known.filter(|known| !known.license.is_empty()) {
            self.license(&base, "hasDeclaredLicense", &known.license);
        }
        let descent = self.relate(package, "descendantOf", &base, completeness, Some(&ancestor.standing()));
        if let Some(comparison) = ancestor.comparison {
            let named = numbers(comparison).into_iter().map(|(name, value)| (format!("forebear:{name}"), json!(value)));
            let statement = Value::Object(named.collect()).to_string();
            let id = self.next("evidence");
            let fields = json!({
                "subject": descent, "annotationType": "other", "contentType": "application/json", "statement": statement,
            });
            self.add("Annotation", &id, fields);
        }
    }
}

fn hash(sha256: &str) -> Value {
    json!({"type": "Hash", "algorithm": "sha256", "hashValue": sha256})
}
