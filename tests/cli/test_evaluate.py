"""`evaluate`: scores by task, other taxonomies, the page, and what is wrong with the input."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from ewardrobe import taxonomy
from ewardrobe.segmentation import InputSpec, ModelDescription, OutputSpec, write_description
from tests.cli.conftest import Command
from tests.segmentation.graphs import write_constants, yolo_outputs
from tests.segmentation.models import colour_graph, description, paint, photograph


@pytest.fixture(scope="session")
def matting_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the foreground: how little a pixel looks like the background's colour."""
    path = tmp_path_factory.mktemp("matting") / "matting.onnx"
    model = colour_graph()
    first = numpy_helper.from_array(np.array([0], np.int64), "first_class")
    one = numpy_helper.from_array(np.array(1, np.float32), "one")
    model.graph.initializer.extend([first, one])
    model.graph.node.extend(
        [
            helper.make_node("Gather", ["probabilities", "first_class"], ["ground"], axis=1),
            helper.make_node("Sub", ["one", "ground"], ["alpha"]),
        ]
    )
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("alpha", TensorProto.FLOAT, [1, 1, None, None]))
    onnx.save(model, path)
    outputs = {"alpha": OutputSpec("alpha", stride=4, activation="none")}
    write_description(path, path, description("foreground", task="matting", name="matte", outputs=outputs))
    return path


def test_evaluate_scores_what_the_labels_say(command: Command, model: Path, dataset: Path) -> None:
    said = command("evaluate", model, dataset, "--split", "all", "--json")
    assert said.code == 0, said.err
    report = json.loads(said.out)
    assert (report["photos"], report["kind"], report["taxonomy"]) == (12, "worn", "wardrobe")
    by_class = {row["name"]: row for row in report["classes"]}
    assert by_class["top"]["iou"]["value"] > 0.9
    # One of twelve skirts is labelled otherwise: 11 of 12 are in both, all 12 were predicted.
    assert by_class["skirt"]["iou"]["value"] == pytest.approx(11 / 12, abs=0.06)
    assert by_class["shorts"]["iou"]["value"] == 0
    assert report["scores"]["foreground_iou"]["value"] > 0.9

    rows = {
        row["name"]: row
        for row in csv.DictReader(io.StringIO(command("evaluate", model, dataset, "--csv").out))
    }
    assert int(rows["skirt"]["photos"]) == 2, "val is taken where there is one"
    table = command("evaluate", model, dataset, "--limit", 2, "--taxonomy", "parts").out
    assert "2 worn photos, in parts" in table and "garment mIoU" in table


def test_evaluate_says_what_is_missing(command: Command, model: Path, tmp_path: Path) -> None:
    said = command("evaluate", model, tmp_path / "nowhere")
    assert said.code == 1 and "nowhere" in said.err
    said = command("evaluate", model, tmp_path)
    assert said.code == 1 and len(said.err.splitlines()) == 1


def test_evaluate_takes_the_models_task(command: Command, matting_model: Path, dataset: Path) -> None:
    said = command("evaluate", matting_model, dataset, "--json")
    assert said.code == 0, said.err
    report = json.loads(said.out)
    assert (report["task"], report["model"], report["photos"]) == ("matting", "matte", 3)
    assert report["scores"]["mae"]["value"] < 0.02 and report["scores"]["s_measure"]["value"] > 0.9
    rows = list(csv.DictReader(io.StringIO(command("evaluate", matting_model, dataset, "--csv").out)))
    assert [row["id"] for row in rows] == ["0", "1", "2"] and float(rows[0]["weighted_f"]) > 0.9
    assert "S-measure" in command("evaluate", matting_model, dataset).out


@pytest.fixture
def instance_model(tmp_path: Path) -> Path:
    """Sees in every photo of 128 x 128 a coat (0.9), which may be a dress (0.8), and a doubtful hat (0.1)."""
    path = tmp_path / "finder.onnx"
    boxes: list[tuple[float, float, float, float]] = [(8, 8, 40, 56), (8, 8, 40, 56), (44, 0, 60, 8)]
    classes = [taxonomy.load("wardrobe").index(name) - 1 for name in ("outerwear", "dress", "hat")]
    outputs = yolo_outputs(boxes, classes, [0.9, 0.8, 0.1], np.full((4, 16, 16), 9, np.float32), count=16)
    about = ModelDescription(
        name="finder",
        task="instance",
        taxonomy="wardrobe",
        decode="yolo-seg",
        input=InputSpec("letterbox", height=64, width=64),
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        outputs={"output0": OutputSpec("detections"), "output1": OutputSpec("prototypes", stride=4)},
    )
    write_description(write_constants(path, outputs), path, about)
    return path


def test_evaluate_an_instance_model(command: Command, instance_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for number, label in enumerate(("outerwear", "dress", "outerwear")):
        labels = paint((128, 128), [(label, (16, 16, 64, 96))])
        for name, picture in (("photos", photograph(labels)), ("labels", labels)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(folder / name / f"{number}.png")
    (folder / "dataset.json").write_text(json.dumps({"taxonomy": "wardrobe"}))
    said = command("evaluate", instance_model, folder, "--json")
    assert said.code == 0, said.err
    report = json.loads(said.out)
    rows = {row["name"]: row for row in report["classes"]}
    # Coats: right, wrong, right by falling score. Dresses: wrong, right. Nobody wears the hat, so it costs nothing.
    coats, dresses = (51 * 1 + 50 * 2 / 3) / 101, 1 / 2
    assert rows["outerwear"]["ap"]["value"] == pytest.approx(coats)
    assert rows["dress"]["box_ap"]["value"] == pytest.approx(dresses)
    assert (rows["hat"]["objects"], rows["hat"]["ap"]["value"]) == (0, None)
    for name in ("ap", "ap50", "box_ap", "box_ap75"):
        assert report["scores"][name]["value"] == pytest.approx((coats + dresses) / 2), name
    assert "mask AP" in command("evaluate", instance_model, folder, "--as", "parts").out


def test_evaluate_another_task(command: Command, model: Path, dataset: Path) -> None:
    report = json.loads(command("evaluate", model, dataset, "--task", "instance", "--json").out)
    rows = {row["name"]: row for row in report["classes"]}
    # The garments of a semantic model stand in for detections; skin is none of them.
    assert report["task"] == "instance" and rows["top"]["ap50"]["value"] == 1
    assert rows["skin"]["ap"]["value"] == 0 and report["scores"]["garment_ap"]["value"] > 0.5
    said = command("evaluate", model, dataset, "--task", "nonsense")
    assert said.code == 2 and len(said.err.splitlines()) == 1


@pytest.mark.parametrize("option", ["--as", "--taxonomy"])
def test_evaluate_in_another_taxonomy(command: Command, model: Path, dataset: Path, option: str) -> None:
    for task in ("semantic", "instance", "matting"):
        said = command("evaluate", model, dataset, option, "parts", "--task", task, "--json")
        assert said.code == 0 and json.loads(said.out)["taxonomy"] == "parts", said.err
    said = command("evaluate", model, dataset, option, "people-clothing")
    assert said.code == 1 and "no map" in said.err and len(said.err.splitlines()) == 1


def test_evaluate_writes_a_page(command: Command, model: Path, dataset: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    said = command("evaluate", model, dataset, "--html", page)
    assert said.code == 0 and "garment mIoU" in said.out
    text = page.read_text(encoding="utf-8")
    assert "Best photos" in text and text.count("<img") == 3 * 3
    said = command("evaluate", model, dataset, "--html", tmp_path / "nowhere" / "report.html")
    assert said.code == 2 and "nowhere" in said.err


def test_a_photo_that_cannot_be_read(command: Command, model: Path, dataset: Path) -> None:
    (dataset / "photos" / "1.png").write_bytes(b"not a photo")
    said = command("evaluate", model, dataset, "--json")
    assert said.code == 1
    assert json.loads(said.out)["photos"] == 2 and json.loads(said.out)["broken"][0]["id"] == "1"
    lines = said.err.splitlines()
    assert len(lines) == 2 and "1.png" in lines[0] and lines[1] == "2 photos scored, 1 photo left out"


def test_an_empty_dataset(command: Command, model: Path, dataset: Path) -> None:
    for photo in (dataset / "photos").iterdir():
        photo.unlink()
    said = command("evaluate", model, dataset)
    assert said.code == 1 and "no usable sample" in said.err and len(said.err.splitlines()) == 1
