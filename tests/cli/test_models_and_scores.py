"""`models`, `train` and `doctor`."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from ewardrobe.segmentation import read_description, resolve
from tests.cli.conftest import Command


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
        assert said.code == 1 and 'pip install "ewardrobe[train]"' in said.err
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
