"""The inbox: nothing handed in is lost, nothing is taken in twice."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
from pathlib import Path
from typing import BinaryIO

import pytest

from ewardrobe.errors import NotFoundError, StoreError
from ewardrobe.jobs.inbox import Inbox


def hand_in(inbox: Inbox, data: bytes = b"photo", name: str = "a.jpg") -> int:
    return inbox.receive(io.BytesIO(data), name).id


def test_photos_are_taken_in_order_and_finished_once(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    first, second = hand_in(inbox, b"one"), hand_in(inbox, b"two")
    taken = inbox.take()
    assert taken is not None
    assert (taken.id, taken.status, inbox.file(first).read_bytes()) == (first, "working", b"one")
    inbox.finish(first, "done", "fine", [{"id": 1}])
    assert not inbox.file(first).exists()
    assert inbox.get(first).garments == ({"id": 1},)
    assert [upload.id for upload in inbox.uploads()] == [second, first]
    assert inbox.counts() == {
        "waiting": 1,
        "working": 0,
        "done": 1,
        "skipped": 0,
        "failed": 0,
        "cancelled": 0,
    }
    assert inbox.forget_finished() == 1
    with pytest.raises(NotFoundError):
        inbox.get(first)
    assert hand_in(inbox, b"three") == second + 1


def test_the_same_photo_waits_once(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    first = hand_in(inbox, b"same", "a.jpg")
    assert hand_in(inbox, b"same", "b.jpg") == first
    inbox.take()
    assert hand_in(inbox, b"same") == first
    inbox.finish(first, "done")
    assert hand_in(inbox, b"same") != first
    assert list((tmp_path / "inbox" / "arriving").iterdir()) == []


def test_only_what_waits_can_be_cancelled(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    first, second = hand_in(inbox, b"one"), hand_in(inbox, b"two")
    inbox.take()
    assert not inbox.cancel(first)
    assert inbox.cancel(second)
    assert not inbox.cancel(second)
    assert not inbox.file(second).exists()
    assert inbox.take() is None


def test_what_was_under_way_waits_again_at_the_next_start(tmp_path: Path) -> None:
    first = 0
    for attempt in range(3):
        inbox = Inbox(tmp_path)
        first = first or hand_in(inbox)
        taken = inbox.take()
        assert taken is not None
        assert taken.attempts == attempt + 1
        inbox.close()
    (tmp_path / "inbox" / "arriving" / "half").write_bytes(b"half")
    (tmp_path / "inbox" / "photos" / "99").write_bytes(b"no row")
    inbox = Inbox(tmp_path)
    # Three times the program ended at it: it is not tried for ever.
    assert inbox.get(first).status == "failed"
    assert inbox.take() is None
    assert [
        path for path in (tmp_path / "inbox").rglob("*") if path.parent.name in ("arriving", "photos")
    ] == []


def test_a_photo_at_which_the_program_ended_waits_behind_the_others(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    photos = [hand_in(inbox, data) for data in (b"one", b"two", b"three")]
    for expected in (*photos, photos[0]):
        taken = inbox.take()
        assert taken is not None and taken.id == expected
        inbox.close()
        inbox = Inbox(tmp_path)
    assert {inbox.get(photo).status for photo in photos} == {"waiting"}


def test_put_back_does_not_count_against_a_photo(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    for _ in range(5):
        number = hand_in(inbox)
        inbox.take()
        inbox.put_back(number, "the disk is full")
        assert (inbox.get(number).status, inbox.get(number).reason) == ("waiting", "the disk is full")
        inbox.close()
        inbox = Inbox(tmp_path)


def test_one_process_has_it(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    with pytest.raises(StoreError, match="served by another process"):
        Inbox(tmp_path)
    inbox.close()
    Inbox(tmp_path).close()


class _Broken(io.BytesIO):
    """A stream that ends in an error after its first block."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(28, "No space left on device")
        return super().read(3)


def test_a_photo_that_is_cut_off_leaves_nothing(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    with pytest.raises(StoreError, match="disk is full"):
        inbox.receive(_Broken(b"photo"), "a.jpg")
    assert inbox.uploads() == []
    assert list((tmp_path / "inbox" / "arriving").iterdir()) == []
    assert list((tmp_path / "inbox" / "photos").iterdir()) == []


def _hand_in_until_killed(home: Path, told: BinaryIO) -> None:
    inbox = Inbox(home)
    for number in range(10_000):
        upload = inbox.receive(io.BytesIO(b"%d" % number * 1000), "a.jpg")
        told.write(b"%d\n" % upload.id)
        told.flush()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("wb") as told:
        process = multiprocessing.get_context("fork").Process(
            target=_hand_in_until_killed, args=(tmp_path, told)
        )
        process.start()
        while said.stat().st_size < 100:
            assert process.is_alive()
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
    answered = {int(line) for line in said.read_bytes().split(b"\n")[:-1]}
    inbox = Inbox(tmp_path)
    waiting = {upload.id for upload in inbox.uploads(100_000) if upload.status == "waiting"}
    assert answered <= waiting
    assert all(inbox.file(number).read_bytes() for number in waiting)
    assert len(list((tmp_path / "inbox" / "photos").iterdir())) == len(waiting)
