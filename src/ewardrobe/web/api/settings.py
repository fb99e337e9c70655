"""Settings; the wardrobe as one file, and back from one."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Header, HTTPException, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict
from starlette.background import BackgroundTask

from ewardrobe.errors import NewerStoreError, UsageError
from ewardrobe.wardrobe import BackupError, Settings
from ewardrobe.web.api.choosing import check_model
from ewardrobe.web.api.editing import matches
from ewardrobe.web.api.models import Answers, Problem
from ewardrobe.web.room import CurrentRoom

__all__ = ["router", "version_of_settings"]

router = APIRouter(tags=["settings"])
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The `ETag` of the settings that were looked at.")
]
_CHANGED: Answers = {412: {"model": Problem, "description": "They were changed meanwhile"}}


class TypeGroupModel(BaseModel):
    """A group of types and the place of the body where they are worn: a class of the taxonomy `wardrobe`."""

    model_config = ConfigDict(extra="forbid")
    title: str
    slot: str
    types: list[str]


class SettingsOut(BaseModel):
    """What the owner has chosen; see `ewardrobe.wardrobe.Settings`."""

    model: str
    tagging: bool
    currency: str
    theme: str
    types: list[TypeGroupModel]
    colours: list[str]


class SettingsChange(BaseModel):
    """Settings to change; null brings the usual value back, what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    model: str | None = None
    tagging: bool | None = None
    currency: str | None = None
    theme: str | None = None
    types: list[TypeGroupModel] | None = None
    colours: list[str] | None = None


@router.get("/settings")
def get_settings(room: CurrentRoom, response: Response) -> SettingsOut:
    """The settings as they are now."""
    return _told(room.wardrobe.settings.read(), response)


@router.patch("/settings", responses=_CHANGED)
def change_settings(
    room: CurrentRoom, change: SettingsChange, response: Response, if_match: IfMatch = None
) -> SettingsOut:
    """Change some; all of them or, where one makes no sense, none. They are no step of undo."""
    values: dict[str, Any] = change.model_dump(exclude_unset=True)
    with room.editing:
        before = room.wardrobe.settings.read()
        if not matches(if_match, version_of_settings(before)):
            raise HTTPException(412, "the settings were changed meanwhile; load them again to see how")
        if values.get("model") and values["model"] != before.model:
            check_model(values["model"])
        after = room.wardrobe.settings.change(values)
    if after.model != before.model:
        room.use(after.model)
    return _told(after, response)


@router.get("/backup", response_class=FileResponse)
def backup(room: CurrentRoom) -> Response:
    """Everything as one ZIP: the database, every original, cut-out and mask, the settings."""
    file = room.scratch(".zip")
    try:
        room.wardrobe.backup(file)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return FileResponse(
        file,
        media_type="application/zip",
        filename=f"wardrobe-{date.today().isoformat()}.zip",
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(file.unlink, missing_ok=True),
    )


@router.post("/restore", status_code=204)
def restore(
    room: CurrentRoom,
    backup: Annotated[UploadFile, File(description="A ZIP from `GET /backup`.")],
    replace: Annotated[bool, Form(description="That all there is now goes, for good.")] = False,
) -> None:
    """Put a backup in the place of everything there is, all of it or nothing. `POST /undo` does not take this back."""
    if not replace:
        raise UsageError("everything that is in the wardrobe now would go: say so with replace=true")
    file = room.scratch(".zip")
    try:
        with file.open("wb") as target:
            while block := backup.file.read(1 << 20):
                target.write(block)
        with room.editing:
            before = room.wardrobe.settings.read().model
            room.wardrobe.restore(file)
            after = room.wardrobe.settings.read().model
    except NewerStoreError:
        raise UsageError(
            "this backup is of a newer eWardrobe; update this one; nothing was changed"
        ) from None
    except BackupError:
        raise UsageError("this is not a whole backup of a wardrobe; nothing was changed") from None
    finally:
        file.unlink(missing_ok=True)
    if after != before:
        room.use(after)


def version_of_settings(settings: Settings) -> str:
    """What tells one state of the settings from another."""
    return hashlib.sha256(json.dumps(settings.to_dict()).encode()).hexdigest()[:16]


def _told(settings: Settings, response: Response) -> SettingsOut:
    response.headers["ETag"] = f'"{version_of_settings(settings)}"'
    return SettingsOut(**settings.to_dict())
