// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Markdown → sentences with their lines, and whether a sentence says something of its own model.
//!
//! Code blocks, HTML comments and the front matter are left out; emphasis and addresses of links are taken away.
//! Whatever is denied, imagined, compared with, or said of somebody else does not count: to miss a claim costs little,
//! to make one up accuses somebody.

/// Most sentences looked at in one file.
const LIMIT: usize = 20_000;
/// Longest sentence looked at, in bytes.
const LONGEST: usize = 2000;

/// One sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) text: String,
    /// Where each line of the file begins in it, with its number.
    lines: Vec<(usize, u32)>,
}

impl Sentence {
    /// The line in which the byte at `offset` stands.
    pub(super) fn line_at(&self, offset: usize) -> u32 {
        self.lines.iter().rev().find(|(start, _)| *start <= offset).map_or(1, |(_, line)| *line)
    }

    /// The clause before `at`, from the last comma or bracket, and all before that clause.
    pub(super) fn clause(&self, at: usize) -> (&str, &str) {
        let before = self.text.get(..at).unwrap_or_default();
        let start = before.char_indices().rev().find(|(_, c)| ",;:(，；：（—–".contains(*c));
        let start = start.map_or(0, |(start, c)| start + c.len_utf8());
        (before.get(start..).unwrap_or_default(), before.get(..start).unwrap_or_default())
    }

    /// The rest of the clause after `at`.
    pub(super) fn rest(&self, at: usize) -> &str {
        let after = self.text.get(at..).unwrap_or_default();
        after.split([',', ';', '，', '；', '（', '(']).next().unwrap_or_default()
    }
}

/// The sentences of a Markdown text.
pub(super) fn sentences(text: &str) -> Vec<Sentence> {
    let mut found = Vec::new();
    let mut open = Sentence::default();
    for (number, line) in lines(text) {
        if found.len() >= LIMIT {
            break;
        }
        if line.is_empty() || starts_a_block(line) {
            close(&mut open, &mut found);
        }
        let line = plain(line);
        if line.is_empty() {
            continue;
        }
        if !open.text.is_empty() {
            open.text.push(' ');
        }
        open.lines.push((open.text.len(), number));
        let mut rest = line.as_str();
        while let Some(end) = sentence_end(rest) {
            let (head, tail) = rest.split_at(end);
            open.text.push_str(head);
            close(&mut open, &mut found);
            rest = tail.trim_start();
            open.lines.push((0, number));
        }
        open.text.push_str(rest);
    }
    close(&mut open, &mut found);
    found
}

/// The words of a text's first heading, in lower case: what the model is called.
pub(super) fn title(text: &str) -> Vec<String> {
    const NOT_NAMES: &[&str] = &[
        "base", "card", "chat", "for", "instruct", "language", "large", "model", "models", "the", "and", "with",
        "readme",
    ];
    let heading = lines(text).find(|(_, line)| line.starts_with("# ")).map(|(_, line)| plain(line)).unwrap_or_default();
    let words = heading.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    let named =
        |word: &String| word.chars().filter(|c| c.is_alphabetic()).count() >= 3 && !NOT_NAMES.contains(&word.as_str());
    words.filter(named).collect()
}

/// Whether what stands at `at` of a sentence is said of its own model, and not denied, imagined, or compared with.
pub(super) fn is_own(sentence: &Sentence, at: usize, title: &[String]) -> bool {
    let (clause, before) = sentence.clause(at);
    let (clause, before) = (clause.to_lowercase(), before.to_lowercase());
    if sentence.text.ends_with(['?', '？']) || denies(&clause) || undoes(&sentence.rest(at).to_lowercase()) {
        return false;
    }
    let own = speaks_of_itself(&clause, title);
    if is_relative(&clause) {
        // `Orca, which was trained …` speaks of Orca; `Tern, which was trained …` does not.
        let noun = before.trim_end_matches([' ', ',', '，']).rsplit([',', '，', ';']).next().unwrap_or_default();
        return !denies(&before) && speaks_of_itself(noun, title);
    }
    own || !denies(&before)
}

/// Words of denial, of comparison, of what might be, and of what others do.
fn denies(text: &str) -> bool {
    const WORDS: &str = "not never no nor none neither cannot without unlike like than versus vs instead rather whereas while \
        avoid avoids avoiding could would should might may can if when how hardly partly partially compared \
        comparable similar contrast outperform outperforms require requires need needs cost costs expensive \
        tutorial you your let option optionally baseline baselines others other competitor competitors \
        traditional typical typically usually most many some several prior previous existing";
    const CHINESE: &str = "不 没 未 无需 无须 并非 而非 避免 相比 相较 区别于 如何 可以 如果 若 建议 需要 成本 教程 其他 其它 传统 类似 通常 一些 许多 别的";
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’');
    let mut words = words.filter(|word| !word.is_empty());
    let negated = |word: &str| word.ends_with("n't") || word.ends_with("n’t");
    words.any(|word| is_among(word, WORDS) || negated(word)) || CHINESE.split(' ').any(|word| text.contains(word))
}

/// Whether a word is one of those in a list, which are separated by spaces.
pub(super) fn is_among(word: &str, list: &str) -> bool {
    list.split(' ').any(|other| other == word)
}

/// Words after a claim that take it back, or make it somebody else's.
fn undoes(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "not the case",
        "is false",
        "untrue",
        "is not",
        "are not",
        "was not",
        "相比",
        "相较",
        "不同",
        " would ",
        " could ",
        " is too ",
        " requires ",
        "的其他",
        "的其它",
        "是错误",
        "outperform",
        "is expensive",
        "is costly",
        "is hard",
    ];
    WORDS.iter().any(|word| text.contains(word))
}

/// Whether a clause begins like one that tells more of the noun before it.
fn is_relative(clause: &str) -> bool {
    let clause = clause.trim_start();
    ["which ", "that ", "who ", "whose "].iter().any(|word| clause.starts_with(word))
}

/// Whether a clause has a subject that is the model at hand.
pub(super) fn speaks_of_itself(clause: &str, title: &[String]) -> bool {
    const WORDS: &[&str] = &["we", "our", "ours", "this", "these"];
    const PHRASES: &[&str] = &[
        "the model ",
        "it was ",
        "it is ",
        "has been ",
        "本模型",
        "我们",
        "该模型",
        "此模型",
        "本项目",
        "而是",
        "本系列",
    ];
    let clause = clause.to_lowercase();
    clause
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| WORDS.contains(&word) || title.iter().any(|name| name == word))
        || PHRASES.iter().any(|phrase| clause.contains(phrase))
        || title.iter().any(|name| !name.is_ascii() && clause.contains(name.as_str()))
}

/// Lines with their numbers, without front matter, code and comments.
fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let front = text.starts_with("---\n") || text.starts_with("---\r\n");
    let (mut in_front, mut fence, mut in_comment) = (front, None::<&str>, false);
    text.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.trim();
        if in_front {
            in_front = index == 0 || line != "---";
            return None;
        }
        if let Some(mark) = fence {
            if line.starts_with(mark) {
                fence = None;
            }
            return Some((index as u32 + 1, ""));
        }
        fence = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark));
        in_comment |= line.contains("<!--");
        let skipped = fence.is_some() || in_comment;
        in_comment &= !line.contains("-->");
        Some((index as u32 + 1, if skipped { "" } else { line }))
    })
}

fn starts_a_block(line: &str) -> bool {
    let numbered = line.split_once(['.', ')']).is_some_and(|(number, _)| number.parse::<u16>().is_ok());
    numbered || line.starts_with(['#', '-', '*', '+', '|', '>', '<', '•'])
}

/// A line without marks of Markdown: emphasis, code, and where links lead to.
fn plain(line: &str) -> String {
    let line = line.trim_start_matches(['#', '>', '-', '+', '•', ' ']);
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find("](") {
        text.push_str(rest.get(..open).unwrap_or_default());
        let after = rest.get(open + 2..).unwrap_or_default();
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    let text = text.replace('|', "; ");
    text.chars().filter(|c| !matches!(c, '*' | '`' | '[' | ']')).collect::<String>().trim().to_owned()
}

/// The end of the first sentence, after its mark.
fn sentence_end(text: &str) -> Option<usize> {
    let mut previous = "";
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let next = text.get(end..).and_then(|rest| rest.chars().next());
        let ends = match c {
            '。' | '！' | '？' => true,
            '.' | '!' | '?' => next.is_some_and(char::is_whitespace) && !is_short(previous),
            _ => false,
        };
        if ends {
            return Some(end);
        }
        if c.is_whitespace() {
            previous = text.get(end..).unwrap_or_default();
        } else if at == 0 {
            previous = text;
        }
    }
    None
}

/// Whether a word ends with a point of its own: `e.g.`, `vs.`, `et al.`.
fn is_short(rest: &str) -> bool {
    let word = rest.split_whitespace().next().unwrap_or_default().trim_start_matches('(');
    ["e.g.", "i.e.", "vs.", "al.", "cf.", "approx.", "No.", "Fig."].contains(&word)
}

fn close(open: &mut Sentence, found: &mut Vec<Sentence>) {
    let sentence = std::mem::take(open);
    if !sentence.text.trim().is_empty() && sentence.text.len() <= LONGEST {
        found.push(sentence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_keep_their_lines() {
        let text = "---\nlicense: mit\n---\n# Orca\n\nIt was trained\nfrom scratch. See e.g. [this](https://x.y/a.b) page.\n\n```\ncode. here\n```\n- 一。二\n";
        let found = sentences(text);
        let said: Vec<&str> = found.iter().map(|sentence| sentence.text.as_str()).collect();
        assert_eq!(said, ["Orca", "It was trained from scratch.", "See e.g. this page.", "一。", "二"]);
        let lines: Vec<u32> = found.iter().map(|sentence| sentence.line_at(0)).collect();
        assert_eq!(lines, [4, 6, 7, 12, 12]);
        assert_eq!(found.get(1).map(|sentence| sentence.line_at(16)), Some(7));
        assert_eq!(title(text), ["orca"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "[a-c \n.,`*|<>!\\[\\]()。，不—-]{0,200}") {
            for sentence in sentences(&text) {
                for (at, _) in sentence.text.char_indices() {
                    let _ = is_own(&sentence, at, &[]);
                    proptest::prop_assert!(sentence.line_at(at) >= 1);
                }
            }
        }
    }
}
