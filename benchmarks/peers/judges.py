"""Hands the shapes that our route gives pySHACL, and the same facts, to the engines of others."""

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from opengrade.frameworks import Framework
from opengrade.graph import NamedNode, Term, Triple
from opengrade.namespaces import term
from opengrade.routes import Outcome, shacl, with_license_facts

# The folder in which npm has installed shacl-engine and n3; the benchmark makes it where --peers asks for it.
NODE_FOLDER = "OPENGRADE_BENCHMARK_NODE"
SCRIPT = Path(__file__).with_name("shacl_engine.mjs")
PACKAGES = ("shacl-engine@1.1.2", "n3@1", "@rdfjs/dataset@2")


def has_pyrudof() -> bool:
    """Say whether the extra is installed."""
    return importlib.util.find_spec("pyrudof") is not None


def has_node() -> bool:
    """Say whether node and npm are there."""
    return bool(shutil.which("node") and shutil.which("npm"))


def install_node(folder: Path) -> None:
    """Install shacl-engine in a folder; CalledProcessError where that fails."""
    command = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder), *PACKAGES]
    subprocess.run(command, check=True, capture_output=True)
    shutil.copy(SCRIPT, folder)


def n_triples(triples: Iterable[Triple]) -> str:
    """Write triples."""
    return "".join(f"{t.subject} {t.predicate} {t.object} .\n" for t in triples)


def pyrudof(rules: Framework, triples: Sequence[Triple]) -> Outcome:
    """Validate by rudof, which is written in Rust."""
    from pyrudof import RDFFormat, Rudof, RudofConfig, ShaclFormat  # noqa: PLC0415  (an extra)

    rudof = Rudof(RudofConfig())
    rudof.read_shacl(shacl.judging(rules).serialize(format="turtle"), format=ShaclFormat.Turtle)
    rudof.read_data(n_triples(with_license_facts(triples)), format=RDFFormat.NTriples)
    report = rudof.validate_shacl()
    failed = ((_plain(e.source_shape), _plain(e.focus_node)) for e in report.violations)
    return _outcome(rules, triples, failed)


def shacl_engine(rules: Framework, triples: Sequence[Triple]) -> Outcome:
    """Validate by shacl-engine, which is written in JavaScript."""
    folder = Path(os.environ[NODE_FOLDER])
    with tempfile.TemporaryDirectory() as work:
        shapes, data = Path(work) / "shapes.ttl", Path(work) / "data.nt"
        shapes.write_text(shacl.judging(rules).serialize(format="turtle"), encoding="utf-8")
        data.write_text(n_triples(with_license_facts(triples)), encoding="utf-8")
        command = ["node", str(folder / SCRIPT.name), str(shapes), str(data)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return _outcome(rules, triples, ((shape, node) for shape, node in json.loads(told)))


def _plain(node: object) -> str:
    return str(node).strip("<>")


def _outcome(
    rules: Framework, triples: Iterable[Triple], failed: Iterable[tuple[str, str]]
) -> dict[NamedNode, frozenset[Term]]:
    bad: dict[str, set[str]] = {}
    for shape, node in failed:
        bad.setdefault(shape, set()).add(node)
    members: dict[Term, set[NamedNode]] = {}
    for triple in triples:
        if triple.predicate == term("rdf:type") and isinstance(triple.subject, NamedNode):
            members.setdefault(triple.object, set()).add(triple.subject)
    return {
        shape: frozenset(
            n for n in members.get(target, ()) if n.value not in bad.get(str(shacl.judge_of(shape)), ())
        )
        for shape, _, target in rules.judged()
    }
