"""Label Studio: `tasks.json` with predictions to correct, `config.xml` for the labelling interface, `images/`.

Each object is one polygon (see `joining`). Photos are named `/data/local-files/?d=images/...`: start Label
Studio with `LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true` and `LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT` set
to the folder that is written here.
Source: https://labelstud.io/guide/predictions.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from ewardrobe.datasets.instance import Instance
from ewardrobe.datasets.sample import Sample
from ewardrobe.datasets.writers.joining import joined_ring
from ewardrobe.datasets.writers.writer import Record, Records, Writer, annotation_of, place_photo
from ewardrobe.errors import DatasetError

__all__ = ["LabelStudioWriter"]


class LabelStudioWriter(Writer):
    """One task for each photo; splits are not kept."""

    format = "label-studio"

    def write(self, sample: Sample, number: int) -> tuple[list[Record], tuple[str, ...]]:
        """Place the photo; its task as a line."""
        target = self.target
        if target.photos == "none":
            raise DatasetError("Label Studio is told where the photos are: copy or link them")
        annotation = annotation_of(sample, target.taxonomy)
        faults = list(annotation.faults)
        result: list[dict[str, Any]] = []
        for place, instance in enumerate(annotation.instances, start=1):
            region = _region(instance, annotation.size, f"{number}-{place}", target.tolerance)
            if region is None:
                faults.append(f"object {place}: its mask is empty, and no polygon can say that")
            else:
                result.append(region)
        name = sample.id.replace("/", "-")  # the export names photos by the last part alone
        photo = place_photo(sample, target, "images", name)
        task = {
            "data": {"image": f"/data/local-files/?d={quote(f'images/{photo}')}"},
            "predictions": [{"model_version": "eWardrobe", "result": result}],
        }
        return [Record("task", "", json.dumps(task, allow_nan=False))], tuple(faults)

    def finish(self, records: Records) -> None:
        """Join the tasks, and write the interface with the classes in their colours."""
        from ewardrobe.imaging import write_atomically

        out = self.target.out
        write_atomically(out / "tasks.json", partial(_join, records))
        rows = "".join(
            f'    <Label value={quoteattr(item.name)} background="#{bytes(item.colour).hex()}"/>\n'
            for item in self.target.taxonomy
            if item.kind != "background"
        )
        interface = (
            '<View>\n  <Image name="image" value="$image" zoom="true"/>\n'
            f'  <PolygonLabels name="label" toName="image">\n{rows}  </PolygonLabels>\n</View>\n'
        )
        write_atomically(out / "config.xml", interface.encode())


def _join(records: Records, file: BinaryIO) -> None:
    for number, text in enumerate(records.texts("task", "")):
        file.write((b",\n" if number else b"[\n") + text)
    file.write(b"\n]\n")


def _region(
    instance: Instance, size: tuple[int, int], region_id: str, tolerance: float
) -> dict[str, Any] | None:
    ring = joined_ring(instance, size, tolerance)
    if ring is None:
        return None
    width, height = size
    points = [
        [round(100 * x / width, 5), round(100 * y / height, 5)]
        for x, y in zip(ring[0::2], ring[1::2], strict=True)
    ]
    region: dict[str, Any] = {
        "id": region_id,
        "type": "polygonlabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {"points": points, "closed": True, "polygonlabels": [instance.label]},
    }
    score = instance.attributes.get("score")
    return region if score is None else {**region, "score": score}
