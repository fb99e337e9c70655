"""Export: a folder or ZIP with `manifest.json` and images under names a person can read."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from ewardrobe.errors import StoreError
from ewardrobe.imaging import strip_metadata
from ewardrobe.wardrobe.files import DataFolder
from ewardrobe.wardrobe.schema import (
    appearances,
    garment_colours,
    garment_tags,
    garments,
    outfit_items,
    outfits,
    photos,
    provenance,
    wears,
)
from ewardrobe.wardrobe.transfer.manifest import FORMAT, MANIFEST, VERSION, to_entry
from ewardrobe.wardrobe.transfer.targets import Target, open_target

__all__ = ["export"]


def export(connection: Connection, folder: DataFolder, path: Path) -> Path:
    """Write every garment that is not removed, with its photos, outfits and wears, to `path`."""
    with open_target(path, archive=path.suffix.lower() == ".zip") as target:
        exporter = _Exporter(connection, folder, target)
        target.write(MANIFEST, json.dumps(exporter.document(), ensure_ascii=False, indent=1).encode("utf-8"))
    return path


class _Exporter:
    def __init__(self, connection: Connection, folder: DataFolder, target: Target) -> None:
        self._connection = connection
        self._folder = folder
        self._target = target
        self._garments = self._all(garments, garments.c.removed_at.is_(None))
        kept = {row.id for row in self._garments}
        self._appearances = [row for row in self._all(appearances) if row.garment_id in kept]

    def document(self) -> dict[str, Any]:
        """The manifest; the images are written on the way."""
        shown = {row.photo_id for row in self._appearances}
        photo_rows = [row for row in self._all(photos) if row.id in shown]
        children = {
            table: self._by_garment(table)
            for table in (garment_colours, garment_tags, provenance, appearances)
        }
        return {
            "format": FORMAT,
            "version": VERSION,
            "photos": [self._photo(row) for row in photo_rows],
            "garments": [self._garment(row, children) for row in self._garments],
            "outfits": self._outfits(),
            "wears": self._wears(),
        }

    def _photo(self, row: Row[Any]) -> dict[str, Any]:
        path = self._folder.path(row.file)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}; nothing was exported") from error
        clean, suffix = strip_metadata(data)
        name = f"photos/{row.id:04d}-{_slug(Path(row.name).stem)}{suffix}"
        self._target.write(name, clean)
        hashes = {"file": name, "file_sha256": hashlib.sha256(clean).hexdigest()}
        return {**to_entry(photos, row._mapping), **hashes}

    def _garment(self, row: Row[Any], children: dict[Table, dict[int, list[Row[Any]]]]) -> dict[str, Any]:
        entry = to_entry(garments, row._mapping)
        entry["colours"] = [to_entry(garment_colours, c._mapping) for c in children[garment_colours][row.id]]
        entry["tags"] = [tag.tag for tag in children[garment_tags][row.id]]
        entry["provenance"] = {
            source.field: {k: v for k, v in to_entry(provenance, source._mapping).items() if k != "field"}
            for source in children[provenance][row.id]
        }
        title = row.name or " ".join(filter(None, (row.colour, row.type or row.label))) or "garment"
        entry["appearances"] = [
            self._appearance(item, f"{row.id:04d}-{_slug(title)}" + (f"-{count}" if count > 1 else ""))
            for count, item in enumerate(children[appearances][row.id], 1)
        ]
        return entry

    def _appearance(self, row: Row[Any], stem: str) -> dict[str, Any]:
        names = {"mask": f"masks/{stem}.png", "cutout": f"garments/{stem}.png"}
        for name, file in ((names["mask"], row.mask_file), (names["cutout"], row.cutout_file)):
            self._target.copy(name, self._folder.path(file))
        return {"photo": row.photo_id, **to_entry(appearances, row._mapping), **names}

    def _outfits(self) -> list[dict[str, Any]]:
        kept = {row.id for row in self._garments}
        items: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in self._all(outfit_items):
            if row.garment_id in kept:
                items[row.outfit_id].append(
                    {
                        "position": row.position,
                        "garment": row.garment_id,
                        **to_entry(outfit_items, row._mapping),
                    }
                )
        found = self._all(outfits, outfits.c.removed_at.is_(None))
        return [
            {
                **to_entry(outfits, row._mapping),
                "garments": [
                    {key: value for key, value in item.items() if key != "position"}
                    for item in sorted(items[row.id], key=lambda item: item["position"])
                ],
            }
            for row in found
        ]

    def _wears(self) -> list[dict[str, Any]]:
        kept = {row.id for row in self._garments}
        there = {row.id for row in self._all(outfits, outfits.c.removed_at.is_(None))}
        found = []
        for row in self._all(wears):
            if row.garment_id in kept:
                entry = {**to_entry(wears, row._mapping), "garment": row.garment_id}
                found.append(entry if row.outfit_id not in there else {**entry, "outfit": row.outfit_id})
        return found

    def _all(self, table: Table, *conditions: Any) -> list[Row[Any]]:
        return list(self._connection.execute(select(table).where(*conditions).order_by(table.c.id)).all())

    def _by_garment(self, table: Table) -> dict[int, list[Row[Any]]]:
        groups: dict[int, list[Row[Any]]] = defaultdict(list)
        rows = self._appearances if table is appearances else self._all(table)
        for row in rows:
            groups[row.garment_id].append(row)
        for group in groups.values():
            group.sort(key=lambda row: getattr(row, "position", row.id))
        return groups


def _slug(text: str) -> str:
    """A file name of plain letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "photo"
