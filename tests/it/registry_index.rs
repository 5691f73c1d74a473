// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A registry of more bases than get every test: `identify` reads an index, and says what it ruled out.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use forebear::bases::{NewBase, RegistryFolder};
use forebear::fingerprint::{Detail, Fingerprint, splitmix64};
use serde_json::Value;

type Fails = Box<dyn Error>;

/// Bases beside the one that the suspect descends from.
const OTHERS: u64 = 120;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn forebear(cache: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forebear"));
    command.args(arguments).env("FOREBEAR_CACHE", cache).env_remove("FOREBEAR_REGISTRY").current_dir(root());
    command
}

fn fingerprint(model: &str, folder: &Path) -> Result<PathBuf, Fails> {
    let file = folder.join(model.replace('/', "-"));
    let path = file.display().to_string();
    let status = forebear(folder, &["fingerprint", model, "-o", &path]).stdout(Stdio::null()).status()?;
    assert!(status.success());
    Ok(file)
}

/// A fingerprint of the same shapes with nothing in common.
fn stranger(base: &Fingerprint, seed: u64) -> Fingerprint {
    let mut print = base.clone();
    let mut state = splitmix64(seed);
    let mut next = || {
        state = splitmix64(state.wrapping_add(1));
        state
    };
    // Few matrices and no sketches: the complete tests take no time, and what remains of the index are hashes and signs.
    print.matrices.truncate(6);
    print.sketches.clear();
    for matrix in &mut print.matrices {
        let hashes = &mut matrix.hashes;
        hashes.rows.iter_mut().chain(&mut hashes.columns).for_each(|hash| *hash = next());
        (hashes.exact, hashes.cast) = ([next() as u8; 16], [next() as u8; 16]);
        (hashes.exact_transposed, hashes.cast_transposed) = ([next() as u8; 16], [next() as u8; 16]);
        matrix.needles = None;
        matrix.samples.centred.iter_mut().chain(&mut matrix.transposed.centred).for_each(|value| *value = next() as i8);
    }
    print.name = format!("stranger {seed}");
    print
}

/// A registry with the bundled base and others, the suspect's fingerprint, and a cache.
fn made(folder: &Path) -> Result<(String, String, PathBuf), Fails> {
    let base = Fingerprint::read(&fingerprint("data/demo/F1", folder)?)?.reduced(Detail::Base);
    let suspect = fingerprint("tests/fixtures/zoo/F1-sft", folder)?;
    let registry = folder.join("registry");
    let opened = RegistryFolder::open_or_create(&registry)?;
    let add = |id: String, print: &Fingerprint| -> Result<(), Fails> {
        let new = NewBase {
            id,
            license: "Apache-2.0".into(),
            fingerprint: print.to_bytes()?,
            parameters: print.parameters,
            architecture: print.architecture().to_owned(),
            added: "2026-01-10".into(),
            ..NewBase::default()
        };
        opened.add(&new)?;
        Ok(())
    };
    add("northwind/Tern".into(), &base)?;
    for seed in 0..OTHERS {
        add(format!("strangers/{seed:03}"), &stranger(&base, seed))?;
    }
    Ok((registry.display().to_string(), suspect.display().to_string(), folder.join("cache")))
}

fn told(child: Child) -> Result<Value, Fails> {
    let output = child.wait_with_output()?;
    assert!(output.status.success());
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
fn an_index_rules_out_most_bases_and_is_never_believed_when_damaged() -> Result<(), Fails> {
    let folder = tempfile::tempdir()?;
    let (registry, suspect, cache) = made(folder.path())?;
    let arguments = ["identify", &suspect, "--registry", &registry, "--format", "json"];
    let start = || forebear(&cache, &arguments).stdout(Stdio::piped()).spawn();
    // Two at once, where there is no index yet.
    let (one, other) = (start()?, start()?);
    let (one, other) = (told(one)?, told(other)?);
    assert_eq!(one, other);
    assert_eq!((&one["searched"], &one["bases"]["known"]), (&Value::from(OTHERS + 1), &Value::from(OTHERS + 1)));
    assert_eq!(
        (&one["matches"][0]["base"], &one["matches"][0]["relation"]),
        (&"northwind/Tern".into(), &"derived".into())
    );
    let number = |field: &str| one["bases"][field].as_u64().unwrap_or_default();
    assert!(number("ruled_out") > OTHERS / 2 && number("compared") + number("ruled_out") == OTHERS + 1, "{one}");
    assert!(one["bases"]["by"].as_array().is_some_and(|by| by.contains(&"row-hashes".into())), "{one}");

    let mut files =
        fs::read_dir(cache.join("bases"))?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Fails>>()?;
    files.retain(|path| path.extension().is_none());
    let [index] = files.as_slice() else { panic!("one index, not {files:?}") };
    let whole = fs::read(index)?;
    for at in [3, whole.len() / 3] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(index, bytes)?;
        assert_eq!(told(start()?)?, one, "byte {at}");
        assert_eq!(fs::metadata(index)?.len(), whole.len() as u64, "byte {at}");
    }

    // The gate says the same.
    let check = ["check", "--path", "tests/fixtures/zoo/F1-sft", "--registry", &registry, "--format", "json"];
    let checked: Value = serde_json::from_slice(&forebear(&cache, &check).output()?.stdout)?;
    assert_eq!(checked["models"][0]["bases"], one["bases"]);
    assert_eq!(checked["models"][0]["matches"][0]["base"], "northwind/Tern");

    let human = forebear(&cache, &arguments[..4]).output()?;
    let human = String::from_utf8(human.stdout)?.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(human.contains("compared completely") && human.contains("ruled out by the index"), "{human}");
    Ok(())
}
