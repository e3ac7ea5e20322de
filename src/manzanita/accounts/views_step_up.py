"""The page that asks for the password again, and goes on to where it was needed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from manzanita.accounts.step_up import confirm


@require_http_methods(["GET", "HEAD", "POST"])
def confirm_password(request: HttpRequest) -> HttpResponse:
    """Ask for the password; a right one leads to ``next``, an address of this site."""
    back = request.POST.get("next") or request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    is_wrong = False
    if request.method == "POST":
        if confirm(request, request.POST.get("password", "")):
            return redirect(back)
        is_wrong = True
    context = {"next": back, "is_wrong": is_wrong, "email": request.user.email}
    return render(request, "accounts/confirm.html", context, status=422 if is_wrong else 200)
