"""How fast the app answers with many garments: the first page, searches, filters, one garment.

uv run benchmarks/serve_wardrobe.py [--garments 10000] [--rounds 40]
"""

from __future__ import annotations

import argparse
import http.client
import random
import statistics
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import insert

from ewardrobe.wardrobe import Wardrobe
from ewardrobe.wardrobe.database import Database
from ewardrobe.wardrobe.schema import garment_colours, garments
from ewardrobe.wardrobe.search import search_text

TYPES = ("shirt", "t-shirt", "jeans", "coat", "dress", "skirt", "blazer", "sneakers", "scarf", "sweater")
COLOURS = ("navy", "white", "black", "red", "olive", "beige", "grey", "pink")
WORDS = ("linen", "wool", "acme", "summer sale", "gift", "collar", "buttons", "lined", "second hand", "work")


def fill(home: Path, count: int) -> None:
    """`count` garments with random types, colours and notes; no pictures."""
    Wardrobe.open(home).close()
    chance = random.Random(0)
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = []
    colours: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        kind, colour = chance.choice(TYPES), chance.choice(COLOURS)
        notes = " ".join(chance.choices(WORDS, k=4)) + f" n{number}"
        at = now - timedelta(minutes=count - number)
        row = {
            "id": number,
            "uid": uuid.uuid4().hex,
            "type": kind,
            "colour": colour,
            "notes": notes,
            "quantity": 1,
        }
        row |= {"status": "active", "favourite": False, "added_at": at, "changed_at": at}
        row |= {
            "season": chance.choice(("summer", "winter")),
            "search_text": search_text([kind, colour, notes]),
        }
        rows.append(row)
        place = {"garment_id": number, "position": 0, "name": colour, "share": 1.0}
        colours.append(place | dict.fromkeys(("red", "green", "blue", "lab_l", "lab_a", "lab_b"), 0))
    database = Database.open(home / "wardrobe.db")
    with database.write() as connection:
        connection.execute(insert(garments), rows)
        connection.execute(insert(garment_colours), colours)
    database.close()


def main() -> None:
    """Fill, serve, ask, print."""
    import socket

    from ewardrobe.web.serving import make_server

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--garments", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        fill(Path(folder), options.garments)
        server = make_server(Path(folder))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        port = listener.getsockname()[1]
        print(f"{options.garments} garments; milliseconds")
        print(f"first page, cold          {ask(port, '/'):8.0f}")
        chance = random.Random(1)
        owner = Wardrobe.open(Path(folder))
        for name, path in (
            ("page", "/"),
            ("page, 50th", "/?page=50"),
            ("search", "/api/v1/garments?text={word}"),
            ("search, two words", "/api/v1/garments?text={word} acme"),
            ("search after a change", "/api/v1/garments?text={word}"),
            ("search, one hit", "/api/v1/garments?text=n{number}"),
            ("two filters", "/api/v1/garments?type={type}&colour={colour}"),
            ("one garment", "/api/v1/garments/{number}"),
        ):
            times = []
            for _ in range(options.rounds):
                if name.endswith("change"):
                    owner.edit(chance.randint(1, options.garments), notes=f"mended {chance.random()}")
                asked = path.format(
                    word=chance.choice(WORDS).partition(" ")[0],
                    number=chance.randint(1, options.garments),
                    type=chance.choice(TYPES),
                    colour=chance.choice(COLOURS),
                )
                times.append(ask(port, quote(asked, safe="/?=&")))
            p95 = sorted(times)[int(0.95 * (len(times) - 1))]
            print(f"{name:<24}  {statistics.median(times):8.1f} median  {p95:8.1f} p95")
        owner.close()
        server.should_exit = True
        thread.join()


def ask(port: int, path: str) -> float:
    """Milliseconds from the request to the last byte of its answer."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status}")
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
