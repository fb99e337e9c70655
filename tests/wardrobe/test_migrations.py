"""The schema in code, the migrations, and what a wardrobe of another age does when it is opened."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from ewardrobe.errors import NewerStoreError, StoreError
from ewardrobe.wardrobe import DamagedStoreError, Wardrobe
from ewardrobe.wardrobe.database import _MIGRATIONS
from ewardrobe.wardrobe.schema import REVISIONS, metadata
from tests.wardrobe.killing import make_old_wardrobe


def test_the_migrations_make_the_schema_in_code(wardrobe: Wardrobe) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = create_engine(f"sqlite:///{wardrobe.path / 'wardrobe.db'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_revisions_in_code_are_those_of_the_scripts() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert tuple(script.revision for script in reversed(scripts)) == REVISIONS


def test_types_that_other_databases_know() -> None:
    """The schema compiles for PostgreSQL, so the same store can move there."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_an_older_wardrobe_is_upgraded(tmp_path: Path) -> None:
    make_old_wardrobe(tmp_path / "old", 5)
    with sqlite3.connect(tmp_path / "old" / "wardrobe.db") as connection:
        connection.execute("INSERT INTO garment_tags (garment_id, position, tag) VALUES (2, 0, 'Zürich')")
    connection.close()
    with Wardrobe.open(tmp_path / "old") as wardrobe:
        assert len(wardrobe) == 5
        assert [garment.id for garment in wardrobe.find("uberwurf 3")] == [3]
        assert [garment.id for garment in wardrobe.find("zurich")] == [2]
        assert wardrobe.check() == []


def test_a_newer_wardrobe_is_refused_and_left_alone(wardrobe: Wardrobe) -> None:
    wardrobe.close()
    database = wardrobe.path / "wardrobe.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = database.read_bytes()
    with pytest.raises(NewerStoreError, match=r"revision 9999.*pip install -U ewardrobe"):
        Wardrobe.open(wardrobe.path)
    assert database.read_bytes() == before


def test_a_folder_with_another_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with sqlite3.connect(tmp_path / "home" / "wardrobe.db") as connection:
        connection.execute("CREATE TABLE letters (id INTEGER)")
    connection.close()
    with pytest.raises(StoreError, match="not a wardrobe's"):
        Wardrobe.open(tmp_path / "home")


@pytest.mark.parametrize("kind", ["text", "header", "pages", "empty revision"])
def test_a_damaged_database_gives_one_line(filled: Wardrobe, kind: str) -> None:
    filled.close()
    database = filled.path / "wardrobe.db"
    data = bytearray(database.read_bytes())
    if kind == "text":
        data[:] = b"this is not a database, " * 500
    elif kind == "header":
        data[:100] = bytes(100)
    elif kind == "pages":
        data[100:4096] = b"\xa5" * 3996
    else:
        with sqlite3.connect(database) as connection:
            connection.execute("DELETE FROM alembic_version")
        connection.close()
        data[:] = database.read_bytes()
    database.write_bytes(data)
    with pytest.raises(StoreError, match="ewardrobe restore FILE") as error:
        Wardrobe.open(filled.path)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, DamagedStoreError) == (kind != "empty revision")
    assert database.read_bytes() == data


def test_damage_in_the_middle_gives_one_line(filled: Wardrobe) -> None:
    filled.close()
    database = filled.path / "wardrobe.db"
    data = bytearray(database.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 200] = b"\xa5" * 200
    database.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged") as error, Wardrobe.open(filled.path) as wardrobe:
        wardrobe.find()
    assert "\n" not in str(error.value)


def test_opening_a_current_wardrobe_needs_neither_alembic_nor_pandas(wardrobe: Wardrobe) -> None:
    code = (
        "import sys; from ewardrobe.wardrobe import Wardrobe; w = Wardrobe.open(sys.argv[1]); w.new(type='hat');"
        "w.find('hat'); print([name for name in ('alembic', 'pandas', 'cv2', 'onnxruntime') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(wardrobe.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
