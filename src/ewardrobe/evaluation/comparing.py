"""Several models on the same photos: pictures side by side, scores where there are labels, and what each costs."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from ewardrobe.datasets import BrokenSample, Dataset, Sample
from ewardrobe.errors import DatasetError, MaskError, PhotoError
from ewardrobe.evaluation.contenders import Contender, shared_taxonomy
from ewardrobe.evaluation.evaluator import Scorer
from ewardrobe.evaluation.gallery import overlay, shrunk
from ewardrobe.evaluation.html import comparison_page
from ewardrobe.evaluation.instance_report import detections_of, targets_of
from ewardrobe.evaluation.instances import InstanceScorer
from ewardrobe.evaluation.reporting import plain
from ewardrobe.evaluation.running import LabelMap, Prediction, between, labels_of
from ewardrobe.evaluation.scores import RESAMPLES, Score, mean_scores, score_differences
from ewardrobe.evaluation.strips import Panel, draw_strip
from ewardrobe.evaluation.tables import Table, number, short
from ewardrobe.imaging import Photo, to_jpeg_bytes, write_atomically
from ewardrobe.taxonomy import IGNORE, Taxonomy

__all__ = ["Comparison", "compare"]

LEAST_TIMINGS = 9
"""Timings of each model at least: a median of fewer says little."""

_TITLES = {
    "garment_miou": "garment mIoU [95 %]",
    "garment_miou_ahead": "above the first",
    "miou": "mIoU [95 %]",
    "garment_miou_all": "garment mIoU, all classes [95 %]",
    "garment_miou_all_ahead": "above the first",
    "miou_all": "mIoU, all classes [95 %]",
    "foreground_iou": "foreground IoU [95 %]",
    "ap": "mask AP [95 %]",
}
_MEANS = ("garment_miou", "miou", "garment_miou_all", "miou_all", "foreground_iou")


@dataclass(frozen=True)
class ComparedPhoto:
    """One photo's picture, relative to the comparison's folder, and each model's garment mIoU in it."""

    id: str
    picture: PurePosixPath
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """What came of comparing: `scores` has one mapping for each model, empty where there are no labels."""

    contenders: tuple[Contender, ...]
    taxonomy: Taxonomy
    photos: tuple[ComparedPhoto, ...]
    scores: tuple[dict[str, Score], ...]
    broken: tuple[BrokenSample, ...]

    def table(self) -> Table:
        """A row for each model: scores, latency, sizes, licence."""
        names = self._shown()
        header = ("model", *(_TITLES[name] for name in names), "ms a photo", "input", "MB", "task", "licence")
        rows = tuple(
            (
                contender.name,
                *(str(scores[name]) for name in names),
                f"{contender.latency:.0f}",
                contender.size,
                "" if contender.megabytes is None else f"{contender.megabytes:.1f}",
                contender.task,
                contender.licence,
            )
            for contender, scores in zip(self.contenders, self.scores, strict=True)
        )
        timings = len(self.contenders[0].milliseconds)
        note = (
            f"{len(self.photos)} photos, in {self.taxonomy.name}. ms: median of {timings} timings of each model, warm,"
            " in turns on the same photos."
        )
        return Table("Models", header, rows, note)

    def _shown(self) -> list[str]:
        """The scores that the table has: those of all classes only where no class has enough photos for a mean."""
        first = self.scores[0]
        enough = "garment_miou" in first and not math.isnan(first["garment_miou"].value)
        few = {name for name in first if ("_all" in name) == enough and name not in ("foreground_iou", "ap")}
        return [name for name in _TITLES if name in first and name not in few]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "taxonomy": self.taxonomy.name,
            "models": [
                {
                    "name": contender.name,
                    "task": contender.task,
                    "scores": {name: plain(score) for name, score in scores.items()},
                    "milliseconds": number(contender.latency),
                    "timings": len(contender.milliseconds),
                    "input": contender.size,
                    "megabytes": contender.megabytes,
                    "licence": contender.licence,
                }
                for contender, scores in zip(self.contenders, self.scores, strict=True)
            ],
            "photos": [
                {
                    "id": photo.id,
                    "picture": str(photo.picture),
                    "garment_miou": [number(score) for score in photo.scores],
                }
                for photo in self.photos
            ],
            "broken": [{"id": sample.id, "reason": sample.reason} for sample in self.broken],
        }


@dataclass
class _Run:
    """What is gathered while the photos pass."""

    contenders: Sequence[Contender]
    wanted: str | None
    labelled: Taxonomy | None
    turns: int
    warm: bool = False
    done: int = 0
    scorers: list[Scorer] = field(default_factory=list)
    objects: list[InstanceScorer] = field(default_factory=list)

    def __post_init__(self) -> None:
        own = [contender.predictor.taxonomy for contender in self.contenders]
        self.target = shared_taxonomy(own, self.labelled, self.wanted)
        self.maps = [between(taxonomy, self.target) for taxonomy in own]
        if self.labelled is not None:
            self.label_map = between(self.labelled, self.target)
            self.scorers = [Scorer(self.target) for _ in own]
            if any(contender.task == "instance" for contender in self.contenders):
                self.objects = [InstanceScorer(self.target) for _ in own]

    def segment(self, photo: Photo) -> list[Prediction]:
        """What each model finds; timed in turns, each turn beginning with another model."""
        count = len(self.contenders)
        if not self.warm:
            for contender in self.contenders:
                contender.predictor.segment(photo)
            self.warm = True
        found: dict[int, Prediction] = {}
        for _ in range(self.turns):
            for place in range(count):
                number = (place + self.done) % count
                contender = self.contenders[number]
                start = time.perf_counter()
                found[number] = contender.predictor.segment(photo)
                contender.milliseconds.append(1000 * (time.perf_counter() - start))
            self.done += 1
        return [found[number] for number in range(count)]

    def count(
        self, sample: Sample, truth: LabelMap, drawn: list[LabelMap], found: list[Prediction]
    ) -> list[float]:
        """Score a labelled photo; each model's garment mIoU in it."""
        for scorer, label_map in zip(self.scorers, drawn, strict=True):
            scorer.add(truth, label_map)
        targets = targets_of(sample, truth, self.label_map)[0] if self.objects else {}
        for objects, prediction, to in zip(self.objects, found, self.maps, strict=False):
            objects.add(sample.id, targets, detections_of(prediction, to))
        return [scorer.last_photo for scorer in self.scorers]

    def scores(self, resamples: int) -> tuple[dict[str, Score], ...]:
        """Each model's means."""
        counts = [scorer.counts for scorer in self.scorers]
        rows = []
        for place in range(len(self.contenders)):
            row: dict[str, Score] = {}
            if counts:
                row = mean_scores(counts[place], self.target, names=_MEANS, resamples=resamples)
                ahead = score_differences(counts[place], counts[0], self.target, resamples=resamples)
                nothing = Score(math.nan, math.nan, math.nan)
                for name in ("garment_miou", "garment_miou_all"):
                    row[f"{name}_ahead"] = ahead[name] if place else nothing
            if self.objects:
                row["ap"] = self.objects[place].intervals(resamples=resamples)["ap"]
            rows.append(row)
        return tuple(rows)


def compare(
    contenders: Sequence[Contender],
    samples: Dataset | Sequence[Sample],
    out: Path,
    *,
    taxonomy: str | None = None,
    resamples: int = RESAMPLES,
    on_photo: Callable[[Sample], None] | None = None,
) -> Comparison:
    """Run all models on the same photos and write what they find side by side.

    Into `out` go one JPEG for each photo (photo, ground truth where there are labels, one picture for each model, in
    one set of colours), `comparison.json`, and `index.html`, which shows them all. A photo that cannot be read is
    noted in the result, and the others go on.

    Args:
        contenders: the models, from `load_contenders`; the first is what the others are compared with.
        samples: a dataset, or photos with or without labels.
        out: a folder, made if need be.
        taxonomy: what all are shown and scored in; see `shared_taxonomy`.
        resamples: bootstrap resamples over photos for the 95 % intervals.
        on_photo: called after each photo, for progress.

    Raises:
        DatasetError: no photo could be read.
        TaxonomyError: models and labels have no taxonomy in common.
        EwardrobeError: the folder cannot be written.
    """
    labelled = samples.taxonomy if isinstance(samples, Dataset) else None
    if not isinstance(samples, Dataset) and samples and samples[0].taxonomy is not None:
        labelled = labels_of(samples, samples[0])
    turns = max(1, math.ceil(LEAST_TIMINGS / max(1, len(samples))))
    run = _Run(contenders, taxonomy, labelled, turns)
    broken = list(samples.broken) if isinstance(samples, Dataset) else []
    photos = []
    for sample in samples:
        try:
            photo, labels = (sample.photo, None) if labelled is None else sample.read()
        except (DatasetError, PhotoError, MaskError) as error:
            broken.append(BrokenSample(sample.id, str(error)))
        else:
            photos.append(_one_photo(run, sample, photo, labels, out))
        if on_photo is not None:
            on_photo(sample)
    if not photos:
        detail = f": {broken[0]}" if broken else ""
        raise DatasetError(f"there is no photo to compare the models on{detail}")
    result = Comparison(tuple(contenders), run.target, tuple(photos), run.scores(resamples), tuple(broken))
    document = json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(out / "comparison.json", document.encode())
    write_atomically(out / "index.html", comparison_page(result).encode())
    return result


def _one_photo(run: _Run, sample: Sample, photo: Photo, labels: LabelMap | None, out: Path) -> ComparedPhoto:
    found = run.segment(photo)
    drawn = [to.apply(prediction.label_map) for to, prediction in zip(run.maps, found, strict=True)]
    truth = None if labels is None else run.label_map.apply(labels)
    scores = [] if truth is None else run.count(sample, truth, drawn, found)
    pixels = shrunk(photo)
    panels: list[Panel] = [("photo", sample.id, Image.fromarray(pixels))]
    if truth is not None:
        panels.append(("ground truth", "", overlay(pixels, truth, run.target)))
    for place, (contender, label_map) in enumerate(zip(run.contenders, drawn, strict=True)):
        said = f"{contender.milliseconds[-1]:.0f} ms"
        if scores:
            said = f"garment mIoU {short(scores[place])}, {said}"
        panels.append((contender.name, said, overlay(pixels, label_map, run.target)))
    everything = [*drawn, *([] if truth is None else [truth])]
    present = {int(index) for each in everything for index in np.unique(each)} - {0, IGNORE}
    picture = _picture_name(sample.id)
    (out / picture).parent.mkdir(parents=True, exist_ok=True)
    strip = draw_strip(panels, run.target, present)
    write_atomically(out / picture, to_jpeg_bytes(strip, quality=88), durable=False)
    return ComparedPhoto(sample.id, picture, tuple(scores))


def _picture_name(sample_id: str) -> PurePosixPath:
    """Where a photo's picture goes below the folder, and never outside of it."""
    parts = [part for part in PurePosixPath(sample_id).parts if part not in ("..", "/")]
    return PurePosixPath(*parts[:-1], f"{parts[-1] if parts else 'photo'}.jpg")
