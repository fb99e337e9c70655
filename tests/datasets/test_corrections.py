"""What CVAT and Label Studio export after people have corrected labels, in each tool's own layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ewardrobe.datasets import open_dataset
from ewardrobe.datasets.brush import decode_brush
from ewardrobe.errors import DatasetError, MaskError
from ewardrobe.jobs.converting import convert_dataset
from ewardrobe.taxonomy import IGNORE
from tests.datasets import layouts
from tests.datasets.layouts import HEIGHT, WIDTH, filled, instances

# 8 x 6 pixels by label-studio-sdk 2.0.13, `converter.brush.mask2rle`: a block of 4 x 3 at (2, 1), a pixel at (0, 5).
BRUSH = [
    0,
    0,
    0,
    192,
    57,
    27,
    254,
    39,
    0,
    191,
    255,
    124,
    2,
    255,
    253,
    240,
    11,
    255,
    248,
    156,
    2,
    63,
    252,
    54,
    0,
]
PAINTED = filled((2, 1, 6, 4), (0, 5, 1, 6), size=(8, 6))


def brush_stream(mask: npt.NDArray[np.bool_]) -> list[int]:
    """Label Studio's run lengths, each pixel's four values as one repeated block."""
    values = np.repeat(mask.ravel(), 4)
    ends = np.flatnonzero(np.diff(np.append(values, ~values[-1]))) + 1
    bits = f"{len(values):032b}" + f"{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    start = 0
    for end in ends.tolist():
        bits += f"1{3:02b}{end - start - 1:016b}{255 if values[start] else 0:08b}"
        start = end
    bits += "0" * (-len(bits) % 8)
    return [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]


class TestBrush:
    def test_as_label_studio_writes_it(self) -> None:
        assert np.array_equal(decode_brush(BRUSH, (8, 6)), PAINTED)
        assert np.array_equal(decode_brush(brush_stream(PAINTED), (8, 6)), PAINTED)

    @pytest.mark.parametrize(
        ("rle", "fault"),
        [
            ([], "end in the middle"),
            (BRUSH[:12], "end in the middle"),
            ([*BRUSH[:3], 193, *BRUSH[4:]], "are for 48 pixels"),
            ([0, 0, 0, 200, *BRUSH[4:]], "are for 50 pixels"),
            ([300], "no list of bytes"),
            ("abc", "no list of bytes"),
            (None, "no list of bytes"),
            (brush_stream(np.ones((6, 9), bool))[:-1], "are for 54 pixels"),
        ],
    )
    def test_what_cannot_be_right(self, rle: Any, fault: str) -> None:
        with pytest.raises(MaskError, match=fault):
            decode_brush(rle, (8, 6))

    def test_a_run_past_the_end(self) -> None:
        stream = brush_stream(np.ones((6, 8), bool))
        stream[:4] = [0, 0, 0, 4 * 4 * 6]
        with pytest.raises(MaskError, match="past the end of 4x6"):
            decode_brush(stream, (4, 6))


def label_studio(folder: Path, result: list[dict[str, Any]]) -> Path:
    """An export with all the keys that version 1.23 writes."""
    layouts.write_photo(folder / "photos/a.jpg")
    task = {
        "id": 1,
        "annotations": [
            {
                "id": 4,
                "completed_by": 1,
                "result": result,
                "was_cancelled": False,
                "ground_truth": False,
                "created_at": "2026-05-04T09:12:31.018Z",
                "lead_time": 31.2,
                "prediction": {},
                "result_count": 0,
            }
        ],
        "file_upload": "0a1b2c3d-a.jpg",
        "drafts": [],
        "predictions": [],
        "data": {"image": "/data/upload/1/0a1b2c3d-a.jpg"},
        "meta": {},
    }
    return layouts.write_json(folder / "export.json", [task])


def region(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "value": value,
        "id": "x1",
        "from_name": "label",
        "to_name": "image",
        "type": kind,
        "origin": "manual",
    }


def test_label_studio_with_polygons_and_a_brush(tmp_path: Path) -> None:
    painted = filled((40, 20, 60, 50), (5, 5, 8, 8))
    points = [[12.5, 25], [50, 25], [50, 75], [12.5, 75]]
    regions = [
        region("polygonlabels", {"points": points, "closed": True, "polygonlabels": ["top"]}),
        region("brushlabels", {"format": "rle", "rle": brush_stream(painted), "brushlabels": ["dress"]}),
        region("brushlabels", {"format": "rle", "rle": [1, 2], "brushlabels": ["dress"]}),
        region(
            "brushlabels", {"format": "rle", "rle": brush_stream(painted & False), "brushlabels": ["dress"]}
        ),
        region("rectanglelabels", {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["top"]}),
    ]
    (sample,) = open_dataset(label_studio(tmp_path, regions))
    top, dress = instances(sample)
    assert (top.label, dress.label) == ("top", "dress")
    assert np.array_equal(top.mask((WIDTH, HEIGHT)), filled((10, 15, 40, 45)))
    assert np.array_equal(dress.mask((WIDTH, HEIGHT)), painted)
    assert len(layouts.faults(sample)) == 3


def cvat_coco(folder: Path) -> Path:
    """COCO 1.0 with images: a polygon, and a mask that was painted, which CVAT marks as a crowd."""
    layouts.write_photo(folder / "images/default/a.jpg")
    mask = filled((40, 20, 60, 50))
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[2], mask.T.ravel(), [2]])))).tolist()
    shared = {"image_id": 1, "bbox": [10, 10, 20, 20], "attributes": {"occluded": False}}
    document = {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "info": {
            "contributor": "",
            "date_created": "",
            "description": "",
            "url": "",
            "version": "",
            "year": "",
        },
        "categories": [
            {"id": 1, "name": "top", "supercategory": ""},
            {"id": 2, "name": "dress", "supercategory": ""},
        ],
        "images": [
            {
                "id": 1,
                "width": WIDTH,
                "height": HEIGHT,
                "file_name": "a.jpg",
                "license": 0,
                "flickr_url": "",
                "coco_url": "",
                "date_captured": 0,
            }
        ],
        "annotations": [
            {
                **shared,
                "id": 1,
                "category_id": 1,
                "segmentation": [layouts.SQUARE],
                "area": 400.0,
                "iscrowd": 0,
            },
            {
                **shared,
                "id": 2,
                "category_id": 2,
                "segmentation": {"counts": runs, "size": [HEIGHT, WIDTH]},
                "area": 600.0,
                "bbox": [40.0, 20.0, 20.0, 30.0],
                "iscrowd": 1,
            },
        ],
    }
    layouts.write_json(folder / "annotations/instances_default.json", document)
    return folder


def test_cvat_coco(tmp_path: Path) -> None:
    (sample,) = open_dataset(cvat_coco(tmp_path))
    top, dress = instances(sample)
    assert (top.label, dress.label, dress.crowd) == ("top", "dress", False)
    assert np.array_equal(dress.mask((WIDTH, HEIGHT)), filled((40, 20, 60, 50)))
    convert_dataset(open_dataset(tmp_path), tmp_path / "out", "coco")
    (written,) = (tmp_path / "out/annotations").glob("*.json")
    assert [row["iscrowd"] for row in json.loads(written.read_text())["annotations"]] == [0, 0]


@pytest.mark.parametrize(
    "shape",
    [[[5, 5, 5, 5, 5, 5]], [[5, 5, 9, 5, 30, 5]], {"size": [HEIGHT, WIDTH], "counts": [WIDTH * HEIGHT]}],
)
def test_an_object_without_a_pixel_is_said(tmp_path: Path, shape: Any) -> None:
    folder = layouts.coco(
        tmp_path, [layouts.coco_annotation(1, shape), layouts.coco_annotation(2, [layouts.SQUARE])]
    )
    (sample,) = open_dataset(folder)
    assert len(layouts.faults(sample)) == 1 and [item.id for item in instances(sample)] == [2]


def cvat_masks(folder: Path) -> Path:
    """Segmentation mask 1.1: two tops and a dress, VOC's white between them, photos saved."""
    layouts.write_photo(folder / "JPEGImages/a.jpg")
    (folder / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\ndress:51,221,255::\ntop:250,50,83::\n"
    )
    shapes = [((5, 5, 25, 25), (250, 50, 83), (128, 0, 0)), ((40, 5, 60, 25), (250, 50, 83), (0, 128, 0))]
    shapes += [
        ((5, 30, 60, 55), (51, 221, 255), (128, 128, 0)),
        ((5, 25, 60, 30), (224, 224, 192), (224, 224, 192)),
    ]
    by_class, by_object = np.zeros((2, HEIGHT, WIDTH, 3), np.uint8)
    for (left, top, right, bottom), of_class, of_object in shapes:
        by_class[top:bottom, left:right] = of_class
        by_object[top:bottom, left:right] = of_object
    for name, pixels in (("Class", by_class), ("Object", by_object)):
        (folder / f"Segmentation{name}").mkdir()
        Image.fromarray(pixels).save(folder / f"Segmentation{name}/a.png")
    (folder / "ImageSets/Segmentation").mkdir(parents=True)
    (folder / "ImageSets/Segmentation/default.txt").write_text("a\n")
    return folder


def test_cvat_segmentation_masks(tmp_path: Path) -> None:
    dataset = open_dataset(cvat_masks(tmp_path), split="default", taxonomy="wardrobe")
    assert dataset.format == "segmentation-masks" and dataset.taxonomy is not None
    (sample,) = dataset
    _, label_map = sample.read()
    wardrobe = dataset.taxonomy
    assert label_map[10, 10] == label_map[10, 50] == wardrobe.index("top")
    assert (
        label_map[40, 30] == wardrobe.index("dress") and label_map[27, 30] == IGNORE and label_map[0, 0] == 0
    )
    found = {(item.label, item.to_rle(sample.size)["counts"]) for item in instances(sample)}
    assert sorted(label for label, _ in found) == ["dress", "top", "top"]
    convert_dataset(dataset, tmp_path / "out", "coco")
    again = open_dataset(tmp_path / "out")
    assert {(item.label, item.to_rle((WIDTH, HEIGHT))["counts"]) for item in instances(again[0])} == found
    convert_dataset(dataset, tmp_path / "maps", "label-maps")
    assert np.array_equal(open_dataset(tmp_path / "maps")[0].label_map, label_map)


def test_what_cannot_be_right_in_segmentation_masks(tmp_path: Path) -> None:
    folder = cvat_masks(tmp_path)
    with pytest.raises(DatasetError, match="not in regions"):
        open_dataset(folder, taxonomy="regions")
    colours = folder / "labelmap.txt"
    colours.write_text("background:0,0,0::\ntop:250,50,83::\n")
    with pytest.raises(DatasetError, match="51,221,255"):
        open_dataset(folder)[0].read()
    for line, fault in (("top:250,50::", "not name:red"), ("top:1,1,1::\ndress:1,1,1::", "same colour")):
        colours.write_text(line)
        with pytest.raises(DatasetError, match=fault):
            open_dataset(folder)
