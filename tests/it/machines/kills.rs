// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The program is killed at any moment; run again, it gives what it would have given, and no file is half written.
//!
//! `FOREBEAR_KILLS=100` kills each command a hundred times.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::world::{Dice, World, files, temporary};

/// Kills each command this many times.
fn kills(few: u64) -> u64 {
    std::env::var("FOREBEAR_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(few)
}

/// Kills a command at moments spread over its duration, from the same state each time, and runs it again.
///
/// `again` is what is run after it; it must leave the same files as one run that nobody killed, and say the same.
fn killed(world: &World, arguments: &[&str], few: u64) {
    killed_between(world, arguments, few, &BTreeMap::new());
}

/// The same; a file may also be as it is in `between`.
fn killed_between(world: &World, arguments: &[&str], few: u64, between: &BTreeMap<String, Vec<u8>>) {
    let start = world.saved("start");
    let before = files(&world.git.path);
    let began = Instant::now();
    let clean = world.run(arguments);
    let took = began.elapsed();
    let after = files(&world.git.path);
    assert!((0..2).contains(&clean.0), "{clean:?}");
    let mut dice = Dice(arguments.len() as u64 + took.as_secs() / 1000);
    let (count, mut alive) = (kills(few), 0);
    for round in 0..count {
        world.restore(&start);
        let mut command = world.command(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let slice = took.as_micros() as u64 / count;
        sleep(Duration::from_micros(slice * round + dice.below(slice)));
        // It may be through by now.
        let _ = child.kill();
        alive += u64::from(child.wait().unwrap().code().is_none());
        for (path, bytes) in files(&world.git.path) {
            let whole =
                [&before, &after, between].iter().any(|files| files.get(&path).is_some_and(|known| *known == bytes));
            assert!(whole, "{arguments:?}, round {round}: {path} is neither as before nor as after");
        }
        for path in before.keys().filter(|path| after.contains_key(*path)) {
            assert!(world.git.path.join(path).exists(), "{arguments:?}, round {round}: {path} is gone");
        }
        let again = world.run(arguments);
        assert!((0..2).contains(&again.0) || clean.0 == again.0, "{arguments:?}, round {round}: {again:?}");
        let left = files(&world.git.path);
        let other: Vec<&String> =
            left.keys().chain(after.keys()).filter(|path| left.get(*path) != after.get(*path)).collect();
        assert!(other.is_empty(), "{arguments:?}, round {round}: {other:?}");
    }
    assert!(alive > 0, "{arguments:?} was never alive when it was killed");
}

#[test]
fn a_check_is_killed() {
    let world = World::new();
    let start = world.saved("clean");
    let verdict = world.verdict();
    assert_eq!(verdict.0, 1);
    let check = ["check", "--tree", "HEAD", "--format", "json", "--output", "../report.json"];
    world.restore(&start);
    killed(&world, &check, 8);
    assert_eq!(world.verdict(), verdict);
}

#[test]
fn a_fingerprint_is_killed() {
    killed(&World::new(), &["fingerprint", "m", "-o", "print.safetensors", "--no-cache"], 10);
}

#[test]
fn adding_to_a_registry_is_killed() {
    let world = World::new();
    killed(&world, &["registry", "add", "../bases/two", "--id", "a/Two", "--license", "mit"], 12);
    assert_eq!(temporary(&world.git.path.join("registry")), 0);
    assert_eq!(world.run(&["registry", "verify"]).0, 0);
}

#[test]
fn making_a_registry_is_killed() {
    let world = World::new();
    world.git.git("rm --quiet -r registry");
    let _ = fs::remove_dir_all(world.git.path.join("registry"));
    // It begins as a registry of nothing.
    let add = ["registry", "add", "../bases/two", "--id", "a/Two", "--license", "mit"];
    let start = world.saved("nothing");
    assert_eq!((world.run(&add).0, world.run(&["registry", "remove", "a/Two"]).0), (0, 0));
    let empty = fs::read(world.git.path.join("registry/index.toml")).unwrap();
    world.restore(&start);
    killed_between(&world, &add, 12, &BTreeMap::from([("registry/index.toml".to_owned(), empty)]));
    // Stopped after each of its first steps, which are too short to be met by chance.
    for begun in
        [&[".lock"][..], &[".lock", ".gitignore"], &[".lock", ".new-abc"], &[".lock", ".gitignore", ".new-abc"]]
    {
        fs::remove_dir_all(world.git.path.join("registry")).unwrap();
        for name in begun {
            world.git.write(&format!("registry/{name}"), "");
        }
        let again = world.run(&["registry", "add", "../bases/two", "--id", "a/Two", "--license", "mit"]);
        assert_eq!((again.0, temporary(&world.git.path.join("registry"))), (0, 0), "{begun:?}: {again:?}");
    }
}

#[test]
fn putting_in_order_is_killed() {
    killed(&World::new(), &["fix"], 6);
}

#[test]
fn installing_a_hook_is_killed() {
    let world = World::new();
    world.git.hook(".git/hooks/pre-push", "echo theirs");
    killed(&world, &["hook", "install"], 15);
    let hooks = files(&world.git.path.join(".git/hooks"));
    assert!(hooks.values().any(|text| text.ends_with(b"echo theirs\n")), "{:?}", hooks.keys());
}

#[test]
fn a_first_policy_is_killed() {
    killed(&World::new(), &["init", "--yes"], 6);
}
