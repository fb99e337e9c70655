"""Reports as one HTML file that needs nothing else: tables, a confusion matrix in colour, pictures inside."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ewardrobe.datasets import BrokenSample
from ewardrobe.evaluation.gallery import Gallery, Shown
from ewardrobe.evaluation.report import Report
from ewardrobe.evaluation.reporting import AnyReport
from ewardrobe.evaluation.tables import Table, short
from ewardrobe.imaging import to_jpeg_bytes
from ewardrobe.taxonomy import Taxonomy

if TYPE_CHECKING:
    from ewardrobe.evaluation.comparing import Comparison

__all__ = ["comparison_page", "report_page"]

_QUALITY = 82

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --paper: #fff; --rule: #d8d8dc; --faint: #6b6b70; --band: #f5f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --paper: #161618; --rule: #3a3a3e; --faint: #a0a0a6; --band: #212124; }
}
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  padding: 1rem; max-width: 76rem; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
p, li { overflow-wrap: anywhere; }
.faint { color: var(--faint); }
.wide { overflow-x: auto; -webkit-overflow-scrolling: touch; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .875rem; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--paper);
  white-space: normal; min-width: 7rem; }
tbody tr:nth-child(even) td { background: var(--band); }
.matrix { font-size: .7rem; }
.matrix td, .matrix th { padding: .15rem .25rem; border: 0; min-width: 1.9rem; text-align: center; }
.matrix th:first-child { text-align: right; white-space: nowrap; }
.matrix thead th { vertical-align: bottom; }
.matrix thead span { writing-mode: vertical-rl; transform: rotate(180deg); }
.photos { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 34rem), 1fr)); }
figure { margin: 0; min-width: 0; }
figcaption { font-size: .875rem; margin-bottom: .3rem; overflow-wrap: anywhere; }
.strips { display: grid; gap: 1.6rem; }
.strips img { max-width: max-content; }
.panels { display: flex; gap: 4px; }
.panels div { flex: 1 1 0; min-width: 0; font-size: .7rem; color: var(--faint); }
img { display: block; width: 100%; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem .9rem; font-size: .8rem; margin: .4rem 0 1rem; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .35em; }
"""


def _page(title: str, body: Iterable[str]) -> str:
    """A whole document; `title` is text, `body` is HTML."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style></head><body>",
            *body,
            "</body></html>\n",
        ]
    )


def _table(content: Table) -> str:
    """A titled table that scrolls by itself where the screen is narrow; cells are text."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in content.header)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in content.rows
    )
    note = f'<p class="faint">{escape(content.note)}</p>' if content.note else ""
    return (
        f"<h2>{escape(content.title)}</h2>\n"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>{note}'
    )


def _legend(taxonomy: Taxonomy) -> str:
    """The colours of a taxonomy's classes but the background."""
    chips = "".join(
        f'<span><i style="background:rgb{item.colour}"></i>{escape(item.title)}</span>'
        for item in taxonomy
        if item.index
    )
    return f'<div class="legend">{chips}</div>'


def report_page(report: AnyReport, gallery: Gallery | None = None) -> str:
    """The whole report, with the gallery's photos inside; nothing is loaded from elsewhere."""
    body = [f"<h1>{escape(report.model)}</h1>", f"<p>{escape(report.headline)}</p>"]
    body += [_table(content) for content in report.tables()]
    body += [f"<p>{_lines(note)}</p>" for note in report.notes()]
    if isinstance(report, Report):
        body.append(_confusion(report))
    if gallery is not None:
        body += _photos(report, gallery)
    body += _broken(report.broken)
    settings = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in report.settings.items())
    body.append(
        f'<p class="faint">Intervals are 95 % bootstrap intervals over photos. Settings: {escape(settings)}.</p>'
    )
    return _page(f"{report.model} on {report.dataset}", body)


def comparison_page(comparison: Comparison) -> str:
    """The page to browse a comparison by; its pictures lie beside it."""
    names = ", ".join(contender.name for contender in comparison.contenders)
    figures = []
    for photo in comparison.photos:
        scored = zip(comparison.contenders, photo.scores, strict=False)
        said = ", ".join(f"{contender.name} {short(score)}" for contender, score in scored)
        caption = f"{escape(photo.id)}{': garment mIoU ' if said else ''}{escape(said)}"
        target = escape(quote(str(photo.picture)))
        figures.append(
            f'<figure><figcaption>{caption}</figcaption><a href="{target}">'
            f'<img loading="lazy" alt="{escape(photo.id)}" src="{target}"></a></figure>'
        )
    body = [f"<h1>{escape(names)}</h1>", _table(comparison.table())]
    body += _broken(comparison.broken)
    body += ["<h2>Photos</h2>", _legend(comparison.taxonomy), f'<div class="strips">{"".join(figures)}</div>']
    return _page(names, body)


def _broken(samples: Sequence[BrokenSample]) -> list[str]:
    """The samples that could not be read, as a list under a heading; nothing where there is none."""
    if not samples:
        return []
    listed = "".join(f"<li>{escape(str(sample))}</li>" for sample in samples)
    return [f"<h2>{len(samples)} samples could not be read</h2><ul>{listed}</ul>"]


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines())


def _confusion(report: Report) -> str:
    """Shares of each class's labelled pixels as a coloured table, of the classes that occur on either side."""
    counts = report.confusion
    present = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    shares: NDArray[np.float64] = counts[np.ix_(present, present)] / np.maximum(
        1, counts[present].sum(axis=1, keepdims=True)
    )
    names = [report.taxonomy[int(index)].name for index in present]
    head = "".join(f"<th><span>{escape(name)}</span></th>" for name in names)
    rows = []
    for row, name in enumerate(names):
        cells = "".join(_cell(float(share), name, names[column]) for column, share in enumerate(shares[row]))
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>\n")
    return (
        "<h2>Confusion</h2>\n"
        '<p class="faint">Per cent of the labelled pixels of each row that were predicted as each column.</p>\n'
        f'<div class="wide"><table class="matrix"><thead><tr><th></th>{head}</tr></thead>\n'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(share: float, label: str, predicted: str) -> str:
    right = label == predicted
    strength = share**0.5  # so that small confusions can be seen
    red, green, blue = (0, 114, 178) if right else (213, 94, 0)
    ink = ";color:#fff" if strength > 0.75 else ""
    text = f"{share:.0%}"[:-1] if share >= 0.005 else ""
    told = f"{label} as {predicted}: {share:.1%}"
    return f'<td style="background:rgba({red},{green},{blue},{strength:.2f}){ink}" title="{escape(told)}">{text}</td>'


def _photos(report: AnyReport, gallery: Gallery) -> Iterable[str]:
    if report.task != "matting" and (gallery.best or gallery.worst):
        yield "<h2>Colours</h2>" + _legend(report.taxonomy)
    for title, photos in (("Best photos", gallery.best), ("Worst photos", gallery.worst)):
        if photos:
            figures = "\n".join(_figure(shown, gallery.score_name) for shown in photos)
            yield f'<h2>{title}</h2>\n<div class="photos">{figures}</div>'


def _figure(shown: Shown, score_name: str) -> str:
    panels = "".join(
        f'<div><img alt="{escape(title)}" src="{_data_uri(image)}">{escape(title)}</div>'
        for title, image in shown.panels.items()
    )
    caption = f"{escape(shown.id)}: {escape(score_name)} {short(shown.score)}"
    return f'<figure><figcaption>{caption}</figcaption><div class="panels">{panels}</div></figure>'


def _data_uri(image: Image.Image) -> str:
    encoded = base64.b64encode(to_jpeg_bytes(image, quality=_QUALITY)).decode("ascii")
    return f"data:image/jpeg;base64,{encoded}"
