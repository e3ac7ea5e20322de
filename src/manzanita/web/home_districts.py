"""Home of a SELPA: a row for each district, each number a way to that district's list."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from manzanita.accounts.duty_queries import gaps_at
from manzanita.accounts.session_keys import AT_SCHOOL
from manzanita.arrivals.queries import open_arrivals
from manzanita.deadlines.lists import SPANS, within_scope
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.exchange.holds import ON_ITS_WAY
from manzanita.exchange.models import Operation, Submission
from manzanita.findings.queries import TO_SETTLE, listed_findings
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.students.scope import lea_filter, visible_to
from manzanita.web.access import requires
from manzanita.web.settle_students import ARRIVALS


@dataclass(frozen=True, slots=True)
class Column:
    """One number of each district: its title, the look of what is not nought, and the list behind it."""

    key: str
    title: str
    kind: str
    page: str
    asked: str = ""


COLUMNS: Mapping[str, Column] = {
    one.key: one
    for one in (
        Column("fatal", "Fatal findings", "fatal", "to_settle", "severity=fatal"),
        Column("warnings", "Warnings", "warn", "to_settle", "severity=warning"),
        Column("held", "Students held", "held", "students", "list=held"),
        Column("different", "Students different", "diff", "students", "list=different"),
        Column("overdue", "Overdue", "fatal", "due_list", "span=late"),
        Column("arrivals", "Arrivals to settle", "warn", "students_to_settle", f"kind={ARRIVALS}"),
        Column("duties", "Duties without a person", "warn", "duties"),
    )
}
# What a district has not sent: where the days since its last send lead.
UNSENT = Column("sent", "Days since the last send", "diff", "students", "list=different")


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """One district: its numbers by column, and when it sent last."""

    code: str
    name: str
    counts: Mapping[str, int]
    sent_on: date | None
    days: int


def district_rows(actor: Actor) -> list[DistrictRow]:
    """A row for each member of the SELPA, the one with the most fatal findings first; none for others. Ten queries for
    any number of districts."""
    if actor.perspective.scope is not Scope.SELPA:
        return []
    counts = _counts(actor)
    names = agency_names(actor.narrowed.agency_codes)
    sent = Submission.objects.filter(lea_code__in=names, sent_at__isnull=False).order_by()
    last = dict(sent.values_list("lea_code").annotate(Max("sent_at")))
    today = clock.today()
    rows = []
    for code, name in names.items():
        on = timezone.localtime(last[code]).date() if code in last else None
        rows.append(
            DistrictRow(code, name, dict(counts[code]), on, (today - on).days if on is not None else 0)
        )
    return sorted(rows, key=lambda row: (-row.counts["fatal"], -row.counts["overdue"], row.name))


def _counts(actor: Actor) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(lambda: Counter(dict.fromkeys(COLUMNS, 0)))

    def add(key: str, found: QuerySet, what: Count) -> None:
        for code, number in found.order_by().values_list("lea_code").annotate(what):
            counts[code][key] += number

    within = visible_to(actor).order_by().values("pk")
    held = ~Q(hold_code__in=["", ON_ITS_WAY])
    operations = Operation.objects.filter(student_id__in=within, **lea_filter(actor.narrowed))
    found = listed_findings(actor).filter(state="open", severity__in=TO_SETTLE)
    add("fatal", found.filter(severity="fatal"), Count("pk"))
    add("warnings", found.filter(severity="warning"), Count("pk"))
    add("held", operations.filter(held), Count("student_id", distinct=True))
    add("different", operations.exclude(held), Count("student_id", distinct=True))
    add("overdue", within_scope(actor).filter(SPANS["late"].condition(clock.today())), Count("pk"))
    add("arrivals", open_arrivals(actor), Count("pk"))
    for code, gaps in gaps_at(actor.narrowed.agency_codes).items():
        counts[code]["duties"] = gaps
    return counts


@require_POST
@requires(Capability.READ_STUDENT)
def district_list(request: HttpRequest) -> HttpResponse:
    """Narrow the lists to a district of the SELPA, and show one of them. A POST, as it changes what the lists show."""
    code, _, key = request.POST.get("at", "").partition(":")
    names = agency_names(request.actor.agency_codes) if request.actor.perspective.scope is Scope.SELPA else {}
    lists = {**COLUMNS, UNSENT.key: UNSENT}
    if code not in names or (key and key not in lists):
        raise Http404("no such list of a district of this SELPA")
    request.session[AT_SCHOOL] = [code, names[code]]
    if not key:
        return redirect("home")
    column = lists[key]
    return redirect(reverse(column.page) + (f"?{column.asked}" if column.asked else ""))


urlpatterns = [path("districts/list", district_list, name="district_list")]
