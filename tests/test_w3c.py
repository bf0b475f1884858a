"""What the standard's own tests ask of the constructs that we read, our algebra gives."""

from support import needs_corpora
from w3c import Case, cases, failing

# How many lie inside the profile; more is progress, fewer a step back.
INSIDE = 17


@needs_corpora
def test_the_tests_inside_the_profile_give_the_result_of_the_standard() -> None:
    inside = [each for each in cases() if isinstance(each, Case)]
    assert len(inside) >= INSIDE
    wrong = {case.name: (failing(case), case.failing) for case in inside if failing(case) != case.failing}
    assert not wrong


@needs_corpora
def test_what_lies_outside_is_refused_by_name() -> None:
    outside = [each for each in cases() if isinstance(each, str)]
    assert outside
    for each in outside:
        assert "sh:" in each or "path" in each or "subclass" in each or "target" in each, each
