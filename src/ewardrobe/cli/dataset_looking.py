"""`ewardrobe dataset info|check|preview|split`: what is in a dataset, and how to divide it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ewardrobe.cli.console import note, progress
from ewardrobe.cli.dataset_options import (
    DatasetPath,
    Format,
    Kind,
    PhotoFolder,
    Pieces,
    Split,
    Taxonomy,
    open_one,
    say_problems,
)
from ewardrobe.cli.output import AsCsv, AsJson, AsTable, print_json, print_rows
from ewardrobe.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from ewardrobe.datasets import Dataset
    from ewardrobe.datasets.survey import Finding, Survey

__all__ = ["check", "info", "preview", "split"]


def info(
    path: DatasetPath,
    format: Format = None,
    split: Split = None,
    taxonomy: Taxonomy = None,
    kind: Kind = None,
    photo_folder: PhotoFolder = None,
    jobs: Pieces = 1,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_table: AsTable = False,
) -> None:
    """Count what is in a dataset: photos, splits, sizes, groups, and photos and objects by class."""
    if as_json + as_csv + as_table > 1:
        raise UsageError("choose one of --json, --csv and --table")
    dataset = open_one(path, format, split, taxonomy, kind, photo_folder)
    survey = _survey(dataset, jobs=jobs, decode=False, title="Counting")
    found = survey.to_dict()
    if as_json:
        print_json(found)
    elif as_csv:
        print_rows(found["classes"], as_json=False, as_csv=True)
    else:
        _print_facts(found)
        print()
        rows = [row for row in found["classes"] if row["photos"]]
        print_rows(rows, as_json=False, as_csv=False, as_table=True)
    for warning in dataset.warnings:
        note(warning)
    say_problems(survey.broken, survey.faults, done=f"{survey.photos} photos")


def check(
    path: DatasetPath,
    format: Format = None,
    split: Split = None,
    taxonomy: Taxonomy = None,
    kind: Kind = None,
    photo_folder: PhotoFolder = None,
    jobs: Pieces = 1,
    as_json: AsJson = False,
) -> None:
    """Read every photo and label of a dataset; each problem is one line, and the exit code 1 if there is any."""
    dataset = open_one(path, format, split, taxonomy, kind, photo_folder)
    survey = _survey(dataset, jobs=jobs, decode=True, title="Checking")
    if as_json:
        found = survey.to_dict()
        print_json({key: found[key] for key in ("path", "format", "photos", "left_out", "faults")})
    say_problems(survey.broken, survey.faults, done=f"{survey.photos} photos can be used")


def preview(
    path: DatasetPath,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The picture: .jpg or .png.")
    ] = Path("preview.jpg"),
    format: Format = None,
    split: Split = None,
    taxonomy: Taxonomy = None,
    kind: Kind = None,
    photo_folder: PhotoFolder = None,
    count: Annotated[int, typer.Option(min=1, max=400, help="How many photos.")] = 12,
    columns: Annotated[int, typer.Option(min=1, max=20, help="How many beside each other.")] = 4,
    seed: Annotated[int, typer.Option(help="Another seed shows other photos.")] = 0,
) -> None:
    """Draw a contact sheet: photos with their labels over them."""
    from ewardrobe.datasets import hashed_fraction
    from ewardrobe.datasets.sheet import contact_sheet
    from ewardrobe.imaging import to_jpeg_bytes, to_png_bytes, write_atomically

    dataset = open_one(path, format, split, taxonomy, kind, photo_folder)
    if dataset.taxonomy is None:
        raise DatasetError(f"{path} has no pixel labels to show: choose another split")
    suffix = out.suffix.lower()
    if suffix not in (".jpg", ".jpeg", ".png"):
        raise UsageError(f"{out} is neither .jpg nor .png")
    chosen = sorted(dataset.ids, key=lambda name: hashed_fraction(name, seed))[:count]
    part = dataset.select(sorted(chosen))
    sheet, broken = contact_sheet(list(part), dataset.taxonomy, columns=min(columns, len(part)))
    write_atomically(out, to_png_bytes(sheet) if suffix == ".png" else to_jpeg_bytes(sheet))
    say_problems(broken, (), done=f"{len(part) - len(broken)} photos on {out}")


def split(
    path: DatasetPath,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the lists.")],
    share: Annotated[
        list[str], typer.Option(metavar="NAME=SHARE", help="A split and its share; again for each.")
    ],
    format: Format = None,
    taxonomy: Taxonomy = None,
    kind: Kind = None,
    photo_folder: PhotoFolder = None,
    stratify: Annotated[
        bool, typer.Option("--stratify", help="Give each split its share of every class.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed gives another split.")] = 0,
    jobs: Pieces = 1,
    as_json: AsJson = False,
) -> None:
    """Divide a dataset into lists of ids; photos of one group (pair_id, doubled photos) stay together.

    `train` gets what is left. `convert --splits DIR` writes the dataset so divided.
    """
    from ewardrobe.datasets import split_units
    from ewardrobe.imaging import write_atomically

    shares = _shares(share)
    dataset = open_one(path, format, None, taxonomy, kind, photo_folder)
    findings: dict[str, Finding] = {}
    survey = _survey(dataset, jobs=jobs, decode=False, title="Reading", keep=findings)
    usable = {name: findings[name] for name in dataset.ids if findings[name].error is None}
    lists = split_units(
        {name: list(finding.labels) for name, finding in usable.items()},
        shares,
        groups={name: finding.group for name, finding in usable.items()},
        stratify=stratify,
        seed=seed,
    )
    out.mkdir(parents=True, exist_ok=True)
    for name, ids in lists.items():
        write_atomically(out / f"{name}.txt", "".join(f"{item}\n" for item in ids).encode())
    rows = [
        {"split": name, "photos": len(ids), "list": str(out / f"{name}.txt")} for name, ids in lists.items()
    ]
    print_rows(rows, as_json=as_json, as_csv=False)
    say_problems(survey.broken, (), done=f"{len(usable)} photos divided")


def _shares(texts: list[str]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            shares[name.strip()] = float(number)
        except ValueError:
            raise UsageError(f"{text!r} is not NAME=SHARE, such as val=0.1") from None
        if not name.strip() or Path(name).name != name or name.startswith("."):
            raise UsageError(f"{name!r} cannot be the name of a split")
    if "train" not in shares:
        shares = {"train": 1 - sum(shares.values()), **shares}
    if min(shares.values()) < -1e-9 or abs(sum(shares.values()) - 1) > 1e-6:
        raise UsageError(f"the shares {', '.join(texts)} are not from 0 to 1, or more than 1 together")
    shares["train"] += 1 - sum(shares.values())
    return shares


def _survey(
    dataset: Dataset,
    *,
    jobs: int,
    decode: bool,
    title: str,
    keep: dict[str, Finding] | None = None,
) -> Survey:
    from ewardrobe.datasets.survey import Survey
    from ewardrobe.jobs.surveying import survey_dataset

    survey = Survey(dataset)
    with progress(len(dataset), title) as advance:

        def take(findings: list[Finding]) -> None:
            survey.add(findings)
            if keep is not None:
                keep.update((finding.id, finding) for finding in findings)
            for _ in findings:
                advance()

        survey_dataset(dataset, take, decode=decode, jobs=jobs)
    return survey


def _print_facts(found: dict[str, Any]) -> None:
    """The single facts as lines, before the table of classes."""
    sizes = ", ".join(f"{name} {width}x{height}" for name, (width, height) in found["sizes"].items())
    splits = ", ".join(f"{name} {count}" for name, count in found["splits"].items())
    facts = {
        "format": found["format"],
        "taxonomy": found["taxonomy"] or "none",
        "kind": found["kind"],
        "photos": found["photos"],
        "splits": splits,
        "sizes": sizes,
        "groups": f"{found['groups']}, the largest of {found['largest_group']}"
        if found["groups"]
        else "none",
        "attributes": found["attributes"] or "none",
        "keypoints": f"{found['keypoint_slots']} slots" if found["keypoint_slots"] else "none",
    }
    for name, value in facts.items():
        print(f"{name:<12}{value}")
