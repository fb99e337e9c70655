"""Pictures: cut-outs, masks and thumbnails of garments, previews and originals of photos."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse
from PIL import Image

from ewardrobe.imaging import open_photo
from ewardrobe.imaging.files import to_jpeg_bytes
from ewardrobe.imaging.previews import preview_size
from ewardrobe.web.api.models import Answers, Number, PhotoOut, Problem
from ewardrobe.web.room import CurrentRoom

__all__ = ["Version", "headers_of", "router", "unchanged"]

router = APIRouter(tags=["pictures"])
_GONE: Answers = {404: {"model": Problem, "description": "There is no such picture"}}
_TYPES = {".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg"}
Version = Annotated[
    str | None, Query(max_length=40, description="Where it is given, the picture may be kept for good.")
]


@router.get(
    "/garments/{garment_id}/appearances/{appearance_id}/{kind}", response_class=FileResponse, responses=_GONE
)
def appearance_picture(
    request: Request,
    room: CurrentRoom,
    garment_id: Number,
    appearance_id: Number,
    kind: Literal["cutout", "mask", "thumbnail"],
    v: Version = None,
) -> Response:
    """The cut-out (RGBA PNG), the mask (grey PNG of the photo's size) or the thumbnail (WebP) of a garment."""
    for item in room.wardrobe.get(garment_id).appearances:
        if item.id == appearance_id:
            path: Path = {"cutout": item.cutout, "mask": item.mask, "thumbnail": item.thumbnail}[kind]
            return _file(request, path, f"{path.stem}-{kind}", keep=v is not None)
    raise HTTPException(404, f"garment {garment_id} has no appearance {appearance_id}")


@router.get("/photos")
def list_photos(room: CurrentRoom) -> list[PhotoOut]:
    """Every photo, newest first."""
    return [PhotoOut.of(photo) for photo in room.wardrobe.photos()]


@router.get("/photos/{photo_id}", responses=_GONE)
def get_photo(room: CurrentRoom, photo_id: Number) -> PhotoOut:
    """One photo."""
    return PhotoOut.of(room.wardrobe.photo(photo_id))


@router.get("/photos/{photo_id}/preview", response_class=Response, responses=_GONE)
def photo_preview(request: Request, room: CurrentRoom, photo_id: Number) -> Response:
    """The photo as a JPEG of at most 1280 pixels, upright, without location and camera data."""
    photo = room.wardrobe.photo(photo_id)
    headers = headers_of(f"{photo.file_sha256[:32]}-preview", keep=True)
    if unchanged(request, headers):
        return Response(status_code=304, headers=headers)
    image = Image.fromarray(open_photo(io.BytesIO(_bytes(photo.file))).pixels)
    size = preview_size(*image.size)
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return Response(to_jpeg_bytes(image, quality=85), media_type="image/jpeg", headers=headers)


@router.get("/photos/{photo_id}/original", response_class=FileResponse, responses=_GONE)
def photo_original(request: Request, room: CurrentRoom, photo_id: Number) -> Response:
    """The file as it was handed in, with all that the camera wrote into it."""
    photo = room.wardrobe.photo(photo_id)
    return _file(request, photo.file, photo.file_sha256[:32], keep=False, name=photo.name)


def _file(request: Request, path: Path, tag: str, *, keep: bool, name: str | None = None) -> Response:
    headers = headers_of(tag, keep=keep)
    if unchanged(request, headers):
        return Response(status_code=304, headers=headers)
    if not path.is_file():
        raise HTTPException(404, "this picture is missing in the wardrobe's folder")
    kind = "application/octet-stream" if name else _TYPES.get(path.suffix, "application/octet-stream")
    return FileResponse(path, media_type=kind, headers=headers, filename=name)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise HTTPException(404, "this picture is missing in the wardrobe's folder") from None


def headers_of(tag: str, *, keep: bool) -> dict[str, str]:
    """The headers of a picture; with `keep` its address never shows another one."""
    caching = "private, max-age=31536000, immutable" if keep else "private, no-cache"
    return {"ETag": f'"{tag}"', "Cache-Control": caching}


def unchanged(request: Request, headers: dict[str, str]) -> bool:
    """Whether the client has this picture already."""
    known = request.headers.get("if-none-match", "")
    return headers["ETag"] in {part.strip().removeprefix("W/") for part in known.split(",")}
