"""Builds the graph that questions are asked of: curated graphs, evidence, derived facts and assessments."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from opengrade.assessing import Assessment, as_triples, assess
from opengrade.derive import Facts, derive_facts
from opengrade.frameworks import Framework
from opengrade.graph import Graph, NamedNode, parse_file
from opengrade.importing import Submission, read_submission
from opengrade.licenses import license_quads
from opengrade.loading import framework, framework_files
from opengrade.namespaces import term
from opengrade.remarks import Remark
from opengrade.resources import data_files, data_root
from opengrade.store import Answer, Store
from opengrade.vocabulary import ontology_quads

GRAPHS = "https://w3id.org/opengrade/graph/"


def catalog_files() -> tuple[Path, ...]:
    """Return the files of the embedded catalog."""
    return data_files("catalog", "*.ttl")


def read_catalog() -> tuple[Submission, ...]:
    """Read the embedded catalog; its files are named by their place in it."""
    root = data_root()
    return tuple(Submission(path.relative_to(root).as_posix(), parse_file(path)) for path in catalog_files())


def in_catalog(name: str) -> Submission | None:
    """Return the catalog file of a model, by the name of the file or the name or IRI of the model."""
    wanted = name.casefold()
    for each in read_catalog():
        graph = Graph(each.quads)
        models = graph.subjects(term("rdf:type"), term("ogr:Model"))
        names = [str(graph.text(node, term("ogr:name"))) for node in models]
        names += [node.value for node in models if isinstance(node, NamedNode)]
        if wanted in (Path(each.source).stem.casefold(), *(text.casefold() for text in names)):
            return each
    return None


def build(submissions: Iterable[Submission]) -> tuple[Store, tuple[Remark, ...]]:
    """Put everything into one store, a named graph for each origin, and assess by every framework."""
    store = Store()
    store.add(ontology_quads(), NamedNode(GRAPHS + "ontology"))
    store.add(license_quads(), NamedNode(GRAPHS + "licenses"))
    facts: list[Facts] = []
    remarks: list[Remark] = []
    for number, submission in enumerate(submissions, start=1):
        derived = derive_facts(submission.quads, source=submission.source)
        store.add(submission.quads, NamedNode(f"{GRAPHS}evidence/{number}"))
        store.add(derived.triples, NamedNode(f"{GRAPHS}facts/{number}"))
        facts.append(derived)
        remarks.extend(submission.remarks)
    for name in framework_files():
        rules = framework(name)
        store.add(rules.graph, NamedNode(f"{GRAPHS}framework/{name}"))
        store.add(as_triples(assess(facts, rules), rules), NamedNode(f"{GRAPHS}assessments/{name}"))
    return store, tuple(remarks)


def assess_all(
    submissions: Sequence[Submission], rules: Iterable[Framework], *, by: str
) -> tuple[Assessment, ...]:
    """Assess submissions under frameworks, in the order of the submissions."""
    facts = [derive_facts(each.quads, source=each.source) for each in submissions]
    found = [each for rule in rules for each in assess(facts, rule, by=by)]
    order = {each.source: number for number, each in enumerate(submissions)}
    return tuple(sorted(found, key=lambda each: order[each.source]))


def answer_from(submissions: Iterable[Submission], text: str, prefixes: Mapping[str, str]) -> Answer:
    """Answer a query over everything that is known of some submissions."""
    store, _ = build(submissions)
    return store.ask(text, prefixes=prefixes)


def read_all(paths: Iterable[Path]) -> tuple[Submission, ...]:
    """Read input files; the first that cannot be read raises InputError."""
    return tuple(read_submission(path) for path in paths)
