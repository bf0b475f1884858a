"""The house: floors, one module for each library, small files, generated files that are current."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from opengrade.resources import data_root
from support import ROOT, TESTS

SOURCE = ROOT / "src" / "opengrade"

# Imports go down only, or to a module named before it on the same floor.
FLOORS = (
    ("errors", "limits", "memory", "resources"),
    ("guarding", "confining"),
    ("locating", "values", "graph", "jsontext", "documents", "namespaces"),
    ("evidence", "licenses", "queries", "store", "disk", "tables", "vocabulary"),
    ("remarks", "describing", "boundary", "shacl"),
    ("locating.text", "locating.trees", "locating.mapped"),
    (
        "hub",
        "hub.lineage",
        "hub.records",
        "hub.graphs",
        "hub.lines",
        "hub.remarks",
        "hub.selecting",
        "formats",
    ),
    ("licensing", "training", "criteria", "forms", "profile", "derive", "importing", "reading"),
    ("frameworks", "loading", "proving", "querying", "remote"),
    ("owl_classes", "owl_facts", "reasoners", "reasoners.hermit", "reasoners.rl"),
    ("routes", "routes.memory", "routes.owl", "routes.shacl"),
    ("routes.compiling", "routes.sharing", "routes.grades", "routes.sparql"),
    ("bulk", "bulk.ahead", "bulk.schema", "bulk.projecting", "bulk.kept", "bulk.workplace"),
    (
        "bulk.hubodd",
        "bulk.hubknown",
        "bulk.hubcolumns",
        "bulk.hubparts",
        "bulk.hubfiles",
        "bulk.hubbases",
        "bulk.hubshapes",
        "bulk.hubjoin",
        "bulk.hublineage",
        "bulk.hub",
    ),
    (
        "findings",
        "assessing",
        "editing",
        "planning",
        "wording",
        "improving",
        "explaining",
        "comparing",
        "validating",
        "validation_reports",
    ),
    ("bulk.leaves", "bulk.ranks", "routes.relational"),
    ("bulk.engines", "bulk.looks", "bulk.files", "bulk.sorting", "bulk.grading", "bulk.results"),
    ("bulk.running",),
    ("bulk.sources",),
    ("dataset", "exporting", "inferring", "reporting", "weighing"),
    ("archive", "matching", "changes"),
    ("", "cli.common", "cli.bulk", "cli.compiling", "cli.judging", "cli.reasoning"),
    ("cli.showing", "cli.submitting", "cli.weighing", "cli", "__main__"),
)

# rdflib is also known to the route that hands its graphs to pySHACL, pyoxigraph to the store that wraps it.
# Tables of columns pass from one module of bulk to the next, as graphs do elsewhere.
LIBRARIES = {
    "SPARQLWrapper": {"remote"},
    "click": {
        "cli",
        "cli.common",
        "cli.compiling",
        "cli.judging",
        "cli.reasoning",
        "cli.showing",
        "cli.submitting",
        "cli.weighing",
    },
    "ibis": {
        *("bulk.engines", "bulk.files", "bulk.looks", "bulk.sorting", "bulk.sources"),
        "routes.relational",
    },
    "license_expression": {"licenses"},
    "msgspec": {"bulk.hubknown", "bulk.schema", "hub.lines"},
    "numpy": {
        *("bulk.files", "bulk.grading", "bulk.hub", "bulk.hubbases", "bulk.hubcolumns"),
        *("bulk.hubjoin", "bulk.hubknown", "bulk.hublineage", "bulk.hubodd", "bulk.hubparts"),
        *("bulk.ranks", "bulk.results", "bulk.running", "bulk.sorting", "bulk.sources"),
    },
    "owlready2": {"reasoners.hermit"},
    "pyarrow": {
        *("bulk.engines", "bulk.files", "bulk.grading", "bulk.hub", "bulk.hubjoin", "bulk.results"),
        *("bulk.running", "bulk.sorting", "bulk.sources", "routes.relational"),
    },
    "pyoxigraph": {"disk", "graph", "store"},
    "pyshacl": {"shacl"},
    "pyspark": {"bulk.engines"},
    "rdflib": {"graph", "routes.shacl", "shacl"},
    "reasonable": {"reasoners.rl"},
    "rich": {"tables"},
    "yaml": {"documents"},
}


def name_of(path: Path) -> str:
    parts = list(path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "opengrade":
            found |= {f"opengrade.{alias.name}".removesuffix(".__version__") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


MODULES = {name_of(path): imports(path) for path in sorted(SOURCE.rglob("*.py"))}


def test_every_module_stands_on_a_floor() -> None:
    assert {name for floor in FLOORS for name in floor} == set(MODULES)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_go_down_only(name: str) -> None:
    order = [module for floor in FLOORS for module in floor]
    for imported in MODULES[name]:
        if imported.partition(".")[0] == "opengrade":
            inner = imported.removeprefix("opengrade").removeprefix(".")
            if name.startswith("cli") and inner in ("", "cli"):
                continue  # the version stands in the package; the commands are named from theirs
            assert order.index(inner) < order.index(name), f"{name} imports {imported}"


def test_each_outside_library_is_known_to_one_module() -> None:
    outside: dict[str, set[str]] = {}
    for name, found in MODULES.items():
        for imported in found:
            package = imported.partition(".")[0]
            if package != "opengrade" and package not in sys.stdlib_module_names:
                outside.setdefault(package, set()).add(name)
    assert outside == LIBRARIES


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    heavy = "pyshacl", "owlready2", "reasonable", "rdflib", "SPARQLWrapper", "pandas", "pydantic"
    code = (
        "import sys; from opengrade.cli import app; "
        f"app(['assess', {str(data_root() / 'catalog' / 'amber.ttl')!r}], standalone_mode=False); "
        f"sys.stderr.write(' '.join(m for m in {heavy!r} if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert "Amber meets" in done.stdout


@pytest.mark.parametrize("path", sorted(ROOT.glob("[stb]*/**/*.py")), ids=lambda path: path.name)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("tool", ["format_turtle", "generate_queries", "generate_spdx"])
def test_kept_files_are_what_their_tool_would_write(tool: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / f"{tool}.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_each_folder_of_examples_is_looked_at_by_a_test() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in TESTS.glob("*.py"))
    for folder in TESTS.iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            assert f'"{folder.name}"' in texts, folder
