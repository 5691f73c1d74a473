// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What must hold of every checkpoint that was opened.
//!
//! In: files, or a checkpoint. Out: what was opened, after its promises were checked.

use forebear::changes::File;
use forebear::checkpoints::{Checkpoint, CheckpointError, Extent, Reader, Scratch, discover, open};

/// Values decoded of one tensor, at most: a small file may not stand for more work than that in a target.
const ELEMENTS: u64 = 1 << 16;
/// Tensors decoded of one checkpoint.
const TENSORS: usize = 32;

/// Finds and opens the models among files, reads their values, and checks what is said of them.
pub fn look(files: &[File]) -> Vec<Checkpoint> {
    let found = discover(files);
    for refused in &found.unverifiable {
        assert!(refused.file < files.len(), "{refused:?}");
        assert!(!refused.reason.is_empty() && !refused.remedy.is_empty(), "{refused:?}");
        assert!(!refused.remedy.contains('\n'), "a remedy is one line: {refused:?}");
    }
    let mut opened = Vec::new();
    for group in &found.groups {
        assert!(!group.files.is_empty() && group.files.iter().all(|at| *at < files.len()), "{group:?}");
        match open(files, group) {
            Ok(checkpoint) => {
                check(&checkpoint);
                opened.push(checkpoint);
            }
            Err(error) => said(&error),
        }
    }
    opened
}

/// Every extent lies in its file, every decoded tensor has as many values as its shape says, and hazards have a file.
pub fn check(checkpoint: &Checkpoint) {
    for hazard in &checkpoint.hazards {
        assert!(checkpoint.files.iter().any(|file| file.path == hazard.path), "{hazard:?}");
        assert!(!hazard.what.chars().any(char::is_control), "{hazard:?}");
    }
    let reader = match Reader::open(checkpoint) {
        Ok(reader) => reader,
        Err(error) => return said(&error),
    };
    for tensor in &checkpoint.tensors {
        for part in &tensor.parts {
            inside(checkpoint, part);
        }
    }
    let (mut scratch, mut values) = (Scratch::default(), Vec::new());
    for tensor in checkpoint.tensors.iter().filter(|tensor| tensor.elements() <= ELEMENTS).take(TENSORS) {
        match reader.tensor(tensor, &mut scratch, &mut values) {
            Ok(()) => assert_eq!(values.len() as u64, tensor.elements(), "{tensor:?}"),
            Err(error) => said(&error),
        }
    }
}

fn inside(checkpoint: &Checkpoint, part: &Extent) {
    let (file, offset, stored) = match part {
        Extent::Plain { file, offset, len } => (*file, *offset, *len),
        Extent::Deflated { file, offset, compressed, .. } => (*file, *offset, *compressed),
        Extent::Inline(_) => return,
    };
    let size = checkpoint.files.get(file).map(|file| file.size);
    let end = offset.checked_add(stored);
    assert!(size.zip(end).is_some_and(|(size, end)| end <= size), "{part:?} of {size:?} bytes");
}

/// An error says something, on one line that cannot steer a terminal.
fn said(error: &CheckpointError) {
    assert!(!error.to_string().is_empty());
}
