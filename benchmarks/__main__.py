"""Prints how fast a single answer starts, and how many models each route judges in a second.

All figures of a table are measured in the same run, one beside the other. A way that would take longer than
the limit is stopped after the batch in which it passes it, and the figure says of how many models it speaks.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyshacl

from benchmarks.hub import hub
from benchmarks.population import MODEL_FILES
from benchmarks.scale import DATA, SIZES, Options, scale, sparql
from opengrade.assessing import assess
from opengrade.confining import each
from opengrade.dataset import read_catalog
from opengrade.derive import Facts, derive_facts
from opengrade.errors import Place
from opengrade.graph import NamedNode, Node, renamed, to_rdflib
from opengrade.licenses import license_quads
from opengrade.limits import Limits
from opengrade.loading import framework
from opengrade.namespaces import term
from opengrade.resources import data_root
from opengrade.validating import validate

RULES = "mof-1.0"
LIMIT = 60.0


def copies(count: int) -> list[Facts]:
    """Return the facts of `count` models: those of the catalog, again and again under other names."""
    catalog = read_catalog()
    found = []
    for number in range(count):
        submission = catalog[number % len(catalog)]
        quads = [renamed(quad, _numbered(number)) for quad in submission.quads]
        found.append(derive_facts(quads, source=f"{submission.source}#{number}"))
    return found


def _numbered(number: int) -> Callable[[Node], Node]:
    space = term("id:").value

    def name(node: Node) -> Node:
        if isinstance(node, NamedNode) and node.value.startswith(space):
            return NamedNode(f"{space}{number}/{node.value.removeprefix(space)}")
        return node

    return name


def start_up(rounds: int) -> Iterator[str]:
    """Compare one whole call of the command line with the import of the two RDF libraries."""
    model = str(data_root() / "catalog" / "amber.ttl")
    calls = {
        'python -c "import rdflib, pyoxigraph"': [sys.executable, "-c", "import rdflib, pyoxigraph"],
        "opengrade assess amber.ttl": [sys.executable, "-m", "opengrade", "assess", model],
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, command in calls.items():
            begin = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times[name].append(time.perf_counter() - begin)
    imports, call = (statistics.median(taken) for taken in times.values())
    for name, taken in times.items():
        yield f"{name:40} {statistics.median(taken):.3f} s (median of {rounds})"
    yield f"ratio {call / imports:.2f}, which has to stay below 4"


def routed(by: str) -> Callable[[Sequence[Facts]], None]:
    """Return what runs one of our routes over some models."""

    def run(models: Sequence[Facts]) -> None:
        for _ in assess(models, framework(RULES), by=by):
            pass

    return run


def naive(models: Sequence[Facts]) -> None:
    """Hand pySHACL everything at once: the facts of the models and all that is known of licenses."""
    triples = [t for each in models for t in each.triples]
    data = to_rdflib([*triples, *license_quads()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyshacl.validate(data, shacl_graph=to_rdflib(framework(RULES).graph))


def rate(run: Callable[[Sequence[Facts]], None], models: Sequence[Facts], limit: float) -> str:
    """Measure models per second; in parts of 40 models, until all are done or the limit is passed."""
    begin, done = time.perf_counter(), 0
    while done < len(models) and time.perf_counter() - begin < limit:
        part = models[done : done + 40] if run is not FAST else models
        run(part)
        done += len(part)
    seconds = time.perf_counter() - begin
    note = "" if done >= len(models) else f" (on {done} of them)"
    return f"{done / seconds:10.1f} models/s{note}"


FAST = routed("sparql")


def throughput(limit: float) -> Iterator[str]:
    """Compare both routes with pySHACL as it is commonly used."""
    ways = {
        "SPARQL route (pyoxigraph)": FAST,
        "SHACL route (pySHACL, batches)": routed("shacl"),
        "pySHACL naively": naive,
    }
    for count in (80, 1000):
        models = copies(count)
        for name, run in ways.items():
            yield f"{count:5} models  {name:32}{rate(run, models, limit)}"


def safety(count: int) -> Iterator[str]:
    """Compare validating files in one process without limits with doing so confined, file by file."""
    limits = Limits()
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.yml" for number in range(count)]
        for number, path in enumerate(paths):
            path.write_bytes(MODEL_FILES[number % len(MODEL_FILES)].read_bytes())
        validate(paths[0], limits)  # what is read once and for all is not measured
        ways: dict[str, Callable[[Sequence[Path]], object]] = {
            "in one process without limits": lambda part: [validate(path, limits) for path in part],
            "confined, one process": lambda part: _confined(part, limits, jobs=1),
            "confined, a process for each core": lambda part: _confined(part, limits, jobs=None),
        }
        times = dict.fromkeys(ways, 0.0)
        for start in range(0, count, 50):  # in turn, so that what else the machine does is shared
            for name, way in ways.items():
                begin = time.perf_counter()
                way(paths[start : start + 50])
                times[name] += time.perf_counter() - begin
    plain = next(iter(times.values()))
    for name, seconds in times.items():
        yield f"validating {count} files {name:34}{seconds:8.1f} s, ratio {seconds / plain:.2f}"
    yield "the ratio of what people run, the last one, has to stay below 1.5"


def _confined(paths: Sequence[Path], limits: Limits, *, jobs: int | None) -> None:
    work = partial(validate, limits=limits)
    for _ in each(work, paths, limits=limits, place=lambda path: Place(str(path)), jobs=jobs):
        pass


def profile() -> Iterator[str]:
    """Say how many of the core tests of the W3C lie inside the criteria profile and come out right."""
    sys.path.insert(0, str(data_root() / "tests"))
    import w3c  # noqa: PLC0415  (stands beside the tests, with the files that it reads)

    if not w3c.SUITE.is_dir():
        yield "the tests of the W3C are not at hand"
        return
    found = list(w3c.cases())
    inside = [each for each in found if isinstance(each, w3c.Case)]
    yield f"of {len(found)} core tests of the W3C, {len(inside)} lie inside the criteria profile"
    for name, evaluate in {"in memory": w3c.in_memory, "by SPARQL": w3c.by_sparql}.items():
        right = sum(w3c.agrees(each, evaluate(each)) for each in inside)
        yield f"{name}: {right} of these give the result of the standard"


WHAT = ("profile", "start-up", "throughput", "safety", "sparql", "scale", "hub")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*WHAT, []], help="all if none is named")
    parser.add_argument("--starts", type=int, default=9, help="how often a process is started")
    parser.add_argument("--rounds", type=int, default=3, help="how often sparql, scale and hub are measured")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for each figure over graphs")
    parser.add_argument("--files", type=int, default=1000, help="how many files are validated")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of models, ascending")
    parser.add_argument("--lines", type=int, default=max(SIZES), help="how many records of the Hub are read")
    parser.add_argument("--cards", action="store_true", help="let records have cards, as the Hub gives them")
    parser.add_argument("--folder", type=Path, help="where generated records stay for the next time")
    parser.add_argument("--out", type=Path, help="where tables and plots go (benchmarks/results)")
    parser.add_argument("--data", nargs="+", choices=DATA, default=DATA, help="what scale is measured on")
    parser.add_argument("--peers", action="store_true", help="also install and run npm shacl-engine")
    return parser


def main() -> None:
    """Run the measurements that are named, or all."""
    given = _parser().parse_args()
    options = Options(given.sizes, given.rounds, given.limit, given.peers, given.data)
    if given.out:
        options = replace(options, out=given.out)
    ways: dict[str, Callable[[], Iterator[str]]] = {
        "profile": profile,
        "start-up": lambda: start_up(given.starts),
        "safety": lambda: safety(given.files),
        "throughput": lambda: throughput(given.limit),
        "sparql": lambda: sparql(options),
        "scale": lambda: scale(options),
        "hub": lambda: hub(given.lines, given.rounds, given.folder, cards=given.cards),
    }
    for name, way in ways.items():
        if not given.what or name in given.what:
            for line in way():
                print(line, flush=True)


if __name__ == "__main__":
    main()
