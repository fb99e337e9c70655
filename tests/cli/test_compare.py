"""`compare`: photos, folders and datasets; what is written, printed, and said of bad input."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Command


def test_a_dataset_is_scored(command: Command, model: Path, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = command("compare", dataset, "--models", f"{model},{model}@live", "--out", out, "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert [row["name"] for row in found["models"]] == ["colours", "colours@live"]
    assert [row["input"] for row in found["models"]] == ["256", "128"]
    assert found["taxonomy"] == "wardrobe"
    for row in found["models"]:
        assert row["scores"]["foreground_iou"]["value"] > 0.8
        assert (row["timings"], row["licence"]) == (9, "Apache-2.0") and row["milliseconds"] > 0
    assert sorted(path.name for path in out.iterdir()) == [
        "0.jpg",
        "1.jpg",
        "2.jpg",
        "comparison.json",
        "index.html",
    ]
    assert json.loads((out / "comparison.json").read_text(encoding="utf-8")) == found
    table = command("compare", dataset, "--models", model, "--out", out, "--as", "parts", "--limit", 1).out
    assert "1 photos, in parts" in table and "licence" in table


def test_a_folder_of_photos(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = command("compare", photos, "--models", model, "--out", out)
    assert said.code == 1, "one of the files is no photo"
    assert "broken.jpg" in said.err and "3 photos compared, 1 photo left out" in said.err
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.jpg")} == {
        "person.jpg",
        "dress.jpg",
        "more/pair.jpg",
    }
    assert "broken.jpg" in (out / "index.html").read_text(encoding="utf-8")
    assert "mIoU" not in said.out and "colours" in said.out


def test_one_photo(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = command("compare", photos / "person.png", photos / "dress.png", "--models", model, "--out", out)
    assert said.code == 0 and (out / "person.jpg").is_file() and (out / "dress.jpg").is_file()


def test_bad_input(command: Command, model: Path, photos: Path, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    for arguments, code, word in (
        ((photos, "--models", "nonsense"), 1, "nonsense"),
        ((photos, "--models", f"{model},{model}"), 2, "twice"),
        ((photos, "--models", f"{model}@huge"), 1, "huge"),
        ((photos, "--models", ","), 2, "no model"),
        ((dataset, photos, "--models", model, "--split", "val"), 2, "one dataset"),
        ((dataset, "--models", model, "--as", "people-clothing"), 1, "no map"),
        ((tmp_path / "empty", "--models", model), 1, "no photo"),
        ((tmp_path / "nowhere.jpg", "--models", model), 1, "nowhere.jpg"),
    ):
        said = command("compare", *arguments, "--out", out)
        assert (said.code, len(said.err.splitlines())) == (code, 1), (arguments, said.err)
        assert word in said.err and "Traceback" not in said.err
    assert not out.exists(), "nothing half-written"
