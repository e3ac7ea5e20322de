"""What browsers, proxies and the log are told with every answer, whatever the page."""

from __future__ import annotations

import json
import logging
import os
import random
import subprocess
import sys

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import path, reverse

from manzanita.accounts.one_time_links import INVITATION, token_for
from manzanita.accounts.second_factor import check_code, new_recovery_codes, recovery_codes_of
from manzanita.platform.log_lines import LineFormatter
from manzanita.platform.request_ids import request_id
from manzanita.web import urls
from tests.support import world as w
from tests.support.sign_in import code_now, signed_in


def _breaks(request):
    raise RuntimeError("Alder Testcase was born on a Tuesday")


urlpatterns = [*urls.urlpatterns, path("broken", _breaks)]
handler403, handler404, handler500 = urls.handler403, urls.handler404, urls.handler500
WITH_TEST_PAGES = pytest.mark.urls("tests.web.test_hardening")

POLICY = {
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
}


@WITH_TEST_PAGES
def test_every_answer_carries_the_headers_that_keep_a_browser_safe(small_world):
    client = signed_in(small_world.case_manager, second="")
    client.raise_request_exception = False
    answers = {
        address: client.get(address)
        for address in (
            "/",
            "/students",
            f"/students/{small_world.students['alder'].public_id}",
            "/account",
            "/session",
            "/no-such-page",
            "/imports",
            "/broken",
            "/static/ui/manzanita.css",
            "/static/ui/manzanita.js",
        )
    }
    answers["sign-in of a stranger"] = Client().get("/sign-in")
    answers["redirect"] = Client().get("/students")

    assert sorted({answer.status_code for answer in answers.values()}) == [200, 302, 403, 404, 500]
    for address, answer in answers.items():
        assert set(answer["Content-Security-Policy"].split("; ")) == POLICY, address
        assert answer["X-Content-Type-Options"] == "nosniff", address
        assert answer["Referrer-Policy"] == "same-origin", address
        # No other site may read an answer of ours.
        assert "Access-Control-Allow-Origin" not in answer, address
        if answer.status_code != 302:
            expected = {"/session": "application/json"}
            if address.startswith("/static/"):
                expected[address] = (
                    'text/css; charset="utf-8"'
                    if address.endswith("css")
                    else 'text/javascript; charset="utf-8"'
                )
            assert answer["Content-Type"] == expected.get(address, "text/html; charset=utf-8"), address


@WITH_TEST_PAGES
def test_no_browser_and_no_proxy_keeps_a_page(small_world):
    client = signed_in(small_world.coordinator)
    client.raise_request_exception = False
    student = small_world.students["alder"].public_id
    for address in ("/", "/students", f"/students/{student}", "/meetings", "/state", "/broken", "/nowhere"):
        assert "no-store" in client.get(address)["Cache-Control"], address
    assert "no-store" not in client.get("/static/ui/manzanita.css")["Cache-Control"]


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE", "CONNECT"])
def test_a_method_that_no_page_uses_is_not_heard(small_world, method):
    client = signed_in(small_world.coordinator)
    for address in ("/", "/sign-in", "/static/ui/manzanita.css"):
        answer = client.generic(method, address, headers={"X-Secret": "of-a-proxy"})
        assert answer.status_code == 405, address
        assert b"of-a-proxy" not in b"".join(answer), address


@pytest.mark.parametrize(
    "address", ["/.git/config", "/static/", "/static/ui/", "/static/../secret_key", "/files/"]
)
def test_neither_sources_nor_folders_are_shown(db, address):
    assert Client().get(address).status_code == 404


def test_every_page_has_the_way_out(small_world):
    client = signed_in(small_world.coordinator)
    student = small_world.students["alder"].public_id
    for address in ("/", "/students", f"/students/{student}", "/meetings", "/state", "/imports", "/account"):
        assert 'action="/sign-out"' in client.get(address).content.decode(), address


def test_the_cookie_of_a_session_is_out_of_reach_of_scripts_and_other_sites(small_world):
    client = Client()
    client.post("/sign-in", {"username": small_world.case_manager.email, "password": w.PASSWORD})
    cookie = client.cookies["sessionid"]

    assert (cookie["httponly"], cookie["samesite"], cookie["domain"], cookie["path"]) == (
        True,
        "Lax",
        "",
        "/",
    )
    assert cookie.value not in client.get("/students").content.decode()


def production(*shown: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The settings of a production system, asked of a process of its own."""
    code = f"import json; from manzanita.config import settings as s; print(json.dumps([{', '.join(shown)}]))"
    given = {
        "MANZANITA_PRODUCTION": "true",
        "MANZANITA_ALLOW_SQLITE": "true",
        "MANZANITA_VAR": os.environ["MANZANITA_VAR"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", "src"),
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-c", code], env=given, capture_output=True, text=True, check=False
    )


def test_what_a_production_system_sets():
    names = (
        *("s.DEBUG", "s.SESSION_COOKIE_SECURE", "s.CSRF_COOKIE_SECURE", "s.SESSION_COOKIE_NAME"),
        *(
            "s.CSRF_COOKIE_NAME",
            "s.SESSION_COOKIE_HTTPONLY",
            "s.SECURE_SSL_REDIRECT",
            "s.SECURE_HSTS_SECONDS",
        ),
        *("s.SECURE_HSTS_INCLUDE_SUBDOMAINS", "s.PASSWORD_HASHERS"),
    )
    answer = production(*names)

    assert json.loads(answer.stdout) == [
        *(False, True, True, "__Host-session", "__Host-csrf", True, True, 31536000, True),
        ["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
    ]


def test_a_production_system_does_not_start_with_debugging():
    answer = production("1", MANZANITA_DEBUG="true")

    assert answer.returncode == 1 and "MANZANITA_DEBUG" in answer.stderr


def test_over_plain_http_a_production_system_only_leads_to_https(db, settings):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31536000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    plain = Client().get("/sign-in")
    safe = Client().get("/sign-in", secure=True)

    assert (plain.status_code, plain.url) == (301, "https://testserver/sign-in")
    assert safe.status_code == 200
    assert safe["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_passwords_are_stored_slowly_hashed():
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    stored = PBKDF2PasswordHasher().encode("granite lupine otter fog", "a salt of some length")
    kind, rounds, _, _ = stored.split("$")

    # The OWASP cheat sheet asks for 600,000 rounds of PBKDF2 over SHA-256.
    assert kind == "pbkdf2_sha256" and int(rounds) >= 600_000


def test_what_is_not_to_be_guessed_does_not_hang_on_a_seed(small_world):
    user = small_world.case_manager
    made = []
    for _ in range(2):
        random.seed(7)
        client = Client()
        client.post("/sign-in", {"username": user.email, "password": w.PASSWORD})
        new_recovery_codes(user)
        made.append([client.session.session_key, generate_totp_secret(), *recovery_codes_of(user)])
        Authenticator.objects.filter(user=user).delete()
    first, second = made

    assert not set(first) & set(second)
    # 32 signs of 36: 165 bits. 32 signs of base32: 160 bits. Ten digits: 33 bits.
    assert [len(one) for one in first] == [32, 32, *[10] * 10]
    assert all(code.isdecimal() for code in first[2:])


def test_a_header_of_a_client_is_not_taken_for_its_address(small_world):
    sent = {"username": small_world.coordinator.email, "password": "wrong"}
    answers = [
        Client(headers={"X-Forwarded-For": f"10.0.0.{n}", "X-Real-IP": f"10.0.0.{n}"}).post("/sign-in", sent)
        for n in range(10)
    ]

    assert answers[-1].status_code == 429


def test_a_password_counts_as_it_was_typed(small_world):
    user = small_world.case_manager
    user.set_password("  Granite lupine otter fog " + "x" * 100)
    user.save()

    def status(password: str) -> int:
        return Client().post("/sign-in", {"username": user.email, "password": password}).status_code

    assert status("  Granite lupine otter fog " + "x" * 100) == 302
    for other in (
        "Granite lupine otter fog " + "x" * 100,
        "  granite lupine otter fog " + "x" * 100,
        "  Granite lupine otter fog " + "x" * 99,
    ):
        assert status(other) == 200


def test_no_key_in_a_header_opens_a_page(small_world):
    key = signed_in(small_world.coordinator).session.session_key
    for sent in (f"Bearer {key}", f"Token {key}", "Basic anVuaXBlcjp4"):
        assert Client(headers={"Authorization": sent}).get("/students").url == "/sign-in?next=/students"
    assert Client().get(f"/students?sessionid={key}&access_token={key}").status_code == 302


def test_a_mailed_link_that_was_changed_opens_nothing(small_world):
    token = token_for(small_world.case_manager, INVITATION)
    body, _, signature = token.rpartition(":")
    forged = signing.dumps(
        {"user": small_world.coordinator.pk, "print": ""}, salt="link:invitation", key="guess"
    )

    assert Client().get(f"/invitation/{token}").status_code == 200
    for changed in (f"{body}:{signature[::-1]}", f"{body[::-1]}:{signature}", forged):
        assert Client().get(f"/invitation/{changed}").status_code == 410


def test_a_secret_that_was_changed_in_the_database_is_not_read(small_world):
    row = Authenticator.objects.get(user=small_world.coordinator, type="totp")
    code = code_now()
    sealed = row.data["secret"]
    row.data["secret"] = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    row.save()
    assert check_code(small_world.coordinator, code) == ""
    row.data["secret"] = sealed
    row.save()
    assert check_code(small_world.coordinator, code) == "totp"


def test_extracts_and_contacts_have_a_largest_size(small_world, monkeypatch):
    monkeypatch.setattr("manzanita.web.state_extracts.LARGEST_UPLOAD_BYTES", 10)
    monkeypatch.setattr("manzanita.web.directory.LARGEST_FILE_BYTES", 10)
    client = signed_in(small_world.coordinator)
    for name, field, told in (
        ("state_extracts", "files", "These files are larger than 200 MB together"),
        ("directory_load", "file", "The file is larger than 2 MB."),
    ):
        answer = client.post(reverse(name), {field: SimpleUploadedFile("SWDS.txt", b"x" * 11)})
        assert answer.status_code == 422 and told in answer.content.decode()


# The log


@WITH_TEST_PAGES
def test_each_refusal_stands_in_the_log_with_who_was_refused_what(small_world, caplog):
    person, grant = small_world.case_manager, small_world.case_manager_grant
    client = signed_in(person, second="")
    sage = small_world.students["sage"].public_id
    with caplog.at_level("WARNING"):
        client.get("/imports")
        client.get(f"/students/{sage}")
        client.get("/no-such-page?ssid=1234567890")
        client.get("/sign-out")
        signed_in(person, second="", client=Client(enforce_csrf_checks=True)).post(
            "/students/search", {"q": "Alder"}
        )
        for _ in range(10):
            Client().post("/sign-in", {"username": person.email, "password": "wrong"})
        Client().get("/no-such-page")

    who = f"user={person.pk} grant={grant.pk} perspective=case_manager from=127.0.0.1"
    nobody = "user=nobody grant=none perspective=none from=127.0.0.1"
    refusals = [one.getMessage() for one in caplog.records if one.name == "manzanita.accounts.refusal_log"]
    assert refusals == [
        f"refused: status=403 method=GET page=imports {who}",
        f"refused: status=404 method=GET page=student {who}",
        f"refused: status=404 method=GET page=unknown {who}",
        f"refused: status=405 method=GET page=sign_out {who}",
        f"refused: status=403 method=POST page=search {who}",
        f"refused: status=429 method=POST page=sign_in {nobody}",
        f"refused: status=404 method=GET page=unknown {nobody}",
    ]
    for secret in (str(sage), "1234567890", "Alder", person.email, "wrong"):
        assert secret not in caplog.text


def line_of(message: str, *arguments: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("manzanita.tests", logging.WARNING, __file__, 1, message, arguments, info)
    record.created = 1795464000.25  # 2026-11-23T20:00:00.250 UTC: noon in California
    return LineFormatter().format(record)


def test_a_line_of_the_log_says_when_where_and_in_which_request():
    with request_id("0123abcd"):
        line = json.loads(line_of("refused: user=%s", 7))

    assert line == {
        "at": "2026-11-23T20:00:00.250+00:00",
        "level": "warning",
        "logger": "manzanita.tests",
        "request": "0123abcd",
        "message": "refused: user=7",
    }


def test_text_from_outside_begins_no_line_of_its_own():
    line = line_of("name %s", 'x\n{"level": "info"}\r\u2028\x1b[31m')

    assert line.isascii() and line.isprintable()
    assert json.loads(line)["message"] == 'name x\n{"level": "info"}\r\u2028\x1b[31m'


def test_of_an_error_the_log_keeps_type_and_place_and_not_its_words():
    try:
        _breaks(None)
    except RuntimeError as error:
        text = line_of("server error shown", error=error)

    line = json.loads(text)
    assert line["error"] == "RuntimeError" and "Testcase" not in text
    assert line["places"][-1].startswith("test_hardening.py:") and line["places"][-1].endswith(":_breaks")


def test_the_log_is_written_by_that_formatter(settings):
    assert settings.LOGGING["root"]["handlers"] == ["console"]
    assert settings.LOGGING["handlers"]["console"]["formatter"] == "lines"
    assert settings.LOGGING["formatters"]["lines"]["()"] == "manzanita.platform.log_lines.LineFormatter"
    # Their lines would hold addresses, in which the token of a mailed link may stand.
    assert settings.LOGGING["loggers"]["django.request"]["level"] == "ERROR"
    assert settings.LOGGING["loggers"]["django.security.csrf"]["level"] == "ERROR"
