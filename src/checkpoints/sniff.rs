// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What one file is, by its first bytes and its structure; names only break ties.
//!
//! In: a path and the file's bytes. Out: [`Sniffed`]: a format that is read, a model in a format that is not read with
//! what to do about it, or nothing of interest.

use std::io;

use super::raw::{entropy, is_other_binary, is_packed, is_utf8_inside, is_utf8_start};
use super::{Format, archive, onnx, pickle};
use crate::changes::{Content, ReadAt};

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sniffed {
    /// A checkpoint, or a part of one, in a format that is read.
    Checkpoint(Format),
    /// A model, or something that passes for one, that is not read.
    Unread(Unread),
    /// No model.
    Nothing,
}

/// A model that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// What it is.
    pub(super) what: String,
    /// Why it is not read, in a fragment.
    pub(super) reason: String,
    /// One line: what to do now.
    pub(super) remedy: String,
    /// Whether it is a model as far as name or form tell; else it only may be one.
    pub(super) certain: bool,
}

const HEAD: usize = 512;
const SAMPLE: usize = 64 * 1024;
const LARGE: u64 = 1 << 20;
/// Header length up to which the safetensors library reads (`MAX_HEADER_SIZE`).
const SAFETENSORS_HEADER: u64 = 100_000_000;
/// Bits a byte above which a sample is numbers or packed data, and no text, code or table.
const ENTROPY: f64 = 6.0;
const TAR_MEMBERS: usize = 4096;

const PUBLISH: &str = "publish the same weights in a format that is read, such as safetensors";
const UNPACK: &str = "unpack it and commit the files it holds";

/// Tells what a file is.
pub(super) fn sniff(path: &str, content: &Content) -> io::Result<Sniffed> {
    let head = content.head(HEAD)?;
    let size = content.size()?;
    if head.is_empty() {
        return Ok(Sniffed::Nothing);
    }
    let name = Name::new(path);
    let file = Candidate { name: &name, head: &head, size, content };
    if let Some(format) = file.plain_magic() {
        return Ok(Sniffed::Checkpoint(format));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return file.zip();
    }
    if let Some(found) = file.unread_magic()? {
        return Ok(found);
    }
    if file.is_pickle()? {
        return Ok(Sniffed::Checkpoint(Format::TorchLegacy));
    }
    if file.may_be_onnx() && onnx::is_model(&*content.open()?) {
        return Ok(Sniffed::Checkpoint(Format::Onnx));
    }
    if head.starts_with(b"version https://git-lfs.github.com/spec/") && size < 1024 && name.is_checkpoint_like() {
        return Ok(unread(
            "Git LFS pointer",
            "is a Git LFS pointer, not a model",
            "fetch the file it points to and put it in its place, or remove the pointer",
        ));
    }
    file.by_name()
}

/// Whether a name, of a file or of a member of an archive, is one that checkpoints have.
pub(crate) fn is_checkpoint_name(path: &str) -> bool {
    Name::new(path).is_checkpoint_like()
}

struct Name {
    path: String,
    base: String,
    extension: String,
}

impl Name {
    fn new(path: &str) -> Self {
        let path = path.to_lowercase();
        let base = path.rsplit('/').next().unwrap_or_default().to_owned();
        let extension = base.rsplit_once('.').map(|(_, extension)| extension.to_owned()).unwrap_or_default();
        Self { path, base, extension }
    }

    fn is_checkpoint_like(&self) -> bool {
        matches!(
            self.extension.as_str(),
            "safetensors"
                | "gguf"
                | "onnx"
                | "pt"
                | "pth"
                | "ckpt"
                | "h5"
                | "hdf5"
                | "keras"
                | "tflite"
                | "pkl"
                | "pickle"
                | "joblib"
                | "npz"
                | "npy"
                | "msgpack"
                | "pdparams"
                | "pdiparams"
                | "caffemodel"
                | "weights"
                | "nemo"
                | "mlmodel"
                | "llamafile"
        ) || self.extension == "bin" && self.names_weights()
            || self.path.ends_with("/data.pkl")
    }

    /// Extensions of what Python pickles.
    fn is_pickle_like(&self) -> bool {
        matches!(self.extension.as_str(), "pkl" | "pickle" | "pt" | "pth" | "ckpt" | "joblib")
    }

    fn names_weights(&self) -> bool {
        ["model", "weight", "adapter", "checkpoint", "ggml"].iter().any(|word| self.base.contains(word))
    }

    /// Extensions under which weights of unknown formats travel.
    fn may_hold_weights(&self) -> bool {
        matches!(self.extension.as_str(), "bin" | "weights" | "params" | "ckpt" | "dat" | "pt" | "pth" | "model")
    }
}

struct Candidate<'a> {
    name: &'a Name,
    head: &'a [u8],
    size: u64,
    content: &'a Content,
}

impl Candidate<'_> {
    fn plain_magic(&self) -> Option<Format> {
        if self.head.starts_with(b"GGUF") || self.head.starts_with(b"FUGG") {
            return Some(Format::Gguf);
        }
        if self.head.starts_with(b"\x93NUMPY") {
            return Some(Format::Numpy);
        }
        let (len, rest) = self.head.split_first_chunk::<8>()?;
        let len = u64::from_le_bytes(*len);
        let fits = (2..=SAFETENSORS_HEADER).contains(&len) && len <= self.size - 8;
        (rest.first() == Some(&b'{') && fits).then_some(Format::Safetensors)
    }

    /// Zip archives by what is in them.
    fn zip(&self) -> io::Result<Sniffed> {
        let source = self.content.open()?;
        let Ok(names) = archive::names(&*source) else {
            return Ok(if self.name.is_checkpoint_like() || self.name.may_hold_weights() {
                unread(
                    "zip archive",
                    "its directory cannot be read",
                    "save it again; the file is damaged or not an archive",
                )
            } else {
                Sniffed::Nothing
            });
        };
        let is_under_top = |name: &str, suffix: &str| name.strip_suffix(suffix).is_some_and(|top| !top.contains('/'));
        if names.iter().any(|name| is_under_top(name, "/data.pkl")) {
            let is_script = names.iter().any(|name| {
                is_under_top(name, "/constants.pkl") || name.split('/').nth(1).is_some_and(|folder| folder == "code")
            });
            return Ok(Sniffed::Checkpoint(if is_script { Format::TorchScript } else { Format::TorchZip }));
        }
        if self.name.extension == "npz"
            || (!names.is_empty() && names.iter().all(|name| Name::new(name).extension == "npy"))
        {
            return Ok(Sniffed::Checkpoint(Format::Numpy));
        }
        if let Some(member) = names.iter().find(|name| is_checkpoint_name(name)) {
            let reason = format!("holds {}, and archives are not searched", member.escape_debug());
            return Ok(unread("zip archive", &reason, UNPACK));
        }
        if self.name.is_checkpoint_like() {
            return Ok(unread("zip archive", "is named as a checkpoint and holds none that is known", PUBLISH));
        }
        Ok(Sniffed::Nothing)
    }

    /// Formats that are known and not read.
    fn unread_magic(&self) -> io::Result<Option<Sniffed>> {
        let at = |offset: usize, magic: &[u8]| self.head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        let what = if at(4, b"TFL3") {
            "TFLite model"
        } else if at(4, b"ORTM") {
            "ONNX Runtime model (.ort)"
        } else if at(4, b"ET12") || at(4, b"ET11") {
            "ExecuTorch program"
        } else if at(0, b"\x89HDF\r\n\x1a\n") {
            "HDF5 file (Keras)"
        } else if [b"lmgg", b"fmgg", b"tjgg", b"algg"].iter().any(|magic| at(0, *magic)) {
            "ggml file from before GGUF"
        } else if at(0, &0x0112_u64.to_le_bytes()) {
            "MXNet parameter file"
        } else if at(0, &0x2f4f_16ba_u32.to_le_bytes()) {
            "fastText model"
        } else if at(0, b"ftrt") || at(0, b"ptrt") {
            "TensorRT plan"
        } else if self.is_ctranslate2() {
            "CTranslate2 model"
        } else if at(257, b"ustar") {
            return self.tar();
        } else if is_packed(self.head)
            && (self.name.is_checkpoint_like() || self.name.may_hold_weights() || self.hides_checkpoint())
        {
            return Ok(Some(unread("compressed file", "is named as a checkpoint and is compressed", UNPACK)));
        } else {
            return Ok(None);
        };
        Ok(Some(unread(what, "this format is recognised and not read", PUBLISH)))
    }

    /// `u32` version, `u16` length and name of a model specification that ends in NUL
    /// (CTranslate2, python/ctranslate2/specs/model_spec.py).
    fn is_ctranslate2(&self) -> bool {
        let Some((version, rest)) = self.head.split_first_chunk::<4>() else { return false };
        let Some((len, rest)) = rest.split_first_chunk::<2>() else { return false };
        let len = usize::from(u16::from_le_bytes(*len));
        let Some([name @ .., 0]) = rest.get(..len) else { return false };
        (1..=32).contains(&u32::from_le_bytes(*version))
            && name.ends_with(b"Spec")
            && name.iter().all(u8::is_ascii_alphanumeric)
    }

    /// `model.safetensors.gz` and the like.
    fn hides_checkpoint(&self) -> bool {
        self.name.path.rsplit_once('.').is_some_and(|(inner, _)| is_checkpoint_name(inner))
    }

    /// Tar archives: the PyTorch layout before 0.1.10, NeMo files, and archives that hold checkpoints.
    fn tar(&self) -> io::Result<Option<Sniffed>> {
        let source = self.content.open()?;
        let names = tar_names(&*source)?;
        let holds = |wanted: &str| names.iter().any(|name| name.trim_start_matches("./") == wanted);
        if holds("storages") && holds("pickle") {
            let remedy = "load it with PyTorch and save it again as safetensors";
            return Ok(Some(unread(
                "PyTorch tar file (before 0.1.10)",
                "this layout is recognised and not read",
                remedy,
            )));
        }
        if let Some(member) = names.iter().find(|name| is_checkpoint_name(name)) {
            let reason = format!("holds {}, and archives are not searched", member.escape_debug());
            return Ok(Some(unread("tar archive", &reason, UNPACK)));
        }
        if self.name.is_checkpoint_like() {
            return Ok(Some(unread("tar archive", "is named as a checkpoint", UNPACK)));
        }
        Ok(None)
    }

    /// Protocols 2 to 5 open with their number. Without it any opcode may come first, so only a name brings those here.
    fn is_pickle(&self) -> io::Result<bool> {
        let is_marked = matches!(self.head, [0x80, 0..=5, ..]);
        let is_named = self.name.is_pickle_like()
            || matches!(self.name.extension.as_str(), "p" | "bin" | "model" | "dat" | "pdparams");
        if !is_marked && !is_named {
            return Ok(false);
        }
        let sample = Content::memory(self.content.head(SAMPLE)?).open()?;
        Ok(match pickle::parse(&*sample, 0, sample.size()) {
            Ok(_) => true,
            Err(failure) => {
                let calls = failure.hazards.iter().any(|note| note.what.starts_with("calls"));
                // A few opcodes of a file that is named so are a pickle that something is wrong with.
                let begins = self.name.is_pickle_like() && failure.operations >= 3;
                calls || begins || is_marked && failure.operations >= 4 || failure.truncated && failure.operations >= 8
            }
        })
    }

    /// Whether the first byte is a tag of a `ModelProto` field.
    fn may_be_onnx(&self) -> bool {
        matches!(self.head.first(), Some(0x08 | 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42 | 0x72))
    }

    /// Files that only their names, or numbers without a known form, give away.
    fn by_name(&self) -> io::Result<Sniffed> {
        let Name { path, base, extension } = self.name;
        let is_text = !self.head.contains(&0) && is_utf8_start(self.head);
        let known = match extension.as_str() {
            "mlmodel" if self.head.first() == Some(&0x08) => Some("Core ML model"),
            "engine" | "plan" | "trt" if !is_text => Some("TensorRT plan"),
            "pdparams" | "pdiparams" if !is_text => Some("PaddlePaddle parameter file"),
            "caffemodel" if !is_text => Some("Caffe model"),
            "llamafile" => Some("llamafile"),
            "msgpack" if base.contains("flax") || self.size >= LARGE => Some("Flax msgpack file"),
            "ocdbt" if base == "manifest.ocdbt" => Some("Orbax checkpoint (JAX)"),
            "pb" if base == "saved_model.pb" || (self.head.first() == Some(&0x0a) && self.size >= LARGE) => {
                Some("TensorFlow graph")
            }
            _ if is_tensorflow_shard(base) => Some("TensorFlow checkpoint"),
            _ if base == "weight.bin" && (path.contains(".mlpackage/") || path.contains(".mlmodelc/")) => {
                Some("Core ML weights")
            }
            _ => None,
        };
        if let Some(what) = known {
            return Ok(unread(what, "this format is recognised and not read", PUBLISH));
        }
        match extension.as_str() {
            // The reader says what is wrong with it.
            "safetensors" => return Ok(Sniffed::Checkpoint(Format::Safetensors)),
            "onnx" | "gguf" | "npz" | "npy" => {
                let what = format!("file named .{extension}");
                return Ok(unread(
                    &what,
                    "its bytes are not of that format",
                    "export it again, or rename it if it is no model",
                ));
            }
            _ if self.name.is_pickle_like() && !is_text => {
                let what = format!("file named .{extension}");
                return Ok(unread(&what, "is neither an archive nor a pickle", PUBLISH));
            }
            "bin" if self.name.is_checkpoint_like() && !is_text && !self.is_sentencepiece() => {
                return Ok(unread("file named as weights", "its bytes are of no format that is known", PUBLISH));
            }
            _ => {}
        }
        if self.size < LARGE || self.is_sentencepiece() {
            return Ok(Sniffed::Nothing);
        }
        self.raw_numbers()
    }

    /// Large files without a known form: raw dumps of weights look like this, and so does much else.
    fn raw_numbers(&self) -> io::Result<Sniffed> {
        let sample = self.sample()?;
        if is_utf8_inside(&sample) || entropy(&sample) <= ENTROPY {
            return Ok(Sniffed::Nothing);
        }
        match (self.name.may_hold_weights(), is_other_binary(self.head)) {
            (true, false) => Ok(unread("binary file", "looks like weights, format unknown", PUBLISH)),
            (false, true) => Ok(Sniffed::Nothing),
            _ if is_packed(self.head) => {
                Ok(guess("compressed file", "is large, and what it holds is not searched", UNPACK))
            }
            _ => Ok(guess("binary file", "is large and may be weights of an unknown format", PUBLISH)),
        }
    }

    /// SentencePiece vocabularies: field 1, then field 1 of a piece.
    fn is_sentencepiece(&self) -> bool {
        matches!(self.head, [0x0a, _, 0x0a, ..])
    }

    /// Bytes from the middle.
    fn sample(&self) -> io::Result<Vec<u8>> {
        let mut sample = vec![0; SAMPLE.min(self.size as usize)];
        self.content.open()?.read_exact_at((self.size - sample.len() as u64) / 2, &mut sample)?;
        Ok(sample)
    }
}

/// `variables.data-00000-of-00001`, `model.ckpt-1000.data-00000-of-00002`.
fn is_tensorflow_shard(base: &str) -> bool {
    let Some((_, shard)) = base.rsplit_once(".data-") else { return false };
    let Some((index, count)) = shard.split_once("-of-") else { return false };
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number(index) && is_number(count)
}

/// Names of the first members of a tar archive (POSIX.1-1988: name at 0, octal size at 124).
fn tar_names(source: &dyn ReadAt) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut at = 0_u64;
    let mut header = [0; 512];
    while names.len() < TAR_MEMBERS && at.checked_add(512).is_some_and(|end| end <= source.size()) {
        source.read_exact_at(at, &mut header)?;
        let text = |start: usize, len: usize| {
            let field = header.get(start..start + len).unwrap_or_default();
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
            String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
        };
        let name = text(0, 100);
        let Some(size) = u64::from_str_radix(text(124, 12).trim(), 8).ok().filter(|_| !name.is_empty()) else { break };
        names.push(name);
        let Some(next) = size.checked_next_multiple_of(512).and_then(|size| size.checked_add(at + 512)) else { break };
        at = next;
    }
    Ok(names)
}

fn unread(what: &str, reason: &str, remedy: &str) -> Sniffed {
    Sniffed::Unread(Unread {
        what: what.to_owned(),
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
        certain: true,
    })
}

fn guess(what: &str, reason: &str, remedy: &str) -> Sniffed {
    Sniffed::Unread(Unread {
        what: what.to_owned(),
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
        certain: false,
    })
}
