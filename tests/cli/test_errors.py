"""Whatever goes wrong is one line on stderr with the right exit code."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ewardrobe import errors
from ewardrobe.cli import run
from tests.cli.conftest import Command, start, write_photo
from tests.segmentation.models import person


def one_line(text: str) -> str:
    lines = text.splitlines()
    assert len(lines) == 1, text
    assert lines[0].startswith("ewardrobe: ")
    assert "Traceback" not in text and "\033" not in text
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("segment", "--nonsense"), 2, "nonsense"),
        (("segment",), 2, "PHOTO"),
        (("nonsense",), 2, "nonsense"),
        (("find", "--limit", "many"), 2, "limit"),
        (("find", "--json", "--csv"), 2, "--json"),
        (("taxonomy", "show", "nonsense"), 1, "nonsense"),
        (("models", "show", "nonsense"), 1, "nonsense"),
        (("models", "show", "nowhere.onnx"), 1, "nowhere.onnx"),
        (("evaluate", "a", "b", "c"), 2, "dataset"),
        (("new", "nonsense"), 2, "key=value"),
        (("new", "nonsense=1"), 2, "nonsense"),
        (("show", "12345"), 1, "12345"),
        (("edit", "12345", "brand=x"), 1, "12345"),
        (("remove", "12345"), 1, "12345"),
        (("import", "nowhere.zip"), 1, "nowhere.zip"),
        (("restore", "nowhere.zip"), 1, "nowhere.zip"),
    ],
)
def test_one_line_and_a_code(command: Command, arguments: tuple[str, ...], code: int, word: str) -> None:
    said = command(*arguments)
    assert said.code == code, said
    assert word in one_line(said.err)
    assert said.out == ""


def test_a_model_file_that_is_none(command: Command, photos: Path, tmp_path: Path) -> None:
    fake = tmp_path / "fake.onnx"
    fake.write_bytes(b"\x00\x01 not a model")
    for jobs in (1, 2):
        said = command("segment", photos, "--model", fake, "--jobs", jobs, "--out", tmp_path / "out")
        assert said.code == 1
        assert "fake.onnx" in one_line(said.err)


def test_every_error_class_ends_with_its_own_code(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    from ewardrobe import taxonomy

    for name in errors.__all__:
        kind = getattr(errors, name)

        def fail(kind: type[Exception] = kind) -> None:
            raise kind("it is\n broken")

        monkeypatch.setattr(taxonomy, "map_names", fail)
        said = command("taxonomy", "list")
        assert said.code == kind.exit_code
        assert said.err == "ewardrobe: it is broken\n"


def test_the_operating_systems_errors_are_one_line_too(
    monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    from ewardrobe import taxonomy

    def fail() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")

    monkeypatch.setattr(taxonomy, "map_names", fail)
    said = command("taxonomy", "list")
    assert said.code == 1
    assert "No space left on device: somewhere" in one_line(said.err)


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    from ewardrobe import taxonomy

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(taxonomy, "map_names", fail)
    with pytest.raises(ZeroDivisionError):
        run(["taxonomy", "list"])


def test_help_and_version(command: Command) -> None:
    from ewardrobe import __version__

    assert command("--version").out == f"ewardrobe {__version__}\n"
    said = command("segment", "--help")
    assert said.code == 0 and "--overwrite" in said.out
    assert command().code == 2


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    process = start("taxonomy", "show", "people-clothing", "--json", home=tmp_path)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    errors_said = process.stderr.read()
    process.wait(300)
    process.stderr.close()
    assert errors_said == ""


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_what_is_finished_and_the_next_run_goes_on(
    tmp_path: Path, model: Path, jobs: int
) -> None:
    count = 24
    folder, out = tmp_path / "in", tmp_path / "out"
    for number in range(count):
        # Each photo is different, and large enough to take a moment.
        write_photo(folder / f"{number:03}.png", person(number, 8, 3.0), (800, 400))
    arguments = ("segment", folder, "--model", model, "--out", out, "--jobs", jobs)
    process = start(*arguments, home=tmp_path / "home", start_new_session=True)
    deadline = time.monotonic() + 300
    while len(list(out.glob("*.json"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    # As a terminal does: to the whole group, workers included.
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 130, said
    assert "stopped" in said and "Traceback" not in said
    done = len(list(out.glob("*.json")))
    assert 0 < done < count
    assert not [path for path in out.iterdir() if path.suffix == ".tmp" or path.stat().st_size == 0]

    process = start(*arguments, home=tmp_path / "home")
    output, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert len(list(out.glob("*.json"))) == count
    # At most what each worker had just written, but not yet noted, is done again.
    assert output.count("skipped") >= done - jobs


def test_nothing_listens_for_a_terminal(tmp_path: Path) -> None:
    """No colour codes and no progress bar where stdout and stderr are no terminals."""
    process = start("find", home=tmp_path, stdin=subprocess.DEVNULL)
    out, said = process.communicate(timeout=300)
    assert process.returncode == 0
    assert "\033" not in out + said
