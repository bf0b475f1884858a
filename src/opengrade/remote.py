"""Asks remote SPARQL endpoints, and says clearly what came back where that is no SPARQL answer."""

import json
import urllib.error
from typing import Any

from SPARQLWrapper import JSON, TURTLE, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

from opengrade.errors import Place, ServiceError, UsageError
from opengrade.graph import BlankNode, Literal, NamedNode, Term, parse
from opengrade.store import Answer, Table

MAX_BYTES = 64 * 1024 * 1024


def ask(endpoint: str, text: str, *, seconds: int) -> Answer:
    """Send a query by POST and read the answer.

    Raises UsageError for an address that is not http or https, ServiceError for a time-out, an HTTP error,
    and a body that is not the answer of a SPARQL endpoint.
    """
    if not endpoint.startswith(("http://", "https://")):
        raise UsageError(
            f"{endpoint} is not an http or https address.", fix="Give the address of a SPARQL endpoint."
        )
    client = SPARQLWrapper(endpoint, agent="opengrade")
    client.setMethod("POST")
    client.setTimeout(seconds)
    client.setQuery(text)
    graph = client.queryType in ("CONSTRUCT", "DESCRIBE")
    client.setReturnFormat(TURTLE if graph else JSON)
    where = Place(endpoint)
    try:
        response = client.query().response
        content_type = str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
        body = response.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise ServiceError(f"the endpoint answered with HTTP status {error.code}.", where=where) from None
    except SPARQLWrapperException as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "no explanation"
        raise ServiceError(f"the endpoint refused the query: {first[:200]}", where=where) from None
    except TimeoutError:
        raise ServiceError(
            f"no answer within {seconds} seconds.", fix="Allow more with --timeout.", where=where
        ) from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise ServiceError(
                f"no answer within {seconds} seconds.", fix="Allow more with --timeout.", where=where
            ) from None
        raise ServiceError(
            f"the endpoint cannot be reached: {error.reason}.", fix="Check the address.", where=where
        ) from None
    except (OSError, ValueError) as error:
        raise ServiceError(f"the answer broke off: {error}.", fix="Try again later.", where=where) from None
    if len(body) > MAX_BYTES:
        raise ServiceError("the answer is larger than 64 MiB.", fix="Add a LIMIT to the query.", where=where)
    return _graph(body, content_type, where) if graph else _results(body, content_type, where)


def _not_an_answer(content_type: str, where: Place) -> ServiceError:
    kind = "an HTML page" if "html" in content_type else f"content of type {content_type or 'unknown'}"
    return ServiceError(
        f"what came back is {kind}, not a SPARQL answer.",
        fix="Check that the address is that of the endpoint itself.",
        where=where,
    )


def _results(body: bytes, content_type: str, where: Place) -> Answer:
    if "json" not in content_type:
        raise _not_an_answer(content_type, where)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ServiceError(
            "the answer is cut off or is not valid JSON.", fix="Try again later.", where=where
        ) from None
    try:
        if "boolean" in document:
            return bool(document["boolean"])
        names = tuple(str(name) for name in document["head"]["vars"])
        rows = [tuple(_term(row.get(name)) for name in names) for row in document["results"]["bindings"]]
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ServiceError("the answer is JSON but not that of a SPARQL query.", where=where) from None
    return Table(names, tuple(rows))


def _term(cell: dict[str, Any] | None) -> Term | None:
    if cell is None:
        return None
    kind, value = cell["type"], str(cell["value"])
    if kind == "uri":
        return NamedNode(value)
    if kind == "bnode":
        return BlankNode(value)
    if "xml:lang" in cell:
        return Literal(value, language=cell["xml:lang"])
    return Literal(value, datatype=NamedNode(cell["datatype"])) if "datatype" in cell else Literal(value)


def _graph(body: bytes, content_type: str, where: Place) -> Answer:
    if "turtle" not in content_type:
        raise _not_an_answer(content_type, where)
    return tuple(quad.triple for quad in parse(body, syntax="turtle", path=where.path))
