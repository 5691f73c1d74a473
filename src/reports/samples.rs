// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A comparison and a report with everything in them, for the tests of the formats.

use super::{
    JudgedBy, Report, ReportedBaseline, ReportedModel, ReportedReason, SCHEMA_VERSION, Scope, Stats, Tool, Verdict,
};
use crate::evidence::{Comparison, Context, Evidence, LayerEffect, Relation, Tier};
use crate::findings::{self, Finding, Level, Obligation, ObligationState, Rule, Whereabouts};

/// A comparison with everything in it.
pub(super) fn comparison() -> Comparison {
    Comparison {
        suspect: "checkpoints/orca/model.safetensors".to_owned(),
        base: "Qwen/Qwen2.5-0.5B".to_owned(),
        relation: Relation::Derived,
        tier: Tier::Blocks,
        log10_p: Some(-41.2),
        effect: 0.87,
        mechanisms: vec![
            Evidence {
                mechanism: "aligned-samples".to_owned(),
                log10_p: Some(-41.2),
                effect: 0.87,
                null: "signs of sampled weights of two unrelated trainings agree by chance".to_owned(),
                n: 12_288,
                detail: "11,489 of 12,288 sampled signs agree in 168 of 168 matrices".to_owned(),
            },
            Evidence {
                mechanism: "row-hash".to_owned(),
                log10_p: None,
                effect: 0.0,
                null: "no row is the same by chance".to_owned(),
                n: 0,
                detail: "no row is kept unchanged".to_owned(),
            },
        ],
        layers: (0..4).map(|layer| LayerEffect { suspect_layer: layer, base_layer: layer, effect: 0.8 }).collect(),
        parts: Vec::new(),
        difference: None,
        merge: None,
        structure: None,
        context: Context::default(),
    }
}

/// The same with the finding about the card folded into the one about the weights.
pub(super) fn joined() -> Report {
    let mut report = blocked();
    report.findings = findings::join(report.findings);
    report
}

/// A report in which a push is blocked.
pub(super) fn blocked() -> Report {
    let path = "checkpoints/orca/model.safetensors";
    let finding = |rule: Rule, message: &str, remedy: &str| Finding {
        rule,
        level: rule.default_level(),
        message: message.to_owned(),
        path: Some(path.to_owned()),
        line: None,
        span: None,
        model: Some(path.to_owned()),
        base: Some("Qwen/Qwen2.5-0.5B".to_owned()),
        obligation: None,
        clause: None,
        evidence: Vec::new(),
        structure: Vec::new(),
        remedy: remedy.to_owned(),
        fingerprint: "0123456789abcdef".to_owned(),
        related: Vec::new(),
        cap: None,
        model_ids: Vec::new(),
        about: Vec::new(),
    };
    let lineage = Finding {
        evidence: comparison().mechanisms,
        ..finding(
            Rule::UndeclaredLineage,
            "checkpoints/orca/model.safetensors is consistent with derivation from Qwen/Qwen2.5-0.5B (derived), which is not declared for this path",
            "declare it in policy.toml:\n[[model]]\npaths = [\"checkpoints/orca/**\"]\norigin = \"derived\"\nbases = [{ id = \"Qwen/Qwen2.5-0.5B\", relation = \"finetune\" }]",
        )
    };
    let notice = Finding {
        obligation: Some("notice-file".to_owned()),
        clause: Some("§4(d)".to_owned()),
        ..finding(
            Rule::MissingNotice,
            "the notice of Qwen/Qwen2.5-0.5B is not in the tree",
            "add the notice to NOTICE, beside the checkpoint or at the root",
        )
    };
    let card = Finding {
        path: Some("README.md".to_owned()),
        line: Some(3),
        model: None,
        ..finding(Rule::CardMismatch, "the card names no base_model", "add `base_model: Qwen/Qwen2.5-0.5B`")
    };
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::default(),
        verdict: Verdict::Block,
        scope: Scope {
            kind: "push".to_owned(),
            refs: vec!["refs/heads/main".to_owned()],
            commits: 5,
            files: 14,
            bytes: 1_200_000_000,
        },
        models: vec![ReportedModel {
            path: path.to_owned(),
            id: "sha256:00".to_owned(),
            format: "safetensors".to_owned(),
            architecture: "Qwen2ForCausalLM".to_owned(),
            parameters: 494_032_768,
            bytes: 988_097_824,
            declared: Vec::new(),
            matches: vec![comparison()],
            searched: 12,
            ..ReportedModel::default()
        }],
        bases: Vec::new(),
        release: None,
        obligations: vec![
            obligation("license-copy", "§4(a)", Some(("LICENSE", None)), "holds the text"),
            obligation(
                "propagate-notice-file",
                "§4(d)",
                None,
                "no notice file beside the weights or above them holds it",
            ),
        ],
        findings: vec![lineage, notice, card],
        waived: Vec::new(),
        baselined: Vec::new(),
        waivers: Vec::new(),
        remarks: vec!["refs/heads/old is deleted; nothing of it is looked at".to_owned()],
        judged_by: None,
        stats: Stats { seconds: 1.32, bytes_read: 988_097_824, cache_hits: 2 },
    }
}

/// The same beside a baseline that has the first findings, this many.
pub(super) fn known_and_new(known: usize) -> Report {
    let mut report = blocked();
    report.baselined = report.findings.drain(..known).collect();
    if report.count(Level::Deny) == 0 {
        report.verdict = Verdict::Pass;
    }
    for (finding, at) in report.baselined.iter_mut().chain(&mut report.findings).zip(1..) {
        finding.fingerprint = format!("{at:016x}");
    }
    let reasons = report.baselined.first().map(|finding| ReportedReason {
        fingerprint: finding.fingerprint.clone(),
        reason: "reviewed <by legal>".to_owned(),
    });
    let baseline = ReportedBaseline { path: "baseline.toml".to_owned(), reasons: reasons.into_iter().collect() };
    report.judged_by = Some(JudgedBy { baseline: Some(baseline), ..JudgedBy::default() });
    report
}

fn obligation(kind: &str, clause: &str, place: Option<(&str, Option<u32>)>, what: &str) -> Obligation {
    Obligation {
        model: "checkpoints/orca/model.safetensors".to_owned(),
        base: "Qwen/Qwen2.5-0.5B".to_owned(),
        license: "apache-2.0".to_owned(),
        kind: kind.to_owned(),
        clause: Some(clause.to_owned()),
        state: if place.is_some() { ObligationState::Met } else { ObligationState::Missing },
        place: place.map(|(path, line)| Whereabouts { path: path.to_owned(), line }),
        what: what.to_owned(),
    }
}
