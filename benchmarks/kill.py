"""Kills processes that add, import and migrate at random moments, and checks that nothing stored is lost.

    python benchmarks/kill.py --kills 100

Then once more with a process killed at each single file operation and SQL statement of an add, an import and a
migration. Exits 1 when anything is missing, orphaned or half there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "src")]

from tests.wardrobe.killing import OPERATIONS, Tally, run, step_kills  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=100, help="kills at random moments")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random moments")
    parser.add_argument("--no-steps", action="store_true", help="leave out the kills at every single step")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        problems = show("at random moments", run(options.kills, Path(folder), options.seed))
        for operation in () if options.no_steps else OPERATIONS:
            problems += show(f"at every step of {operation}", step_kills(operation, Path(folder) / "steps"))
    return 1 if problems else 0


def show(name: str, tally: Tally) -> int:
    print(
        f"{tally.kills} kills {name}, {tally.reported} things reported stored, {len(tally.problems)} problems"
    )
    for moment, count in sorted(tally.moments.items()):
        print(f"  {count:5}  {moment}")
    for problem in tally.problems[:20]:
        print(f"  PROBLEM {problem}", flush=True)
    return len(tally.problems)


if __name__ == "__main__":
    sys.exit(main())
