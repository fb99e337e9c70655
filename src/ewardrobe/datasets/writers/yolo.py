"""YOLO segmentation as Ultralytics reads it: `data.yaml`, `images/SPLIT/` and `labels/SPLIT/NAME.txt`.

The format has one polygon for each object: parts and holes are joined (see `joining`). Classes count from 0,
so a class's number here is its index in the taxonomy less one; the background has none.
"""

from __future__ import annotations

from ewardrobe.datasets.instance import Instance
from ewardrobe.datasets.sample import Sample
from ewardrobe.datasets.writers.joining import joined_ring
from ewardrobe.datasets.writers.writer import (
    Record,
    Records,
    Writer,
    annotation_of,
    name_of,
    place_photo,
    split_of,
)
from ewardrobe.errors import DatasetError
from ewardrobe.taxonomy import Taxonomy

__all__ = ["YoloWriter"]


class YoloWriter(Writer):
    """One text file for each photo; `validation` becomes `val`, and a dataset without splits is all `train`."""

    format = "yolo"

    def write(self, sample: Sample, number: int) -> tuple[list[Record], tuple[str, ...]]:
        """Place the photo and write its lines."""
        from ewardrobe.imaging import write_atomically

        target = self.target
        if target.photos == "none":
            raise DatasetError("YOLO finds labels by the photos' places: copy or link the photos")
        annotation = annotation_of(sample, target.taxonomy)
        split = split_of(sample, without="train")
        name = name_of(sample)
        faults = list(annotation.faults)
        lines: list[str] = []
        for place, instance in enumerate(annotation.instances, start=1):
            line = _line(instance, annotation.size, target.taxonomy, target.tolerance)
            if line is None:
                faults.append(f"object {place}: its mask is empty, and no polygon can say that")
            else:
                lines.append(line)
        photo = place_photo(sample, target, f"images/{split}", name)
        labels = (target.out / "labels" / split / photo).with_suffix(".txt")
        labels.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(labels, "".join(lines).encode(), durable=False)
        return [Record("photo", split, photo)], tuple(faults)

    def finish(self, records: Records) -> None:
        """Write `data.yaml`, whose paths are relative to itself."""
        import yaml

        from ewardrobe.imaging import write_atomically

        document: dict[str, object] = {split: f"images/{split}" for split in records.splits()}
        document["names"] = {item.index - 1: item.name for item in self.target.taxonomy if item.index}
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
        write_atomically(self.target.out / "data.yaml", text.encode())


def _line(instance: Instance, size: tuple[int, int], taxonomy: Taxonomy, tolerance: float) -> str | None:
    ring = joined_ring(instance, size, tolerance)
    if ring is None:
        return None
    width, height = size
    fractions = (min(max(value / (height if at % 2 else width), 0.0), 1.0) for at, value in enumerate(ring))
    return f"{taxonomy.index(instance.label) - 1} {' '.join(f'{value:.6g}' for value in fractions)}\n"
