"""Serves Turtle files at a SPARQL endpoint on loopback; prints the port. Run by test_remote."""

import socket
import sys

import rdflib
import uvicorn
from rdflib_endpoint import SparqlEndpoint


def main() -> None:
    graph = rdflib.Dataset(default_union=True)
    for path in sys.argv[1:]:
        graph.parse(path, format="turtle")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    app = SparqlEndpoint(graph=graph, path="/sparql")
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])


if __name__ == "__main__":
    main()
