"""Asks remote SPARQL endpoints, and says clearly what came back where that is no SPARQL answer."""

import contextlib
import http.client
import json
import urllib.error
import warnings
from collections.abc import Callable
from typing import Any

from SPARQLWrapper import JSON, TURTLE, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

from opengrade.errors import Place, ServiceError, UsageError
from opengrade.graph import BlankNode, Literal, NamedNode, Term, parse
from opengrade.store import Answer, Table

MAX_BYTES = 64 * 1024 * 1024


READING = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")


def ask(
    endpoint: str, text: str, *, seconds: int, before_reading: Callable[[], object] = lambda: None
) -> Answer:
    """Send a query by POST and read the answer; `before_reading` is called when all of it has come.

    Raises UsageError for an address that is not http or https and for a query that does not read,
    ServiceError for a time-out, an HTTP error, and a body that is not the answer of a SPARQL endpoint.
    """
    if not endpoint.startswith(("http://", "https://")):
        raise UsageError(
            f"{endpoint} is not an http or https address.", fix="Give the address of a SPARQL endpoint."
        )
    client = _client(endpoint, text, seconds)
    graph = client.queryType in ("CONSTRUCT", "DESCRIBE")
    client.setReturnFormat(TURTLE if graph else JSON)
    where = Place(endpoint)
    content_type, body = _fetch(client, where, seconds)
    before_reading()
    if len(body) > MAX_BYTES:
        raise ServiceError("the answer is larger than 64 MiB.", fix="Add a LIMIT to the query.", where=where)
    return _graph(body, content_type, where) if graph else _results(body, content_type, where)


def _client(endpoint: str, text: str, seconds: int) -> SPARQLWrapper:
    client = SPARQLWrapper(endpoint, agent="opengrade")
    client.setMethod("POST")
    client.setTimeout(seconds)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # it only warns where it does not know the form
        try:
            client.setQuery(text)
        except RuntimeWarning:
            client.queryType = None
    if client.queryType not in READING:
        raise UsageError(
            "only queries that read are sent.", fix=f"Begin the query with one of: {', '.join(READING)}."
        )
    return client


def _fetch(client: SPARQLWrapper, where: Place, seconds: int) -> tuple[str, bytes]:
    late = ServiceError(f"no answer within {seconds} seconds.", fix="Allow more with --timeout.", where=where)
    try:
        with contextlib.closing(client.query().response) as response:
            content_type = str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
            promised = str(response.headers.get("Content-Length", ""))
            body: bytes = response.read(MAX_BYTES + 1)
    except SPARQLWrapperException as error:
        raise _refused(error, where) from None
    except urllib.error.HTTPError as error:
        error.close()
        raise ServiceError(f"the endpoint answered with HTTP status {error.code}.", where=where) from None
    except TimeoutError:
        raise late from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise late from None
        raise ServiceError(
            f"the endpoint cannot be reached: {error.reason}.", fix="Check the address.", where=where
        ) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ServiceError(f"the answer broke off: {error}.", fix="Try again later.", where=where) from None
    if promised.isdecimal() and len(body) < min(int(promised), MAX_BYTES):
        what = f"the answer broke off after {len(body)} of {promised} bytes."
        raise ServiceError(what, fix="Try again later.", where=where)
    return content_type, body


def _refused(error: SPARQLWrapperException, where: Place) -> ServiceError:
    """Say the status, and for a bad query also what the endpoint says of it."""
    cause = error.__context__
    if not isinstance(cause, urllib.error.HTTPError):
        return ServiceError(f"the endpoint refused the query: {error}.", where=where)
    cause.close()
    said = ""
    if cause.code == 400 and error.args:
        page = error.args[0]
        text = page.decode("utf-8", "replace") if isinstance(page, bytes) else str(page)
        said = " ".join(text.split())[:200]
    what = f"the endpoint answered with HTTP status {cause.code}"
    return ServiceError(f"{what}: {said}" if said else f"{what}.", where=where)


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
