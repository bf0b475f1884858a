"""What is said to people about an input: rules as data, and remarks made by them.

A rule is an `ogr:SubmissionRule` in `shapes/submission/`. Where it is a SHACL shape too, pySHACL decides;
where it is none, the code that makes the remark does, and only the words are data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from opengrade.errors import Place, RuleError
from opengrade.graph import Graph, NamedNode, Quad, parse_file
from opengrade.namespaces import local_name, term
from opengrade.resources import data_files

NO_NAMES: Mapping[str, str] = MappingProxyType({})
SEVERITIES = ("violation", "warning", "info")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for submissions; `what`, `why` and `fix` are templates with names in braces."""

    node: NamedNode
    severity: str
    label: str
    what: str
    why: str
    fix: str
    loses_record: bool = False

    @property
    def name(self) -> str:
        """The local name, by which reports call the rule."""
        return local_name(self.node)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in an input that breaks a rule or was not used: where, what, why it counts, how to mend it.

    `focus` and `path` are IRIs of the thing and the property concerned, `value` the text concerned.
    `routine` marks what a mapping leaves aside in every file, for the reason given in its header, `lost` that
    a whole record is left out, as its rule says.
    """

    place: Place
    rule: str
    severity: str
    label: str
    what: str
    why: str
    fix: str
    focus: str | None = None
    path: str | None = None
    value: str | None = None
    routine: bool = False
    lost: bool = False

    @property
    def claim(self) -> bool:
        """Whether this is a statement that no submission may make."""
        return self.rule == "IgnoredClaim"


@cache
def rule_quads() -> tuple[Quad, ...]:
    """Return all statements of the submission shapes."""
    return tuple(q for path in data_files("shapes/submission", "*.ttl") for q in parse_file(path))


@cache
def rules() -> Mapping[str, Rule]:
    """Return the rules for submissions by name; RuleError for one that lacks words."""
    return rules_in(Graph(rule_quads()))


def rules_in(graph: Graph) -> Mapping[str, Rule]:
    """Read the rules of a graph of shapes."""
    nodes = graph.subjects(term("rdf:type"), term("ogr:SubmissionRule"))
    found = [_rule(graph, node) for node in nodes if isinstance(node, NamedNode)]
    return {rule.name: rule for rule in found}


def _rule(graph: Graph, node: NamedNode) -> Rule:
    words = {
        name: graph.text(node, term(name)) or "" for name in ("sh:name", "sh:message", "ogr:why", "ogr:fix")
    }
    missing = [name for name, text in words.items() if not text]
    severity = graph.node(node, term("sh:severity"))
    name = local_name(severity).lower() if isinstance(severity, NamedNode) else ""
    if missing or name not in SEVERITIES:
        raise RuleError(
            f"{node.value}: {', '.join(missing) or 'sh:severity'} is missing.",
            fix="State it: a rule says what is wrong, why it counts and how to mend it.",
        )
    label, what, why, fix = words.values()
    loses_record = graph.text(node, term("ogr:losesRecord")) == "true"
    return Rule(node, name, label, what, why, fix, loses_record)


def remark(
    name: str,
    place: Place,
    *,
    focus: str | None = None,
    path: str | None = None,
    value: str | None = None,
    routine: bool = False,
    names: Mapping[str, str] = NO_NAMES,
) -> Remark:
    """Make a remark by the name of a rule; KeyError for a rule or a name that is missing."""
    return made(rules()[name], place, focus=focus, path=path, value=value, routine=routine, names=names)


def made(
    rule: Rule,
    place: Place,
    *,
    names: Mapping[str, str],
    focus: str | None = None,
    path: str | None = None,
    value: str | None = None,
    routine: bool = False,
) -> Remark:
    """Make a remark by a rule, its templates filled with names."""
    what, why, fix = (_filled(text, names) for text in (rule.what, rule.why, rule.fix))
    lost = rule.loses_record
    return Remark(
        place, rule.name, rule.severity, rule.label, what, why, fix, focus, path, value, routine, lost
    )


def _filled(template: str, names: Mapping[str, str]) -> str:
    text = " ".join(template.format(**names).split())
    return text if ":" in text.partition(" ")[0] else text[:1].upper() + text[1:]
