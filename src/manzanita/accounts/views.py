"""Sign-in, sign-out and the change of perspective."""

from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.middleware import SCHOOL_KEY, SESSION_KEY, VIEW_KEY
from manzanita.accounts.queries import schools_within


@method_decorator(login_not_required, name="dispatch")
class SignIn(auth_views.LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = AuthenticationForm
    redirect_authenticated_user = True


class SignOut(auth_views.LogoutView):
    http_method_names = ["post", "options"]


@require_POST
def switch_grant(request: HttpRequest) -> HttpResponse:
    """Act through another of one's own grants, look at other students of it, or at one school, from here on.

    What is not one's own to choose changes nothing. A new perspective begins with its own view, at home.
    """
    session, actor = request.session, request.actor
    wanted = request.POST.get("grant", "")
    if any(str(grant.pk) == wanted for grant in request.available_grants):
        session[SESSION_KEY] = int(wanted)
        session.pop(VIEW_KEY, None)
        session.pop(SCHOOL_KEY, None)
    if actor is None or "grant" in request.POST:
        return redirect("home")
    if (view := request.POST.get("view", "")) in [one.value for one in actor.perspective.views]:
        session[VIEW_KEY] = view
    if (code := request.POST.get("school")) is not None:
        chosen = next((one for one in schools_within(actor) if one.code == code), None)
        session[SCHOOL_KEY] = [chosen.code, chosen.name] if chosen else None
    back = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if allowed else "students")


@require_safe
def schools(request: HttpRequest) -> HttpResponse:
    """The choices of the scope chip's second part, asked when it is opened."""
    if request.actor is None:
        return redirect("home")
    context = {"schools": schools_within(request.actor), "at_school": request.actor.at_school}
    return render(request, "accounts/schools.html", context)


def locked_out(request: HttpRequest, credentials: dict | None = None, *args, **kwargs) -> HttpResponse:
    """Too many wrong passwords from one place for one account."""
    return render(request, "accounts/locked_out.html", status=429)
