// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear demo`: the whole story in a throw-away repository.
//!
//! In: nothing. Out: a derivative that is pushed, blocked, explained, put in order, and pushed again. Everything is
//! done by running git and this program, as a person would; the models are real, small, and part of the program.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output as Finished};

use anyhow::{Context, bail, ensure};
use clap::Args;
use forebear::licenses;

use super::arguments::Globals;
use super::output::Output;
use super::run::Outcome;

/// Show the whole story in a throw-away repository
///
/// A small derivative is pushed and blocked, the finding is explained, the repository is put in order, and
/// the push goes through. Nothing outside a temporary folder is touched.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Keep the repository in this folder, which must not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

/// A language model with 250,000 parameters, trained from scratch.
const BASE: &[(&str, &[u8])] = &[
    ("model.safetensors", include_bytes!("../../data/demo/F1/model.safetensors")),
    ("config.json", include_bytes!("../../data/demo/F1/config.json")),
];
/// The same, trained on at full learning rate on other data: no value is left as it was.
const DERIVATIVE: &[(&str, &[u8])] = &[
    ("model.safetensors", include_bytes!("../../data/demo/F1-cpt/model.safetensors")),
    ("config.json", include_bytes!("../../data/demo/F1-cpt/config.json")),
];
const BASE_NOTICE: &str = "Tern\nCopyright 2026 Northwind Research\n";

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let mut out = Output::open(globals)?;
    let temporary = tempfile::Builder::new().prefix("forebear-demo-").tempdir()?;
    let top = match &arguments.keep {
        Some(folder) => {
            fs::create_dir(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            fs::canonicalize(folder)?
        }
        None => temporary.path().to_owned(),
    };
    Demo { top, out: &mut out }.play()?;
    if let Some(folder) = &arguments.keep {
        writeln!(out, "\nkept in {}", folder.display())?;
    }
    out.finish()?;
    Ok(Outcome::Pass)
}

struct Demo<'a> {
    top: PathBuf,
    out: &'a mut Output,
}

impl Demo<'_> {
    fn play(&mut self) -> anyhow::Result<()> {
        self.step("1. Northwind publishes a base model, Tern. Acme registers its fingerprint, once.")?;
        self.files("tern", BASE)?;
        self.text("tern/LICENSE", apache()?)?;
        self.text("tern/NOTICE", BASE_NOTICE)?;
        let git = "-c init.defaultBranch=main init --quiet";
        self.git(&format!("{git} --bare hub.git"))?;
        self.git(&format!("{git} orca"))?;
        self.git("-C orca config user.name Acme")?;
        self.git("-C orca config user.email release@acme.example")?;
        self.git("-C orca remote add hub ../hub.git")?;
        let add = "registry add ../tern --id northwind/Tern-250K --license Apache-2.0";
        self.forebear(add)?;
        self.text("orca/README.md", CARD)?;
        self.commit("Register the base model we know", "README.md registry")?;
        self.git("-C orca push --quiet hub main")?;

        self.step("2. Somebody adds a model \"trained from scratch\" and pushes. The hook looks at the weights.")?;
        self.forebear("hook install")?;
        self.files("orca/checkpoints/orca", DERIVATIVE)?;
        self.text("orca/policy.toml", &[POLICY, FROM_SCRATCH].concat())?;
        self.commit("Add Orca, trained from scratch", "policy.toml checkpoints")?;
        let blocked = self.push()?;
        ensure!(!blocked.status.success(), "the push was not blocked");

        self.step("3. Acme puts the release in order: lineage declared, license and notice shipped, card corrected.")?;
        self.text("orca/policy.toml", &[POLICY, DECLARED].concat())?;
        self.text("orca/LICENSE", apache()?)?;
        self.text("orca/NOTICE", &format!("Orca\nCopyright 2026 Acme\n\nThis model is based on Tern.\n{BASE_NOTICE}"))?;
        self.text("orca/README.md", CARD_IN_ORDER)?;
        self.shown("git diff --stat", "git", "-C orca diff --stat HEAD")?;
        self.commit("Declare the base, ship its license and notice", "policy.toml LICENSE NOTICE README.md")?;
        let passed = self.push()?;
        ensure!(passed.status.success(), "the push was blocked although the release is in order");
        Ok(())
    }

    fn step(&mut self, text: &str) -> anyhow::Result<()> {
        let strong = self.out.look.strong(text);
        Ok(writeln!(self.out, "\n{strong}\n")?)
    }

    fn push(&mut self) -> anyhow::Result<Finished> {
        let finished = self.show("git push hub main", "git", "-C orca push hub main")?;
        let code = finished.status.code().map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        writeln!(self.out, "    (git push ended with {code})")?;
        Ok(finished)
    }

    /// Runs a command of this program inside the repository, and shows both.
    fn forebear(&mut self, arguments: &str) -> anyhow::Result<()> {
        let program = env::current_exe().context("cannot tell where this program is")?;
        self.shown(&format!("forebear {arguments}"), program, arguments)
    }

    /// Runs a command that must succeed, and shows it.
    fn shown(&mut self, said: &str, program: impl AsRef<OsStr>, arguments: &str) -> anyhow::Result<()> {
        let finished = self.show(said, program, arguments)?;
        ensure!(finished.status.success(), "{said} failed");
        Ok(())
    }

    fn show(&mut self, said: &str, program: impl AsRef<OsStr>, arguments: &str) -> anyhow::Result<Finished> {
        let strong = self.out.look.strong(&format!("$ {said}"));
        writeln!(self.out, "    {strong}")?;
        let inside = if arguments.starts_with("-C ") { self.top.clone() } else { self.top.join("orca") };
        let finished = self.command(program, arguments, &inside)?;
        for stream in [&finished.stdout, &finished.stderr] {
            for line in String::from_utf8_lossy(stream).lines() {
                // git ends lines that may be overwritten with spaces.
                writeln!(self.out, "{}", format!("    {line}").trim_end())?;
            }
        }
        Ok(finished)
    }

    fn commit(&self, message: &str, paths: &str) -> anyhow::Result<()> {
        self.git(&format!("-C orca add {paths}"))?;
        let mut command = self.prepared("git", &self.top.join("orca"));
        let finished = command.args(["commit", "--quiet", "--message", message]).output()?;
        succeeded("git commit", &finished)
    }

    fn git(&self, arguments: &str) -> anyhow::Result<()> {
        succeeded(&format!("git {arguments}"), &self.command("git", arguments, &self.top)?)
    }

    fn command(&self, program: impl AsRef<OsStr>, arguments: &str, folder: &Path) -> anyhow::Result<Finished> {
        let name = program.as_ref().to_string_lossy().into_owned();
        self.prepared(program, folder)
            .args(arguments.split(' '))
            .output()
            .with_context(|| format!("failed to run {name}"))
    }

    /// A command that nothing of the user's configuration reaches.
    fn prepared(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("GIT_") || text.starts_with("FOREBEAR_") {
                command.env_remove(&name);
            }
        }
        command
            .env("GIT_CONFIG_GLOBAL", self.top.join("no-configuration"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("COLUMNS", "96");
        command
    }

    fn files(&self, folder: &str, files: &[(&str, &[u8])]) -> anyhow::Result<()> {
        for (name, bytes) in files {
            self.write(&format!("{folder}/{name}"), bytes)?;
        }
        Ok(())
    }

    fn text(&self, path: &str, text: &str) -> anyhow::Result<()> {
        self.write(path, text.as_bytes())
    }

    fn write(&self, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.top.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, bytes).with_context(|| format!("failed to write {}", path.display()))
    }
}

fn succeeded(said: &str, finished: &Finished) -> anyhow::Result<()> {
    if !finished.status.success() {
        bail!("{said} failed: {}", String::from_utf8_lossy(&finished.stderr).trim());
    }
    Ok(())
}

fn apache() -> anyhow::Result<&'static str> {
    licenses::text("apache-2.0").context("the text of Apache-2.0 is not part of this build")
}

const POLICY: &str = r#"schema = 1

[release]
name = "acme/Orca-250K"
license = "Apache-2.0"
branches = ["main"]

[rules]
checkpoint-outside-lfs = "allow"   # half a megabyte

[[model]]
paths = ["checkpoints/orca/**"]
"#;
const FROM_SCRATCH: &str = "origin = \"from-scratch\"\n";
const DECLARED: &str = r#"origin = "derived"
bases = [{ id = "northwind/Tern-250K", relation = "continued-pretraining" }]
"#;

const CARD: &str = "---\nlicense: apache-2.0\n---\n# Orca\n\nA small language model, trained from scratch by Acme.\n";

const CARD_IN_ORDER: &str = "---\nlicense: apache-2.0\nbase_model: northwind/Tern-250K\nbase_model_relation: finetune\n---\n# Orca\n\nA small language model: Tern by Northwind Research, trained on by Acme on prose.\n";
