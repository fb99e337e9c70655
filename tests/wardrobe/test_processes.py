"""Several processes on one wardrobe at once."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ewardrobe.wardrobe import Wardrobe
from tests.wardrobe import rendered

_WORKER = """
import json, sys
from ewardrobe.wardrobe import Wardrobe
from tests.wardrobe import rendered
home, worker = sys.argv[1], int(sys.argv[2])
done = []
with Wardrobe.open(home) as wardrobe:
    for number in range(6):
        # Even photos are everyone's, odd ones this worker's own.
        seed = number if number % 2 == 0 else 100 * worker + number
        result = wardrobe.add_segmented(rendered.photo(seed), [rendered.item(seed)], model="m")
        done.append([seed, result.photo.id, result.skipped])
        if not result.skipped:
            wardrobe.edit(result.garments[0].id, notes=f"worker {worker}")
        wardrobe.find("shirt")
        if number == 4:
            wardrobe.remove(result.garments[0].id) if not result.skipped else None
print(json.dumps(done))
"""


def test_processes_add_at_once(tmp_path: Path) -> None:
    """Even the first opening, which makes the database, is shared."""
    home = tmp_path / "home"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(home), str(n)], stdout=subprocess.PIPE, text=True
        )
        for n in range(1, 4)
    ]
    done = [json.loads(worker.communicate()[0]) for worker in workers]
    assert all(worker.returncode == 0 for worker in workers)
    with Wardrobe.open(home) as wardrobe:
        assert wardrobe.check() == []
        photos = wardrobe.photos()
        assert len(photos) == 3 + 3 * 3
        assert not [path for path in (home / "incoming").iterdir() if path.is_dir()]
        by_seed: dict[int, list[tuple[int, bool]]] = {}
        for seed, photo_id, skipped in (entry for entries in done for entry in entries):
            by_seed.setdefault(seed, []).append((photo_id, skipped))
        for seed, found in by_seed.items():
            assert len({photo_id for photo_id, _ in found}) == 1
            assert sum(not skipped for _, skipped in found) == 1, f"photo {seed} was stored once"
        assert wardrobe.add_segmented(rendered.photo(2), [rendered.item(2)]).skipped


def test_threads_share_one_wardrobe(wardrobe: Wardrobe) -> None:
    def add(seed: int) -> bool:
        return wardrobe.add_segmented(rendered.photo(seed % 6), [rendered.item(seed % 6)], model="m").skipped

    with ThreadPoolExecutor(4) as pool:
        skipped = list(pool.map(add, range(12)))
    assert sum(skipped) == 6
    assert len(wardrobe.photos()) == 6
    assert wardrobe.check() == []


def test_two_open_wardrobes_see_each_other(wardrobe: Wardrobe) -> None:
    with Wardrobe.open(wardrobe.path) as other:
        garment = wardrobe.new(type="hat")
        assert other.get(garment.id) == garment
        other.edit(garment.id, type="cap")
        assert wardrobe.get(garment.id).type == "cap"
        undone = wardrobe.undo()
        assert undone is not None and undone.verb == "edit"
        assert other.get(garment.id).type == "hat"
