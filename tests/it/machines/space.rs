// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! No room to write, and objects that change or end while they are read.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::world::{Dice, World, files, model, said};
use crate::push::rules;

/// Runs a command that may write this many blocks of 512 bytes into one file.
fn limited(world: &World, blocks: u32, arguments: &[&str]) -> (i32, String, String) {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let mut command = world.git.command("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_forebear")]).args(arguments);
    said(&command.env("FOREBEAR_CACHE", world.sandbox.path("cache")).output().unwrap())
}

#[test]
fn what_cannot_be_written_to_its_end_is_not_there() {
    let world = World::new();
    world.git.write("print.safetensors", "from before");
    let before = files(&world.git.path);
    for arguments in [
        &["fingerprint", "m", "-o", "print.safetensors", "--no-cache"][..],
        &["registry", "add", "../bases/two", "--id", "a/Two", "--license", "mit", "--no-cache"],
        &["fix"],
        &["init", "--yes"],
        &["check", "--tree", "HEAD", "--output", "print.safetensors"],
    ] {
        let (code, _, said) = limited(&world, 0, arguments);
        assert_eq!(code, 2, "{arguments:?}: {said}");
        assert!(
            said.contains("failed to write") || said.contains("cannot write") || said.contains("too large"),
            "{said}"
        );
        assert_eq!(files(&world.git.path), before, "{arguments:?}");
    }
}

#[test]
fn a_cache_without_room_changes_no_verdict() {
    let world = World::new();
    let clean = world.verdict();
    fs::remove_dir_all(world.sandbox.path("cache")).unwrap();
    for blocks in [0, 1, 8] {
        let (code, stdout, said) = limited(&world, blocks, &["check", "--tree", "HEAD", "--format", "json"]);
        let mut report: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{said}"));
        report["stats"] = serde_json::Value::Null;
        assert_eq!((code, report), clean, "{blocks}");
    }
}

#[test]
fn a_report_that_nobody_can_keep_is_no_pass() {
    let world = World::new();
    world.git.git("rm --quiet -r m");
    world.git.commit("Without a model");
    assert_eq!(world.run(&["check", "--tree", "HEAD"]).0, 0);
    for format in ["human", "json", "sarif", "junit"] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = world.command(&["check", "--tree", "HEAD", "--format", format]);
        let status = command.stdout(Stdio::from(full)).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(2), "{format}");
    }
}

#[test]
fn a_device_is_not_renamed_away() {
    let world = World::new();
    let device = world.sandbox.path("device");
    assert!(world.git.command("mkfifo").arg(&device).status().unwrap().success());
    let (code, _, said) = world.run(&["check", "--tree", "HEAD", "--output", &device.to_string_lossy()]);
    assert!(code == 2 && said.contains("it is no file"), "{said}");
    assert!(fs::symlink_metadata(&device).unwrap().file_type().is_fifo());
}

#[test]
fn a_registry_that_cannot_be_written_is_an_error() {
    let world = World::new();
    let (code, _, said) = world.run(&[
        "registry",
        "add",
        "../bases/two",
        "--id",
        "a/Two",
        "--license",
        "mit",
        "--registry",
        "/proc/sys/none",
    ]);
    assert!(code == 2 && said.contains("/proc/sys/none"), "{said}");
}

/// A repository whose model is a Git LFS object, and where that lies.
fn with_object(world: &World, bytes: &[u8]) -> std::path::PathBuf {
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    world.git.write(
        "m/model.safetensors",
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {}\n", bytes.len()),
    );
    world.git.commit("Keep it in Git LFS");
    let place = world.git.path.join(".git/lfs/objects").join(&digest[..2]).join(&digest[2..4]).join(&digest);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, bytes).unwrap();
    place
}

fn could_not_check(world: &World, place: &Path, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => fs::write(place, bytes).unwrap(),
        None => fs::remove_file(place).unwrap(),
    }
    let (code, said, _) = world.run(&["check", "--tree", "HEAD"]);
    assert_eq!(code, 2, "{said}");
    let found = rules(&said, "deny");
    assert!(
        found.iter().all(|rule| rule == "unverifiable-artifact" || rule == "missing-lfs-object") && !found.is_empty(),
        "{said}"
    );
}

#[test]
fn an_object_that_is_cut_altered_or_gone_could_not_be_checked() {
    let world = World::new();
    let whole = model(1);
    let place = with_object(&world, &whole);
    assert_eq!(world.verdict().0, 1);
    // Known from before, and damaged since then, with the time of the file as it was.
    let time = fs::metadata(&place).unwrap().modified().unwrap();
    let mut altered = whole.clone();
    *altered.last_mut().unwrap() ^= 1;
    fs::write(&place, &altered).unwrap();
    fs::File::options().append(true).open(&place).unwrap().set_modified(time + Duration::from_millis(1)).unwrap();
    could_not_check(&world, &place, Some(&altered));
    could_not_check(&world, &place, Some(&whole[..whole.len() - 1]));
    could_not_check(&world, &place, Some(&[whole.as_slice(), b"x"].concat()));
    could_not_check(&world, &place, Some(b""));
    could_not_check(&world, &place, None);
    fs::write(&place, &whole).unwrap();
    assert_eq!(world.verdict().0, 1);
}

#[test]
fn an_object_that_changes_while_it_is_read_is_told_or_was_read_before() {
    let world = World::new();
    let whole = model(1);
    let place = with_object(&world, &whole);
    let began = std::time::Instant::now();
    let clean = world.verdict();
    let took = began.elapsed().as_micros() as u64;
    let mut dice = Dice(5);
    for round in 0..8 {
        let _ = fs::remove_dir_all(world.sandbox.path("cache"));
        fs::write(&place, &whole).unwrap();
        let mut command = world.command(&["check", "--tree", "HEAD"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        sleep(Duration::from_micros(dice.below(took)));
        let file = fs::File::options().write(true).open(&place).unwrap();
        file.set_len(dice.below(whole.len() as u64)).unwrap();
        let (code, stdout, stderr) = said(&child.wait_with_output().unwrap());
        let expected = if code == clean.0 { "undeclared-lineage" } else { "unverifiable-artifact" };
        assert!(rules(&stdout, "deny").iter().any(|rule| rule == expected), "round {round}, {code}: {stdout}{stderr}");
    }
}
