// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The page as a whole: nothing hostile gets out of its place, and nothing is missing.

#![expect(clippy::unwrap_used, reason = "tests")]

use insta::assert_snapshot;

use super::html;
use crate::evidence::{Context, HeatMap, SigmaContext, SigmaCurve, Structure};
use crate::findings::ObligationState;
use crate::reports::samples::{blocked, known_and_new};
use crate::reports::{JudgedBy, Report, ReportedWaiver, Verdict};

fn written(report: &Report) -> String {
    let mut out = Vec::new();
    html(report, "2026-06-01 12:00 UTC", &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The page without style, script, and the digests that follow them.
fn body(page: &str) -> &str {
    let body = page.split_once("<body>").unwrap().1;
    body.split_once("<script>").unwrap().0
}

/// A report with every section in it.
fn full() -> Report {
    let mut report = blocked();
    let curve = |k: f64| SigmaCurve { suspect: vec![0.1, 0.2 * k, 0.3], base: vec![0.1, 0.2, 0.25] };
    let found = &mut report.models[0].matches[0];
    found.context = Context {
        sigma_profile: Some(SigmaContext {
            r: 0.97,
            per_role: [("q".to_owned(), 0.97)].into(),
            unrelated_q99: 0.98,
            curves: [("q".to_owned(), curve(1.0)), ("k".to_owned(), curve(0.5))].into(),
        }),
        ..Context::default()
    };
    found.structure = Some(Structure {
        heat_maps: vec![HeatMap {
            mechanism: "gram".to_owned(),
            base_layers: vec![0, 1],
            suspect_layers: vec![0, 1, 2],
            effect: vec![vec![0.9, 0.0, 0.0], vec![0.0, 0.8, 0.8]],
        }],
        summary: vec!["layers 0–1 → 0–1, 1 → 2".to_owned()],
        ..Structure::default()
    });
    let waived = report.findings.pop().unwrap();
    report.waivers = vec![ReportedWaiver {
        fingerprint: waived.fingerprint.clone(),
        owner: "release-team".to_owned(),
        reason: "not distributed".to_owned(),
        expires: "2026-12-31".to_owned(),
    }];
    report.waived = vec![waived];
    report.findings[1].fingerprint = "other".to_owned();
    report.obligations[1].state = ObligationState::NeedsAttestation;
    report.judged_by = Some(JudgedBy {
        date: "2026-06-01".to_owned(),
        policies: vec!["policy.toml of the base side, with the declarations of the push".to_owned()],
        registries: vec!["registry/".to_owned()],
        ..JudgedBy::default()
    });
    report
}

#[test]
fn a_small_report_reads_like_this() {
    let mut report = blocked();
    report.tool.version = "9.9.9".to_owned();
    report.models.clear();
    report.findings.drain(..2);
    report.obligations.truncate(1);
    report.verdict = Verdict::Pass;
    assert_snapshot!(body(&written(&report)).lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"), @r##"
    <a class="skip" href="#verdict">Skip to the verdict</a>
    <header class="top">
    <strong>Evidence report</strong>
    <nav aria-label="Sections">
    <a href="#verdict">Verdict</a>
    <a href="#findings">Findings</a>
    <a href="#models">Models</a>
    <a href="#obligations">Obligations</a>
    <a href="#waivers">Waivers</a>
    <a href="#unseen">Not checked</a>
    </nav>
    <button type="button" id="unfold" hidden>Open all details</button>
    <button type="button" id="theme" hidden>Switch colors</button>
    </header>
    <main>
    <section id="verdict" class="verdict pass" tabindex="-1" aria-labelledby="verdict-title">
    <h1 id="verdict-title">✓ Passed</h1>
    <p>Nothing is denied, 1 warns; no model file was found, so nothing was learned of any weights (scanned 0 artifacts).</p>
    </section>
    <dl>
    <dt>Kind</dt><dd>push</dd>
    <dt>Refs</dt><dd>refs/heads/main</dd>
    <dt>Commits</dt><dd>5 commits</dd>
    <dt>Files</dt><dd>14 files (1.2 GB)</dd>
    <dt>Model files</dt><dd>0 models</dd>
    </dl>
    <section id="findings" aria-labelledby="findings-title">
    <h2 id="findings-title">Findings</h2>
    <article class="warn">
    <h3><span class="badge">warn</span> <a href="https://github.com/forebear/forebear/blob/main/docs/rules/card-mismatch.md" rel="noreferrer">card-mismatch</a></h3>
    <p>the card names no base_model</p>
    <p class="mono">README.md:3</p>
    <p>What to do:</p>
    <pre>add `base_model: Qwen/Qwen2.5-0.5B`</pre>
    <details><summary>About this finding</summary>
    <p class="quiet">The model card&#39;s base_model, relation or license disagrees with policy or evidence.</p>
    <dl>
    <dt>Base</dt><dd>Qwen/Qwen2.5-0.5B</dd>
    <dt>Fingerprint</dt><dd class="mono">0123456789abcdef</dd>
    </dl>
    </details>
    </article>
    </section>
    <section id="models" aria-labelledby="models-title">
    <h2 id="models-title">Models</h2>
    <p>Scanned 0 artifacts: no file that looks like a model was found.</p>
    </section>
    <section id="obligations" aria-labelledby="obligations-title">
    <h2 id="obligations-title">Obligations</h2>
    <h3>checkpoints/orca/model.safetensors owes to the license of Qwen/Qwen2.5-0.5B (apache-2.0)</h3>
    <div class="scroll"><table>
    <thead><tr><th scope="col">State</th><th scope="col">Obligation</th><th scope="col">Clause</th><th scope="col">Where</th><th scope="col">What was seen</th></tr></thead>
    <tbody>
    <tr class="met"><td class="state">✓ met</td><td>license-copy</td><td>§4(a)</td><td class="mono">LICENSE</td><td>holds the text</td></tr>
    </tbody>
    </table></div>
    </section>
    <section id="waivers" aria-labelledby="waivers-title">
    <h2 id="waivers-title">Waivers</h2>
    <p>Nothing is waived.</p>
    </section>
    <section id="unseen" aria-labelledby="unseen-title">
    <h2 id="unseen-title">What was not checked</h2>
    <ul>
    <li>Scanned 0 artifacts: no file that looks like a model was found, so nothing was learned of any weights.</li>
    <li>refs/heads/old is deleted; nothing of it is looked at</li>
    </ul>
    </section>
    </main>
    <footer>
    <dl>
    <dt>Program</dt><dd>forebear 9.9.9, report format 1</dd>
    <dt>Policy</dt><dd>not told by the report this was made from</dd>
    <dt>Registries</dt><dd>not told by the report this was made from</dd>
    <dt>Checked on</dt><dd>not told by the report this was made from</dd>
    <dt>Page written</dt><dd>2026-06-01 12:00 UTC</dd>
    <dt>Took</dt><dd>1.3 s; 988.1 MB read from checkpoints, 2 fingerprints from the cache</dd>
    </dl>
    <p>Weights show descent, not intent. A p-value stands beside the null it is against; “no evidence found” speaks of what was compared and of nothing else.</p>
    </footer>
    "##);
}

#[test]
fn every_section_is_there_with_what_it_is_for() {
    let page = written(&full());
    for wanted in [
        "✕ Blocked",
        "2 findings are denied, 1 is waived",
        "id=\"model-0-lineage-title\"",
        "found, not declared",
        "id=\"model-0-base-0-heat-0-desc\"",
        "suspect 2 with base 1 (0.80)",
        "layers 0–1 → 0–1, 1 → 2",
        "the statistic has no null, and the 99th percentile of unrelated models is 0.980",
        "id=\"model-0-base-0-sigma-title\"",
        "Null: signs of sampled weights of two unrelated trainings agree by chance",
        "10⁴¹",
        "? to be attested",
        "Waived by release-team until 2026-12-31: not distributed",
        "refs/heads/old is deleted; nothing of it is looked at",
        "policy.toml of the base side",
        "2026-06-01 12:00 UTC",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    let (charts, folds) = (page.matches("role=\"img\"").count(), page.matches("<details").count());
    assert!(charts >= 3 && folds > charts, "every chart has a table: {charts} charts, {folds} folds");
}

#[test]
fn hostile_text_stays_text() {
    let evil = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x' ]]>\u{202e}\u{61c}";
    let mut report = full();
    let model = &mut report.models[0];
    (model.path, model.id, model.format, model.architecture) = (evil.into(), evil.into(), evil.into(), evil.into());
    model.declared = vec![evil.to_owned()];
    let found = &mut model.matches[0];
    found.base = evil.to_owned();
    found.parts = vec![evil.to_owned()];
    for one in &mut found.mechanisms {
        (one.mechanism, one.null, one.detail) = (evil.into(), evil.into(), evil.into());
    }
    let structure = found.structure.as_mut().unwrap();
    structure.summary = vec![evil.to_owned()];
    structure.heat_maps[0].mechanism = evil.to_owned();
    let sigma = found.context.sigma_profile.as_mut().unwrap();
    let curve = sigma.curves["q"].clone();
    sigma.curves.insert(evil.to_owned(), curve);
    for finding in report.findings.iter_mut().chain(&mut report.waived) {
        (finding.message, finding.remedy, finding.fingerprint) = (evil.into(), evil.into(), evil.into());
        (finding.path, finding.base, finding.model) = (Some(evil.into()), Some(evil.into()), Some(evil.into()));
    }
    report.waivers[0] =
        ReportedWaiver { fingerprint: evil.into(), owner: evil.into(), reason: evil.into(), expires: evil.into() };
    for one in &mut report.obligations {
        (one.kind, one.what, one.license) = (evil.into(), evil.into(), evil.into());
    }
    report.remarks = vec![evil.to_owned()];
    (report.tool.name, report.scope.kind, report.scope.refs) = (evil.into(), evil.into(), vec![evil.into()]);
    let page = written(&report);
    assert_eq!(page.matches("<script>").count(), 1, "only the page's own");
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(!page.contains("<img") && !page.contains('\u{202e}') && !page.contains('\u{61c}'));
    assert!(page.matches("&lt;img src=x onerror=alert(1)&gt;&quot; onload=&#39;x&#39;").count() > 30);
}

#[test]
fn nothing_comes_from_elsewhere_and_the_policy_names_what_is_here() {
    let page = written(&full());
    assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"), "{page}");
    let policy = page.split_once("Content-Security-Policy\" content=\"").unwrap().1.split_once('"').unwrap().0;
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"));
    for forbidden in [" style=\"", " onclick", " onload", " src=", "url(", "@import", "javascript:"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_report_of_nothing_says_so() {
    let report = Report { models: Vec::new(), findings: Vec::new(), obligations: Vec::new(), ..blocked() };
    let page = written(&report);
    assert!(page.contains("Scanned 0 artifacts") && page.contains("Nothing is waived."));
}

#[test]
fn known_findings_have_a_mark_of_their_own() {
    let page = written(&known_and_new(2));
    assert!(page.contains("Nothing is denied, 1 warns, 2 known by baseline;"), "{page}");
    let known = page.split_once("<section id=\"known\"").unwrap().1;
    assert!(!body(&page).contains("<article class=\"deny\">"), "{page}");
    assert_eq!(known.matches("<article class=\"known\">\n<h3><span class=\"badge\">known</span>").count(), 2, "{page}");
    assert!(known.contains("May pass because: reviewed &lt;by legal&gt;"), "{page}");
    assert!(!written(&blocked()).contains("Known by the baseline"));
}
