"""`ewardrobe serve` as a process: what it refuses, and that a kill loses no photo."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from ewardrobe.cli import run
from tests.web.conftest import picture

SOURCE = Path(__file__).resolve().parents[2] / "src"


def start(home: Path, model: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "ewardrobe",
            "serve",
            "--port",
            "0",
            "--home",
            str(home),
            "--model",
            str(model),
        ],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    for _ in range(600):
        try:
            httpx.get(f"{found[0]}api/v1/health")
            break
        except httpx.TransportError:
            time.sleep(0.05)
    return process, found[0].rstrip("/")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_other_addresses_are_refused(host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--host", host, "--home", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no accounts yet" in said


def test_a_port_in_use_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["serve", "--port", str(taken.getsockname()[1]), "--home", str(tmp_path)]) == 1
    assert "choose another with --port" in capsys.readouterr().err


def test_a_killed_server_loses_no_photo(home: Path, model: Path) -> None:
    process, url = start(home, model)
    for number in range(4):
        data = picture([("dress", (40 + number, 30, 100, 180))])
        httpx.post(f"{url}/api/v1/photos", files={"photo": (f"{number}.png", data)}).raise_for_status()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process, url = start(home, model)
    try:
        for _ in range(2400):
            counts = httpx.get(f"{url}/api/v1/uploads").json()["counts"]
            if not counts["waiting"] + counts["working"]:
                break
            time.sleep(0.05)
        assert counts["done"] + counts["skipped"] == 4
        names = {photo["name"] for photo in httpx.get(f"{url}/api/v1/photos").json()}
        assert {f"{number}.png" for number in range(4)} <= names
        assert httpx.get(f"{url}/api/v1/garments").json()["total"] == 5 + 4
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
