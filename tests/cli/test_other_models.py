"""`segment`, `cutout` and `models` with models that others exported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

from tests.cli.conftest import Command
from tests.segmentation.graphs import ultralytics_metadata, write_constants, write_light, yolo_outputs
from tests.segmentation.models import colour_graph, description


def _photo(path: Path) -> Path:
    pixels = np.full((96, 64, 3), 30, np.uint8)
    pixels[24:72, 16:48] = 220
    Image.fromarray(pixels).save(path)
    return path


def test_a_background_remover_cuts_the_person_out(command: Command, tmp_path: Path) -> None:
    model = write_light(tmp_path / "u2netp.onnx", size=32)
    photo, out = _photo(tmp_path / "a.png"), tmp_path / "out"
    said = command("cutout", photo, "--of", "person", "--model", model, "--out", out)
    assert said.code == 0, said.err
    with Image.open(out / "a.person.png") as image:
        alpha = np.asarray(image)[..., 3]
    assert alpha[48, 32] == 255 and alpha[4, 4] == 0
    said = command("segment", photo, "--model", model, "--out", out)
    assert said.code == 0 and "foreground" in said.out
    assert (out / "a.1-foreground.png").is_file()
    assert command("cutout", photo, "--of", "top", "--model", model, "--out", out).code == 2


def test_an_instance_model_segments(command: Command, tmp_path: Path) -> None:
    planes = np.full((2, 16, 16), 9, np.float32)
    outputs = yolo_outputs([(8, 8, 40, 56), (20, 20, 30, 30)], [0, 1], [0.9, 0.8], planes, count=2)
    model = write_constants(tmp_path / "y.onnx", outputs, metadata=ultralytics_metadata(["dress", "bag"]))
    out = tmp_path / "out"
    said = command("segment", _photo(tmp_path / "a.png"), "--model", model, "--out", out, "--json")
    assert said.code == 0, said.err
    document = json.loads((out / "a.json").read_text())
    names = {row["id"]: row["name"] for row in document["categories"]}
    assert sorted(names[row["category_id"]] for row in document["annotations"]) == ["bag", "dress"]
    shown = command("models", "show", model, "--json")
    assert json.loads(shown.out)["licence"].startswith("AGPL-3.0")


def test_a_description_in_a_file(command: Command, tmp_path: Path) -> None:
    model, about = tmp_path / "bare.onnx", tmp_path / "about.json"
    onnx.save(colour_graph(), model)
    photo, out = _photo(tmp_path / "a.png"), tmp_path / "out"
    arguments = ("segment", photo, "--model", model, "--out", out, "--save", "labels")
    assert "carries no description" in command(*arguments).err
    about.write_text(description().to_json())
    assert command(*arguments, "--description", about).code == 0
    assert "done in an earlier run" in command(*arguments, "--description", about).out
    about.write_text(description(long_side=128).to_json())
    assert "done in an earlier run" not in command(*arguments, "--description", about).out
    about.write_text("{")
    for wrong in (about, tmp_path / "none.json"):
        said = command(*arguments, "--description", wrong)
        assert said.code == 1 and len(said.err.strip().splitlines()) == 1 and wrong.name in said.err


def test_the_list_says_task_and_licence(command: Command) -> None:
    rows = {row["name"]: row for row in json.loads(command("models", "list", "--json").out)}
    assert (rows["u2netp"]["task"], rows["u2netp"]["commercial_use"]) == ("matting", None)
    assert "UNCLEAR" in rows["isnet-general-use"]["licence"]
    said = command("models", "pull", "isnet-general-use", "--from", "nowhere.onnx")
    assert said.code == 1 and "DIS5K" in said.err
