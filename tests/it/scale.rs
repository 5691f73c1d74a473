// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What docs/scale.md shows is what the scripts of contrib/ray print and hold, and the Kubernetes jobs' scripts do what they
//! are there for. The Ray job has a test of its own, contrib/ray/test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::readme::shows;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

// One test, because blessing writes the page.
#[test]
fn the_page_shows_the_kubernetes_jobs_and_what_the_cost_model_prints() {
    for (name, begin, end) in [
        ("kubernetes.yaml", "<!-- job -->\n\n", "\n<!-- end of job -->"),
        ("kubernetes-merge.yaml", "<!-- merge -->\n\n", "\n<!-- end of merge -->"),
    ] {
        let text = fs::read_to_string(root().join("contrib/ray").join(name)).unwrap();
        shows("docs/scale.md", begin, end, &format!("```yaml\n{text}```\n"));
    }
    let output = Command::new("python3").arg(root().join("contrib/ray/cost.py")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    shows("docs/scale.md", "<!-- cost -->\n\n", "\n<!-- end of cost -->", &table);
}

/// A folder that stands for the volumes of a job.
struct Volumes(TempDir);

impl Volumes {
    /// With a plan of these rows: shard, part, key, key of the whole, source.
    fn new(rows: &[[&str; 5]]) -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["plan", "out", "scratch"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let table: String = rows.iter().map(|row| row.join("\t") + "\n").collect();
        fs::write(folder.path().join("plan/shards.tsv"), table).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the script of a job as its container would.
    fn run(&self, job: &str, index: u32) -> Output {
        let text = fs::read_to_string(root().join("contrib/ray").join(job)).unwrap();
        let job: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let container = &job["spec"]["template"]["spec"]["containers"][0];
        let words: Vec<&str> = ["command", "args"]
            .iter()
            .flat_map(|key| container[key].as_array().unwrap())
            .map(|word| word.as_str().unwrap())
            .collect();
        let program = Path::new(env!("CARGO_BIN_EXE_forebear"));
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        Command::new(words[0])
            .args(&words[1..])
            .env("PATH", path)
            .env("JOB_COMPLETION_INDEX", index.to_string())
            .env("HOSTNAME", "pod")
            .env("PLAN", self.path("plan"))
            .env("OUT", self.path("out"))
            .env("SCRATCH", self.path("scratch"))
            .env("FOREBEAR_CACHE", self.path("scratch/cache"))
            .output()
            .unwrap()
    }

    fn kept(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path("out"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn the_indexed_job_does_its_shards_and_the_merge_makes_the_bytes_of_one_pass() {
    let (one, other) = (root().join("data/demo/F1"), root().join("data/demo/F1-cpt"));
    let (one, other) = (one.to_str().unwrap(), other.to_str().unwrap());
    let volumes = Volumes::new(&[
        ["0", "1/1", "missing", "missing", "/nowhere"],
        ["0", "1/1", "a", "a", one],
        ["1", "1/2", "b1", "b", other],
        ["2", "2/2", "b2", "b", other],
    ]);
    let job = |index| volumes.run("kubernetes.yaml", index);
    let merge = || volumes.run("kubernetes-merge.yaml", 0);
    let first = job(0);
    assert!(!first.status.success(), "a model that is not there fails its shard, after the others are done");
    assert!(String::from_utf8_lossy(&first.stderr).contains("failed: shard 0, part 1/1 of /nowhere"));
    assert!(job(1).status.success());
    assert!(!merge().status.success(), "a part is missing");
    assert!(job(2).status.success());
    assert!(!job(3).status.success(), "there is no such shard");
    assert!(merge().status.success());
    assert_eq!(volumes.kept(), ["a", "b", "b1", "b2"]);
    for (key, source) in [("a", one), ("b", other)] {
        let alone = volumes.path("alone");
        let program = env!("CARGO_BIN_EXE_forebear");
        let made = Command::new(program).args(["fingerprint", source, "--save"]).arg(&alone).output().unwrap();
        assert!(made.status.success());
        assert!(fs::read(volumes.path("out").join(key)).unwrap() == fs::read(&alone).unwrap(), "{key}");
    }
    let changed = || fs::metadata(volumes.path("out/b1")).unwrap().modified().unwrap();
    let before = changed();
    assert!(job(1).status.success());
    assert_eq!(changed(), before, "what is there is not done again");
}
