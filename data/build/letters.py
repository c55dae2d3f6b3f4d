"""Train the teacher of ``kdlab.language`` again, and register its sha256.

    python data/build/letters.py

A speller that sees ten tokens learns from all training words of words-en; the validation and test words it never
sees. Its weights are kept in half precision. Some minutes on one thread; another processor may give other last bits.
"""

from __future__ import annotations

import json

import torch
from safetensors.torch import save

from kdlab import language, registry, texts
from kdlab.initial import seeded

FORM = {"context": 10, "embedding": 24, "widths": [448, 320]}
EPOCHS, SIZE, RATE = 5, 128, 3e-3


def main() -> None:
    """Train, measure, write."""
    torch.set_num_threads(1)
    listed = texts.words()
    net = seeded(0, lambda: language.Speller(**FORM))
    steps = EPOCHS * len(listed.train) // SIZE
    language.learn(net, language.encode(listed.train), language.letter_loss, steps=steps, size=SIZE, learning_rate=RATE)
    weights = {name: tensor.half().contiguous() for name, tensor in net.state_dict().items()}
    net.load_state_dict({name: half.float() for name, half in weights.items()})
    card = {
        "architecture": "kdlab.language.Speller",
        "form": FORM,
        "parameters": sum(tensor.numel() for tensor in weights.values()),
        "data": "words-en",
        "trained_on": f"the {len(listed.train):,} training words of words-en",
        "recipe": {"epochs": EPOCHS, "batch": SIZE, "learning_rate": RATE, "steps": steps, "seed": 0},
        "licence": "MIT, as the package; the words are SCOWL's",
        "command": "python data/build/letters.py",
    }
    for part in ("validation", "test"):
        card[part] = {"bits": round(language.bits(net, language.encode(getattr(listed, part))), 4)}
    print(json.dumps(card, indent=1))
    content = save(weights, metadata={"card": json.dumps(card)})
    digest = registry.put(language.TEACHER, content)
    print(f"{registry.data_dir() / language.TEACHER}: {len(content):,} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
