// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The tokenizers of a tree, as the rules and the comparisons want them.
//!
//! In: prints of the tokenizers that a push brings, and the known ones. Out: what each is kin to, and the tokenizer context
//! of comparisons. Where a push brings no tokenizer, nothing is read.

use rayon::prelude::*;

use crate::documents::{TokenizerFile, TokenizerMatch, TokenizerPrint, origins};
use crate::evidence::Comparison;
use crate::findings::{TokenizerFacts, TokenizerOrigin};
use crate::fingerprint::Collected;
use crate::gate::GateError;
use crate::known::Known;

/// The known tokenizers that those of a tree are kin to.
pub(crate) fn facts(found: &[TokenizerFile], known: &Known) -> Result<Vec<TokenizerFacts>, GateError> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let known = known.tokenizers()?;
    let kin = |print: &TokenizerPrint| {
        let kin = origins(print, known.iter().map(|known| &known.print)).into_iter();
        let origin = kin.filter_map(|kin| {
            let known = known.get(kin.known)?;
            let (id, words) = (known.id.clone(), known.words.clone());
            Some(TokenizerOrigin { id, words, common: known.common, found: kin.found })
        });
        origin.collect()
    };
    let facts = found.par_iter().map(|file| TokenizerFacts {
        path: file.path.clone(),
        origins: file.print.as_ref().map(kin).map_err(Clone::clone),
    });
    Ok(facts.collect())
}

/// Fills the tokenizer context of comparisons where the tokenizers of the model and of the base are known.
pub(crate) fn beside(
    comparisons: &mut [Vec<Comparison>],
    collected: &Collected,
    found: &[TokenizerFile],
    known: &Known,
) -> Result<(), GateError> {
    for (model, comparisons) in collected.models.iter().zip(comparisons) {
        let Some(print) = print_for(found, &model.fingerprint.name) else { continue };
        for comparison in comparisons {
            let base = known.tokenizer_of(&comparison.base)?;
            comparison.context.tokenizer = base.map(|base| TokenizerMatch::of(print, &base));
        }
    }
    Ok(())
}

/// The tokenizer of the model at `path`: its own, or one in its folder.
fn print_for<'a>(found: &'a [TokenizerFile], path: &str) -> Option<&'a TokenizerPrint> {
    let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    let own = found.iter().filter(|file| file.path == path);
    let near = found.iter().filter(|file| folder(&file.path) == folder(path) && !file.in_checkpoint);
    own.chain(near).find_map(|file| file.print.as_ref().ok())
}
