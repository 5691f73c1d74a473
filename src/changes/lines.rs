// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The lines git writes to a pre-push or pre-receive hook → typed lines (githooks(5)).

use super::ChangesError;

/// One line of a pre-push hook: `<local ref> <local id> <remote ref> <remote id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushLine {
    /// What was given on the command line, expanded: may hold spaces (`HEAD^{/fix bug}`), `(delete)` for a delete.
    pub local_ref: String,
    /// Object to be pushed, lower-case hex; all zeros for a delete.
    pub local_id: String,
    /// Ref on the remote.
    pub remote_ref: String,
    /// What that ref holds now, lower-case hex; all zeros if it does not exist yet.
    pub remote_id: String,
}

impl PushLine {
    /// Whether the remote's ref would be deleted.
    pub fn is_delete(&self) -> bool {
        is_zero(&self.local_id)
    }

    /// Whether the remote has no such ref yet.
    pub fn is_new(&self) -> bool {
        is_zero(&self.remote_id)
    }
}

/// One line of a pre-receive hook: `<old id> <new id> <ref>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiveLine {
    /// What the ref holds now, lower-case hex; all zeros if it is being made.
    pub old_id: String,
    /// What it shall hold, lower-case hex; all zeros for a delete.
    pub new_id: String,
    /// Full name of the ref.
    pub reference: String,
}

/// What pre-commit tells a pre-push hook, in its environment instead of on standard input.
///
/// pre-commit looks at the first pushed ref only; the hook installed by forebear itself sees them all.
#[derive(Clone, Copy, Debug, Default)]
pub struct PreCommit<'a> {
    /// `PRE_COMMIT_FROM_REF`: unset when the whole history is new.
    pub from: Option<&'a str>,
    /// `PRE_COMMIT_TO_REF`: unset when the whole history is new.
    pub to: Option<&'a str>,
    /// `PRE_COMMIT_LOCAL_BRANCH`.
    pub local_branch: Option<&'a str>,
    /// `PRE_COMMIT_REMOTE_BRANCH`.
    pub remote_branch: Option<&'a str>,
}

/// Parses the standard input of a pre-push hook; no line at all means that there is nothing to push.
///
/// Ids and the remote ref hold no space, the local ref may: fields are split from the right.
pub fn parse_push_lines(stdin: &[u8]) -> Result<Vec<PushLine>, ChangesError> {
    lines(stdin)
        .map(|(line, text)| {
            let mut fields = text.rsplitn(4, ' ');
            let (Some(remote_id), Some(remote_ref), Some(local_id), Some(local_ref)) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                return Err(ChangesError::Line { line, reason: "expected four fields" });
            };
            if local_ref.is_empty() || remote_ref.is_empty() {
                return Err(ChangesError::Line { line, reason: "empty ref name" });
            }
            let (local_id, remote_id) = (object_id(line, local_id)?, object_id(line, remote_id)?);
            if local_id.len() != remote_id.len() {
                return Err(ChangesError::Line { line, reason: "the two ids are of different lengths" });
            }
            Ok(PushLine { local_ref: local_ref.into(), local_id, remote_ref: remote_ref.into(), remote_id })
        })
        .collect()
}

/// Parses the standard input of a pre-receive hook.
pub fn parse_receive_lines(stdin: &[u8]) -> Result<Vec<ReceiveLine>, ChangesError> {
    lines(stdin)
        .map(|(line, text)| {
            let mut fields = text.splitn(3, ' ');
            let (Some(old_id), Some(new_id), Some(reference)) = (fields.next(), fields.next(), fields.next()) else {
                return Err(ChangesError::Line { line, reason: "expected three fields" });
            };
            if reference.is_empty() {
                return Err(ChangesError::Line { line, reason: "empty ref name" });
            }
            let (old_id, new_id) = (object_id(line, old_id)?, object_id(line, new_id)?);
            if old_id.len() != new_id.len() {
                return Err(ChangesError::Line { line, reason: "the two ids are of different lengths" });
            }
            Ok(ReceiveLine { old_id, new_id, reference: reference.into() })
        })
        .collect()
}

/// Whether `id` is git's "no object": zeros only, of whichever length the repository's hash has.
pub(crate) fn is_zero(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte == b'0')
}

fn lines(stdin: &[u8]) -> impl Iterator<Item = (usize, String)> + '_ {
    stdin
        .split(|&byte| byte == b'\n')
        .enumerate()
        .map(|(index, line)| {
            (index + 1, String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned())
        })
        .filter(|(_, line)| !line.is_empty())
}

fn object_id(line: usize, text: &str) -> Result<String, ChangesError> {
    if !matches!(text.len(), 40 | 64) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(ChangesError::Line { line, reason: "an id must be 40 or 64 hexadecimal digits" });
    }
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn local_ref_may_hold_spaces() {
        let lines = parse_push_lines(format!("HEAD^{{/fix bug}} {ONE} refs/heads/main {ZERO}\n").as_bytes()).unwrap();
        assert_eq!(lines[0].local_ref, "HEAD^{/fix bug}");
        assert_eq!(lines[0].remote_ref, "refs/heads/main");
        assert!(lines[0].is_new() && !lines[0].is_delete());
    }

    #[test]
    fn zeros_of_either_hash_mean_no_object() {
        let zeros = "0".repeat(64);
        let lines =
            parse_push_lines(format!("(delete) {zeros} refs/heads/old {}\n", "a".repeat(64)).as_bytes()).unwrap();
        assert!(lines[0].is_delete());
        assert!(is_zero(ZERO) && is_zero(&zeros) && !is_zero("") && !is_zero(ONE));
    }

    #[test]
    fn empty_input_is_no_line() {
        assert_eq!(parse_push_lines(b"").unwrap(), []);
        assert_eq!(parse_receive_lines(b"\n").unwrap(), []);
    }

    #[test]
    fn errors_name_the_line() {
        let good = format!("a {ONE} b {ZERO}\n");
        for bad in [
            format!("a {ONE} b\n"),
            format!("a {ONE} b xyz\n"),
            format!(" {ONE} b {ZERO}\n"),
            format!("a {ONE} b {}\n", "0".repeat(64)),
        ] {
            let error = parse_push_lines(format!("{good}{bad}").as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with("line 2 "), "{error}");
        }
        assert!(parse_receive_lines(format!("{ONE} {ZERO}").as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_give_lines_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_push_lines(&bytes);
            let _ = parse_receive_lines(&bytes);
        }

        #[test]
        fn every_written_line_is_read_back(local in "[!-~]([ -~]{0,20}[!-~])?", remote in "refs/[a-z/]{1,20}", id in "[0-9a-f]{40}") {
            let lines = parse_push_lines(format!("{local} {id} {remote} {ZERO}\n").as_bytes()).unwrap();
            prop_assert_eq!(lines, vec![PushLine { local_ref: local, local_id: id, remote_ref: remote, remote_id: ZERO.into() }]);
        }
    }
}
