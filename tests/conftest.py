"""Leaves out what needs software that is not here, and says so; where all tests are due, it fails instead."""

import os
import shutil

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The slow ones first, so that no worker is left alone with them.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if os.environ.get("CI") or shutil.which("java"):
        return
    for item in items:
        if item.get_closest_marker("java"):
            item.add_marker(pytest.mark.skip(reason="Java is not here"))
