"""Reads frameworks from one Turtle file each, and refuses what it does not understand."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Formatter

from opengrade.criteria import And, Expr
from opengrade.errors import InputError, Place, RuleError, UsageError
from opengrade.evidence import evidence_of
from opengrade.frameworks import (
    TEMPLATE_NAMES,
    Criterion,
    Deviation,
    Framework,
    Grade,
    Rung,
    Score,
    ScoreItem,
    kinds_of,
    named,
)
from opengrade.graph import BlankNode, Graph, Literal, NamedNode, Quad, Term, Triple, parse
from opengrade.namespaces import compact, local_name, term
from opengrade.profile import ShapeReader, check_acyclic
from opengrade.resources import data_files
from opengrade.vocabulary import vocabulary


def load_framework(path: Path) -> Framework:
    """Read a framework file together with the shapes that all frameworks share.

    Raises RuleError, naming file, shape and construct, for anything outside the criteria profile, unknown
    terms of ours, and a framework without criteria or grades.
    """
    try:
        own = parse(path.read_bytes(), syntax="turtle", path=str(path))
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}.", where=Place(str(path))) from None
    graph = Graph((*own, *_used(own)))
    reader = ShapeReader(graph, str(path))
    _check_own_terms(reader)
    _check_switches(reader)
    nodes = [n for n in graph.subjects(term("rdf:type"), term("ogr:Framework")) if isinstance(n, NamedNode)]
    if len(nodes) != 1:
        raise RuleError("the file has to describe exactly one ogr:Framework.", where=Place(str(path)))
    node = nodes[0]
    shapes = {shape: reader.shape(shape) for shape in sorted(reader.named(), key=str)}
    check_acyclic(shapes, reader)
    _check_ties(reader)
    criteria = tuple(_criterion(each, shapes, reader) for each in named(graph, node, "ogr:hasCriterion"))
    grades = tuple(
        sorted((_grade(each, reader) for each in named(graph, node, "ogr:hasGrade")), key=lambda g: g.rank)
    )
    score = _score(node, reader)
    ranks = [grade.rank for grade in grades]
    if len(set(ranks)) < len(ranks):
        raise reader.refuse(node, "two grades have the same ogr:rank.", "Give each its own.")
    if not criteria or not (grades or score):
        raise RuleError(
            "the framework has no criteria, or neither grades nor a score.", where=Place(str(path))
        )
    return Framework(
        node=node,
        name=graph.text(node, term("dcterms:identifier")) or path.stem,
        title=graph.text(node, term("dcterms:title")) or path.stem,
        version=graph.text(node, term("owl:versionInfo")) or "",
        issued=graph.text(node, term("dcterms:issued")),
        sources=graph.texts(node, term("dcterms:source")),
        description=graph.text(node, term("dcterms:description")) or "",
        notice=graph.text(node, term("ogr:notice")),
        unverified=graph.text(node, term("ogr:unverified")),
        monotone=graph.text(node, term("ogr:monotone")) == "true",
        criteria=tuple(sorted(criteria, key=lambda c: _place(c.node, grades, graph))),
        grades=grades,
        score=score,
        deviations=tuple(
            sorted((_deviation(each, graph) for each in named(graph, node, "ogr:hasDeviation")), key=_natural)
        ),
        shapes=shapes,
        rungs=_rungs(shapes, reader),
        graph=graph,
    )


def _used(own: Iterable[Quad]) -> tuple[Triple, ...]:
    """Return of the shapes that frameworks share those that a file names, directly or through others."""
    shared = Graph(q for p in data_files("shapes", "common.ttl") for q in _shared_quads(p))
    found: dict[Triple, None] = {}
    waiting: list[Term] = [q.object for q in own]
    seen: set[Term] = set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, NamedNode | BlankNode) and each not in seen:
            seen.add(each)
            found |= dict.fromkeys(shared.about(each))
            waiting += [t.object for t in shared.about(each)]
    return tuple(found)


@cache
def _shared_quads(path: Path) -> tuple[Quad, ...]:
    return parse(path.read_bytes(), syntax="turtle", path=str(path))


def _place(node: NamedNode, grades: tuple[Grade, ...], graph: Graph) -> tuple[int, int, str]:
    """Order criteria by the lowest grade that asks for them, then by sh:order, then by name."""
    rank = min((g.rank for g in grades if node in (*g.own, *g.recommended)), default=99)
    return rank, int(graph.text(node, term("sh:order")) or 99), node.value


def _check_switches(reader: ShapeReader) -> None:
    """Refuse a switch that is neither on nor off."""
    for triple in reader.graph:
        if triple.predicate == term("ogr:monotone") and str(triple.object) not in _SWITCHES:
            raise reader.refuse(triple.subject, "ogr:monotone is neither true nor false.", "State one.")


_SWITCHES = tuple(str(Literal(value)) for value in (True, False))


def _check_own_terms(reader: ShapeReader) -> None:
    words = vocabulary()
    for triple in reader.graph:
        for each in (triple.predicate, triple.object):
            name = compact(each) if isinstance(each, NamedNode) else ""
            if name.startswith("ogr:") and each not in words.evidence | words.curated:
                what = f"{name} is not a term of the ontology."
                raise reader.refuse(triple.subject, what, "Mend the name.")


TIES = {
    "ogr:requires": "ogr:hasCriterion",
    "ogr:recommends": "ogr:hasCriterion",
    "ogr:presupposes": "ogr:hasGrade",
    "ogr:scores": "ogr:hasCriterion",
    "ogr:explainedBy": "ogr:givesReason",
    "ogr:advises": "ogr:givesReason",
}


def _check_ties(reader: ShapeReader) -> None:
    """Check that what grades and shapes name is a criterion, grade or reasoned shape of this framework."""
    known: dict[str, set[Term]] = {"ogr:hasCriterion": set(), "ogr:hasGrade": set(), "ogr:givesReason": set()}
    for triple in reader.graph:
        name = compact(triple.predicate)
        if name in known:
            known[name].add(triple.subject if name == "ogr:givesReason" else triple.object)
    for triple in reader.graph:
        tie = TIES.get(compact(triple.predicate))
        if tie is not None and triple.object not in known[tie]:
            what = f"{compact(triple.predicate)} names {triple.object}, of which no {tie} speaks."
            raise reader.refuse(triple.subject, what, "Mend the name, or state it.")


def _criterion(node: NamedNode, shapes: Mapping[NamedNode, Expr], reader: ShapeReader) -> Criterion:
    graph = reader.graph
    if term("sh:NodeShape") not in graph.objects(node, term("rdf:type")):
        raise reader.refuse(node, "the criterion is not a sh:NodeShape.", "State its shape.")
    if graph.nodes(node, term("sh:targetClass")) != (term("ogr:Model"),):
        raise reader.refuse(
            node, "a criterion has the one target class ogr:Model.", "State it with sh:targetClass."
        )
    if shapes[node] == And():
        raise reader.refuse(node, "the criterion constrains nothing.", "State a constraint.")
    words = {name: graph.text(node, term(name)) for name in ("sh:name", "sh:message", "ogr:fix")}
    missing = [name for name, text in words.items() if not text]
    if missing or not evidence_of(graph, node):
        raise reader.refuse(node, f"{', '.join(missing) or 'ogr:hasEvidence'} is missing.", "State it.")
    return Criterion(
        node=node,
        label=words["sh:name"] or "",
        message=words["sh:message"] or "",
        fix=words["ogr:fix"] or "",
        kinds=tuple(dict.fromkeys(kinds_of(shapes[node], shapes))),
        expression=shapes[node],
        evidence=evidence_of(graph, node),
        clause=graph.text(node, term("ogr:clause")),
        unverified=graph.text(node, term("ogr:unverified")),
    )


def _grade(node: NamedNode, reader: ShapeReader) -> Grade:
    graph = reader.graph
    levels: list[NamedNode] = []
    waiting = [node]
    while waiting:
        level = waiting.pop()
        if level == node and levels:
            raise reader.refuse(node, "the grade presupposes itself.", "Mend ogr:presupposes.")
        if level not in levels:
            levels.append(level)
            waiting.extend(named(graph, level, "ogr:presupposes"))
    required = tuple(dict.fromkeys(each for level in levels for each in named(graph, level, "ogr:requires")))
    rank = graph.text(node, term("ogr:rank")) or ""
    if not rank.isdigit() or not (required or rank == "0"):
        raise reader.refuse(
            node,
            "a grade needs an ogr:rank, and one above 0 at least one ogr:requires.",
            "State them.",
        )
    return Grade(
        node=node,
        label=graph.text(node, term("rdfs:label")) or local_name(node),
        rank=int(rank),
        required=required,
        own=named(graph, node, "ogr:requires"),
        recommended=named(graph, node, "ogr:recommends"),
    )


def _rungs(shapes: Mapping[NamedNode, Expr], reader: ShapeReader) -> dict[NamedNode, Rung]:
    graph = reader.graph
    advised = {each for shape in shapes for each in graph.nodes(shape, term("ogr:advises"))}
    found = {}
    for shape in shapes:
        reasons = named(graph, shape, "ogr:givesReason")
        targets = named(graph, shape, "sh:targetClass")
        if reasons and not targets:
            raise reader.refuse(shape, "a shape that gives a reason needs a sh:targetClass.", "State it.")
        if reasons:
            order = int(graph.text(shape, term("sh:order")) or 99)
            message, fix = (graph.text(shape, term(f"ogr:{name}Template")) for name in ("message", "fix"))
            for text in (message, fix):
                _check_template(shape, text, reader)
            found[shape] = Rung(shape, reasons[0], targets[0], order, shape in advised, message, fix)
    return found


def _check_template(shape: NamedNode, text: str | None, reader: ShapeReader) -> None:
    """Refuse a template that asks for a name that findings do not have."""
    try:
        fields = [(name, rest) for _, name, *rest in Formatter().parse(text or "") if name is not None]
    except ValueError as error:
        raise reader.refuse(shape, f"the template is not valid: {error}.", "Mend its braces.") from None
    for name, (specification, conversion) in fields:
        if name not in TEMPLATE_NAMES or specification or conversion:
            fix = f"Use one of: {', '.join(sorted(TEMPLATE_NAMES))}."
            raise reader.refuse(shape, f"the template has no name {{{name}}} to put in.", fix)


def _score(framework: NamedNode, reader: ShapeReader) -> Score | None:
    graph = reader.graph
    node = next(iter(named(graph, framework, "ogr:hasScore")), None)
    if node is None:
        return None
    items = []
    for item in named(graph, node, "ogr:hasItem"):
        scored = named(graph, item, "ogr:scores")
        if len(scored) != 1:
            raise reader.refuse(item, "a score item scores exactly one criterion.", "State it.")
        half, group = named(graph, item, "ogr:scoresHalf"), named(graph, item, "ogr:inGroup")
        items.append(ScoreItem(scored[0], next(iter(half), None), next(iter(group), None)))
    if not items:
        raise reader.refuse(node, "a score needs at least one ogr:hasItem.", "State it.")
    groups = dict.fromkeys(each.group for each in items if each.group is not None)
    return Score(
        label=graph.text(node, term("rdfs:label")) or local_name(node),
        items=tuple(items),
        groups=tuple((each, graph.text(each, term("rdfs:label")) or local_name(each)) for each in groups),
    )


def _deviation(node: NamedNode, graph: Graph) -> Deviation:
    return Deviation(
        name=local_name(node),
        label=graph.text(node, term("rdfs:label")) or "",
        note=graph.text(node, term("skos:note")) or "",
        shown_by=graph.texts(node, term("ogr:shownBy")),
    )


def _natural(deviation: Deviation) -> tuple[int, str]:
    """Order D2 before D10."""
    return len(deviation.name), deviation.name


def _speaks_for_us(found: Framework) -> bool:
    """Say whether a framework of somebody else bears a name of ours, and its verdicts would too."""
    home = term("ogr:").value.removesuffix("ns#")
    nodes = [found.node, *(c.node for c in found.criteria), *(g.node for g in found.grades)]
    return any(each.value.startswith(home) for each in nodes)


@cache
def framework_files(folder: Path | None = None) -> Mapping[str, Path]:
    """Return the framework files that ship with OpenGrade and those of another folder, by name.

    Raises UsageError for a folder that is none or has no framework, or one of a name that is taken.
    """
    own = {path.stem: path for path in data_files("shapes/frameworks", "*.ttl")}
    if folder is None:
        return own
    more = {path.stem: path for path in sorted(folder.glob("*.ttl"))}
    if not more:
        raise UsageError(f"{folder} holds no framework file.", fix="Name a folder with .ttl files.")
    taken = sorted(own.keys() & more)
    if taken:
        raise UsageError(
            f"{folder / taken[0]}.ttl has the name of a framework of ours.", fix="Give the file another name."
        )
    return own | more


def framework_file(name: str, folder: Path | None = None) -> Path:
    """Return the file of a framework; UsageError with the names there are."""
    files = framework_files(folder)
    if name not in files:
        known = ", ".join(files)
        raise UsageError(f'there is no framework "{name}".', fix=f"Choose one of: {known}.")
    return files[name]


@cache
def framework(name: str, folder: Path | None = None) -> Framework:
    """Return a framework by name; UsageError with the names there are."""
    path = framework_file(name, folder)
    try:
        found = load_framework(path)
    except RecursionError:
        raise RuleError("the shapes are nested too deeply.", where=Place(str(path))) from None
    if path.parent == folder and _speaks_for_us(found):
        raise RuleError(
            "the file describes a framework, criterion or grade below an address of ours.",
            fix="Give them addresses of your own.",
            where=Place(str(path)),
        )
    if found.name != name:
        raise RuleError(
            f'the framework calls itself "{found.name}".',
            fix="Let dcterms:identifier be the name of the file.",
            where=Place(str(path)),
        )
    return found
