"""Train the teachers of WordNet's topics again, and register their sha256.

    python data/build/wordnet_teachers.py

``wordnet-minilm`` is a linear layer on the embedding of a gloss, ``wordnet-gcn`` a graph network on its words and those
of the glosses around it. Both learn by kdlab's own trainer from the same 200 labels that
``kdlab.load("wordnet-topics", labelled=200)`` marks, so what they know beyond a student with these labels comes from
the transformer's reading and from the graph. Half a minute on one thread; another processor may give other last bits.
"""

from __future__ import annotations

import json

import torch
from safetensors.torch import save

import kdlab
from kdlab import metrics, registry
from kdlab.players import tell

LABELLED = 200
TEACHERS = {
    "wordnet-minilm": kdlab.Recipe(student="linear", view="embedding", epochs=20, learning_rate=0.01),
    "wordnet-gcn": kdlab.Recipe(student="gcn", view="node", epochs=5, learning_rate=0.005),
}


def made(name: str) -> bytes:
    """A teacher's file: its weights, and a card with how it was trained and what it answers."""
    recipe = TEACHERS[name].replace(data="wordnet-topics", labelled=LABELLED, alpha=0.0)
    run = kdlab.distill(recipe=recipe)
    data = run.data
    card = {
        "architecture": recipe.student,
        "sees": recipe.view,
        "data": recipe.data,
        "classes": len(data.classes),
        "size": list(data.train.x.shape[1:]),
        "command": "python data/build/wordnet_teachers.py",
        "trained_on": f"{LABELLED} labels of wordnet-topics, view {recipe.view}",
        "licence": "MIT, as the package; embeddings by all-MiniLM-L6-v2, Apache-2.0; WordNet 3.0",
        "recipe": recipe.to_dict(),
    }
    for part in ("validation", "test"):
        split = getattr(data, part)
        logits, labels = tell(run.student, split.x).logits.numpy(), split.y.numpy()
        card[part] = {
            "accuracy": round(metrics.accuracy(logits, labels), 4),
            "cross_entropy": round(metrics.cross_entropy(logits, labels), 4),
            "ece": round(metrics.ece(logits, labels), 4),
        }
    print(name, json.dumps(card, indent=1))
    weights = {key: tensor.contiguous() for key, tensor in run.student.state_dict().items()}
    return save(weights, metadata={"card": json.dumps(card)})


def main() -> None:
    """Train, measure, write."""
    torch.set_num_threads(1)
    for name in TEACHERS:
        content = made(name)
        digest = registry.put(f"{name}.safetensors", content)
        print(f"{registry.data_dir() / name}.safetensors: {len(content):,} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
