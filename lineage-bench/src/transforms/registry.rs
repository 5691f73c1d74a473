// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Every transform by name.
//!
//! In: a model, a name, a seed. Out: another model and the form to publish it in. The model given stays as it is.

use super::{
    depth, experts, gains, heads, hidden, merge, neurons, noise, quantize, replace, rescale, residual, rotary,
};
use crate::error::Error;
use crate::form::{Form, Names};
use crate::model::Llama;
use crate::random::Random;

/// A transform: a name and what is done, in order.
#[derive(Clone, Copy, Debug)]
pub struct Transform {
    /// Name on the command line and in tables.
    pub name: &'static str,
    /// What happens to the outputs.
    pub outputs: Outputs,
    /// What it can be applied to.
    pub needs: Needs,
    steps: &'static [Step],
}

/// What happens to a model's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outputs {
    /// They stay, up to rounding.
    Kept,
    /// They change.
    Changed,
}

/// What a transform can be applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any model.
    Any,
    /// A model without experts.
    Dense,
    /// A model with experts.
    Experts,
    /// Any model, and a second one of its shape.
    Other,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Change(fn(&mut Llama, &mut Random)),
    Noise(f64),
    Redraw(f64),
    Merge(f64),
    Publish(Form),
}

/// A model as it is to be published.
#[derive(Clone, Debug, PartialEq)]
pub struct Laundered {
    /// The model.
    pub model: Llama,
    /// Names and files.
    pub form: Form,
}

use Needs::{Any, Dense, Experts, Other};
use Outputs::{Changed, Kept};
use Step::{Change, Merge, Noise, Publish, Redraw};

const fn transform(name: &'static str, outputs: Outputs, needs: Needs, steps: &'static [Step]) -> Transform {
    Transform { name, outputs, needs, steps }
}

const fn names(names: Names) -> Step {
    Publish(Form { names, shards: 1 })
}

/// Every transform, in the order of the tables.
pub const TRANSFORMS: &[Transform] = &[
    transform("none", Kept, Any, &[]),
    transform("rename", Kept, Any, &[names(Names::Nonsense)]),
    transform("reshard", Kept, Any, &[Publish(Form { names: Names::Llama, shards: 5 })]),
    transform("fuse-phi3", Kept, Any, &[names(Names::Phi3)]),
    transform("fuse-neox", Kept, Any, &[names(Names::NeoX)]),
    transform("neuron-permutation", Kept, Any, &[Change(neurons::permute)]),
    transform("neuron-scale", Kept, Any, &[Change(neurons::sign_and_scale)]),
    transform("head-permutation", Kept, Any, &[Change(heads::permute)]),
    transform("value-mixing", Kept, Any, &[Change(heads::mix_values)]),
    transform("query-key-rescale", Kept, Any, &[Change(rescale::query_key)]),
    transform("value-output-rescale", Kept, Any, &[Change(rescale::value_output)]),
    transform("rotary-maps", Kept, Any, &[Change(rotary::turn_pairs)]),
    transform("gain-fold", Kept, Any, &[Change(gains::fold)]),
    transform("gain-shuffle", Kept, Any, &[Change(gains::shuffle)]),
    transform("channel-permutation", Kept, Any, &[Change(residual::permute)]),
    transform("residual-rotation", Kept, Any, &[Change(residual::rotate)]),
    transform("expert-permutation", Kept, Experts, &[Change(experts::permute)]),
    transform("hidden-append", Kept, Any, &[Change(hidden::append_silent)]),
    transform("hidden-append-rotated", Kept, Any, &[Change(hidden::append_silent), Change(residual::rotate)]),
    transform("hidden-append-random", Changed, Any, &[Change(hidden::append_random)]),
    transform("hidden-prune", Changed, Any, &[Change(hidden::prune)]),
    transform("ffn-append", Kept, Any, &[Change(neurons::append_silent)]),
    transform("ffn-duplicate", Kept, Any, &[Change(neurons::duplicate)]),
    transform("neuron-prune", Changed, Any, &[Change(neurons::prune)]),
    transform("noise-1", Changed, Any, &[Noise(0.01)]),
    transform("noise-5", Changed, Any, &[Noise(0.05)]),
    transform("noise-10", Changed, Any, &[Noise(0.1)]),
    transform("noise-20", Changed, Any, &[Noise(0.2)]),
    transform("noise-50", Changed, Any, &[Noise(0.5)]),
    transform("noise-100", Changed, Any, &[Noise(1.0)]),
    transform("noise-200", Changed, Any, &[Noise(2.0)]),
    transform("int8", Changed, Any, &[Change(quantize::int8)]),
    transform("q4_0", Changed, Any, &[Change(quantize::q4_0)]),
    transform("nf4", Changed, Any, &[Change(quantize::nf4)]),
    transform("layer-drop", Changed, Any, &[Change(depth::drop_thirds)]),
    transform("layer-drop-ends", Changed, Any, &[Change(depth::drop_ends)]),
    transform("layer-duplicate", Changed, Any, &[Change(depth::duplicate)]),
    transform("layer-reorder", Changed, Any, &[Change(depth::reorder)]),
    transform("layer-insert", Kept, Any, &[Change(depth::insert_silent)]),
    transform("upcycle", Kept, Dense, &[Change(experts::upcycle)]),
    transform("upcycle-redrawn", Changed, Dense, &[Change(experts::upcycle_redrawn)]),
    transform("densify", Changed, Experts, &[Change(experts::densify)]),
    transform("new-vocabulary", Changed, Any, &[Change(replace::vocabulary)]),
    transform("new-ffn", Changed, Any, &[Change(replace::feed_forward)]),
    transform("attention-redrawn-30", Changed, Any, &[Redraw(0.3)]),
    transform("attention-redrawn-50", Changed, Any, &[Redraw(0.5)]),
    transform("attention-redrawn-70", Changed, Any, &[Redraw(0.7)]),
    transform("merge-50", Changed, Other, &[Merge(0.5)]),
    transform("merge-60", Changed, Other, &[Merge(0.6)]),
    transform("laundered-permuted", Changed, Any, LAUNDERED_PERMUTED),
    transform("laundered-rotated", Changed, Any, LAUNDERED_ROTATED),
    transform("laundered-exact", Kept, Any, LAUNDERED_EXACT),
    transform("laundered-all", Changed, Any, LAUNDERED_ALL),
    transform("laundered-all-renamed", Changed, Any, LAUNDERED_RENAMED),
    transform("new-ffn-laundered-all", Changed, Any, NEW_FFN_LAUNDERED),
    transform("new-vocabulary-laundered-all", Changed, Any, NEW_VOCABULARY_LAUNDERED),
];

const LAUNDERED_PERMUTED: &[Step] = &[
    Change(neurons::permute),
    Change(neurons::sign_and_scale),
    Change(heads::permute),
    Change(heads::mix_values),
    Change(rescale::query_key),
    Change(rescale::value_output),
    Change(residual::permute),
    Change(gains::shuffle),
    Noise(0.05),
];
const LAUNDERED_ROTATED: &[Step] = &[
    Change(neurons::permute),
    Change(neurons::sign_and_scale),
    Change(heads::permute),
    Change(heads::mix_values),
    Change(rescale::query_key),
    Change(rescale::value_output),
    Change(residual::rotate),
    Change(gains::shuffle),
    Noise(0.05),
    Change(quantize::q4_0),
];
const LAUNDERED_EXACT: &[Step] = &[Change(disguise)];
const LAUNDERED_ALL: &[Step] =
    &[Change(disguise), Noise(0.05), Change(quantize::q4_0), Publish(Form { names: Names::Llama, shards: 2 })];
const LAUNDERED_RENAMED: &[Step] = &[Change(disguise), Noise(0.05), Change(quantize::q4_0), names(Names::Nonsense)];
const NEW_FFN_LAUNDERED: &[Step] =
    &[Change(replace::feed_forward), Change(disguise), Noise(0.05), Change(quantize::q4_0)];
const NEW_VOCABULARY_LAUNDERED: &[Step] =
    &[Change(replace::vocabulary), Change(disguise), Noise(0.05), Change(quantize::q4_0)];

/// Every disguise that keeps the outputs, one after another.
fn disguise(model: &mut Llama, random: &mut Random) {
    for step in [
        experts::permute,
        neurons::permute,
        neurons::sign_and_scale,
        heads::permute,
        heads::mix_values,
        rescale::query_key,
        rescale::value_output,
        rotary::turn_pairs,
        residual::rotate,
        gains::shuffle,
    ] {
        step(model, random);
    }
}

/// The transform of this name.
pub fn find(name: &str) -> Result<Transform, Error> {
    let found = TRANSFORMS.iter().find(|transform| transform.name == name);
    found.copied().ok_or_else(|| Error::UnknownTransform(name.to_owned()))
}

impl Transform {
    /// Whether it can be applied to a model (a second model being at hand or not).
    pub fn fits(&self, model: &Llama, other: Option<&Llama>) -> bool {
        let routed = model.layers.iter().any(|layer| layer.router.is_some());
        match self.needs {
            Any => true,
            Dense => !routed,
            Experts => routed,
            Other => other.is_some(),
        }
    }

    /// A changed copy of the model, the same for the same seed. `other` is what it is merged with, where it is.
    pub fn apply(&self, model: &Llama, seed: u64, other: Option<&Llama>) -> Result<Laundered, Error> {
        let refused = |reason: &str| Error::NotApplicable { transform: self.name.into(), reason: reason.into() };
        if !self.fits(model, other) {
            return Err(refused(match self.needs {
                Dense => "the model has experts",
                Experts => "the model has no experts",
                _ => "a second model is needed",
            }));
        }
        let mut random = Random::new(seed);
        let mut done = Laundered { model: model.clone(), form: Form::default() };
        for step in self.steps {
            match *step {
                Change(change) => change(&mut done.model, &mut random),
                Noise(share) => noise::add(&mut done.model, &mut random, share),
                Redraw(share) => replace::attention(&mut done.model, &mut random, share),
                Publish(form) => done.form = form,
                Merge(share) => {
                    let merged = other.is_some_and(|other| merge::merge(&mut done.model, other, share));
                    if !merged {
                        return Err(refused("the second model has other shapes"));
                    }
                }
            }
        }
        Ok(done)
    }
}
