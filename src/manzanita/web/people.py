"""The administration of people: who they are, and the page of each with what one may do there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.duty_queries import duties_of
from manzanita.accounts.grant_actions import end_grant, extend_grant, give_grant
from manzanita.accounts.granting import Refused
from manzanita.accounts.lifecycle import invite_again, why_not_invite_again
from manzanita.accounts.models import Grant, User
from manzanita.accounts.people_queries import (
    Wanted,
    closure_of,
    elsewhere,
    get_managed_grant,
    get_person,
    grants_of,
    is_over,
    list_people,
    schools_of,
)
from manzanita.accounts.person_actions import close_account, reopen_account
from manzanita.accounts.session_actions import sign_out_everywhere
from manzanita.accounts.sessions import is_fresh
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.findings import Reason
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.students.caseload import caseload_of, caseload_sizes
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.people_forms import NO_AGENCY, WishForm, number_of, tabs, text_in

STATES = [
    ("", "Now"),
    ("invited", "Invited, no password yet"),
    ("dormant", "Close soon, no sign-in"),
    ("ended", "Ended"),
    ("closed", "Account closed"),
]
MAX_SEARCH_LENGTH = 100
LAST_DAY = {"ends_on": "Last day"}


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def admin(request: HttpRequest) -> HttpResponse:
    """One page of people, filtered by perspective, school and state, or found by name or address."""
    actor = request.actor
    text = request.session.get("people_search", "") if "found" in request.GET else ""
    state = request.GET.get("state", "")
    wanted = Wanted(
        perspective=request.GET.get("perspective", ""),
        school=request.GET.get("school", ""),
        state=state if state in dict(STATES) else "",
        text=text,
    )
    after = request.GET.get("after", "")
    if after and number_of(after) is None:
        raise Http404("no such page")
    page = list_people(actor, wanted, after=number_of(after) if after else None)
    sizes = caseload_sizes(actor, [row.person.pk for row in page.rows])
    keep = request.GET.copy()
    keep.pop("after", None)
    agencies = Agency.objects.filter(code__in=actor.agency_codes)
    context = {
        "tabs": tabs(actor, "admin"),
        "rows": page.rows,
        "sizes": sizes,
        "wanted": wanted,
        "states": STATES,
        "perspectives": [(one.key, one.label) for one in PERSPECTIVES.values()],
        "schools": [(one.code, one.name) for one in schools_of(agencies)],
        "first_url": f"?{keep.urlencode()}" if after else None,
        "next_url": f"?{keep.urlencode()}&after={page.after}" if page.after else None,
        "today": clock.today(),
    }
    return render(request, "web/people/list.html", context)


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def search_people(request: HttpRequest) -> HttpResponse:
    """Keep the text in the session, so that no name stands in an address."""
    request.session["people_search"] = text_in(request, "q")[:MAX_SEARCH_LENGTH]
    return redirect(f"{reverse('admin')}?found=1" if request.session["people_search"] else "admin")


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    return person_page(request, get_person(request.actor, person_id))


def person_page(
    request: HttpRequest,
    user: User,
    refusals: Sequence[Reason] = (),
    form: WishForm | None = None,
    tried: Grant | None = None,
) -> HttpResponse:
    """The page of one person; with ``refusals`` of what was tried on it, and the grant that was to end."""
    actor, today = request.actor, clock.today()
    grants = grants_of(actor, user)
    load = caseload_of(actor, user.pk, today) if actor.may(Capability.READ_STUDENT) else None
    if load is not None:
        shown = [student.pk for student in (*load.managed, *(one for one, _ in load.team))]
        log_reads(actor=actor, student_ids=shown, what="person.students")
    context = {
        "tabs": tabs(actor, "admin"),
        "person": user,
        "grants": [(grant, _state_of(grant)) for grant in grants],
        "elsewhere": elsewhere(actor, user),
        "duties": [one for one in duties_of(user.pk) if one.agency.code == actor.agency_code],
        "size": len(load.managed) if load else 0,
        "load": load,
        "why_not_invite": why_not_invite_again(actor, user),
        "closure": closure_of(user),
        "is_self": user.pk == actor.user_id,
        "refusals": refusals,
        "form": form or WishForm(actor),
        "tried": tried.pk if tried is not None else None,
        "sent": request.POST,
        "day_errors": mistyped(request.POST, LAST_DAY).errors if tried is not None else {},
        "is_open": form is not None,
        "today": today,
        "can_hand_over": actor.may(Capability.ASSIGN_STUDENTS),
    }
    return render(request, "web/people/person.html", context, status=422 if refusals else 200)


def _state_of(grant: Grant) -> tuple[str, str]:
    if is_over(grant, clock.today()):
        return "na", "Ended"
    if grant.starts_on > clock.today():
        return "empty", "To come"
    return "ok", "In force"


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def give(request: HttpRequest, person_id: int) -> HttpResponse:
    """Give a further perspective to somebody who is known here."""
    user = get_person(request.actor, person_id)
    form = WishForm(request.actor, request.POST)
    wish = form.wish(user.pk)
    if wish is None:
        return person_page(request, user, [NO_AGENCY], form)
    if form.mistyped:
        return person_page(request, user, form.mistyped.reasons, form)
    try:
        grant = give_grant(actor=request.actor, user=user, wish=wish)
    except Refused as refused:
        return person_page(request, user, refused.reasons, form)
    messages.success(request, f"{user.name} is {grant.perspective_label} at {grant.agency.name}.")
    return redirect("person", user.pk)


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def end(request: HttpRequest, grant_id: int) -> HttpResponse:
    """End a grant: now, or after a day."""
    grant = get_managed_grant(request.actor, grant_id)
    is_now = "now" in request.POST
    if not is_now and (wrong := mistyped(request.POST, LAST_DAY)):
        return person_page(request, grant.user, wrong.reasons, tried=grant)
    ends_on = clock.today() if is_now else day_of(request.POST.get("ends_on", ""))
    reason = text_in(request, "reason")
    return _on_person(
        request,
        grant,
        lambda: end_grant(actor=request.actor, grant=grant, ends_on=ends_on, reason=reason),
        f"{grant.perspective_label} at {grant.agency.name} ends{' now' if is_now else ''}.",
    )


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def extend(request: HttpRequest, grant_id: int) -> HttpResponse:
    """Give a grant another last day; blank: until further notice."""
    grant = get_managed_grant(request.actor, grant_id)
    if wrong := mistyped(request.POST, LAST_DAY):
        return person_page(request, grant.user, wrong.reasons, tried=grant)
    ends_on = day_of(request.POST.get("ends_on", ""))
    reason = text_in(request, "reason")
    return _on_person(
        request,
        grant,
        lambda: extend_grant(actor=request.actor, grant=grant, ends_on=ends_on, reason=reason),
        f"{grant.perspective_label} at {grant.agency.name} has another last day.",
    )


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def close(request: HttpRequest, person_id: int) -> HttpResponse:
    user = get_person(request.actor, person_id)
    reason = text_in(request, "reason")
    return _on_person(
        request,
        user,
        lambda: close_account(actor=request.actor, user=user, reason=reason),
        f"The account of {user.name} is closed, and its perspectives have ended.",
    )


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def sign_out(request: HttpRequest, person_id: int) -> HttpResponse:
    """Sign somebody out everywhere, a moment after proving who asks for it."""
    user = get_person(request.actor, person_id)
    if not is_fresh(request):
        messages.info(request, "Nobody was signed out yet. Prove who you are, then do it again.")
        here = reverse("person", args=[user.pk])
        return redirect(f"{reverse('confirm_identity')}?{urlencode({'next': here})}")
    reason = text_in(request, "reason")
    return _on_person(
        request,
        user,
        lambda: sign_out_everywhere(actor=request.actor, user=user, reason=reason),
        f"{user.name} is signed out everywhere, and is told why.",
    )


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def invite_once_more(request: HttpRequest, person_id: int) -> HttpResponse:
    """Send somebody who has no password yet another link."""
    user = get_person(request.actor, person_id)
    site = request.build_absolute_uri("/")
    return _on_person(
        request,
        user,
        lambda: invite_again(actor=request.actor, user=user, site=site),
        f"Another invitation is on its way to {user.email}. The link in the one before is worth nothing now.",
    )


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def reopen(request: HttpRequest, person_id: int) -> HttpResponse:
    user = get_person(request.actor, person_id)
    reason = text_in(request, "reason")
    return _on_person(
        request,
        user,
        lambda: reopen_account(actor=request.actor, user=user, reason=reason),
        f"The account of {user.name} is open.",
    )


def _on_person(request: HttpRequest, on: User | Grant, act: Callable[[], object], done: str) -> HttpResponse:
    """What was tried on a person, or on one of the person's grants; the form of that comes back as it was sent."""
    grant = on if isinstance(on, Grant) else None
    user = on.user if isinstance(on, Grant) else on
    try:
        act()
    except Refused as refused:
        return person_page(request, user, refused.reasons, tried=grant)
    messages.success(request, done)
    return redirect("person", user.pk)


urlpatterns = [
    path("admin", admin, name="admin"),
    path("admin/search", search_people, name="search_people"),
    path("admin/people/<int:person_id>", person, name="person"),
    path("admin/people/<int:person_id>/give", give, name="grant_give"),
    path("admin/people/<int:person_id>/close", close, name="person_close"),
    path("admin/people/<int:person_id>/sign-out", sign_out, name="person_sign_out"),
    path("admin/people/<int:person_id>/invite", invite_once_more, name="person_invite"),
    path("admin/people/<int:person_id>/reopen", reopen, name="person_reopen"),
    path("admin/grants/<int:grant_id>/end", end, name="grant_end"),
    path("admin/grants/<int:grant_id>/extend", extend, name="grant_extend"),
    path("", include("manzanita.web.people_add")),
    path("", include("manzanita.web.people_roster")),
    path("", include("manzanita.web.people_assign")),
    path("", include("manzanita.web.people_hand_over")),
    path("", include("manzanita.web.people_duties")),
    path("", include("manzanita.web.people_roles")),
    path("", include("manzanita.web.people_transfers")),
    path("", include("manzanita.web.people_lend")),
]
