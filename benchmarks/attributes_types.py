"""How right the types, styles and seasons are on held-out garments, and how honest their confidence is.

    EWARDROBE_DATA=... python benchmarks/attributes_types.py [--cache runs/heads] [--model default]

Prints Markdown. With true masks, the garment is what the annotators marked; with the model's own, it is what the model
found there (IoU of at least a half; a garment that it did not find counts as wrong). In a set's own words, the answer
is one of the set's labels; as a type, it is right when it is a type that the label may mean.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from head_scores import Score, interval
from timing import grid

from ewardrobe.attributes.describing import LEAST_SEASON, LEAST_STYLE, SEASON_PRIOR, Answers
from ewardrobe.attributes.features import CropEncoder, GarmentFeatures
from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.attributes.heads import Heads, shipped_heads
from ewardrobe.datasets import open_dataset
from ewardrobe.segmentation import Segmenter, resolve
from ewardrobe.segmentation.runtime import Runtime
from ewardrobe.training.head_examples import Examples, collect, labelled_masks

LEAST_GARMENTS = 10
FOLDERS = {"flat-lay": "flatlay", "people-clothing": "ccp"}
FLOORS = {
    "flat-lay": "top-1 at least 0.75",
    "people-clothing": f"top-1 at least 0.60, top-3 at least 0.85, over tags with at least {LEAST_GARMENTS} garments",
}


@dataclass(frozen=True)
class Answered:
    """Val garments of one set: their labels, and what the heads say; NaN where no garment was found."""

    labels: npt.NDArray[np.str_]
    words: npt.NDArray[np.float64]
    types: npt.NDArray[np.float64]

    def only(self, kept: npt.NDArray[np.bool_]) -> Answered:
        return Answered(self.labels[kept], self.words[kept], self.types[kept])


def with_masks_of_training(heads: Heads, examples: Examples, source: str) -> Answered:
    kept = (examples.split == "val") & np.isin(examples.label, list(type_vocabulary().sources[source]))
    hidden = [heads.hidden(vector) for vector in examples.vectors[kept]]
    return Answered(
        examples.label[kept],
        np.array([heads.probabilities(source, row) for row in hidden], dtype=float),
        np.array([heads.probabilities("type", row) for row in hidden], dtype=float),
    )


def with_own_masks(
    heads: Heads, segmenter: Segmenter, encoder: CropEncoder, data: Path, source: str
) -> Answered:
    labels, words, types = [], [], []
    for label, features, found_label in own_garments(segmenter, encoder, data, source):
        if label not in type_vocabulary().sources[source]:
            continue
        labels.append(label)
        if features is None:
            words.append(np.full(len(heads.names(source)), np.nan))
            types.append(np.full(len(heads.names("type")), np.nan))
        else:
            words.append(heads.probabilities(source, heads.hidden(features.vector())))
            types.append(Answers(heads, features, found_label).type)
    return Answered(np.array(labels), np.array(words, dtype=float), np.array(types, dtype=float))


def own_garments(
    segmenter: Segmenter, encoder: CropEncoder, data: Path, source: str
) -> Iterator[tuple[str, GarmentFeatures | None, str]]:
    """Each labelled val garment with the features and the class of the garment that the model found there."""
    for sample in open_dataset(data / FOLDERS[source], format=source, split="val"):
        photo, label_map = sample.read()
        found = [(garment, garment.mask) for garment in segmenter.segment(photo).garments]
        for label, true in labelled_masks(sample, label_map):
            overlaps = [(true & own).sum() / max(1, (true | own).sum()) for _, own in found]
            if not overlaps or max(overlaps) < 0.5:
                yield label, None, ""
                continue
            garment, own = found[int(np.argmax(overlaps))]
            yield label, encoder.features(photo.pixels, own), garment.label


def frequent(answered: Answered) -> Answered:
    names, counts = np.unique(answered.labels, return_counts=True)
    return answered.only(np.isin(answered.labels, names[counts >= LEAST_GARMENTS]))


def rows_of(heads: Heads, source: str, answered: Answered, masks: str) -> list[list[str]]:
    meant = {label: type_vocabulary().members(source, label) for label in set(answered.labels.tolist())}
    exact = answered.labels[:, None] == np.array(heads.names(source))[None, :]
    allowed = np.stack([meant[label] for label in answered.labels.tolist()])
    found = ~np.isnan(answered.types).any(axis=1)
    return [
        [source, masks, "own words", f"{found.mean():.3f}", *Score.of(answered.words, exact).cells()],
        [source, masks, "as types", f"{found.mean():.3f}", *Score.of(answered.types, allowed).cells()],
    ]


def type_tables(heads: Heads, sets: dict[str, Examples], segmenter: Segmenter, data: Path) -> str:
    encoder = CropEncoder(Runtime(segmenter.path, threads=1))
    rows, by_label = [], []
    for source in ("flat-lay", "people-clothing", "products"):
        # The shop photos have no masks: there, the model's own largest garment is all there is.
        first = "true" if source in FOLDERS else "own, largest"
        answered = {first: with_masks_of_training(heads, sets[source], source)}
        if source in FOLDERS:
            answered["own"] = with_own_masks(heads, segmenter, encoder, data, source)
        for masks, values in answered.items():
            rows += rows_of(heads, source, values, masks)
            if source == "people-clothing":
                often = frequent(values)
                rows += [
                    [f"{source}, frequent tags", *row[1:]] for row in rows_of(heads, source, often, masks)
                ]
        if source in FOLDERS:
            by_label += [[source, *row] for row in label_rows(heads, source, answered)]
    head = ["set", "masks", "answer", "found", "garments", "top-1", "top-3", "calibration error"]
    floors = "\n".join(f"- {source}: {floor}" for source, floor in FLOORS.items())
    return "\n\n".join(
        [
            "## Types",
            f"Floors:\n\n{floors}",
            grid(head, rows),
            grid(["set", "label", "n", "true", "own"], by_label),
        ]
    )


def label_rows(heads: Heads, source: str, answered: dict[str, Answered]) -> list[list[str]]:
    """Top-1 in the set's own words, label by label."""
    names = np.array(heads.names(source))
    rows = []
    for label in names:
        cells = []
        for values in answered.values():
            own = values.only(values.labels == label)
            best = np.where(np.isnan(own.words).any(axis=1), "", names[np.argmax(own.words, axis=1)])
            cells.append(f"{(best == label).mean():.2f}" if len(best) else "-")
        if any(cell != "-" for cell in cells):
            rows.append([str(label), str(int((answered["true"].labels == label).sum())), *cells])
    return rows


def shop_table(heads: Heads, examples: Examples) -> str:
    """Style and season against the majority answer, on held-out shop photos."""
    vocabulary, rows = type_vocabulary(), []
    hidden = {
        index: heads.hidden(examples.vectors[index])
        for index in np.flatnonzero(examples.split == "val").tolist()
    }
    prior = vocabulary.season_weights()
    for question, column, least in (("style", "usage", LEAST_STYLE), ("season", "season", LEAST_SEASON)):
        words = vocabulary.words[question]
        names = heads.names(question)
        asked = [index for index in hidden if words.get(str(examples.extra[column][index])) in names]
        truth = np.array([names.index(words[str(examples.extra[column][index])]) for index in asked])
        probabilities = np.array(
            [heads.probabilities(question, hidden[index]) for index in asked], dtype=float
        )
        variants = {"head alone": probabilities}
        if question == "season":
            by_type = np.array([heads.probabilities("type", hidden[index]) @ prior for index in asked])
            variants["with what the type says (as shipped)"] = _with_prior(probabilities, by_type)
        train = [words.get(str(word)) for word in examples.extra[column][examples.split == "train"]]
        majority = max(names, key=train.count)
        base = float((truth == names.index(majority)).mean())
        for variant, values in variants.items():
            score = Score.of(values, np.eye(len(names), dtype=bool)[truth])
            sure = values.max(axis=1) >= least
            right = values.argmax(axis=1)[sure] == truth[sure]
            low, high = interval(values.argmax(axis=1) == truth)
            rows.append(
                [
                    question,
                    variant,
                    str(len(truth)),
                    f"{majority}: {base:.3f}",
                    f"{score.top1:.3f} ({low:.3f}-{high:.3f})",
                    f"{score.top1 - base:+.3f}",
                    f"{sure.mean():.3f}",
                    f"{right.mean():.3f}",
                    f"{score.ece:.3f}",
                ]
            )
    head = [
        "question",
        "variant",
        "photos",
        "majority",
        "right",
        "margin",
        "answered",
        "right of those",
        "calibration error",
    ]
    return "\n\n".join(["## Style and season", grid(head, rows)])


def _with_prior(
    probabilities: npt.NDArray[np.float64], by_type: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    weights = probabilities * by_type**SEASON_PRIOR
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("EWARDROBE_DATA", "../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/heads"))
    parser.add_argument("--model", default="default")
    parser.add_argument("--heads", type=Path, help="another file of heads than the shipped one")
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    heads = Heads.load(options.heads) if options.heads else shipped_heads()
    if heads is None:
        parser.error("the package was built without heads: train them, or give --heads FILE")
    data = Path(options.data)
    sets = collect(data, resolve(options.model), cache=options.cache, limit=options.limit)
    print(f"Heads of model {heads.model} ({heads.model_sha256[:12]})\n")
    print(type_tables(heads, sets, Segmenter(options.model), data))
    print()
    print(shop_table(heads, sets["products"]))


if __name__ == "__main__":
    main()
