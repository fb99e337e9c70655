"""How right the types, styles and seasons are on held-out garments, and how honest their confidence is.

    EWARDROBE_DATA=... python benchmarks/attributes_types.py [--cache runs/heads] [--model default]

Prints Markdown: the floors, then each set, each label, style and season, and which label speaks for which type. With
true masks, the garment is what the annotators marked; with the model's own, it is what the model found there (IoU of at
least a half; a garment that it did not find counts as wrong). In a set's own words, the answer is one of the set's
labels; as a type, it is right when it is a type that the label may mean.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from head_scores import Rate, Score
from timing import grid

from ewardrobe.attributes.describing import LEAST_SEASON, LEAST_STYLE, SEASON_PRIOR, Answers
from ewardrobe.attributes.features import CropEncoder, GarmentFeatures
from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.attributes.heads import Heads, shipped_heads
from ewardrobe.datasets import open_dataset
from ewardrobe.segmentation import Segmenter, resolve
from ewardrobe.segmentation.onnxfile import graph_sha256
from ewardrobe.segmentation.runtime import Runtime
from ewardrobe.training.head_examples import Examples, collect, labelled_masks

LEAST_GARMENTS = 10
FOLDERS = {"flat-lay": "flatlay", "people-clothing": "ccp"}
SCORES = ["garments", "top-1", "top-3", "calibration error", "overconfidence"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answered:
    """Val garments of one set: their labels, and what the heads say; NaN where no garment was found."""

    labels: npt.NDArray[np.str_]
    words: Floats
    types: Floats

    def only(self, kept: npt.NDArray[np.bool_]) -> Answered:
        return Answered(self.labels[kept], self.words[kept], self.types[kept])

    def frequent(self) -> Answered:
        """Those whose label has at least `LEAST_GARMENTS` val garments."""
        names, counts = np.unique(self.labels, return_counts=True)
        return self.only(np.isin(self.labels, names[counts >= LEAST_GARMENTS]))

    def in_words(self, heads: Heads, source: str) -> Score:
        return Score.of(self.words, self.labels[:, None] == np.array(heads.names(source))[None, :])

    def as_types(self, source: str) -> Score:
        meant = {label: type_vocabulary().members(source, label) for label in set(self.labels.tolist())}
        allowed = [meant[label] for label in self.labels.tolist()]
        return Score.of(self.types, np.array(allowed, dtype=bool).reshape(self.types.shape))

    @property
    def found(self) -> float:
        return Rate(~np.isnan(self.types).any(axis=1)).mean


def with_masks_of_training(heads: Heads, examples: Examples, source: str) -> Answered:
    kept = (examples.split == "val") & np.isin(examples.label, list(type_vocabulary().sources[source]))
    hidden = [heads.hidden(vector) for vector in examples.vectors[kept]]
    return Answered(
        examples.label[kept],
        np.array([heads.probabilities(source, row) for row in hidden], dtype=float),
        np.array([heads.probabilities("type", row) for row in hidden], dtype=float),
    )


def with_own_masks(
    heads: Heads, segmenter: Segmenter, encoder: CropEncoder, data: Path, source: str, limit: int | None
) -> Answered:
    labels, words, types = [], [], []
    for label, features, found_label in own_garments(segmenter, encoder, data, source, limit):
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
    segmenter: Segmenter, encoder: CropEncoder, data: Path, source: str, limit: int | None
) -> Iterator[tuple[str, GarmentFeatures | None, str]]:
    """Each labelled val garment with the features and the class of the garment that the model found there."""
    samples = open_dataset(data / FOLDERS[source], format=source, split="val")
    for sample in islice(samples, limit):
        photo, label_map = sample.read()
        found = [(garment, garment.mask) for garment in segmenter.segment(photo).garments]
        for label, true in labelled_masks(sample, label_map):
            overlaps = [(true & own).sum() / max(1, (true | own).sum()) for _, own in found]
            if not overlaps or max(overlaps) < 0.5:
                yield label, None, ""
                continue
            garment, own = found[int(np.argmax(overlaps))]
            yield label, encoder.features(photo.pixels, own), garment.label


@dataclass(frozen=True)
class Shop:
    """Style or season of held-out shop photos: `truth` (N,) indices, `answers` (N, names) by variant.

    Attributes:
        majority: the index of the answer that is commonest in training.
        least: the confidence from which the product answers at all.
    """

    question: str
    names: tuple[str, ...]
    truth: npt.NDArray[np.intp]
    answers: dict[str, Floats]
    majority: int
    least: float

    @classmethod
    def of(cls, heads: Heads, examples: Examples, question: str, column: str, least: float) -> Shop:
        vocabulary, names = type_vocabulary(), heads.names(question)
        said = [vocabulary.words[question].get(word, "") for word in examples.extra[column].tolist()]
        answer = np.array([names.index(word) if word in names else -1 for word in said])
        asked = np.flatnonzero((examples.split == "val") & (answer >= 0))
        hidden = [heads.hidden(examples.vectors[index]) for index in asked]
        answers = {
            "head alone": np.array([heads.probabilities(question, row) for row in hidden], dtype=float)
        }
        if question == "season":
            weights = vocabulary.season_weights()
            by_type = np.array([heads.probabilities("type", row) @ weights for row in hidden])
            weighed = answers["head alone"] * by_type**SEASON_PRIOR
            answers["with what the type says"] = weighed / weighed.sum(axis=1, keepdims=True)
        trained = answer[(examples.split == "train") & (answer >= 0)]
        return cls(question, names, answer[asked], answers, int(np.bincount(trained).argmax()), least)

    def margin(self, variant: str) -> Rate:
        """By how much the likeliest answer is right more often than the majority's, photo by photo."""
        right = self.answers[variant].argmax(axis=1) == self.truth
        return Rate(right.astype(float) - (self.truth == self.majority))

    @property
    def shipped(self) -> str:
        """The variant that the product uses."""
        return list(self.answers)[-1]

    def rows(self) -> list[list[str]]:
        rows = []
        for variant, values in self.answers.items():
            score = Score.of(values, np.eye(len(self.names), dtype=bool)[self.truth])
            sure = values.max(axis=1) >= self.least
            rows.append(
                [
                    self.question,
                    variant + (" (shipped)" if variant == self.shipped else ""),
                    str(len(self.truth)),
                    f"{self.names[self.majority]}: {(self.truth == self.majority).mean():.3f}",
                    str(score.top1),
                    self.margin(variant).signed(),
                    f"{sure.mean():.3f}",
                    str(Rate(values.argmax(axis=1)[sure] == self.truth[sure])),
                    *score.cells()[-2:],
                ]
            )
        return rows

    def confusion(self) -> str:
        """Of each true answer, how often each answer is the likeliest."""
        best = self.answers[self.shipped].argmax(axis=1)
        rows = [
            [name, str(int((self.truth == index).sum()))]
            + [f"{(best[self.truth == index] == other).mean():.2f}" for other in range(len(self.names))]
            for index, name in enumerate(self.names)
            if (self.truth == index).any()
        ]
        return grid([self.question, "photos", *self.names], rows)


def floor_table(heads: Heads, answered: dict[str, dict[str, Answered]], shop: list[Shop]) -> str:
    rows = []

    def floor(what: str, masks: str, rate: Rate, least: float) -> None:
        rows.append(
            [what, masks, str(len(rate.values)), str(rate), f"{least:.2f}", _reached(rate.mean >= least)]
        )

    for masks, values in answered["flat-lay"].items():
        floor("flat labels, top-1", masks, values.in_words(heads, "flat-lay").top1, 0.75)
    for masks, values in answered["people-clothing"].items():
        score = values.frequent().in_words(heads, "people-clothing")
        tags = f"CCP tags with {LEAST_GARMENTS} garments or more"
        floor(f"{tags}, top-1", masks, score.top1, 0.60)
        floor(f"{tags}, top-3", masks, score.top3, 0.85)
    for item in shop:
        margin = item.margin(item.shipped)
        majority = item.names[item.majority]
        above = Rate(margin.values).signed()
        rows.append(
            [f"{item.question}, right above the majority ({majority})", "own, largest", str(len(item.truth)),
             above, "above 0", _reached(margin.mean > 0)]
        )  # fmt: skip
    return grid(["floor", "masks", "n", "measured", "at least", "reached"], rows)


def _reached(yes: bool) -> str:
    return "yes" if yes else "**no**"


def set_table(heads: Heads, answered: dict[str, dict[str, Answered]]) -> str:
    rows = []
    for source, by_mask in answered.items():
        for masks, values in by_mask.items():
            kinds = {source: values}
            if source == "people-clothing":
                kinds[f"{source}, frequent tags"] = values.frequent()
            for name, part in kinds.items():
                found = f"{part.found:.3f}"
                rows.append([name, masks, "own words", found, *part.in_words(heads, source).cells()])
                rows.append([name, masks, "as types", found, *part.as_types(source).cells()])
    return grid(["set", "masks", "answer", "found", *SCORES], rows)


def label_table(heads: Heads, answered: dict[str, dict[str, Answered]]) -> str:
    """Top-1 in the set's own words, label by label, and what it is taken for most often."""
    rows = []
    for source in FOLDERS:
        names = np.array(heads.names(source))
        for label in names:
            cells, taken = [], ""
            for masks, values in answered[source].items():
                own = values.only(values.labels == label)
                best = np.where(
                    np.isnan(own.words).any(axis=1), "nothing", names[np.argmax(own.words, axis=1)]
                )
                cells.append(f"{(best == label).mean():.2f}" if len(best) else "-")
                if masks == "true":
                    wrong, counts = np.unique(best[best != label], return_counts=True)
                    order = np.argsort(-counts)[:3]
                    taken = ", ".join(f"{wrong[index]} {counts[index]}" for index in order)
            if any(cell != "-" for cell in cells):
                count = int((answered[source]["true"].labels == label).sum())
                rows.append([source, str(label), str(count), *cells, taken])
    return grid(["set", "label", "n", "true masks", "own masks", "taken for (true masks)"], rows)


def origin_table(sets: dict[str, Examples]) -> str:
    """Which label of which set speaks for each type, with the number of training garments."""
    vocabulary, rows = type_vocabulary(), []
    for name in vocabulary.names:
        cells = []
        for source, labels in vocabulary.sources.items():
            if source not in sets:
                continue
            examples = sets[source]
            kept = examples.label[(examples.split == "train") & (examples.view == 0)]
            meaning = [label for label, meant in labels.items() if name in meant]
            counted = [
                f"{label}{'' if len(labels[label]) == 1 else '?'} {(kept == label).sum()}"
                for label in meaning
            ]
            cells.append(", ".join(counted) or "-")
        rows.append([name, *cells])
    return grid(["type", *(source for source in vocabulary.sources if source in sets)], rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("EWARDROBE_DATA", "../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/heads"))
    parser.add_argument("--model", default="default")
    parser.add_argument("--heads", type=Path, help="another file of heads than the shipped one")
    parser.add_argument("--jobs", type=int, default=2, help="processes that compute features")
    parser.add_argument("--limit", type=int, help="photos of each set and split, for a trial")
    options = parser.parse_args()
    heads = Heads.load(options.heads) if options.heads else shipped_heads()
    if heads is None:
        parser.error("the package was built without heads: train them, or give --heads FILE")
    data, model = Path(options.data), resolve(options.model)
    if heads.model_sha256 != graph_sha256(model):
        parser.error("these heads were fitted on another model: run python -m ewardrobe.training.heads")
    sets = collect(data, model, cache=options.cache, jobs=options.jobs, limit=options.limit)
    segmenter, encoder = Segmenter(options.model), CropEncoder(Runtime(model, threads=1))
    answered = {
        source: {
            "true": with_masks_of_training(heads, sets[source], source),
            "own": with_own_masks(heads, segmenter, encoder, data, source, options.limit),
        }
        for source in FOLDERS
    }
    # The shop photos have no masks: there, the model's own largest garment is all there is.
    answered["products"] = {"own, largest": with_masks_of_training(heads, sets["products"], "products")}
    shop = [
        Shop.of(heads, sets["products"], *item)
        for item in (("style", "usage", LEAST_STYLE), ("season", "season", LEAST_SEASON))
    ]
    head = ["question", "variant", "photos", "majority", "right", "margin over the majority", "answered",
            "right of those", "calibration error", "overconfidence"]  # fmt: skip
    print(
        f"Heads of model {heads.model} ({heads.model_sha256[:12]}). Bootstrap 95 % intervals over garments.\n"
    )
    print(f"## Floors\n\n{floor_table(heads, answered, shop)}\n")
    print(f"## Types\n\n{set_table(heads, answered)}\n\n{label_table(heads, answered)}\n")
    print(f"## Style and season\n\n{grid(head, [row for item in shop for row in item.rows()])}\n")
    print("\n\n".join(item.confusion() for item in shop))
    print(
        "\n## Where the labels come from\n\n"
        "Training garments by set and label; `?` marks a label that may mean several types, so that the loss asks "
        f"only that their probabilities sum to one.\n\n{origin_table(sets)}"
    )


if __name__ == "__main__":
    main()
