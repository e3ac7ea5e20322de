"""Sign-in, sign-out and the change of perspective."""

from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from manzanita.accounts.middleware import SESSION_KEY


@method_decorator(login_not_required, name="dispatch")
class SignIn(auth_views.LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = AuthenticationForm
    redirect_authenticated_user = True


class SignOut(auth_views.LogoutView):
    http_method_names = ["post", "options"]


@require_POST
def switch_grant(request: HttpRequest) -> HttpResponse:
    """Act through another of one's own grants from here on. Another's grant id changes nothing."""
    wanted = request.POST.get("grant", "")
    if any(str(grant.pk) == wanted for grant in request.available_grants):
        request.session[SESSION_KEY] = int(wanted)
    return redirect("home")


def locked_out(request: HttpRequest, credentials: dict | None = None, *args, **kwargs) -> HttpResponse:
    """Too many wrong passwords from one place for one account."""
    return render(request, "accounts/locked_out.html", status=429)
