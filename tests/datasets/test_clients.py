"""What the tools that people use make of the datasets written here; each is tried where it is installed.

Last seen to pass with Ultralytics 8.4.190, supervision 0.31.2 and FiftyOne 1.22.1 on MongoDB 6.0.5.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ewardrobe.datasets import Dataset, open_dataset
from ewardrobe.jobs.converting import convert_dataset
from tests.datasets import layouts

Masks = dict[str, list[tuple[str, npt.NDArray[np.bool_]]]]
"""By the photo's file name: class and mask, bool (H, W), of each object."""


def masks_of(dataset: Dataset) -> Masks:
    return {
        sample.path.name: [(item.label, item.mask(sample.size)) for item in sample.instances or ()]
        for sample in dataset
        if sample.path is not None
    }


def assert_same(theirs: Masks, ours: Masks) -> None:
    assert theirs.keys() == ours.keys()
    for name, objects in ours.items():
        assert [label for label, _ in theirs[name]] == [label for label, _ in objects]
        for (label, found), (_, mask) in zip(theirs[name], objects, strict=True):
            assert np.array_equal(found, mask), f"the {label} of {name}"


@pytest.fixture
def coco_folder(tmp_path: Path, ccp: Path) -> Path:
    """Exact run lengths, from label maps."""
    convert_dataset(open_dataset(ccp, split="train"), tmp_path / "coco", "coco")
    return tmp_path / "coco"


def test_ultralytics_accepts_the_yolo_folder(tmp_path: Path) -> None:
    reason = "Ultralytics (AGPL) is not installed: pip install ultralytics"
    utils = pytest.importorskip("ultralytics.data.utils", reason=reason)
    dataset = pytest.importorskip("ultralytics.data.dataset", reason=reason)
    out = tmp_path / "out"
    convert_dataset(open_dataset(layouts.deepfashion2(tmp_path / "in")), out, "yolo")
    data = utils.check_det_dataset(str(out / "data.yaml"), autodownload=False)
    assert len(data["names"]) == 13
    theirs: Masks = {}
    for split, count in (("train", 4), ("val", 2)):
        photos = dataset.YOLODataset(img_path=data[split], data=data, task="segment", imgsz=64, augment=False)
        scan = utils.load_dataset_cache_file(out / f"labels/{split}.cache")
        assert scan["results"] == (count, 0, 0, 0, count)  # found, missing, empty, corrupt, in all
        assert scan["msgs"] == []
        for label in photos.labels:
            objects = zip(label["cls"][:, 0], label["segments"], strict=True)
            name = f"{split}/{Path(label['im_file']).name}"
            theirs[name] = [(data["names"][int(c)], filled(ring, label["shape"])) for c, ring in objects]
    for split in ("train", "val"):
        for name, objects in masks_of(open_dataset(out, split=split)).items():
            found = theirs.pop(f"{split}/{name}")
            assert [label for label, _ in found] == [label for label, _ in objects]
            for (_, here), (_, there) in zip(objects, found, strict=True):
                assert np.array_equal(here & ~outline(here), there & ~outline(here))
    assert not theirs


def filled(ring: Any, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """A ring of fractions, as `ultralytics.data.utils.polygon2mask` fills it."""
    points = (ring * np.array(shape[::-1])).astype(np.int32)
    return cv2.fillPoly(np.zeros(shape, np.uint8), [points], 1).astype(bool)


def outline(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The pixels within one of the mask's edge, where whole-pixel rasterisers differ."""
    kernel, pixels = np.ones((5, 5), np.uint8), mask.view(np.uint8)
    return cv2.dilate(pixels, kernel) != cv2.erode(pixels, kernel)


def test_supervision_loads_the_coco_file(coco_folder: Path) -> None:
    supervision = pytest.importorskip("supervision", reason="supervision is not installed")
    loaded = supervision.DetectionDataset.from_coco(
        images_directory_path=str(coco_folder / "images/train"),
        annotations_path=str(coco_folder / "annotations/instances_train.json"),
        force_masks=True,
    )
    theirs: Masks = {
        Path(path).name: [
            (loaded.classes[number], mask.astype(bool))
            for number, mask in zip(found.class_id, found.mask, strict=True)
        ]
        for path, _, found in loaded
    }
    assert_same(theirs, masks_of(open_dataset(coco_folder)))


def placed(
    mask: npt.NDArray[np.bool_], box: tuple[float, float, float, float], shape: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """FiftyOne keeps a mask within its box, which it states in fractions."""
    whole = np.zeros(shape, dtype=bool)
    left, top = round(box[0] * shape[1]), round(box[1] * shape[0])
    whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return whole


def test_fiftyone_loads_the_coco_file(coco_folder: Path) -> None:
    fiftyone = pytest.importorskip("fiftyone", reason="FiftyOne is not installed: pip install fiftyone")
    try:
        loaded = fiftyone.Dataset.from_dir(
            dataset_type=fiftyone.types.COCODetectionDataset,
            data_path=str(coco_folder / "images/train"),
            labels_path=str(coco_folder / "annotations/instances_train.json"),
            label_types=["segmentations"],
        )
    except fiftyone.core.config.FiftyOneConfigError:
        pytest.skip("FiftyOne has no MongoDB here: name one in FIFTYONE_DATABASE_URI")
    try:
        theirs: Masks = {}
        for sample in loaded.iter_samples():
            sample.compute_metadata()
            size = sample.metadata.height, sample.metadata.width
            field = sample["ground_truth"] if sample.has_field("ground_truth") else sample["segmentations"]
            theirs[Path(sample.filepath).name] = [
                (found.label, placed(found.mask, found.bounding_box, size)) for found in field.detections
            ]
    finally:
        loaded.delete()
    assert_same(theirs, masks_of(open_dataset(coco_folder)))
