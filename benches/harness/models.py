# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of real shapes, made on the spot.

In: the shape of a published model. Out: a folder of safetensors with bf16 values that look like weights, the same on
every machine and in every number of shards.
"""

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

from .measure import Failed, say

# Values generated at a time.
STRETCH = 1 << 20
# Disk that is left free.
MARGIN = 1 << 30


def _high_bytes() -> bytes:
    """Sign and upper exponent of a bell-shaped value with a deviation of about 0.02, for each of 256 equal chances.

    Made of a sum of dice, which is a bell in whole numbers: no table of a distribution, no rounding that differs.
    """
    dice = random.Random("forebear bench")
    draws = sorted(sum(dice.randrange(-8, 9) for _ in range(12)) / 850 for _ in range(256 * 64))
    table = bytearray()
    for value in draws[32::64]:
        size = abs(value)
        exponent = 127 - 12  # nothing is smaller than 2^-12
        while size >= 2.0 ** (exponent - 127 + 1):
            exponent += 1
        table.append((0x80 if value < 0 else 0) | exponent >> 1)
    return bytes(table)


WEIGHT = (_high_bytes(), bytes(range(256)))
# Gains of norms stand between 1 and 1.25.
GAIN = (bytes([0x3F]) * 256, bytes(0x80 | low & 0x1F for low in range(256)))


@dataclass(frozen=True)
class Tensor:
    """A bf16 tensor."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return 2 * prod(self.shape)

    def data(self) -> Iterator[bytes]:
        """The values, a stretch at a time; they depend on the name alone."""
        dice = random.Random(self.name)
        high, low = GAIN if "norm" in self.name else WEIGHT
        left = prod(self.shape)
        while left:
            count = min(left, STRETCH)
            noise = dice.randbytes(2 * count)
            pairs = bytearray(2 * count)
            pairs[0::2] = noise[:count].translate(low)
            pairs[1::2] = noise[count:].translate(high)
            yield bytes(pairs)
            left -= count


@dataclass(frozen=True)
class Shape:
    """The shape of a decoder with gated feed-forward blocks, as its config says it."""

    title: str
    hidden: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    vocabulary: int
    tied: bool
    experts: int = 0
    biases: bool = True

    def tensors(self) -> list[Tensor]:
        """All tensors, in the order in which transformers writes them."""
        head, kv = self.hidden // self.heads, self.hidden // self.heads * self.key_heads
        found = [Tensor("model.embed_tokens.weight", (self.vocabulary, self.hidden))]
        for layer in range(self.layers):
            at = f"model.layers.{layer}"
            for part, width in (("q", head * self.heads), ("k", kv), ("v", kv)):
                found.append(Tensor(f"{at}.self_attn.{part}_proj.weight", (width, self.hidden)))
                if self.biases:
                    found.append(Tensor(f"{at}.self_attn.{part}_proj.bias", (width,)))
            found.append(Tensor(f"{at}.self_attn.o_proj.weight", (self.hidden, head * self.heads)))
            blocks = [f"{at}.mlp"]
            if self.experts:
                found.append(Tensor(f"{at}.mlp.gate.weight", (self.experts, self.hidden)))
                blocks = [f"{at}.mlp.experts.{number}" for number in range(self.experts)]
            for block in blocks:
                found.append(Tensor(f"{block}.gate_proj.weight", (self.inner, self.hidden)))
                found.append(Tensor(f"{block}.up_proj.weight", (self.inner, self.hidden)))
                found.append(Tensor(f"{block}.down_proj.weight", (self.hidden, self.inner)))
            found.append(Tensor(f"{at}.input_layernorm.weight", (self.hidden,)))
            found.append(Tensor(f"{at}.post_attention_layernorm.weight", (self.hidden,)))
        found.append(Tensor("model.norm.weight", (self.hidden,)))
        if not self.tied:
            found.append(Tensor("lm_head.weight", (self.vocabulary, self.hidden)))
        return found

    def largest_decoded(self) -> int:
        """Bytes of the largest tensor as f32."""
        return max(2 * tensor.size for tensor in self.tensors())

    def config(self) -> dict[str, object]:
        """`config.json`, with what is read of it."""
        family = "olmoe" if self.experts else "qwen2"
        named = {"num_experts": self.experts, "num_experts_per_tok": 8} if self.experts else {}
        return {
            "architectures": ["OlmoeForCausalLM" if self.experts else "Qwen2ForCausalLM"],
            "model_type": family,
            "hidden_size": self.hidden,
            "intermediate_size": self.inner,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.key_heads,
            "vocab_size": self.vocabulary,
            "tie_word_embeddings": self.tied,
            "torch_dtype": "bfloat16",
            **named,
        }


HALF = Shape("Qwen2.5-0.5B", 896, 4864, 24, 14, 2, 151_936, tied=True)
SEVEN = Shape("Qwen2.5-7B", 3584, 18_944, 28, 28, 4, 152_064, tied=False)
FOURTEEN = Shape("Qwen2.5-14B", 5120, 13_824, 48, 40, 8, 152_064, tied=False)
# Half the width and half the layers of OLMoE-1B-7B, with all of its experts.
MIXTURE = Shape("64 experts, 1.9 GB", 1024, 512, 8, 16, 16, 50_304, tied=False, experts=64, biases=False)
# The same kinds in some megabytes, to try the scripts.
SMALL = Shape("small", 128, 320, 4, 4, 2, 4000, tied=True)
SMALL_MIXTURE = Shape("small, 16 experts", 128, 64, 2, 4, 4, 1000, tied=False, experts=16, biases=False)


@dataclass(frozen=True)
class Model:
    """A checkpoint on disk."""

    shape: Shape
    folder: Path
    files: list[Path]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.stat().st_size for file in self.files)


def make(shape: Shape, folder: Path, shards: int = 1) -> Model:
    """Writes a checkpoint unless it is there; `Failed` if the disk has no room for it."""
    tensors = shape.tensors()
    total = sum(tensor.size for tensor in tensors)
    names = [f"model-{at + 1:05}-of-{shards:05}.safetensors" for at in range(shards)]
    model = Model(shape, folder, [folder / name for name in (names if shards > 1 else ["model.safetensors"])])
    parts = _split(tensors, total, shards)
    headers = [_header(part) for part in parts]
    sizes = [len(header) + sum(tensor.size for tensor in part) for header, part in zip(headers, parts, strict=True)]
    missing = [at for at, file in enumerate(model.files) if not file.is_file() or file.stat().st_size != sizes[at]]
    needed = sum(sizes[at] for at in missing) + MARGIN
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if missing and free < needed:
        raise Failed(f"{shape.title} needs {needed / 1e9:.0f} GB of disk, and {free / 1e9:.0f} GB are free")
    for at in missing:
        say(f"writing {model.files[at]}, {sizes[at] / 1e9:.2f} GB")
        partial = model.files[at].with_suffix(".partial")
        with partial.open("wb") as out:
            out.write(headers[at])
            for tensor in parts[at]:
                out.writelines(tensor.data())
        partial.rename(model.files[at])
    if shards > 1:
        placed = {tensor.name: name for part, name in zip(parts, names, strict=True) for tensor in part}
        index = {"metadata": {"total_size": total}, "weight_map": placed}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps(shape.config(), indent=2))
    return model


def _split(tensors: list[Tensor], total: int, shards: int) -> list[list[Tensor]]:
    """Cuts a list into parts of about the same bytes, in order."""
    parts: list[list[Tensor]] = [[] for _ in range(shards)]
    begun = 0
    for tensor in tensors:
        parts[min((begun + tensor.size // 2) * shards // total, shards - 1)].append(tensor)
        begun += tensor.size
    return parts


def _header(tensors: list[Tensor]) -> bytes:
    """Length and JSON header of a safetensors file, padded to eight bytes."""
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for tensor in tensors:
        entries[tensor.name] = {
            "dtype": "BF16",
            "shape": tensor.shape,
            "data_offsets": [offset, offset + tensor.size],
        }
        offset += tensor.size
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text
