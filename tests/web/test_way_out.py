"""The way out of a refusal and its link: a page does not say the same thing twice."""

from __future__ import annotations

import pytest
from django.template import engines

from manzanita.domain.findings import Owner, Reason
from manzanita.web.reasons_told import told
from tests.support.pages import without_marks

THERE = "/there"


def shown(reason: Reason, way: tuple[str, str] = ("", "")) -> str:
    """The reason as a page says it, up to its owner; what is the link stands in brackets."""
    (one,) = told([reason], {}, way)
    template = '{% import "ui/macros.html" as ui %}{{ ui.told(one) }}'
    page = engines["jinja2"].env.from_string(template).render(one=one)
    marked = page.replace(f'<a class="go" href="{THERE}">', "[").replace("</a>", "]")
    return without_marks(marked).removesuffix(" Owner: IEP team")


def reason(way_out: str, link: str = "") -> Reason:
    return Reason("no-plan", "There is no plan.", Owner.TEAM, way_out, link=link)


@pytest.mark.parametrize(
    ("way_out", "label", "expected"),
    [
        # The way out has the words of the label: they are the link.
        ("First: adopt the plan.", "Adopt the plan", "First: [adopt the plan]."),
        (
            "Adopt the plan first, or hold a review.",
            "Adopt the plan",
            "[Adopt the plan] first, or hold a review.",
        ),
        (
            "Open an initial evaluation (Part B).",
            "Initial evaluation",
            "Open an [initial evaluation] (Part B).",
        ),
        (
            "Use “Adopted, but never came”; else correct it.",
            "Adopted, but never came",
            "Use [“Adopted, but never came”]; else correct it.",
        ),
        # It says something else, or has them only as a part of other words.
        (
            "The SIS adds the enrollment.",
            "Show the enrollments",
            "The SIS adds the enrollment. [Show the enrollments]",
        ),
        ("Adopt the plans.", "Adopt the plan", "Adopt the plans. [Adopt the plan]"),
        # Without a label of its own the way out is the link; without a way out the link has to say something.
        ("Record what the family decided.", "", "[Record what the family decided.]"),
        ("", "", "[Go there]"),
        ("", "Show what was done", "[Show what was done]"),
    ],
)
def test_what_the_label_of_the_link_repeats_is_said_once(way_out, label, expected):
    assert shown(reason(way_out), (THERE, label)) == f"There is no plan. {expected}"


def test_an_address_of_the_reason_itself_makes_its_way_out_the_link():
    assert shown(reason("Call the district.", THERE)) == "There is no plan. [Call the district.]"


def test_without_an_address_nothing_is_a_link():
    assert shown(reason("Call the district.")) == "There is no plan. Call the district."
