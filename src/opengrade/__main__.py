"""Lets `python -m opengrade` do what `opengrade` does."""

from opengrade.cli import main

main()
