// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The license texts that are built in, by the id of the license data.

macro_rules! texts {
    ($($id:literal $(| $same:literal)*;)*) => {
        const TEXTS: &[(&[&str], &str)] =
            &[$((&[$id $(, $same)*], include_str!(concat!("../../data/licenses/texts/", $id, ".txt"))),)*];
    };
}

// After `|`: other licenses of the data with the same text.
texts! {
    "apache-2.0" | "yi-apache";
    "bigcode-openrail-m";
    "bigscience-bloom-rail-1.0";
    "bigscience-openrail-m";
    "bsd-2-clause";
    "bsd-3-clause";
    "cc-by-4.0";
    "cc-by-nc-4.0";
    "cc-by-nc-nd-4.0";
    "cc-by-nc-sa-4.0";
    "cc-by-sa-4.0";
    "chameleon-research";
    "creativeml-openrail-m";
    "deepseek";
    "exaone-1.1-nc";
    "falcon-2-11b";
    "flux-1-dev-nc";
    "gemma";
    "hyperclova-x-seed";
    "isc";
    "kimi-k2-modified-mit";
    "llama1";
    "llama2";
    "llama3.1";
    "llama3.2";
    "llama3.3";
    "llama4";
    "mit";
    "nvidia-open-model" | "nvidia-open-model-cosmos";
    "openmdw-1.0";
    "openrail++";
    "qwen";
    "stability-ai-community";
    "tencent-hunyuan3d-2.0";
    "tongyi-qianwen";
}

/// Returns the text of a license by our id, if it is built in.
pub fn text(id: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(ids, _)| ids.contains(&id)).map(|(_, text)| *text)
}

/// The same for one license a text: others with the same text are told apart by the model, not by the text.
pub(super) fn own_text(id: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(ids, _)| ids.first() == Some(&id)).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::super::{all, notice_holds};
    use super::*;

    #[test]
    fn every_text_belongs_to_a_license_of_the_data() {
        for id in TEXTS.iter().flat_map(|(ids, _)| ids.iter()) {
            assert!(all().iter().any(|license| license.id == *id), "{id}");
        }
    }

    #[test]
    fn notices_are_verbatim_from_the_texts() {
        for license in all().iter().filter(|license| !license.notice_text.is_empty() && license.id != "yi-apache") {
            let Some(text) = text(&license.id) else { continue };
            assert!(notice_holds(text, license), "{}", license.id);
        }
    }
}
