"""Adding a person: the address first, so that nobody gets a second account, and namesakes are told apart."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.accounts.granting import Refused, why_not_give
from manzanita.accounts.models import User
from manzanita.accounts.people_queries import account_with, known_accounts, namesakes_of
from manzanita.accounts.person_actions import add_with_grant, grant_to_known, note_lookup
from manzanita.accounts.transfer_actions import request_transfer
from manzanita.domain.access import Capability
from manzanita.domain.findings import Reason
from manzanita.platform import clock
from manzanita.web.access import requires
from manzanita.web.invitations import invite
from manzanita.web.people_forms import NO_AGENCY, WishForm, number_of, tabs, text_in


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def add(request: HttpRequest) -> HttpResponse:
    """The form; a POST adds the person, or says who has this address or this name already and asks what is meant.

    ``decision``, in the address of the button that was pressed, answers: ``share`` (give a perspective here too),
    ``transfer`` (ask ``agency_from`` to let the person go), ``another`` (a namesake is another person). ``person``
    names the account that is meant.
    """
    if request.method != "POST":
        return _page(request, WishForm(request.actor))
    form = WishForm(request.actor, request.POST)
    email, name = text_in(request, "email"), text_in(request, "name")
    decision = request.GET.get("decision", "")
    known = account_with(email)
    found = [known] if known else namesakes_of(name)
    if decision in ("share", "transfer"):
        # Only an account that this address or name has led to: a key alone opens nothing.
        meant = next((one for one in found if str(one.pk) == request.GET.get("person", "")), None)
        if meant is not None:
            return _with_known(request, form, meant, email)
    wish = form.wish(None)
    if wish is None:
        return _page(request, form, [NO_AGENCY])
    if form.mistyped:
        return _page(request, form, form.mistyped.reasons)
    is_another = decision == "another"
    try:
        user = add_with_grant(
            actor=request.actor, email=email, name=name, wish=wish, is_another_person=is_another
        )
    except Refused as refused:
        asked = {"account-exists", "namesake"}
        if not asked & {one.code for one in refused.reasons}:
            return _page(request, form, refused.reasons)
        note_lookup(actor=request.actor, users=found)
        rest = [one for one in refused.reasons if one.code not in asked]
        return _page(request, form, rest, found, is_same_address=known is not None)
    invite(request, [user])
    messages.success(
        request, f"{user.name} has an account and a perspective. The invitation goes to {user.email}."
    )
    return redirect("person", user.pk)


def _with_known(request: HttpRequest, form: WishForm, user: User, email: str) -> HttpResponse:
    """Shared membership, or a request to let the person go."""
    wish = form.wish(user.pk)
    if wish is None:
        return _page(request, form, [NO_AGENCY], [user], is_same_address=True)
    if form.mistyped:
        return _page(request, form, form.mistyped.reasons, [user], is_same_address=True)
    try:
        if request.GET.get("decision") == "share":
            grant_to_known(actor=request.actor, user=user, wish=wish, known_as=email)
            messages.success(
                request,
                f"{user.name} works here too now, with the account they have. Nothing changes at the other agency.",
            )
            return redirect("person", user.pk)
        (account,) = known_accounts(request.actor, [user])
        wanted = number_of(request.GET.get("agency_from", ""))
        from_agency = next((one for one in account.agencies if one.pk == wanted), None)
        if from_agency is None:
            return _page(
                request,
                form,
                why_not_give(request.actor, wish, today=clock.today()),
                [user],
                is_same_address=True,
            )
        request_transfer(actor=request.actor, user=user, from_agency=from_agency, wish=wish)
    except Refused as refused:
        return _page(request, form, refused.reasons, [user], is_same_address=True)
    messages.success(
        request, f"{from_agency.name} is asked to let {user.name} go. The answer comes to this page."
    )
    return redirect("transfers")


def _page(
    request: HttpRequest,
    form: WishForm,
    refusals: Sequence[Reason] = (),
    found: Sequence[User] = (),
    *,
    is_same_address: bool = False,
) -> HttpResponse:
    context = {
        "tabs": tabs(request.actor, "person_add"),
        "form": form,
        "refusals": refusals,
        "accounts": known_accounts(request.actor, found) if found else [],
        "is_same_address": is_same_address,
        "own_codes": {request.actor.agency_code, *request.actor.agency_codes},
    }
    status = 422 if refusals or found else 200
    return render(request, "web/people/add.html", context, status=status)


urlpatterns = [path("admin/add", add, name="person_add")]
