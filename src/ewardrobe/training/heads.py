"""The attribute heads, trained on the development data for one segmentation model, in one command.

    python -m ewardrobe.training.heads --data DATA [--model default] [--out heads.npz] [--cache FOLDER] [--jobs 2]

Several networks of one hidden layer learn every question at once: the fine `type`, where a set's word may mean several
types and the loss asks only that their probabilities sum to one; the words of each set as they are; `style` and
`season` of the shop photos. A tenth of the training photos is held back to fit one temperature a question. The
embedding is a linear projection that keeps what tells garments apart and drops what changes between copies of one.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.attributes.heads import Heads, ReadOut
from ewardrobe.datasets import hashed_split
from ewardrobe.segmentation import resolve
from ewardrobe.segmentation.description import read_description
from ewardrobe.segmentation.onnxfile import graph_sha256
from ewardrobe.training.head_examples import Examples, collect, held_out, joined
from ewardrobe.training.projection import fit_projection

__all__ = [
    "EMBEDDING_SIZE",
    "Question",
    "Settings",
    "questions",
    "scores",
    "train_heads",
]

EMBEDDING_SIZE = 192
SHIPPED = Path(__file__).parents[1] / "attributes" / "data" / "heads.npz"


@dataclass(frozen=True)
class Settings:
    """How the heads are trained."""

    networks: int = 4
    hidden: int = 256
    epochs: int = 24
    batch: int = 512
    rate: float = 2e-3
    decay: float = 0.02
    input_dropout: float = 0.2
    hidden_dropout: float = 0.4
    smoothing: float = 0.02
    balance: float = 0.5
    """A garment counts as its label's frequency in its set to the power of minus this."""
    seed: int = 0


@dataclass(frozen=True)
class Question:
    """What is asked and answered: `allowed` bool (N, answers); rows without any are not asked."""

    name: str
    names: tuple[str, ...]
    allowed: npt.NDArray[np.bool_]
    weight: float = 1.0


def questions(examples: Examples) -> list[Question]:
    """Every question the labels answer, for all rows."""
    vocabulary = type_vocabulary()
    rows = list(zip(examples.source.tolist(), examples.label.tolist(), strict=True))
    meant = {row: vocabulary.members(*row) for row in set(rows)}
    asked = [Question("type", vocabulary.names, np.stack([meant[row] for row in rows]), weight=2.0)]
    for source, labels in vocabulary.sources.items():
        asked.append(
            _single(source, tuple(labels), [label if name == source else "" for name, label in rows])
        )
    shop = {"style": "usage", "season": "season"}
    answers = {"style": tuple(vocabulary.styles), "season": vocabulary.seasons}
    for name, column in shop.items():
        words = examples.extra[column]
        asked.append(
            _single(name, answers[name], [vocabulary.words[name].get(word, "") for word in words.tolist()])
        )
    return asked


def _single(name: str, names: tuple[str, ...], answers: Sequence[str]) -> Question:
    return Question(name, names, np.array(answers)[:, None] == np.array(names)[None, :])


class _Network(nn.Module):  # type: ignore[misc]  # PyTorch is not there where types are checked
    def __init__(self, inputs: int, asked: Sequence[Question], settings: Settings) -> None:
        super().__init__()
        self.before = nn.Dropout(settings.input_dropout)
        self.hidden = nn.Linear(inputs, settings.hidden)
        self.after = nn.Dropout(settings.hidden_dropout)
        self.read_outs = nn.ModuleList(nn.Linear(settings.hidden, len(item.names)) for item in asked)

    def forward(self, vectors: Tensor) -> list[Tensor]:
        shared = self.after(torch.relu(self.hidden(self.before(vectors))))
        return [read_out(shared) for read_out in self.read_outs]


def _loss(scores: Tensor, allowed: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy where any allowed answer is right, the mean over the rows that are asked."""
    asked = allowed.any(dim=1)
    if not bool(asked.any()):
        return scores.sum() * 0
    logs = torch.log_softmax(scores[asked], dim=1)
    right = torch.logsumexp(logs.masked_fill(~allowed[asked], -torch.inf), dim=1)
    loss = (1 - smoothing) * right + smoothing * logs.mean(dim=1)
    return -(loss * weight[asked]).sum() / weight[asked].sum()


def _row_weights(examples: Examples, rows: npt.NDArray[np.intp], power: float) -> npt.NDArray[np.float64]:
    """Each set the same in all, rare labels more than their number."""
    weights = np.zeros(len(rows))
    for source in np.unique(examples.source[rows]):
        own = examples.source[rows] == source
        _, inverse, counts = np.unique(examples.label[rows][own], return_inverse=True, return_counts=True)
        part = counts[inverse].astype(float) ** -power
        weights[own] = part / part.sum()
    return np.asarray(weights / weights.sum())


def _fit(
    vectors: Tensor, asked: Sequence[Question], chances: npt.NDArray[np.float64], rows: npt.NDArray[np.intp],
    settings: Settings, seed: int,
) -> _Network:  # fmt: skip
    torch.manual_seed(seed)
    network = _Network(vectors.shape[1], asked, settings)
    allowed = [torch.from_numpy(item.allowed) for item in asked]
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    steps = settings.epochs * max(1, len(rows) // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=steps)
    drawn = torch.from_numpy(chances)
    for _ in range(steps):
        batch = torch.from_numpy(rows)[torch.multinomial(drawn, settings.batch, replacement=True)]
        outputs = network(vectors[batch])
        even = torch.ones(len(batch))
        losses = [
            item.weight * _loss(scores, mask[batch], even, settings.smoothing)
            for item, scores, mask in zip(asked, outputs, allowed, strict=True)
        ]
        optimiser.zero_grad()
        torch.stack(losses).sum().backward()
        optimiser.step()
        schedule.step()
    network.eval()
    return network


def _temperature(scores: Tensor, allowed: Tensor) -> float:
    """The temperature under which held-back rows are least surprising."""
    even = torch.ones(len(scores))
    tried = np.exp(np.linspace(np.log(0.3), np.log(4), 60))
    return float(min(tried, key=lambda value: float(_loss(scores / value, allowed, even, 0.0))))


def _garments(examples: Examples, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """A number for each garment: rows with the same number are copies of one."""
    names = np.char.add(
        np.char.add(examples.source, "/"), np.char.add(np.char.add(examples.id, "/"), examples.label)
    )
    return np.unique(names[rows], return_inverse=True)[1].astype(np.intp)


def train_heads(examples: Examples, model: Path, settings: Settings | None = None) -> Heads:
    """Fit the heads and the embedding on the training rows of `examples`, features of the model at `model`."""
    settings = settings or Settings()
    asked = questions(examples)
    train = examples.split == "train"
    back = np.array([hashed_split(f"heads:{name}", val_share=0.1) == "val" for name in examples.id.tolist()])
    rows, kept_back = np.flatnonzero(train & ~back), np.flatnonzero(train & back)
    centre = examples.vectors[rows].mean(axis=0)
    spread = examples.vectors[rows].std(axis=0) + np.float32(1e-3)
    vectors = torch.from_numpy(np.clip((examples.vectors - centre) / spread, -8, 8).astype(np.float32))
    chances = _row_weights(examples, rows, settings.balance)
    networks = [
        _fit(vectors, asked, chances, rows, settings, settings.seed + number)
        for number in range(settings.networks)
    ]
    seen = train & (examples.source != "products") & ~held_out(examples)
    projection, projection_centre = fit_projection(
        examples.vectors[seen, : examples.pooled], _garments(examples, seen), EMBEDDING_SIZE
    )
    return Heads(
        model=read_description(model).name,
        model_sha256=graph_sha256(model),
        centre=centre,
        spread=spread,
        weights=np.stack([network.hidden.weight.detach().numpy() for network in networks]),
        bias=np.stack([network.hidden.bias.detach().numpy() for network in networks]),
        read_outs={
            item.name: _read_out(item, index, networks, vectors[kept_back], item.allowed[kept_back])
            for index, item in enumerate(asked)
        },
        projection=projection,
        projection_centre=projection_centre,
        about={"settings": asdict(settings), "rows": len(rows), "held_back": len(kept_back)},
    )


def _read_out(
    item: Question, index: int, networks: Sequence[_Network], vectors: Tensor, allowed: npt.NDArray[np.bool_]
) -> ReadOut:
    """The last layers of one question, with the temperature that fits the held-back rows."""
    with torch.no_grad():
        scores = torch.stack([network(vectors)[index] for network in networks]).mean(dim=0)
    layers = [network.read_outs[index] for network in networks]
    return ReadOut(
        item.names,
        np.stack([layer.weight.detach().numpy().T for layer in layers]),
        np.stack([layer.bias.detach().numpy() for layer in layers]),
        _temperature(scores, torch.from_numpy(allowed)),
    )


def scores(heads: Heads, examples: Examples) -> dict[str, float]:
    """Part of the val rows that each question gets right; `type` also by set, as `type:SET`."""
    val = (examples.split == "val") & (examples.view == 0)
    hidden = [heads.hidden(vector) for vector in examples.vectors[val]]
    found = {}
    for item in questions(examples):
        allowed = item.allowed[val]
        best = np.array([heads.probabilities(item.name, row).argmax() for row in hidden])
        right, asked = allowed[np.arange(len(best)), best], allowed.any(axis=1)
        found[item.name] = float(right[asked].mean())
        if item.name == "type":
            for source in np.unique(examples.source):
                found[f"type:{source}"] = float(right[asked & (examples.source[val] == source)].mean())
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the heads of one model and write them; see this module's text."""
    parser = argparse.ArgumentParser(
        prog="python -m ewardrobe.training.heads", description="Train the heads."
    )
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("EWARDROBE_DATA"), help="the development data"
    )
    parser.add_argument("--model", default="default", help="a model's name or file")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="where to write the heads")
    parser.add_argument("--cache", type=Path, default=Path("runs/heads"), help="where features are kept")
    parser.add_argument("--jobs", type=int, default=2, help="processes that compute features")
    parser.add_argument("--limit", type=int, help="photos of each set and split, for a trial")
    options = parser.parse_args(arguments)
    if options.data is None:
        parser.error("give --data FOLDER, or set EWARDROBE_DATA")
    model = resolve(options.model)
    report = partial(print, flush=True)
    sets = collect(
        Path(options.data),
        model,
        cache=options.cache,
        jobs=options.jobs,
        limit=options.limit,
        report=report,
    )
    examples, start = joined(sets), time.perf_counter()
    heads = train_heads(examples, model)
    report(f"fitted in {time.perf_counter() - start:.0f} s")
    found = scores(heads, examples)
    replace(
        heads, about={**heads.about, "val": {name: round(value, 4) for name, value in found.items()}}
    ).save(options.out)
    for name, value in found.items():
        print(f"{name:24} {value:.3f}")
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB, for model {heads.model}")


if __name__ == "__main__":
    main()
