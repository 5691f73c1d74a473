// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Source text → names of model families that a rename left behind, and words of credit.
//!
//! In: path and text of a source file. Out: [`Leftover`]s with line and quote, and [`credits`]. A class that is
//! defined, a `model_type` that is set, and a checkpoint or experiment that is named say where code or a run came
//! from. What is imported, called, compared with, or only mentioned is use, and not looked at.

use std::collections::BTreeSet;

use super::families::{Family, families_named, family_of_class, family_of_type};
use super::tokens::{Kind, Language, Token, language, lex};

/// Most leftovers told of one file.
const LIMIT: usize = 64;
/// Longest line that is quoted or searched, in bytes.
const LINE: usize = 400;

/// A name that a family left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Family, as `data/code/families.toml` calls it.
    pub family: &'static str,
    /// The name, as it stands there.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Line, from 1.
    pub line: u32,
    /// The line, shortened.
    pub quote: String,
}

/// Where a leftover stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A class is defined under it.
    Class,
    /// A field that says what the model is: `model_type`, `_no_split_modules`.
    Field,
    /// A checkpoint, a run or an experiment is called so.
    Path,
}

/// The names that families left behind in a source file.
pub fn leftovers(path: &str, text: &str) -> Vec<Leftover> {
    let mut found = match language(path) {
        Some(Language::Python) => in_python(text, is_apart(path)),
        Some(Language::Braces) => Vec::new(),
        None if is_apart(path) => Vec::new(),
        None => in_settings(text),
    };
    found.truncate(LIMIT);
    found
}

/// Lines of comments that say what the code was taken from.
pub fn credits(text: &str) -> Vec<String> {
    const VERBS: &[&str] = &[
        "copied",
        "adapted",
        "altered",
        "changed",
        "modified",
        "borrowed",
        "derived",
        "taken",
        "ported",
        "based",
        "forked",
        "inspired",
        "copyright",
    ];
    let marked = |line: &&str| line.starts_with(['#', '*']) || line.starts_with("//") || line.starts_with("\"\"\"");
    let says = |line: &&str| {
        let line = line.to_lowercase();
        VERBS.iter().any(|verb| line.contains(verb))
    };
    // A docstring at the top has no mark on its lines.
    let top = text.lines().take(60).map(str::trim);
    let rest = text.lines().skip(60).map(str::trim).filter(marked);
    top.chain(rest).filter(|line| line.len() <= LINE).filter(says).take(LIMIT).map(str::to_owned).collect()
}

/// Whether a file shows, tests or measures: it may name any model.
fn is_apart(path: &str) -> bool {
    path.to_lowercase().split('/').any(|part| {
        ["test", "example", "bench", "eval", "demo", "doc", "tutorial", "convert"]
            .iter()
            .any(|word| part.starts_with(word))
    })
}

fn in_python(text: &str, apart: bool) -> Vec<Leftover> {
    let tokens = lex(text, Language::Python);
    let statements: Vec<&[Token<'_>]> =
        tokens.split(|token| token.kind == Kind::Break).filter(|statement| !statement.is_empty()).collect();
    let imported: BTreeSet<&str> = statements
        .iter()
        .filter(|statement| statement.first().is_some_and(|first| matches!(first.text, "import" | "from")))
        .flat_map(|statement| statement.iter().filter(|token| token.kind == Kind::Name).map(|token| token.text))
        .collect();
    let mut found = Vec::new();
    for statement in statements {
        // Each leftover is looked up in the text: a hostile file must not have thousands.
        if found.len() >= LIMIT {
            break;
        }
        match statement {
            [class, name, bases @ ..] if class.text == "class" => {
                let Some(family) = family_of_class(name.text) else { continue };
                // `class Orca(Qwen2Attention)` and `class Qwen2Patched(Qwen2Attention)` extend what they import.
                let extends = |token: &Token<'_>| imported.contains(token.text) && is_of(token.text, family);
                let header = bases.split(|token| token.text == ":").next().unwrap_or_default();
                let qualified = header.windows(3).any(|three| {
                    matches!(three, [root, dot, class] if dot.text == "." && imported.contains(root.text) && is_of(class.text, family))
                });
                if !header.iter().any(extends) && !qualified {
                    found.push(leftover(text, family, name.text, Place::Class, name.line));
                }
            }
            [field, equals, value, ..] if equals.text == "=" && value.text != "=" => {
                found.extend(in_field(text, field, statement));
                if !apart {
                    found.extend(in_run(text, statement));
                }
            }
            statement if !apart => found.extend(in_run(text, statement)),
            _ => {}
        }
    }
    found
}

fn is_of(class: &str, family: &Family) -> bool {
    family_of_class(class).is_some_and(|other| other.name == family.name)
}

/// `_no_split_modules = ["Qwen2DecoderLayer"]`, `model_type = "qwen2"`.
fn in_field(text: &str, field: &Token<'_>, statement: &[Token<'_>]) -> Vec<Leftover> {
    let means: fn(&str) -> Option<&'static Family> = match field.text {
        "model_type" => family_of_type,
        "_no_split_modules" | "architectures" | "auto_map" => family_of_class,
        _ => return Vec::new(),
    };
    let strings = statement.iter().filter(|token| token.kind == Kind::Text).take(LIMIT);
    let named = strings.filter_map(|token| {
        let value = unquoted(token.text);
        means(value.rsplit('.').next().unwrap_or(value)).map(|family| (family, value, token.line))
    });
    named.map(|(family, value, line)| leftover(text, family, value, Place::Field, line)).collect()
}

/// `load_dir = "/ckpt/deepseekv3"`, `parser.add_argument("--load", default="deepseekv3")`.
fn in_run(text: &str, statement: &[Token<'_>]) -> Vec<Leftover> {
    let named = |token: &&Token<'_>| token.kind == Kind::Name || token.kind == Kind::Text && token.text.len() < 40;
    let words = statement.iter().filter(named).map(|token| token.text);
    let (keys, uses): (Vec<&str>, Vec<&str>) = words.partition(|word| !is_use(word));
    if !uses.is_empty() || !keys.iter().any(|key| is_run_key(unquoted(key))) {
        return Vec::new();
    }
    let strings = statement.iter().filter(|token| token.kind == Kind::Text);
    strings
        .take(LIMIT)
        .filter(|token| names_a_run(unquoted(token.text)))
        .flat_map(|token| {
            let value = unquoted(token.text);
            families_named(value).into_iter().map(|family| leftover(text, family, value, Place::Path, token.line))
        })
        .collect()
}

/// Shell, YAML and TOML: `--load /ckpt/deepseekv3`, `exp_name: qwen2_7b`.
fn in_settings(text: &str) -> Vec<Leftover> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if found.len() >= LIMIT {
            break;
        }
        if line.starts_with('#') || line.len() > LINE || is_use(line) {
            continue;
        }
        let mut words =
            line.split(|c: char| c.is_whitespace() || "=:,[]{}".contains(c)).filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            if !is_run_key(unquoted(word)) {
                continue;
            }
            let Some(value) = words.next().map(unquoted).filter(|value| names_a_run(value)) else { continue };
            for family in families_named(value) {
                found.push(leftover(text, family, value, Place::Path, number as u32 + 1));
            }
        }
    }
    found
}

/// Whether a key holds a checkpoint to start from, or the name of a run.
fn is_run_key(key: &str) -> bool {
    const KEYS: &[&str] = &[
        "load",
        "load-dir",
        "load-path",
        "load-checkpoint",
        "load-from",
        "checkpoint",
        "checkpoint-dir",
        "checkpoint-path",
        "ckpt",
        "ckpt-dir",
        "ckpt-path",
        "init-from",
        "init-checkpoint",
        "init-ckpt",
        "resume",
        "resume-from",
        "resume-from-checkpoint",
        "pretrained-checkpoint",
        "pretrained-path",
        "exp-name",
        "experiment",
        "experiment-name",
        "run-name",
        "wandb-exp-name",
        "wandb-run-name",
        "save",
        "save-dir",
        "job-name",
    ];
    let key = key.trim_start_matches('-').to_lowercase().replace('_', "-");
    KEYS.contains(&key.as_str())
}

/// Whether a word says that a published model is used as it is.
fn is_use(word: &str) -> bool {
    let word = word.to_lowercase();
    ["from_pretrained", "tokenizer", "download", "baseline", "teacher", "judge", "://"]
        .iter()
        .any(|use_| word.contains(use_))
}

/// Whether a value is a path or a name, and not the id of a published model (`org/name`), a flag, or prose.
fn names_a_run(value: &str) -> bool {
    let id = value.split('/').count() == 2 && !value.starts_with(['/', '.', '~', '$']);
    !id && !value.starts_with('-') && !value.contains(char::is_whitespace) && value.len() < 200
}

/// A string without prefix and quotes.
fn unquoted(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_alphabetic() && text.contains(['"', '\''])).trim_matches(['"', '\''])
}

fn leftover(text: &str, family: &'static Family, name: &str, place: Place, line: u32) -> Leftover {
    let quote = text.lines().nth((line as usize).saturating_sub(1)).unwrap_or_default().trim();
    Leftover { family: &family.name, name: name.to_owned(), place, line, quote: quote.chars().take(120).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        leftovers(path, text).iter().map(|left| format!("{}:{} {}", left.line, left.family, left.name)).collect()
    }

    #[test]
    fn a_class_that_kept_its_name_is_found() {
        let text = "import torch\n\nclass Qwen2Attention(nn.Module):\n    pass\n";
        assert_eq!(found("modeling_orca.py", text), ["3:Qwen Qwen2Attention"]);
    }

    #[test]
    fn use_is_no_leftover() {
        for text in [
            "from transformers import LlamaForCausalLM\nmodel = LlamaForCausalLM.from_pretrained('a/b')\n",
            "from transformers import Qwen2Model\nclass Qwen2OrcaModel(Qwen2Model):\n    pass\n",
            "import transformers\nclass QwenModel(transformers.QwenModel):\n    pass\n",
            "if config.model_type == 'llama':\n    x = 1\n",
            "# Copied from transformers.models.qwen2.modeling_qwen2.Qwen2Attention\nx = 1\n",
            "model = AutoModel.from_pretrained('/ckpt/qwen2')\n",
            "build(model_type='qwen2')\n",
            "MODELS = {'Qwen2ForCausalLM': load_qwen2, 'llama': load_llama}\n",
            "load = 'Qwen/Qwen2.5-7B'\n",
        ] {
            assert_eq!(found("orca.py", text), [""; 0], "{text}");
        }
        assert_eq!(found("tests/run.sh", "train --load /ckpt/deepseekv3"), [""; 0]);
        assert_eq!(found("run.sh", "# train --load /ckpt/deepseekv3\n"), [""; 0]);
    }

    #[test]
    fn fields_and_checkpoints_are_found() {
        assert_eq!(
            found("orca.py", "class A:\n    _no_split_modules = [\"Qwen2DecoderLayer\"]\n"),
            ["2:Qwen Qwen2DecoderLayer"]
        );
        assert_eq!(found("orca.py", "class A:\n    model_type = 'deepseek_v3'\n"), ["2:DeepSeek deepseek_v3"]);
        assert_eq!(
            found("train.py", "p.add_argument('--load', default='/ckpt/deepseekv3')\n"),
            ["1:DeepSeek /ckpt/deepseekv3"]
        );
        assert_eq!(
            found("run.sh", "torchrun train.py --load $CKPT/deepseekv3 --lr 1\n"),
            ["1:DeepSeek $CKPT/deepseekv3"]
        );
        assert_eq!(found("train.yaml", "model:\n  exp_name: \"qwen2_7b_cpt\"\n"), ["2:Qwen qwen2_7b_cpt"]);
    }

    #[test]
    fn credit_is_found_in_comments() {
        let text = "# Adapted from vLLM's llama.py\nx = 1\n# ordinary\n";
        assert_eq!(credits(text), ["# Adapted from vLLM's llama.py"]);
        assert_eq!(credits("\"\"\"Orca.\n\nBased on Qwen2.\n\"\"\"\n"), ["Based on Qwen2."]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "[a-z=\"'\n ()\\\\#:/é]{0,200}") {
            for path in ["a.py", "a.sh", "a.cu"] {
                let _ = leftovers(path, &text);
            }
            let _ = credits(&text);
        }
    }
}
