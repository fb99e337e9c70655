from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import onnx
import pytest

from ewardrobe import segmentation, taxonomy
from ewardrobe.errors import ModelError
from ewardrobe.segmentation import Segmenter, catalogue, export, info, models, pull, read_description, resolve
from tests.segmentation.models import colour_graph, description, paint, photograph, write_colour_model


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EWARDROBE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A model as others publish them: without a description."""
    path = tmp_path / "elsewhere" / "theirs.onnx"
    path.parent.mkdir()
    onnx.save(colour_graph(), path)
    return path


@pytest.fixture
def listed(foreign: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The foreign model as `theirs` in the catalogue, served by an HTTP server of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(foreign.parent))

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    data = foreign.read_bytes()
    row = {
        "name": "theirs",
        "title": "Theirs",
        "about": "for tests",
        "url": f"http://127.0.0.1:{server.server_port}/theirs.onnx",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "licence": "unknown",
        "commercial_use": None,
        "description": {**json.loads(description().to_json()), "name": "theirs"},
    }
    rows = (*catalogue._rows(), row)
    monkeypatch.setattr(catalogue, "_rows", lambda: rows)
    yield "theirs"
    server.shutdown()
    server.server_close()


def test_every_entry_of_the_catalogue_makes_sense() -> None:
    for item in models():
        assert item.title and item.licence
        if item.description is not None:
            assert item.description.load_taxonomy().name in taxonomy.names()
        if item.url is not None:
            assert item.url.startswith("https://")
            assert (item.bytes and len(item.sha256 or "") == 64) or len(item.md5 or "") == 32
    names = [item.name for item in models()]
    assert names[0] == "default" and {"u2net_cloth_seg", "segformer_b2_clothes"} <= set(names)


def test_licences_that_do_not_allow_commerce_are_flagged() -> None:
    assert "NOT for commercial use" in info("segformer_b2_clothes").licence_note
    assert "UNCLEAR" in info("u2net_cloth_seg").licence_note
    assert "[" not in info("default").licence_note


def test_pulled_used_and_exported(listed: str, foreign: Path, home: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="get it with: ewardrobe models pull theirs"):
        Segmenter(listed)
    seen: list[tuple[int, int]] = []
    path = pull(listed, progress=lambda done, size: seen.append((done, size)))
    assert path == home / "models" / "theirs.onnx" == resolve(listed)
    assert path.read_bytes() == foreign.read_bytes()
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
    assert info(listed).installed
    assert Segmenter(listed).description.name == "theirs"
    described = export(listed, tmp_path / "described.onnx")
    assert read_description(described).name == "theirs"
    scene = photograph(paint((256, 256), [("hat", (64, 64, 128, 128))]))
    assert [item.label for item in Segmenter(described).segment(scene).garments] == ["hat"]


def test_what_is_there_is_not_fetched_again(listed: str, foreign: Path) -> None:
    path = pull(listed)
    foreign.unlink()
    assert pull(listed) == path
    with pytest.raises(ModelError, match="could not be downloaded"):
        pull(listed, force=True)
    assert path.is_file()  # the old one stays until a new one is whole


def test_from_a_local_file(listed: str, foreign: Path, tmp_path: Path, home: Path) -> None:
    other = tmp_path / "other.onnx"
    write_colour_model(other)
    with pytest.raises(ModelError, match="is not it"):
        pull(listed, source=other)
    with pytest.raises(ModelError, match="cannot be read"):
        pull(listed, source=tmp_path / "missing.onnx")
    assert list((home / "models").iterdir()) == []  # nothing half-written either
    assert pull(listed, source=foreign).is_file()


def test_a_copy_under_any_name_is_recognised(listed: str, foreign: Path, tmp_path: Path) -> None:
    copy = tmp_path / "renamed.onnx"
    copy.write_bytes(foreign.read_bytes())
    assert Segmenter(copy).description.name == "theirs"


def test_offline_is_one_line(listed: str, foreign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(
        {**row, "url": "http://127.0.0.1:9/x.onnx"} if row["name"] == "theirs" else row
        for row in catalogue._rows()
    )
    monkeypatch.setattr(catalogue, "_rows", lambda: rows)
    with pytest.raises(ModelError, match="try again when online") as caught:
        pull(listed)
    assert "\n" not in str(caught.value) and "pull theirs --from FILE" in str(caught.value)


def test_names_and_paths_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"unknown model 'nonesuch'; there are: default, u2net_cloth_seg"):
        resolve("nonesuch")
    with pytest.raises(ModelError, match="does not exist"):
        resolve(tmp_path / "none.onnx")
    with pytest.raises(ModelError, match="does not exist"):
        resolve("none.onnx")
    with pytest.raises(ModelError, match="unknown model"):
        pull("nonesuch")


def test_models_of_the_users_own(home: Path, tmp_path: Path) -> None:
    (home / "models").mkdir(parents=True)
    write_colour_model(home / "models" / "mine.onnx", commercial_use=None)
    (home / "models" / "broken.onnx").write_bytes(b"junk")
    assert info("mine").installed and info("mine").title == "Colours"
    assert Segmenter("mine").taxonomy.name == "wardrobe"
    assert not info("broken").installed
    assert export("mine", tmp_path).name == "mine.onnx"


def test_exporting_what_has_no_description(foreign: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="carries no description"):
        export(str(foreign), tmp_path / "out.onnx")


def test_segment_keeps_its_model_loaded(colour_model: Path) -> None:
    scene = photograph(paint((256, 256), [("bag", (64, 64, 128, 128))]))
    first, second = (segmentation.segment(scene, colour_model) for _ in range(2))
    assert [item.label for item in (*first.garments, *second.garments)] == ["bag", "bag"]
    from ewardrobe.segmentation.segmenter import _loaded

    assert _loaded.cache_info().hits >= 1
