"""What the standard's own tests ask of the constructs that we read, our algebra gives."""

from collections.abc import Callable

import pytest

from opengrade.graph import Term
from support import needs_corpora
from w3c import Case, agrees, by_sparql, cases, in_memory

# How many lie inside the profile, of 98; more is progress, fewer a step back.
INSIDE = 68


@needs_corpora
@pytest.mark.parametrize("evaluate", [in_memory, by_sparql])
def test_the_tests_inside_the_profile_give_the_result_of_the_standard(
    evaluate: Callable[[Case], frozenset[Term]],
) -> None:
    inside = [each for each in cases() if isinstance(each, Case)]
    assert len(inside) >= INSIDE
    wrong = {each.name: (evaluate(each), each.failing) for each in inside if not agrees(each, evaluate(each))}
    assert not wrong
    assert any(each.failing for each in inside)


@needs_corpora
def test_what_lies_outside_is_refused_by_name() -> None:
    outside = [each for each in cases() if isinstance(each, str)]
    assert outside
    for each in outside:
        assert "sh:" in each or "path" in each or "subclass" in each or "target" in each, each
