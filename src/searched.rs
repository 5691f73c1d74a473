// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Every model among the known bases.
//!
//! In: models, and the bases that they are compared with. Out: what was found of each. The answer depends on nothing but
//! the content of the model, of the bases, and which of these are declared, so it is kept in the cache under all three:
//! what did not change is not compared again.

use crate::evidence::candidates::{EVERY, Examined, Found};
use crate::evidence::{Comparison, Relation};
use crate::fingerprint::{Cache, Model};
use crate::gate::GateError;
use crate::known::Known;
use crate::policy::Policy;

/// Compares every model with the bases that the index does not rule out, and with those it declares.
pub(crate) fn searched(
    models: &[Model],
    known: &Known,
    policy: &Policy,
    cache: Option<&Cache>,
) -> Result<Vec<Found>, GateError> {
    let digest = known.digest();
    // Bases, or an index of them, are opened when the first model needs them.
    let mut opened = None;
    let mut found = Vec::with_capacity(models.len());
    for model in models {
        let print = &model.fingerprint;
        // What is declared is compared whatever the index says of it: a declaration is confirmed or contradicted.
        let bases = policy.model_for(&print.name).map(|model| model.bases.as_slice()).unwrap_or_default();
        let declared: Vec<String> = bases.iter().map(|base| base.id.clone()).collect();
        let kept = cache.zip(model.key.as_ref()).map(|(cache, content)| {
            let mut parts = vec![content.as_str(), print.name.as_str(), digest.as_str()];
            parts.extend(declared.iter().map(String::as_str));
            (cache, Cache::key(&parts, "search", ""))
        });
        if let Some((matches, examined)) = kept.as_ref().and_then(|(cache, key)| cache.conclusion(key)) {
            found.push(told(Found { matches, examined }, model, known));
            continue;
        }
        let bases = match &mut opened {
            Some(bases) => bases,
            None => opened.insert(known.candidates(cache)?),
        };
        let one = bases.search(print, &declared)?;
        if let Some((cache, key)) = kept {
            let conclusion: (&Vec<Comparison>, &Option<Examined>) = (&one.matches, &one.examined);
            match cache.conclude(&key, &conclusion) {
                Ok(()) => cache.shrink(Cache::LIMIT),
                Err(error) => tracing::warn!("what was found of {} was not cached: {error}", print.name),
            }
        }
        found.push(told(one, model, known));
    }
    // What was remembered was concluded of whole files; one that is damaged or gone since then is an error all the same.
    if opened.is_none() && known.len() <= EVERY {
        known.verify_fingerprints()?;
    }
    Ok(found)
}

/// Says of the base by whose digests a model is known how it is known.
fn told(mut found: Found, model: &Model, known: &Known) -> Found {
    let files = model.files.len() as u64;
    let is_it =
        |found: &Comparison| model.known_as.as_ref() == Some(&found.base) && found.relation == Relation::Identical;
    found.matches = found
        .matches
        .into_iter()
        .map(|found| if is_it(&found) { found.by_digests(files, known.len()) } else { found })
        .collect();
    found
}
