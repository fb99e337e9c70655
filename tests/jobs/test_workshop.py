"""The process behind a server: what ends it harms one photo, and the next is worked on as if nothing had been."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from ewardrobe.errors import EwardrobeError, PhotoError, UsageError
from ewardrobe.jobs import workshop
from ewardrobe.jobs.importing import Importer
from ewardrobe.jobs.inbox import Inbox
from ewardrobe.jobs.workshop import Workshop
from ewardrobe.wardrobe import Wardrobe
from tests.segmentation.models import paint, person, photograph, write_colour_model

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="stops and kills a process")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colour_model(tmp_path_factory.mktemp("model") / "colours.onnx")


@pytest.fixture
def shop(tmp_path: Path, model: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path, str(model))
    yield made
    made.close()


def photo(x: int = 50) -> bytes:
    target = io.BytesIO()
    Image.fromarray(photograph(paint((256, 192), person(x)))).save(target, "PNG")
    return target.getvalue()


def pid(shop: Workshop) -> int:
    return int(shop._process.pid)


def beside(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Run `work` in a thread; what it returns or raises is in the list when the thread is done."""
    ended: list[object] = []

    def run() -> None:
        try:
            ended.append(work())
        except EwardrobeError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, ended


def test_a_photo_that_ends_or_holds_the_process_costs_itself(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(shop.segment(photo())["annotations"]) == 3
    first = pid(shop)
    os.kill(first, signal.SIGSTOP)
    thread, ended = beside(lambda: shop.segment(photo()))
    os.kill(first, signal.SIGKILL)
    thread.join()
    assert isinstance(ended[0], PhotoError)
    assert "ended the process" in str(ended[0])
    with pytest.raises(UsageError, match="cannot cut out 'spoon'"):
        shop.cut_out(photo(), "spoon", "", False)
    second = pid(shop)
    assert second != first
    os.kill(second, signal.SIGSTOP)
    monkeypatch.setattr(workshop, "PHOTO_SECONDS", 0.2)
    with pytest.raises(PhotoError, match="took more than"):
        shop.segment(photo())
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


def test_a_closed_workshop_does_nothing(shop: Workshop) -> None:
    shop.close()
    with pytest.raises(EwardrobeError, match="being stopped"):
        shop.segment(photo())


def test_the_importer_empties_the_inbox(tmp_path: Path, shop: Workshop) -> None:
    inbox = Inbox(tmp_path)
    numbers = [
        inbox.receive(io.BytesIO(data), "a.png").id for data in (photo(), b"\x89PNG broken", photo(90))
    ]
    importer = Importer(inbox, shop)
    importer.start()
    while any(inbox.counts()[status] for status in ("waiting", "working")):  # type: ignore[index]
        time.sleep(0.05)
    again = inbox.receive(io.BytesIO(photo()), "b.png").id
    importer.wake()
    while inbox.get(again).status != "skipped":
        time.sleep(0.05)
    importer.stop()
    assert [inbox.get(number).status for number in numbers] == ["done", "failed", "done"]
    assert inbox.get(again).garments[0]["id"] == inbox.get(numbers[0]).garments[0]["id"]
    inbox.close()
    with Wardrobe.open(tmp_path) as wardrobe:
        assert len(wardrobe) == 6


def test_a_stopped_importer_leaves_the_photo_to_the_next(tmp_path: Path, model: Path) -> None:
    inbox, shop = Inbox(tmp_path), Workshop(tmp_path, str(model))
    shop.segment(photo())
    os.kill(pid(shop), signal.SIGSTOP)
    number = inbox.receive(io.BytesIO(photo()), "a.png").id
    importer = Importer(inbox, shop)
    importer.start()
    while inbox.get(number).status != "working":
        time.sleep(0.01)
    importer.stop()
    inbox.close()
    assert Inbox(tmp_path).get(number).status == "waiting"
