"""The server under load and under the axe: many programs at once, and kills in the middle of uploads.

    uv run --group test benchmarks/serve_load.py clients --clients 200 --seconds 300
    uv run --group test benchmarks/serve_load.py kill --photos 100 --kills 10

`clients`: so many programs send a photo to `/api/v1/segment`, each the next as soon as it is answered; one that is told
503 waits as long as `Retry-After` says. Counted are the answers and what else happened; the memory is that of the
server's processes, taken each second. `kill`: photos are handed in by eight programs while the server is killed
(SIGKILL, all of its processes) and started again; each photo that was answered 202 must be in the wardrobe in the end.
Exits 1 when an answer was anything but 200 or 503, or a photo was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "people"
SENDERS = 8


def photo(number: int, width: int = 320) -> bytes:
    """An example photo as JPEG, different for each number."""
    names = sorted(EXAMPLES.glob("*.jpg"))
    with Image.open(names[number % len(names)]) as image:
        image.thumbnail((width, width))
        pixels = np.asarray(image.convert("RGB")).copy()
    pixels[0, 0] = (number % 256, number // 256 % 256, 7)
    pixels[:8, :8] = pixels[0, 0]
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=92)
    return target.getvalue()


@dataclass
class Server:
    """`ewardrobe serve` in a process group of its own."""

    home: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                self.port = listener.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "ewardrobe",
            "serve",
            "--port",
            str(self.port),
            "--home",
            str(self.home),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/health", timeout=5).status_code == 200:
                    return
            if self.process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.1)

    def kill(self) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def memory(self) -> float:
        """MB of resident memory of all of its processes."""
        assert self.process is not None
        return sum(_memory_of(pid) for pid in _family(self.process.pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _memory_of(pid: int) -> float:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0


@dataclass
class Tally:
    """What came of the requests."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


async def send(url: str, data: bytes, end: float, tally: Tally) -> None:
    async with httpx.AsyncClient(timeout=120) as client:
        while time.perf_counter() < end:
            started = time.perf_counter()
            try:
                answer = await client.post(f"{url}/segment", files={"photo": ("photo.jpg", data)})
            except httpx.HTTPError as error:
                tally.answers[type(error).__name__] += 1
                continue
            tally.answers[str(answer.status_code)] += 1
            if answer.status_code == 200:
                tally.seconds.append(time.perf_counter() - started)
            elif answer.status_code == 503:
                await asyncio.sleep(float(answer.headers["Retry-After"]) * random.uniform(1, 2))


def clients(options: argparse.Namespace) -> bool:
    tally = Tally()
    memory: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "home")
        server.start()
        httpx.post(f"{server.url}/segment", files={"photo": ("photo.jpg", photo(0))}, timeout=120)

        async def all_of_them() -> None:
            end = time.perf_counter() + options.seconds
            sending = [send(server.url, photo(number), end, tally) for number in range(options.clients)]

            async def watch() -> None:
                while time.perf_counter() < end:
                    memory.append(server.memory())
                    await asyncio.sleep(1)

            await asyncio.gather(watch(), *sending)

        try:
            asyncio.run(all_of_them())
        finally:
            server.kill()
    done = sorted(tally.seconds)
    tenth = max(1, len(memory) // 10)
    print(f"{options.clients} clients, {options.seconds:.0f} s: {dict(tally.answers)}")
    print(f"{len(done) / options.seconds:.1f} photos a second; p50 {done[len(done) // 2]:.2f} s, ", end="")
    print(f"p95 {done[int(0.95 * (len(done) - 1))]:.2f} s")
    print(
        f"memory, MB: {max(memory[:tenth]):.0f} at most in the first tenth, "
        f"{max(memory[-tenth:]):.0f} in the last, {max(memory):.0f} ever"
    )
    return set(tally.answers) <= {"200", "503"}


def kill(options: argparse.Namespace) -> bool:
    chance = random.Random(0)
    accepted: dict[int, int] = {}
    todo = list(range(options.photos))
    lock = threading.Lock()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "home")
        server.start()

        def sender() -> None:
            while True:
                with lock:
                    if not todo:
                        return
                    number = todo.pop()
                try:
                    answer = httpx.post(
                        f"{server.url}/photos", files={"photo": (f"{number}.jpg", photo(number))}, timeout=60
                    )
                    if answer.status_code == 202:
                        accepted[number] = answer.json()["id"]
                        time.sleep(chance.uniform(0, 0.3))
                        continue
                except httpx.HTTPError:
                    time.sleep(0.2)  # killed: whether it was stored is unknown, so it is sent again
                with lock:
                    todo.append(number)

        senders = [threading.Thread(target=sender) for _ in range(SENDERS)]
        for thread in senders:
            thread.start()
        for _ in range(options.kills):
            time.sleep(chance.uniform(0.2, 2.0))
            server.kill()
            server.start()
        for thread in senders:
            thread.join()
        while (counts := httpx.get(f"{server.url}/health").json()["waiting"]) > 0:
            print(f"{counts} wait", flush=True)
            time.sleep(5)
        uploads = httpx.get(f"{server.url}/uploads", params={"limit": 1000}).json()["uploads"]
        states = {upload["id"]: upload["status"] for upload in uploads}
        stored = len(httpx.get(f"{server.url}/photos").json())
        lost = [n for n, upload in accepted.items() if states.get(upload) not in ("done", "skipped")]
        server.kill()
    print(f"{len(accepted)} photos accepted, {options.kills} kills; {dict(Counter(states.values()))}")
    print(f"{stored} photos in the wardrobe; lost: {lost or 'none'}")
    return not lost and stored == options.photos


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("clients", "kill"))
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    if not (clients if options.what == "clients" else kill)(options):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
