"""The app as it runs: a real server on a free port, over a wardrobe of the test's own."""

from __future__ import annotations

import io
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from ewardrobe.wardrobe import Wardrobe
from ewardrobe.web.serving import make_server
from tests.segmentation.models import Shape, paint, person, photograph, write_colour_model
from tests.wardrobe import rendered


@dataclass(frozen=True)
class Served:
    """A running server, its address, and the folder of its wardrobe."""

    url: str
    home: Path
    client: httpx.Client
    token: str

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    def wait(self, upload_id: int) -> dict[str, Any]:
        """The upload when it is finished."""
        for _ in range(2400):
            upload = self.client.get(f"/api/v1/uploads/{upload_id}").json()
            if upload["status"] not in ("waiting", "working"):
                return dict(upload)
            time.sleep(0.05)
        raise AssertionError(f"upload {upload_id} was never finished")


@contextmanager
def serving(home: Path, model: Path | str) -> Iterator[Served]:
    """A server in a thread of this process."""
    server = make_server(home, model=str(model))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with httpx.Client(base_url=url, timeout=60) as client:
                yield Served(url, home, client, server.config.app.state.room.token)  # type: ignore[union-attr]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A described ONNX model that knows each class of `wardrobe` by its colour."""
    return write_colour_model(tmp_path_factory.mktemp("model") / "colours.onnx")


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("empty") / "home"
    Wardrobe.open(home).close()
    return home


def fill(home: Path) -> None:
    """Two photos with two garments each (1 to 4), and one typed in (5)."""
    with Wardrobe.open(home) as wardrobe:
        for number in range(2):
            wardrobe.add_segmented(
                rendered.photo(number, private=True),
                [rendered.item(2 * number), rendered.item(2 * number + 1, "pants")],
                model=rendered.MODEL,
            )
        wardrobe.new(
            type="coat", brand="Ünique", price="120.50", currency="eur", tags="warm,wool", colour="camel"
        )
        wardrobe.edit(4, status="laundry")
        wardrobe.edit(2, season="winter", price="30", currency="EUR", bought_on="2025-03-01")
        wardrobe.wears.add([2], on="2026-03-01")


@pytest.fixture
def home(tmp_path: Path, empty_home: Path) -> Path:
    """A wardrobe with something in it (see `fill`)."""
    shutil.copytree(empty_home, tmp_path / "home")
    fill(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def served(home: Path, model: Path) -> Iterator[Served]:
    with serving(home, model) as found:
        yield found


def picture(shapes: list[Shape] | None = None, kind: str = "PNG", **options: Any) -> bytes:
    """A photo that `model` can segment: a person, unless told otherwise."""
    target = io.BytesIO()
    pixels = photograph(paint((256, 192), person(50) if shapes is None else shapes))
    Image.fromarray(pixels).save(target, kind, **options)
    return target.getvalue()


@pytest.fixture
def upload(served: Served) -> Callable[..., httpx.Response]:
    """`upload(data, name)` hands a photo in."""

    def send(data: bytes, name: str = "photo.png") -> httpx.Response:
        return served.client.post("/api/v1/photos", files={"photo": (name, data)})

    return send
