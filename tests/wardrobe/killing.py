"""Kills a process that works on a wardrobe, and looks at what it left behind.

A worker is a process of its own that adds photos, imports an export, or opens a wardrobe of an older revision. It
reports each thing it was told is stored. Two ways to die: at a random moment (`random_kill`), or at the n-th step,
where a step is every file operation and every SQL statement (`step_kills`).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ewardrobe.wardrobe.adding
import ewardrobe.wardrobe.transfer.importing  # noqa: F401
from ewardrobe.wardrobe import Wardrobe
from ewardrobe.wardrobe.database import upgrade
from tests.wardrobe import rendered

OPERATIONS = ("add", "import", "migrate", "mask")
EXPORTED = 6
"""Photos in the export that is imported."""

OLD_GARMENTS = 400
PHOTOS = 3
"""Photos that one worker adds before a random moment comes."""


@dataclass
class Tally:
    """What many kills came to."""

    kills: int = 0
    reported: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


# The worker


def work(operation: str, home: Path, seed: int, photos: int, report: int) -> None:
    """What a worker does; writes a line to `report` for each thing it was told is stored."""
    with Wardrobe.open(home) as wardrobe:
        if operation == "migrate":
            os.write(report, b"all\n")
        elif operation == "import":
            wardrobe.import_(home.with_name("export.zip"))
            os.write(report, b"all\n")
        elif operation == "mask":
            for number in range(photos):
                wardrobe.appearances.set_mask(1, painted(seed + number), describe=described)
                os.write(report, f"{seed + number}\n".encode())
        else:
            for number in range(seed, seed + photos):
                photo = rendered.photo(number)
                found = [rendered.item(2 * number), rendered.item(2 * number + 1)]
                wardrobe.add_segmented(photo, found, model=rendered.MODEL)
                os.write(report, f"{photo.sha256}\n".encode())


def painted(number: int) -> npt.NDArray[np.bool_]:
    """The mask that a worker gives for the `number`-th time; each has an area of its own."""
    mask = np.zeros(rendered.SIZE[::-1], np.bool_)
    mask[:40, : 1 + number % rendered.SIZE[0]] = True
    return mask


def described(_: Any, garment: Any) -> Any:
    """What a worker says of a garment."""
    return rendered.attributes(garment.area)


def _start(
    operation: str, home: Path, seed: int, photos: int = PHOTOS, before: Callable[[], object] = lambda: None
) -> tuple[int, int]:
    """A process of its own that works, and the reading end of its reports.

    It is forked, not started anew, so that what is hit is the work and not the imports.
    """
    read, report = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(read)
        try:
            before()
            work(operation, home, seed, photos, report)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(report)
    return worker, read


def _end(worker: int, read: int) -> tuple[bool, list[str]]:
    """Wait for a worker: whether it was killed, and what it reported."""
    with os.fdopen(read) as pipe:
        lines = pipe.read().split("\n")
    _, status = os.waitpid(worker, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise AssertionError("the worker failed by itself")
    return os.WIFSIGNALED(status), lines[:-1]  # what has no end of line was not reported


# The killer


def prepare(operation: str, folder: Path) -> Path:
    """A home for a worker, with what it needs beside it."""
    home = folder / "home"
    if operation == "import" and not (folder / "export.zip").exists():
        with Wardrobe.open(folder / "exported") as wardrobe:
            for number in range(EXPORTED):
                wardrobe.add_segmented(rendered.photo(number), [rendered.item(number)], model=rendered.MODEL)
            wardrobe.export(folder / "export.zip")
    if operation == "mask" and not home.exists():
        with Wardrobe.open(home) as wardrobe:
            items = [rendered.item(0), rendered.item(1)]
            wardrobe.add_segmented(rendered.photo(0), items, model=rendered.MODEL)
    if operation == "migrate":
        old = folder / "old"
        if not old.exists():
            make_old_wardrobe(old)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(old, home)
    return home


def make_old_wardrobe(home: Path, garments: int = OLD_GARMENTS) -> None:
    """A wardrobe as revision 0001 had it, with garments in it."""
    home.mkdir(parents=True)
    upgrade(home / "wardrobe.db", "0001")
    with sqlite3.connect(home / "wardrobe.db") as connection:
        for number in range(1, garments + 1):
            connection.execute(
                "INSERT INTO garments (id, uid, type, notes, quantity, status, favourite, added_at, changed_at) "
                "VALUES (?, ?, 'shirt', ?, 1, 'active', 0, '2026-01-02 03:04:05', '2026-01-02 03:04:05')",
                (number, f"{number:032x}", f"Überwurf {number}"),
            )
    connection.close()


def measure(operation: str, home: Path) -> float:
    """How long a worker works when nobody kills it, in seconds."""
    started = time.monotonic()
    _end(*_start(operation, home, 0))
    return time.monotonic() - started


def random_kill(operation: str, home: Path, seed: int, delay: float, tally: Tally) -> None:
    """Start a worker, kill it `delay` seconds later, and check what is left."""
    worker, read = _start(operation, home, seed)
    time.sleep(delay)
    os.kill(worker, signal.SIGKILL)
    _, reported = _end(worker, read)
    after_kill(operation, home, reported, tally)


def after_kill(operation: str, home: Path, reported: list[str], tally: Tally) -> None:
    """Note at which moment the kill hit, open the wardrobe again, and check that it is whole."""
    tally.kills += 1
    tally.reported += len(reported)
    tally.moments[f"{operation}: {_moment(operation, home)}"] += 1
    with Wardrobe.open(home) as wardrobe:
        tally.problems += wardrobe.check()
        if any(path.is_dir() for path in (home / "incoming").iterdir()):
            tally.problems.append("a staging folder is left")
        _check_stored(operation, wardrobe, reported, tally)


def _check_stored(operation: str, wardrobe: Wardrobe, reported: list[str], tally: Tally) -> None:
    garments = wardrobe.find()
    if operation == "migrate":
        if len(garments) != OLD_GARMENTS or len(wardrobe.find("uberwurf")) != OLD_GARMENTS:
            tally.problems.append("the migration lost garments or their search text")
        return
    if operation == "mask":
        # What was reported last, or the one after it, or none at all: and all that belongs to it.
        area = wardrobe.get(1).appearances[0].area
        if np.count_nonzero(wardrobe.appearances.mask(1)) != area:
            tally.problems.append("a mask and its row disagree")
        last = int(reported[-1]) if reported else None
        if last is not None and area not in [np.count_nonzero(painted(last + more)) for more in (0, 1)]:
            tally.problems.append(f"mask {last} was reported stored and is not there")
        return
    photos = {photo.sha256: photo for photo in wardrobe.photos()}
    if operation == "import":
        if len(photos) not in (0, EXPORTED) or (reported and not photos):
            tally.problems.append(f"{len(photos)} of {EXPORTED} photos imported, reported: {reported}")
        return
    tally.problems += [
        f"{sha256} was reported stored and is not there" for sha256 in reported if sha256 not in photos
    ]
    for photo in photos.values():
        shown = [item for garment in garments for item in garment.appearances if item.photo_id == photo.id]
        if len(shown) != 2:
            tally.problems.append(f"photo {photo.id} has {len(shown)} of 2 garments")


def _moment(operation: str, home: Path) -> str:
    incoming = home / "incoming"
    staged = [path for path in incoming.iterdir() if path.is_dir()] if incoming.is_dir() else []
    if any((path / "names.json").exists() for path in staged):
        return "while files were put in place or just after"
    if staged:
        return "while files were written"
    if operation == "migrate":
        return f"at revision {_revision(home)}"
    return "outside a transaction"


def _revision(home: Path) -> str:
    with sqlite3.connect(f"file:{home / 'wardrobe.db'}?mode=ro", uri=True) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    return str(found[0])


def run(kills: int, folder: Path, seed: int = 0) -> Tally:
    """Kill workers of every kind in turn, at random moments."""
    chance = random.Random(seed)
    tally = Tally()
    longest = {name: measure(name, prepare(name, folder / f"measure-{name}")) for name in OPERATIONS}
    for number in range(kills):
        operation = OPERATIONS[number % len(OPERATIONS)]
        place = folder / operation
        home = prepare(operation, place)
        if operation == "import":
            shutil.rmtree(home, ignore_errors=True)
        random_kill(operation, home, PHOTOS * number, chance.uniform(0, longest[operation]), tally)
    return tally


# Death at the n-th step


def step_kills(operation: str, folder: Path, *, every: int = 1) -> Tally:
    """Kill a forked worker at its first step, then another at its second, and so on until one lives to the end."""
    tally = Tally()
    step = 1
    while True:
        place = folder / f"{operation}-{step}"
        home = prepare(operation, place)
        if operation == "import":
            with Wardrobe.open(home):
                pass
        killed, reported = _end(*_start(operation, home, 0, 1, partial(_die_at, step, home)))
        if not killed:
            return tally
        after_kill(operation, home, reported, tally)
        shutil.rmtree(place)
        step += every
    return tally


def _die_at(step: int, home: Path) -> None:
    """Arrange for this process to be killed before its `step`-th file operation or SQL statement."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    left = step

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    events = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "fcntl.flock"}

    def audit(name: str, arguments: tuple[object, ...]) -> None:
        if name in events and (name == "fcntl.flock" or str(home) in str(arguments[0])):
            count()

    sys.addaudithook(audit)
    sync = os.fsync

    def counted_sync(descriptor: int) -> None:
        count()
        sync(descriptor)

    os.fsync = counted_sync
    for name in ("before_cursor_execute", "begin", "commit"):
        event.listen(Engine, name, lambda *_: count())
