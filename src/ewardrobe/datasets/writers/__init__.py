"""Writers of datasets: from any `Dataset` to COCO, YOLO segmentation or label-map folders.

A new format is one module with one `Writer` subclass, entered in `WRITERS`.
"""

from __future__ import annotations

from ewardrobe.datasets.writers.coco import CocoWriter
from ewardrobe.datasets.writers.joining import joined_ring
from ewardrobe.datasets.writers.label_maps import LabelMapWriter
from ewardrobe.datasets.writers.label_studio import LabelStudioWriter
from ewardrobe.datasets.writers.shards import Shards
from ewardrobe.datasets.writers.writer import PhotoMode, Record, Target, Writer, annotation_of
from ewardrobe.datasets.writers.yolo import YoloWriter

__all__ = ["WRITERS", "PhotoMode", "Record", "Shards", "Target", "Writer", "annotation_of", "joined_ring"]

WRITERS: dict[str, type[Writer]] = {
    writer.format: writer for writer in (CocoWriter, YoloWriter, LabelMapWriter, LabelStudioWriter)
}
"""Every format that can be written, by its name."""
