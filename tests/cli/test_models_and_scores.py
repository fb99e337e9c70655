"""`evaluate`, `models`, `train` and `doctor`."""

from __future__ import annotations

import csv
import io
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from ewardrobe.segmentation import read_description, resolve
from tests.cli.conftest import Command, write_photo
from tests.segmentation.models import Shape, paint, person


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Twelve labelled photos whose labels are what was painted, except for one skirt that is labelled as shorts."""
    folder = tmp_path / "dataset"
    (folder / "labels").mkdir(parents=True)
    for number in range(12):
        shapes: list[Shape] = [*person(20 + 4 * number), ("skirt", (148, 20, 42, 200))]
        write_photo(folder / "photos" / f"{number}.png", shapes)
        labels = paint((256, 192), shapes)
        if number == 0:
            labels = paint((256, 192), [*person(20), ("shorts", (148, 20, 42, 200))])
        Image.fromarray(labels).save(folder / "labels" / f"{number}.png")
    (folder / "dataset.json").write_text(json.dumps({"taxonomy": "wardrobe", "kind": "worn"}))
    (folder / "val.txt").write_text("0\n1\n2\n")
    return folder


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


def test_models_show_and_export(command: Command, model: Path, tmp_path: Path) -> None:
    shown = json.loads(command("models", "show", model, "--json").out)
    assert (shown["name"], shown["taxonomy"], shown["licence"]) == ("colours", "wardrobe", "Apache-2.0")
    assert "colours" in command("models", "show", model).out
    assert command("models", "export", model, tmp_path / "copy.onnx").code == 0
    assert (tmp_path / "copy.onnx").read_bytes() == model.read_bytes()


def test_pull_refuses_what_is_not_the_model(command: Command, model: Path, tmp_path: Path) -> None:
    said = command("models", "pull", "u2net_cloth_seg", "--from", model)
    assert said.code == 1
    assert "UNCLEAR" in said.err and "ewardrobe: " in said.err
    assert not list((tmp_path / "home").rglob("*.onnx"))
    assert command("models", "pull", "nonsense").code == 1


def test_train_says_what_it_needs(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EWARDROBE_DATA", raising=False)
    said = command("train", "default")
    if find_spec("torch") is None:
        assert said.code == 1 and "pip install 'ewardrobe[train]'" in said.err
    else:
        assert said.code == 2 and "EWARDROBE_DATA" in said.err


def test_doctor_tells_what_is_there(command: Command) -> None:
    said = command("doctor", "--json")
    checks = {row["what"]: row for row in json.loads(said.out)}
    assert {"ewardrobe", "onnxruntime", "providers", "default model", "self-test", "wardrobe"} <= set(checks)
    assert checks["onnxruntime"]["status"] == "ok"
    assert "CPUExecutionProvider" in checks["providers"]["detail"]
    assert {f"extra {name}" for name in ("heic", "gpu", "train")} <= set(checks)
    broken = [row for row in checks.values() if row["status"] == "broken"]
    assert said.code == (1 if broken else 0)
    assert checks["wardrobe"]["status"] == "ok"


def test_doctor_finds_a_damaged_wardrobe(command: Command, tmp_path: Path) -> None:
    assert command("new", "type=hat").code == 0
    database = next((tmp_path / "home").glob("*.db"))
    database.write_bytes(b"not a database any more" * 100)
    said = command("doctor", "--json")
    assert said.code == 1
    checks = {row["what"]: row for row in json.loads(said.out)}
    assert checks["wardrobe"]["status"] == "broken"


def test_the_model_that_ships_passes_its_own_test(command: Command) -> None:
    if not any(
        row["installed"]
        for row in json.loads(command("models", "list", "--json").out)
        if row["name"] == "default"
    ):
        pytest.skip("the model that ships is not in this checkout")
    checks = {row["what"]: row for row in json.loads(command("doctor", "--json").out)}
    assert checks["self-test"]["status"] == "ok", checks["self-test"]
    assert read_description(resolve("default")).taxonomy == "wardrobe"
