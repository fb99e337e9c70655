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
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ewardrobe.wardrobe import Wardrobe
from ewardrobe.wardrobe.database import upgrade
from ewardrobe.wardrobe.files import KINDS
from tests.wardrobe import rendered

REPOSITORY = Path(__file__).resolve().parents[2]
OPERATIONS = ("add", "import", "migrate")
EXPORTED = 6
"""Photos in the export that is imported."""

OLD_GARMENTS = 400


@dataclass
class Tally:
    """What many kills came to."""

    kills: int = 0
    reported: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


# The worker


def work(operation: str, home: Path, seed: int) -> None:
    """What a worker does; prints `stored NAME` after each thing it may rely on."""
    if operation == "migrate":
        with Wardrobe.open(home) as wardrobe:
            print(f"stored {len(wardrobe)} garments", flush=True)
        return
    with Wardrobe.open(home) as wardrobe:
        if operation == "import":
            wardrobe.import_(home.with_name("export.zip"))
            print("stored export", flush=True)
            return
        for number in range(seed, seed + 1000):
            photo = rendered.photo(number)
            wardrobe.add_segmented(
                photo, [rendered.item(2 * number), rendered.item(2 * number + 1)], model=rendered.MODEL
            )
            print(f"stored {photo.sha256}", flush=True)


def _worker(operation: str, home: Path, seed: int) -> None:
    import alembic.command  # noqa: F401  the migration itself is what is to be hit, not its imports

    import ewardrobe.wardrobe.adding  # noqa: F401

    print("ready", flush=True)
    sys.stdin.readline()
    work(operation, home, seed)
    print("done", flush=True)


# The killer


def prepare(operation: str, folder: Path) -> Path:
    """A home for a worker, with what it needs beside it."""
    home = folder / "home"
    if operation == "import" and not (folder / "export.zip").exists():
        with Wardrobe.open(folder / "exported") as wardrobe:
            for number in range(EXPORTED):
                wardrobe.add_segmented(rendered.photo(number), [rendered.item(number)], model=rendered.MODEL)
            wardrobe.export(folder / "export.zip")
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


def measure(operation: str, home: Path, seed: int) -> float:
    """How long a worker works when nobody kills it, in seconds."""
    worker = _start(operation, home, seed)
    started = time.monotonic()
    assert worker.stdin is not None and worker.stdout is not None
    print("go", file=worker.stdin, flush=True)
    if operation == "add":  # it would go on for long: two photos are enough
        worker.stdout.readline(), worker.stdout.readline()
    else:
        worker.stdout.readline()
    took = time.monotonic() - started
    worker.kill()
    worker.wait()
    return took


def random_kill(operation: str, home: Path, seed: int, delay: float, tally: Tally) -> None:
    """Start a worker, kill it `delay` seconds after it began, and check what is left."""
    worker = _start(operation, home, seed)
    assert worker.stdin is not None and worker.stdout is not None
    print("go", file=worker.stdin, flush=True)
    time.sleep(delay)
    worker.kill()
    output, _ = worker.communicate()
    reported = [line.removeprefix("stored ") for line in output.split("\n") if line.startswith("stored ")]
    # A line cut off by the kill was not reported.
    if output and not output.endswith("\n"):
        reported = reported[:-1] if output.rsplit("\n", 1)[-1].startswith("stored ") else reported
    after_kill(operation, home, reported, tally)


def _start(operation: str, home: Path, seed: int) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.wardrobe.killing", operation, str(home), str(seed)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    if worker.stdout.readline() != "ready\n":
        worker.kill()
        raise AssertionError("the worker did not start")
    return worker


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
    longest: dict[str, float] = {}
    for operation in OPERATIONS:
        place = folder / f"measure-{operation}"
        longest[operation] = measure(operation, prepare(operation, place), 0)
    for number in range(kills):
        operation = OPERATIONS[number % len(OPERATIONS)]
        place = folder / operation
        home = prepare(operation, place)
        if operation == "import":
            shutil.rmtree(home, ignore_errors=True)
        random_kill(operation, home, 1000 * number, chance.uniform(0, longest[operation] * 1.1), tally)
    return tally


# Death at the n-th step


def step_kills(operation: str, folder: Path, *, every: int = 1, most: int = 10_000) -> Tally:
    """Kill a forked worker at its first step, then another at its second, and so on until one lives to the end."""
    tally = Tally()
    step = 1
    while step <= most:
        place = folder / f"{operation}-{step}"
        home = prepare(operation, place)
        if operation == "import":
            with Wardrobe.open(home):
                pass
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            _die_at(step, home, write)
            try:
                _one(operation, home, write)
            finally:
                os._exit(0)
        os.close(write)
        _, status = os.waitpid(child, 0)
        with os.fdopen(read) as pipe:
            reported = pipe.read().split()
        after_kill(operation, home, reported, tally)
        shutil.rmtree(place)
        if not os.WIFSIGNALED(status):
            tally.kills -= 1
            return tally
        step += every
    return tally


def _one(operation: str, home: Path, report: int) -> None:
    with Wardrobe.open(home) as wardrobe:
        name = "all"
        if operation == "import":
            wardrobe.import_(home.with_name("export.zip"))
        elif operation == "add":
            photo = rendered.photo(1)
            wardrobe.add_segmented(photo, [rendered.item(1), rendered.item(2)], model=rendered.MODEL)
            name = photo.sha256
        os.write(report, name.encode())


def _die_at(step: int, home: Path, report: int) -> None:
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


if __name__ == "__main__":
    _worker(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))

__all__ = ["KINDS", "OPERATIONS", "Tally", "make_old_wardrobe", "random_kill", "run", "step_kills"]
