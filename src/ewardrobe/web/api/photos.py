"""Photos on their way in: handed in here, worked through one by one, asked about as long as one likes."""

from __future__ import annotations

from typing import Annotated, BinaryIO

from fastapi import APIRouter, File, HTTPException, Query, Response, UploadFile

from ewardrobe.errors import PhotoError
from ewardrobe.web.api.models import Answers, Number, Problem, UploadList, UploadOut
from ewardrobe.web.room import CurrentRoom

__all__ = ["check_photo", "router"]

router = APIRouter(tags=["adding"])
_REFUSED: Answers = {
    413: {"model": Problem, "description": "Larger than 64 MiB"},
    415: {"model": Problem, "description": "Not a photo"},
    507: {"model": Problem, "description": "The disk is full"},
}
_STARTS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"qoif",
    b"P5",
    b"P6",
    b"\0\0\0\x0cjP",
)


@router.post("/photos", status_code=202, responses=_REFUSED)
def add_photo(
    room: CurrentRoom,
    photo: Annotated[UploadFile, File(description="One photo, at most 64 MiB.")],
    response: Response,
) -> UploadOut:
    """Hand in a photo. It is on disk when this answers; its garments are found afterwards (see `/uploads`)."""
    check_photo(photo.file)
    upload = room.inbox.receive(photo.file, photo.filename or "")
    room.importer.wake()
    response.headers["Location"] = f"/api/v1/uploads/{upload.id}"
    return UploadOut.of(upload)


@router.get("/uploads")
def list_uploads(room: CurrentRoom, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> UploadList:
    """The latest first, also those of earlier runs of the server."""
    counts = {str(status): count for status, count in room.inbox.counts().items()}
    return UploadList(counts=counts, uploads=UploadOut.all_of(room.inbox.uploads(limit)))


@router.get("/uploads/{upload_id}", responses={404: {"model": Problem}})
def get_upload(room: CurrentRoom, upload_id: Number) -> UploadOut:
    """One upload."""
    return UploadOut.of(room.inbox.get(upload_id))


@router.delete("/uploads/{upload_id}", responses={404: {"model": Problem}, 409: {"model": Problem}})
def cancel_upload(room: CurrentRoom, upload_id: Number) -> UploadOut:
    """Give up a photo that waits or is being looked at; it is stored whole or not at all."""
    if not room.importer.give_up(upload_id):
        raise HTTPException(409, f"upload {upload_id} is finished already")
    return UploadOut.of(room.inbox.get(upload_id))


@router.delete("/uploads")
def forget_uploads(room: CurrentRoom) -> dict[str, int]:
    """Strike those that are finished off the list; the wardrobe keeps what was found."""
    return {"forgotten": room.inbox.forget_finished()}


def check_photo(file: BinaryIO) -> None:
    """`PhotoError` for a file that does not begin as any photo does; the file is at its start again after."""
    head = file.read(16)
    file.seek(0)
    if not (
        head.startswith(_STARTS) or head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
    ):
        raise PhotoError(
            "this is not a photo; JPEG, PNG, WebP, TIFF, GIF, AVIF, HEIC and JPEG 2000 can be read"
        )
