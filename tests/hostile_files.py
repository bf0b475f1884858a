"""The hostile files: where they lie, what has to become of each, and recipes for those too large to keep.

`tests/hostile/` holds small files named `NN-what.suffix`, NN being the row of the list of threats in
`rows.csv`. `expected.csv` says for each what is right:

- refused: reading, asking or running it ends with a typed error, whose one-line message contains, in lower
  case, one of the texts that `detail` names, separated by `|`;
- ignored: it is read, at least `detail` statements are listed as ignored claims, and no verdict is fooled;
- unchanged: it is read, no claim is there to be listed, and no verdict is fooled.

No verdict is fooled where no model of the file has a grade and none meets the criterion of the final
weights. `detail2` holds the reason of that criterion: one for all models, or one for each in the order of
their IRIs, with `|` between reasons that are right alike and `*` for a model that does not matter. For a
query, unchanged means that it is answered without a request; for shapes, that they are run without one.

`recipes.csv` has one more outcome, bounded: in good time it is read and fools nobody, or it meets a limit.
"""

import ast
import csv
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

FOLDER = Path(__file__).parent / "hostile"
TABLES = ("expected.csv", "recipes.csv", "rows.csv")
BLOCK = 1 << 20


class Hostile(NamedTuple):
    """A small file and what has to become of it."""

    path: Path
    outcome: str
    detail: str
    detail2: str
    note: str

    @property
    def row(self) -> int:
        """The row of the list of threats."""
        return int(self.path.name.partition("-")[0])

    @property
    def kind(self) -> str:
        """Whether it is a query, shapes, or data."""
        if self.path.suffix == ".rq":
            return "query"
        return "shapes" if self.path.name.endswith(".shapes.ttl") else "data"


class Recipe(NamedTuple):
    """How to make a large file, and what has to become of it.

    `recipe` is an expression: texts in quotes, as Python writes them, joined by `+` and repeated by `*`;
    `each(i, 9, ...)` repeats with a counter that texts name as `{i}`, `{i+1}` or `{i-1}`; `zeros(9)` is as
    many bytes that take no room on a disk; a name of PIECES stands for its text.
    """

    name: str
    suffix: str
    recipe: str
    outcome: str
    detail: str


class Row(NamedTuple):
    """A row of the list of threats: whether files can show it, and why or why not."""

    row: int
    concerns: bool
    why: str


_WEIGHTS = "Llama 2 Community License"
_KINDS = ("ModelArchitecture", "TechnicalReport", "EvaluationResults", "ModelCard", "DataCard")
_NAMES = ("Model architecture", "Technical report", "Evaluation results", "Model card", "Data card")


def turtle(weights: str = _WEIGHTS, space: str = "https://example.org/hostile/") -> str:
    """Return a model that lacks nothing for the lowest class but an open license of its weights."""
    parts = "".join(f"x:{kind} a ogr:{kind} .\n" for kind in _KINDS)
    return (
        f"PREFIX ogr: <https://w3id.org/opengrade/ns#>\nPREFIX x: <{space}>\n"
        'x:model a ogr:Model ; ogr:name "Hostile 7B" ; ogr:codeLicense "MIT" ;\n'
        '  ogr:dataLicense "CDLA-Permissive-2.0" ; ogr:documentLicense "CC-BY-4.0" ;\n'
        f"  ogr:hasComponent x:weights , {' , '.join(f'x:{kind}' for kind in _KINDS)} .\n"
        f'x:weights a ogr:FinalWeights ; ogr:licenseExpression "{weights}" .\n{parts}'
    )


def model_file(weights: str = _WEIGHTS) -> str:
    """Return the same model as a file of the Model Openness Tool, at whose end components can be added."""
    return (
        "release:\n  name: Hostile 7B\n  license:\n    code: {name: MIT}\n"
        "    data: {name: CDLA-Permissive-2.0}\n    document: {name: CC-BY-4.0}\n  components:\n"
        f"    - {{name: Model parameters (Final), license: {weights}}}\n"
        + "".join(f"    - {{name: {name}}}\n" for name in _NAMES)
    )


PIECES: Mapping[str, str] = {"turtle": turtle(), "yaml": model_file()}


def _table(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files() -> list[Hostile]:
    """Return the small files with what has to become of them, in the order of their names."""
    return [
        Hostile(FOLDER / row["file"], row["outcome"], row["detail"], row["detail2"], row["note"])
        for row in _table("expected.csv")
    ]


def recipes() -> list[Recipe]:
    """Return the recipes, in the order of the table."""
    return [Recipe(**row) for row in _table("recipes.csv")]


def rows() -> list[Row]:
    """Return the rows of the list of threats."""
    return [Row(int(row["row"]), row["concerns"] == "yes", row["why"]) for row in _table("rows.csv")]


def build(recipe: Recipe, folder: Path) -> Path:
    """Write the file of a recipe into a folder and return its path; ValueError for what is no recipe."""
    path = folder / f"{recipe.name}{recipe.suffix}"
    with path.open("wb") as file:
        for piece in _pieces(ast.parse(recipe.recipe, mode="eval").body, {}):
            _write(file, piece)
        file.truncate(file.tell())
    return path


def _write(file: BinaryIO, piece: bytes | int) -> None:
    if isinstance(piece, int):
        file.seek(piece, os.SEEK_CUR)
    else:
        file.write(piece)


def _pieces(node: ast.expr, counters: Mapping[str, int]) -> Iterator[bytes | int]:
    """Yield the bytes of an expression in pieces of moderate size; a number stands for so many zeros."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield _counted(node.value, counters).encode("utf-8", "surrogatepass")
    elif isinstance(node, ast.Name) and node.id in PIECES:
        yield PIECES[node.id].encode()
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _pieces(node.left, counters)
        yield from _pieces(node.right, counters)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _repeated(node.left, _number(node.right), counters)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield from _called(node.func.id, node.args, counters)
    else:
        raise ValueError(f"{ast.unparse(node)} is no recipe")


def _repeated(node: ast.expr, times: int, counters: Mapping[str, int]) -> Iterator[bytes]:
    once = b"".join(piece if isinstance(piece, bytes) else bytes(piece) for piece in _pieces(node, counters))
    at_once = max(1, BLOCK // max(1, len(once)))
    for _ in range(times // at_once):
        yield once * at_once
    yield once * (times % at_once)


def _called(name: str, arguments: list[ast.expr], counters: Mapping[str, int]) -> Iterator[bytes | int]:
    if name == "zeros":
        yield _number(arguments[0])
        return
    if name != "each" or len(arguments) != 3 or not isinstance(arguments[0], ast.Name):
        raise ValueError(f"{name} with these arguments is no recipe")
    counter, times, body = arguments[0].id, arguments[1], arguments[2]
    for number in range(_number(times)):
        yield from _pieces(body, {**counters, counter: number})


def _number(node: ast.expr) -> int:
    """Return a whole number, which may be written as a power such as 2**30."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return int(_number(node.left) ** _number(node.right))
    if not isinstance(node, ast.Constant) or not isinstance(node.value, int):
        raise ValueError(f"{ast.unparse(node)} is no number")
    return node.value


def _counted(text: str, counters: Mapping[str, int]) -> str:
    """Put the counters of `each` into a text; what only looks like one is left as it is."""
    if not counters:
        return text
    pattern = rf"\{{({'|'.join(counters)})([+-]\d+)?\}}"
    return re.sub(pattern, lambda found: str(counters[found[1]] + int(found[2] or 0)), text)
