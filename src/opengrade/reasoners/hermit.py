"""HermiT, a complete reasoner for OWL 2 DL, in the form in which owlready2 carries it; needs Java.

It is run as a program. The way through the store of owlready2 would load the facts twice, has no limit of
time, and fails on integers of more than 64 bits.
"""

import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from opengrade.errors import OpenGradeError, UsageError
from opengrade.graph import NamedNode, Triple, n_triples
from opengrade.limits import Limits
from opengrade.namespaces import term
from opengrade.reasoners import CONTRADICTION, Entailed

# Settings of Java for runs of seconds, which halve them; a Java that has no such settings passes over them.
SHORT = ("-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LINE = re.compile(r"^(SubClassOf|EquivalentClasses|Type)\( ((?:<[^>]+>\s*)+)\)$", re.MULTILINE)


def entail(axioms: Sequence[Triple], facts: Sequence[Triple], limits: Limits) -> Entailed:
    """Classify and realize; UsageError where there is no Java, LimitError where it takes too long."""
    command = _command(limits)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "facts.nt"
        path.write_bytes(n_triples((*axioms, *facts)))
        try:
            done = subprocess.run(
                [*command, path.as_uri()],
                capture_output=True,
                check=False,
                timeout=limits.time,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            raise limits.reached("time") from None
    said = done.stdout.decode("utf-8", "replace")
    complaint = done.stderr.decode("utf-8", "replace")
    if "Inconsistent ontology" in said + complaint:
        return CONTRADICTION
    if "OutOfMemoryError" in said + complaint:
        raise limits.reached("memory")
    if done.returncode != 0 or not _LINE.search(said):
        first = next((line for line in (complaint + said).splitlines() if line.strip()), "no word")
        raise OpenGradeError(
            f"HermiT ended with exit code {done.returncode}: {first[:300]}.", fix="Try --with rl."
        )
    return read_answer(said)


def _command(limits: Limits) -> list[str]:
    import owlready2  # noqa: PLC0415  (only who asks for HermiT pays for it)

    java = shutil.which(owlready2.JAVA_EXE)
    if java is None:
        raise UsageError(
            "HermiT needs Java, and no java is on the path.",
            fix="Install a Java runtime (Debian: apt install default-jre-headless), or use --with rl.",
        )
    folder = Path(owlready2.__file__).parent / "hermit"
    places = os.pathsep.join([str(folder), str(folder / "HermiT.jar")])  # the folder adds -I, the instances
    memory = f"-Xmx{limits.memory}M"
    return [java, *SHORT, memory, "-cp", places, "org.semanticweb.HermiT.cli.CommandLine", "-c", "-I"]


def read_answer(said: str) -> Entailed:
    """Read the answer, which names the nearest classes only, and follow them upwards."""
    above: dict[str, set[str]] = defaultdict(set)
    nearest: list[tuple[str, str]] = []
    for relation, names in _LINE.findall(said):
        terms = re.findall(r"<([^>]+)>", names)
        if relation == "Type":
            nearest.append((terms[0], terms[1]))
        elif relation == "SubClassOf":
            above[terms[0]].add(terms[1])
        else:
            for each in terms:
                above[each].update(terms)
    nothing = term("owl:Nothing").value
    impossible = _upwards(nothing, {nothing: above[nothing]}) - {nothing}
    closures: dict[str, set[str]] = {}
    found: set[tuple[NamedNode, NamedNode]] = set()
    for thing, class_ in nearest:
        known = closures.setdefault(class_, _upwards(class_, above))
        found |= {(NamedNode(thing), NamedNode(each)) for each in known}
    return Entailed(frozenset(found), _named(impossible))


def _upwards(start: str, above: Mapping[str, set[str]]) -> set[str]:
    found = {start}
    waiting = [start]
    while waiting:
        for each in above.get(waiting.pop(), ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found


def _named(names: Iterable[str]) -> frozenset[NamedNode]:
    return frozenset(NamedNode(each) for each in names)
