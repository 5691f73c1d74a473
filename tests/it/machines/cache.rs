// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A cache that is damaged, dated wrongly, in the way, or used by two at once changes no verdict.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use super::world::{Dice, World, verdict};

fn entries(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut pending) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() { pending.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_of_it_is_damaged() {
    let world = World::new();
    let clean = world.verdict();
    let kept = entries(&world.sandbox.path("cache"));
    assert!(kept.len() >= 2, "{kept:?}");
    let whole: Vec<Vec<u8>> = kept.iter().map(|path| fs::read(path).unwrap()).collect();
    let mut dice = Dice(11);
    for round in 0..10 {
        for (path, bytes) in kept.iter().zip(&whole) {
            let mut damaged = bytes.clone();
            match round {
                0 => damaged.clear(),
                1 => damaged.truncate(damaged.len() / 2),
                2 => damaged.extend_from_slice(bytes),
                _ => {
                    for _ in 0..=dice.below(4) {
                        let at = dice.below(bytes.len() as u64) as usize;
                        damaged[at] ^= 1 << dice.below(8);
                    }
                }
            }
            fs::write(path, damaged).unwrap();
        }
        assert_eq!(world.verdict(), clean, "round {round}");
    }
}

#[test]
fn its_entries_are_from_the_future_or_from_long_ago() {
    let world = World::new();
    let clean = world.verdict();
    for age in [Duration::ZERO, Duration::from_secs(8_000_000_000)] {
        for path in entries(&world.sandbox.path("cache")) {
            let file = fs::File::options().append(true).open(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + age).unwrap();
        }
        assert_eq!(world.verdict(), clean);
    }
}

#[test]
fn something_else_is_in_its_place() {
    let world = World::new();
    let clean = world.verdict();
    let cache = world.sandbox.path("cache");
    let elsewhere = world.sandbox.path("elsewhere");
    let places: [&dyn Fn(); 4] = [
        &|| fs::write(&cache, "a file").unwrap(),
        &|| std::os::unix::fs::symlink("/nowhere", &cache).unwrap(),
        &|| {
            fs::create_dir_all(&elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, &cache).unwrap();
        },
        // A folder nobody may write to, not even root.
        &|| std::os::unix::fs::symlink("/proc/sys", &cache).unwrap(),
    ];
    for place in places {
        let _ = fs::remove_dir_all(&cache);
        let _ = fs::remove_file(&cache);
        place();
        assert_eq!(world.verdict(), clean);
    }
    // Folders where entries would be.
    let _ = fs::remove_file(&cache);
    assert_eq!(world.verdict(), clean);
    for path in entries(&cache) {
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
    }
    assert_eq!(world.verdict(), clean);
}

#[test]
fn two_use_it_at_once() {
    let world = World::new();
    let clean = world.verdict();
    let check = ["check", "--tree", "HEAD", "--format", "json"];
    for _ in 0..2 {
        fs::remove_dir_all(world.sandbox.path("cache")).unwrap();
        let children: Vec<_> = (0..3)
            .map(|_| world.command(&check).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
            .collect();
        for child in children {
            assert_eq!(verdict(&child.wait_with_output().unwrap()), clean);
        }
    }
    let add = |name: &str, id: &str| {
        let arguments = ["registry", "add", name, "--id", id, "--license", "mit"];
        world.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children = [add("../bases/two", "a/Two"), add("../bases/one", "a/Three"), add("../bases/two", "a/Four")];
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (code, listed, _) = world.run(&["registry", "list"]);
    assert!(code == 0 && ["a/One", "a/Two", "a/Three", "a/Four"].iter().all(|id| listed.contains(id)), "{listed}");
    assert_eq!(world.run(&["registry", "verify"]).0, 0);
}
