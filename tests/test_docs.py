"""The pages say what is so: commands are run, folders and files exist, recipes stay short."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from opengrade.resources import data_root
from support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PASSING = ("dist", "build", "__pycache__", "results")
RECIPES = ("A term of the ontology", "A criterion", "A framework", "A query", "An importer")


@pytest.mark.slow
def test_commands_of_the_readme_answer_what_it_shows() -> None:
    command = [sys.executable, str(ROOT / "tools" / "run_readme.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_make_demo_runs_what_the_readme_shows_for_it() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo: .*\n\t@\$\(BIN\)/opengrade assess\n\n", makefile, re.MULTILINE)


def test_every_console_block_of_the_readme_shows_an_answer() -> None:
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        assert block.startswith("$ ")
        assert len(block.splitlines()) > 1 or block == "$ make test\n"


def test_python_of_the_readme_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("BLOOM None\n", "")


def test_the_table_of_folders_names_the_folders_there_are() -> None:
    named = set(re.findall(r"^\| `([\w/]+)/` \|", README, re.MULTILINE))
    assert all((ROOT / each).is_dir() for each in named)
    folders = {p.name for p in ROOT.iterdir() if p.is_dir() and not p.name.startswith(".")}
    folders -= set(PASSING)
    assert folders == {each.partition("/")[0] for each in named}


def test_recipes_have_ten_lines_at_most() -> None:
    sections = dict(re.findall(r"^## (.*)\n\n((?:(?!##).*\n)*)", CONTRIBUTING, re.MULTILINE))
    assert set(RECIPES) <= set(sections)
    for name, recipe in sections.items():
        assert len(recipe.strip().splitlines()) <= 10, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_of_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (page.parent / target).exists(), target
    known = "ontology|shapes|queries|catalog|src|tests|tools|benchmarks|docs"
    for path in re.findall(rf"`((?:{known})/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path


def test_make_targets_that_pages_name_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        for words in re.findall(r"`make ([a-z ]+)`", page.read_text(encoding="utf-8")):
            assert set(words.split()) <= targets, f"{page.name}: make {words}"


def test_the_version_is_the_same_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f'__version__ = "{version}"' in (ROOT / "src/opengrade/__init__.py").read_text(encoding="utf-8")


def test_counts_that_pages_name_are_so() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    curated = (data_root() / "ontology" / "licenses" / "ai.ttl").read_text(encoding="utf-8")
    assert (
        f"{len(re.findall(r'^    a ogr:License ;', curated, re.MULTILINE))} AI and data licenses" in changelog
    )
    assert len(list((data_root() / "catalog").glob("*.ttl"))) == 14
    assert "fourteen models" in changelog


def kept_files() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        folders = path.relative_to(ROOT).parts[:-1]
        if path.is_file() and not any(f in PASSING or (f[0] == "." and f != ".ci") for f in folders):
            yield path


def test_no_file_speaks_of_a_machine() -> None:
    # Written in parts, so that this file does not hold what it looks for.
    words = ("/" + "work/", "/" + "home/", "/" + "tmp/", "pypi" + ".org/simple", "index" + "-url")
    for path in kept_files():
        if path.suffix != ".pyc":
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not [each for each in words if each in text], path
