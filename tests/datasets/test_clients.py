"""What the tools that people use say to the datasets written here; each is tried where it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ewardrobe.datasets import open_dataset
from ewardrobe.jobs.converting import convert_dataset
from tests.datasets import layouts


def objects(path: Path) -> int:
    return sum(len(sample.instances or ()) for sample in open_dataset(path))


def test_ultralytics_accepts_the_yolo_folder(tmp_path: Path) -> None:
    reason = "Ultralytics (AGPL) is not installed: pip install ultralytics"
    utils = pytest.importorskip("ultralytics.data.utils", reason=reason)
    dataset = pytest.importorskip("ultralytics.data.dataset", reason=reason)
    convert_dataset(open_dataset(layouts.deepfashion2(tmp_path / "in")), tmp_path / "out", "yolo")
    data = utils.check_det_dataset(str(tmp_path / "out/data.yaml"), autodownload=False)
    assert len(data["names"]) == 13
    found = 0
    for split in ("train", "val"):
        photos = dataset.YOLODataset(img_path=data[split], data=data, task="segment", imgsz=64, augment=False)
        found += sum(len(label["segments"]) for label in photos.labels)
    assert found == objects(tmp_path / "out")


def test_supervision_loads_the_coco_file(tmp_path: Path, ccp: Path) -> None:
    supervision = pytest.importorskip("supervision", reason="supervision is not installed")
    out = tmp_path / "out"
    convert_dataset(open_dataset(ccp, split="train"), out, "coco", polygons=True)
    loaded = supervision.DetectionDataset.from_coco(
        images_directory_path=str(out / "images/train"),
        annotations_path=str(out / "annotations/instances_train.json"),
        force_masks=True,
    )
    assert len(loaded) == 3
    assert sum(len(detections) for _, _, detections in loaded) == objects(out)


def test_fiftyone_loads_the_coco_file(tmp_path: Path, ccp: Path) -> None:
    fiftyone = pytest.importorskip("fiftyone", reason="FiftyOne is not installed: pip install fiftyone")
    out = tmp_path / "out"
    convert_dataset(open_dataset(ccp, split="train"), out, "coco")
    loaded = fiftyone.Dataset.from_dir(
        dataset_type=fiftyone.types.COCODetectionDataset,
        data_path=str(out / "images/train"),
        labels_path=str(out / "annotations/instances_train.json"),
        label_types=["segmentations"],
    )
    try:
        counts = loaded.count("ground_truth.detections") or loaded.count("segmentations.detections")
        assert (len(loaded), counts) == (3, objects(out))
    finally:
        loaded.delete()
