"""Label-map folders: `photos/`, `labels/NAME.png`, `dataset.json` and a list `SPLIT.txt` for each split.

The label maps are palette PNGs of the photo's size, pixel value = index in the taxonomy, 255 = ignore.
"""

from __future__ import annotations

import json

from ewardrobe.datasets.class_lists import known_name
from ewardrobe.datasets.sample import Sample
from ewardrobe.datasets.writers.writer import Record, Records, Writer, place_photo
from ewardrobe.errors import DatasetError

__all__ = ["LabelMapWriter"]

_NO_SPLIT = ""


class LabelMapWriter(Writer):
    """One PNG for each photo; where objects overlap, the smaller lies on top."""

    format = "label-maps"

    def write(self, sample: Sample, number: int) -> tuple[list[Record], tuple[str, ...]]:
        """Place the photo and write its label map."""
        from ewardrobe.imaging import to_png_bytes, write_atomically

        target = self.target
        if target.photos == "none":
            raise DatasetError("a label-map folder holds its photos: copy or link them")
        annotation, label_map = sample.annotation, sample.label_map
        if label_map is None:
            raise DatasetError(f"{sample.id} has no pixel labels")
        width, height = sample.size
        if label_map.shape != (height, width):
            rows, columns = label_map.shape
            raise DatasetError(f"its labels are for {columns}x{rows} pixels, its photo is {width}x{height}")
        place_photo(sample, target, "photos", sample.id)
        path = target.out / "labels" / f"{sample.id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, to_png_bytes(label_map, palette=target.taxonomy.palette()), durable=False)
        faults = annotation.faults if annotation is not None else ()
        return [Record("photo", sample.split or _NO_SPLIT, sample.id)], faults

    def finish(self, records: Records) -> None:
        """Write the lists of the splits, and `dataset.json`."""
        from ewardrobe.imaging import write_atomically

        out, taxonomy = self.target.out, self.target.taxonomy
        for split in records.splits():
            if split != _NO_SPLIT:
                ids = b"".join(text + b"\n" for text in records.texts("photo", split))
                write_atomically(out / f"{split}.txt", ids)
        name = known_name(taxonomy)
        classes = {"classes": list(taxonomy.labels)} if name is None else {"taxonomy": name}
        document = {**classes, "kind": self.target.kind}
        write_atomically(out / "dataset.json", json.dumps(document, ensure_ascii=False, indent=1).encode())
