// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A card's front matter, edited line by line: order, comments and quotes of what is not concerned stay.
//!
//! Only what is written in the plain way is edited: `key: value` on one line, `[a, b]` on one line, or one `- item` a
//! line. For anything else the answer is `None`, and a person edits it. Whoever calls reads the result back.

use super::lines;

/// A value as YAML writes it: plain where that is safe.
fn scalar(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+".contains(c);
    let word = value.starts_with(|c: char| c.is_ascii_alphabetic()) && value.chars().all(plain);
    let special = ["true", "false", "yes", "no", "null", "on", "off", "y", "n"];
    if word && !special.contains(&value.to_ascii_lowercase().as_str()) {
        value.to_owned()
    } else {
        serde_json::Value::String(value.to_owned()).to_string()
    }
}

/// The text with `key` set to one value, in its line or in a new one.
pub(super) fn set(text: &str, key: &str, value: &str) -> Option<String> {
    let Some((at, line)) = line_of(text, key)? else { return add(text, &format!("{key}: {}", scalar(value))) };
    let (head, token, tail) = parts(line)?;
    let simple = !token.is_empty() && !token.starts_with(['[', '{', '|', '>', '&', '*', '!']);
    simple.then(|| lines::replace(text, at, 1, &format!("{head}{}{tail}", scalar(value))))
}

/// The text with these values added to the list at `key`, which holds `count` values that end in line `last`, from 0.
pub(super) fn extend(text: &str, key: &str, values: &[&str], last: Option<usize>) -> Option<String> {
    let items: Vec<String> = values.iter().map(|value| scalar(value)).collect();
    let Some((at, line)) = line_of(text, key)? else {
        let list = match items.as_slice() {
            [one] => format!("{key}: {one}"),
            many => format!("{key}:\n- {}", many.join("\n- ")),
        };
        return add(text, &list);
    };
    let (head, token, tail) = parts(line)?;
    if token.is_empty() {
        let Some(last) = last.filter(|last| *last > at) else {
            let item = if head.ends_with(' ') { "" } else { " " };
            return match items.as_slice() {
                [one] => Some(lines::replace(text, at, 1, &format!("{head}{item}{one}{tail}"))),
                many => Some(lines::insert(text, at + 1, &format!("- {}", many.join("\n- ")))),
            };
        };
        let item = text.lines().nth(last)?;
        let indent = item.get(..item.len() - item.trim_start().len())?;
        if !item.trim_start().starts_with("- ") {
            return None;
        }
        let added: Vec<String> = items.iter().map(|item| format!("{indent}- {item}")).collect();
        return Some(lines::insert(text, last + 1, &added.join("\n")));
    }
    let list = match token.strip_prefix('[') {
        Some(rest) => {
            let inner = rest.strip_suffix(']')?.trim_end();
            let comma = if inner.trim().is_empty() || inner.ends_with(',') { "" } else { "," };
            let space = if inner.trim().is_empty() { "" } else { " " };
            format!("[{inner}{comma}{space}{}]", items.join(", "))
        }
        None if token.starts_with(['{', '|', '>', '&', '*', '!']) => return None,
        None => format!("[{token}, {}]", items.join(", ")),
    };
    Some(lines::replace(text, at, 1, &format!("{head}{list}{tail}")))
}

/// The text without the line of `key`, where its value stands in that line.
pub(super) fn remove(text: &str, key: &str) -> Option<String> {
    let Some((at, line)) = line_of(text, key)? else { return Some(text.to_owned()) };
    let (_, token, _) = parts(line)?;
    if token.is_empty() || token.starts_with(['[', '{', '|', '>', '&', '!']) {
        return None;
    }
    let kept = text.split_inclusive('\n').enumerate().filter(|(index, _)| *index != at);
    Some(kept.map(|(_, line)| line).collect())
}

/// Adds lines before the closing `---`.
fn add(text: &str, added: &str) -> Option<String> {
    Some(lines::insert(text, closing(text)?, added))
}

/// The line, from 0, that closes the front matter.
fn closing(text: &str) -> Option<usize> {
    let mut lines = text.trim_start_matches('\u{FEFF}').lines();
    (lines.next()?.trim_end() == "---").then_some(())?;
    lines.position(|line| line.trim_end() == "---").map(|at| at + 1)
}

/// The line, from 0, on which a key of the front matter begins. The outer `None`: there is no front matter.
#[expect(clippy::option_option, reason = "no front matter, no such key, and the line are three answers")]
fn line_of<'t>(text: &'t str, key: &str) -> Option<Option<(usize, &'t str)>> {
    let last = closing(text)?;
    let of_key = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
    Some(text.lines().enumerate().take(last).find(|(_, line)| of_key(line)))
}

/// `key: `, the value as written, and what follows it (spaces and a comment).
fn parts(line: &str) -> Option<(&str, &str, &str)> {
    let colon = line.find(':')?;
    let rest = line.get(colon + 1..)?;
    let start = colon + 1 + (rest.len() - rest.trim_start().len());
    let value = line.get(start..)?;
    let end = match value.chars().next() {
        None | Some('#') => 0,
        Some(quote @ ('"' | '\'')) => {
            // Escaped quotes are rare in ids; where there is one, a person edits.
            let length = value.get(1..)?.find(quote)? + 2;
            let rest = value.get(length..)?.trim();
            (rest.is_empty() || rest.starts_with('#')).then_some(length)?
        }
        Some(_) => value.find(" #").unwrap_or(value.len()),
    };
    let token = value.get(..end)?.trim_end();
    let after = start + token.len();
    Some((line.get(..start)?, token, line.get(after..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(front: &str) -> String {
        format!("---\n{front}---\n# Orca\n")
    }

    fn front(text: Option<String>) -> Option<String> {
        let text = text?;
        Some(text.strip_prefix("---\n")?.strip_suffix("---\n# Orca\n")?.to_owned())
    }

    #[test]
    fn a_value_is_set_and_comments_stay() {
        let set = |before: &str| front(set(&card(before), "license", "llama3.1"));
        assert_eq!(set("tags: [a]\n").as_deref(), Some("tags: [a]\nlicense: llama3.1\n"));
        assert_eq!(set("license:   mit   # ours\nx: 1\n").as_deref(), Some("license:   llama3.1   # ours\nx: 1\n"));
        assert_eq!(set("license: \"m#it\"\n").as_deref(), Some("license: llama3.1\n"));
        assert_eq!((set("license: [mit]\n"), set("license: >\n  mit\n"), set("license:\n- mit\n")), (None, None, None));
    }

    #[test]
    fn values_are_added_to_a_list_however_it_is_written() {
        let add = |before: &str, last| front(extend(&card(before), "base_model", &["c/d", "e/f"], last));
        assert_eq!(add("x: 1\n", None).as_deref(), Some("x: 1\nbase_model:\n- c/d\n- e/f\n"));
        assert_eq!(add("base_model: a/b # one\n", Some(1)).as_deref(), Some("base_model: [a/b, c/d, e/f] # one\n"));
        assert_eq!(add("base_model: [a/b]\n", Some(1)).as_deref(), Some("base_model: [a/b, c/d, e/f]\n"));
        assert_eq!(add("base_model: []\n", None).as_deref(), Some("base_model: [c/d, e/f]\n"));
        assert_eq!(
            add("base_model:\n  - a/b # one\nx: 1\n", Some(2)).as_deref(),
            Some("base_model:\n  - a/b # one\n  - c/d\n  - e/f\nx: 1\n")
        );
        assert_eq!(add("base_model:\n", None).as_deref(), Some("base_model:\n- c/d\n- e/f\n"));
        assert_eq!((add("base_model: [a/b,\n  g/h]\n", Some(2)), add("base_model: &x a/b\n", Some(1))), (None, None));
    }

    #[test]
    fn a_line_is_removed_and_other_text_has_no_front_matter() {
        assert_eq!(
            front(remove(&card("a: 1\nlicense_name: x\nb: 2\n"), "license_name")).as_deref(),
            Some("a: 1\nb: 2\n")
        );
        assert_eq!(set("# Orca\n", "license", "mit"), None);
        assert_eq!(set("---\nlicense: mit\n", "license", "mit"), None);
    }

    #[test]
    fn values_that_yaml_reads_otherwise_are_quoted() {
        assert_eq!(
            (scalar("a/b-1.5"), scalar("Apache-2.0 AND gemma")),
            ("a/b-1.5".into(), "\"Apache-2.0 AND gemma\"".into())
        );
        assert_eq!((scalar("no"), scalar("01-ai/Yi")), ("\"no\"".into(), "\"01-ai/Yi\"".into()));
    }
}
