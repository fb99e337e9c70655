"""What the pages say about commands, files and errors is what there is."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from ewardrobe import errors
from ewardrobe.cli.app import command as whole_command

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "CONTRIBUTING.md"]
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def leaves() -> dict[tuple[str, ...], object]:
    """Every command by its words."""
    found: dict[tuple[str, ...], object] = {}
    for name, item in whole_command().commands.items():
        for inner, leaf in getattr(item, "commands", {}).items():
            found[name, inner] = leaf
        if not hasattr(item, "commands"):
            found[(name,)] = item
    return found


def test_the_issue_of_commands_is_complete() -> None:
    verbs = "add segment cutout restyle tryon new find show edit remove undo stats export import backup restore doctor"
    verbs += " evaluate compare train sweep serve corrections suggest pack sheet"
    grouped = {"models": "list show pull export", "taxonomy": "list show"}
    grouped["dataset"] = "info check preview convert split subset merge remap prelabel restyle"
    expected = {(verb,) for verb in verbs.split()}
    expected |= {(group, verb) for group, inner in grouped.items() for verb in inner.split()}
    assert set(leaves()) == expected


def test_the_reference_is_what_the_commands_say() -> None:
    script = runpy.run_path(str(REPOSITORY / "scripts" / "cli_reference.py"))
    page = (REPOSITORY / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert page == script["render"](), "run: uv run --group test python scripts/cli_reference.py"


def _commands_of(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    lines = [line for _, block in BLOCK.findall(text) for line in block.splitlines()]
    # What follows two blanks is said about the command.
    return [re.split(r"\s{2,}", line)[0] for line in lines if re.match(r"(uv run )?ewardrobe \w", line)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_command_on_a_page_exists_with_its_options(page: Path) -> None:
    if page.name == "cli.md":
        return
    known = leaves()
    for line in _commands_of(page):
        words = line.removeprefix("uv run ").split()[1:]
        leaf = known.get(tuple(words[:2])) or known.get(tuple(words[:1]))
        assert leaf is not None, f"{page.name}: {line}"
        options = {name for param in leaf.params for name in (*param.opts, *param.secondary_opts)}  # type: ignore[attr-defined]
        for option in re.findall(r"(?<!\S)--?[a-z][a-z0-9-]*", line):
            assert option in options | {"--help"}, f"{page.name}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_between_the_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} -> {target}"


def test_the_readmes_two_lines_stand_alone() -> None:
    lines = (REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line.startswith("pip install uv && uv run ")]
    assert len(found) == 2
    assert found[0].startswith("pip install uv && uv run ewardrobe add examples/")
    assert found[1] == "pip install uv && uv run --group test pytest"
    for path in found[0].split(" add ")[1].split():
        assert (REPOSITORY / path).exists(), path
    assert not [line for line in lines if "pip install uv" in line and line not in found]


def test_the_page_of_errors_lists_the_tree() -> None:
    page = (REPOSITORY / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    rows = {
        name: (parent, int(code))
        for name, parent, code in re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\d) \|", page, re.MULTILINE)
    }
    tree = {name: getattr(errors, name) for name in errors.__all__}
    assert rows == {name: (kind.__bases__[0].__name__, kind.exit_code) for name, kind in tree.items()}


def test_every_page_is_in_the_menu() -> None:
    menu = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r": ([\w/-]+\.md)$", menu, re.MULTILINE))
    there = {str(page.relative_to(REPOSITORY / "docs")) for page in (REPOSITORY / "docs").rglob("*.md")}
    assert there - named == set()
    assert named - there == set()
