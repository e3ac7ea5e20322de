"""What browsers, proxies and the log are told with every answer, whatever the page."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import socket
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.usersessions.models import UserSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import BadHeaderError
from django.test import Client
from django.urls import path, reverse

from manzanita.accounts import mail
from manzanita.accounts.one_time_links import INVITATION, token_for
from manzanita.accounts.second_factor import check_code, new_recovery_codes
from manzanita.auditing.actions import deeds, log_change, log_reads
from manzanita.auditing.models import ReadEvent
from manzanita.platform.client_address import client_address
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
        "MANZANITA_STATE_CLIENT_SECRET": "of-this-installation",
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
        *("s.SECURE_HSTS_INCLUDE_SUBDOMAINS", "s.SECOND_FACTOR_FOR_EVERYBODY", "s.MFA_TOTP_TOLERANCE"),
        "s.PASSWORD_HASHERS",
    )
    answer = production(*names)

    assert json.loads(answer.stdout) == [
        *(False, True, True, "__Host-session", "__Host-csrf", True, True, 31536000, True, True, 0),
        ["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
    ]


def test_a_production_system_does_not_start_with_debugging():
    answer = production("1", MANZANITA_DEBUG="true")

    assert answer.returncode == 1 and "MANZANITA_DEBUG" in answer.stderr


@pytest.mark.parametrize("secret", ["", "sandbox-only"])
def test_a_production_system_does_not_start_with_the_secret_of_the_sandbox(secret):
    answer = production("1", MANZANITA_STATE_CLIENT_SECRET=secret)

    assert answer.returncode == 1 and "Set MANZANITA_STATE_CLIENT_SECRET" in answer.stderr
    by_files = production("1", MANZANITA_STATE_CLIENT_SECRET=secret, MANZANITA_STATE_FORM="files")
    assert by_files.returncode == 0
    own = production("s.STATE_GATEWAY['client_secret']")
    assert json.loads(own.stdout) == ["of-this-installation"]


def test_lines_of_the_log_and_of_each_deed_go_to_the_syslog_of_the_host(tmp_path):
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(path)
        syslog.settimeout(10)
        code = (
            "import logging.config; from manzanita.config import settings as s; "
            "logging.config.dictConfig(s.LOGGING); "
            "logging.getLogger('manzanita.accounts').warning('sign-in failed'); "
            "logging.getLogger('manzanita.deeds').info('sign_in accounts.user 12'); "
            "logging.getLogger('manzanita.accounts').info('chatter')"
        )
        given = {"MANZANITA_VAR": str(tmp_path), "PYTHONPATH": os.environ.get("PYTHONPATH", "src")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**given, "MANZANITA_SYSLOG": path},
            capture_output=True,
            text=True,
            check=True,
        )
        sent = [syslog.recv(4096).decode().rstrip("\0") for _ in range(2)]
        syslog.setblocking(False)
        with pytest.raises(BlockingIOError):
            syslog.recv(4096)

    # RFC 3164: 10 (authpriv) times 8, and 4 for a warning, 6 for information.
    assert [line[:4] for line in sent] == ["<84>", "<86>"]
    assert [json.loads(line[4:])["message"] for line in sent] == [
        "sign-in failed",
        "sign_in accounts.user 12",
    ]
    # Deeds stand in the database; the terminal gets what it got before.
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == ["sign-in failed"]


def collector_of_lines(tmp_path, taken: list[bytes]) -> tuple[int, Path]:
    """A collector that speaks TLS, with a certificate of its own; its port and the certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain = tmp_path / "collector.pem"
    chain.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(20)

    def take() -> None:
        with server, contextlib.suppress(OSError):
            plain, _ = server.accept()
            with context.wrap_socket(plain, server_side=True) as secure:
                while part := secure.recv(4096):
                    taken.append(part)

    threading.Thread(target=take, daemon=True).start()
    return server.getsockname()[1], chain


def send_lines(tmp_path, port: int, **environment: str) -> str:
    """A process with the settings of a production system that says two things and ends."""
    code = (
        "import logging.config; from manzanita.config import settings as s; "
        "logging.config.dictConfig(s.LOGGING); "
        "logging.getLogger('manzanita.deeds').info('sign_in accounts.user 12'); "
        "logging.getLogger('manzanita.accounts').warning('sign-in failed')"
    )
    given = {"MANZANITA_VAR": str(tmp_path), "PYTHONPATH": os.environ.get("PYTHONPATH", "src"), **environment}
    given["MANZANITA_SYSLOG"] = f"tls://localhost:{port}"
    done = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=True)
    return done.stderr


def test_lines_go_to_a_collector_on_another_system_by_tls(tmp_path):
    taken: list[bytes] = []
    port, certificate = collector_of_lines(tmp_path, taken)
    send_lines(tmp_path, port, MANZANITA_SYSLOG_CA=str(certificate))
    text = b"".join(taken).decode()

    # RFC 5425: the length of each message stands before it. RFC 5424: 10 (authpriv) times 8, and 6 or 4; version 1.
    found = []
    while text:
        length, _, rest = text.partition(" ")
        found.append(rest[: int(length)])
        text = rest[int(length) :]
    assert [one[:6] for one in found] == ["<86>1 ", "<84>1 "]
    said = [json.loads(one[one.index("{") :])["message"] for one in found]
    assert said == ["sign_in accounts.user 12", "sign-in failed"]


def test_a_collector_whose_certificate_nobody_vouches_for_gets_no_line(tmp_path):
    taken: list[bytes] = []
    port, _ = collector_of_lines(tmp_path, taken)
    told = send_lines(tmp_path, port)

    assert taken == []
    # What was to go there stands at the terminal as before.
    assert "sign-in failed" in told


def test_a_syslog_that_is_none_is_said_at_once(tmp_path):
    answer = production("1", MANZANITA_SYSLOG=str(tmp_path / "none"))

    assert answer.returncode == 1 and "MANZANITA_SYSLOG is to be the socket of a syslog" in answer.stderr


def test_a_deed_is_told_in_keys_once_it_is_certain(
    small_world, caplog, monkeypatch, django_capture_on_commit_callbacks
):
    user = small_world.case_manager
    monkeypatch.setattr(deeds, "handlers", [caplog.handler])
    caplog.set_level(logging.INFO, "manzanita.deeds")
    with django_capture_on_commit_callbacks(execute=True):
        change = log_change(
            actor=small_world.coordinator_actor,
            action="end_sessions",
            subject=user,
            reason="Wren lost a laptop",
            detail={"sessions": 2},
        )
        assert caplog.messages == []
    assert caplog.messages == [
        f"end_sessions accounts.user {user.pk} by {small_world.coordinator.pk} as coordinator at {w.LEA}, "
        f"student -, change {change.pk}"
    ]


def test_a_look_at_students_is_told_in_keys_once_it_is_certain(
    small_world, caplog, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(deeds, "handlers", [caplog.handler])
    caplog.set_level(logging.INFO, "manzanita.deeds")
    with django_capture_on_commit_callbacks(execute=True):
        log_reads(
            actor=small_world.coordinator_actor, student_ids=range(1, 63), what="students", filter_codes=""
        )
    row = ReadEvent.objects.latest("pk")

    assert caplog.messages == [
        f"list students by {small_world.coordinator.pk} as coordinator at {w.LEA}, students "
        f"{' '.join(str(number) for number in range(1, 61))} and 2 more, read {row.pk}"
    ]


def test_whoever_asks_too_often_is_told_to_wait(small_world, settings, noon):
    settings.REQUESTS_A_MINUTE = {"person": 4, "writes": 2, "address": 3}
    client = signed_in(small_world.coordinator)
    answers = [client.get("/account").status_code for _ in range(5)]
    refused = client.get("/account")

    assert answers == [200, 200, 200, 200, 429]
    # Noon is the first second of a minute.
    assert refused["Retry-After"] == "60" and "Wait 60 seconds" in refused.content.decode()
    assert "Wait 60 seconds" in client.get("/session", headers={"Accept": "application/json"}).json()["error"]
    # The next minute begins anew, and somebody else was never asked to wait.
    noon.shift(60)
    assert client.get("/account").status_code == 200
    # Of what writes fewer are answered; the search is one.
    assert [client.post("/students/search", {"q": "a"}).status_code for _ in range(3)] == [302, 302, 429]
    stranger = Client()
    assert [stranger.get("/sign-in").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_no_person_at_work_reaches_the_limits_of_requests(settings):
    from manzanita.config import settings as real

    # Ten clicks a second for a whole minute; three tabs whose progress is asked for each second take 180 of them.
    assert real.REQUESTS_A_MINUTE == {"person": 600, "writes": 240, "address": 1200}


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
        made.append([client.session.session_key, generate_totp_secret(), *new_recovery_codes(user)])
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


def test_behind_proxies_of_ours_the_address_is_the_one_that_the_outermost_was_asked_from(
    small_world, settings
):
    settings.TRUSTED_PROXIES = 2
    client = Client(headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.2"}, REMOTE_ADDR="10.0.0.3")
    client.post("/sign-in", {"username": small_world.case_manager.email, "password": w.PASSWORD})
    assert UserSession.objects.get().ip == "203.0.113.9"
    # Tries are counted by the client and not by the proxy, which is the same for everybody.
    sent = {"username": small_world.coordinator.email, "password": "wrong"}
    for address, status in (("203.0.113.9", 429), ("203.0.113.10", 200)):
        headers = {"X-Forwarded-For": f"{address}, 10.0.0.2"}
        for _ in range(10 if status == 429 else 1):
            answer = Client(headers=headers, REMOTE_ADDR="10.0.0.3").post("/sign-in", sent)
        assert answer.status_code == status, address


@pytest.mark.parametrize(
    ("told", "proxies", "address"),
    [
        ("203.0.113.9", 0, ""),
        ("203.0.113.9", 1, "203.0.113.9"),
        ("6.6.6.6,203.0.113.9", 1, "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9,  10.0.0.2", 2, "203.0.113.9"),
        ("2001:DB8:0::9", 1, "2001:db8::9"),
        # Said by fewer than there are, or no address: nobody's.
        ("203.0.113.9", 2, ""),
        ("", 1, ""),
        ("6.6.6.6, unknown", 1, ""),
        ("203.0.113.9:5555", 1, ""),
        ("6.6.6.6, ,", 2, ""),
    ],
)
def test_of_forwarded_addresses_only_what_proxies_of_ours_have_added_counts(told, proxies, address):
    assert client_address(told, proxies) == address


def test_signing_out_empties_the_browser_s_cache(small_world):
    client = signed_in(small_world.case_manager)
    answer = client.post("/sign-out")

    assert (answer.url, answer["Clear-Site-Data"]) == ("/sign-in", '"cache"')
    assert "sessionid" not in {name for name, cookie in answer.cookies.items() if cookie.value}


def test_no_text_of_a_person_begins_a_header_of_a_mail(small_world, mailoutbox):
    user = small_world.case_manager
    user.name = "Wren\r\nBcc: thief@example.org"
    user.email = "wren@example.org\nBcc: thief@example.org"
    with pytest.raises(BadHeaderError):
        mail.send_notice(user, "A notice", "Text")
    user.email = "wren@example.org"
    with pytest.raises(BadHeaderError):
        mail.send_notice(user, "A\nBcc: thief@example.org", "Text")
    mail.send_notice(user, "A notice", "Text")
    (sent,) = mailoutbox
    # In the text a name may say what it likes.
    assert set(sent.message().keys()) >= {"Subject", "From", "To"} and "Bcc" not in sent.message()
    assert sent.recipients() == ["wren@example.org"]


@pytest.mark.parametrize("email", ["wren@example.org\nBcc: thief@example.org", "a@example.org,b@example.org"])
def test_an_address_with_a_line_break_or_a_second_one_gets_no_account_and_no_mail(
    small_world, mailoutbox, email
):
    client = signed_in(small_world.coordinator)
    form = {"email": email, "name": "Moss Sample", "perspective": "case_manager", "agency": w.LEA}
    answer = client.post("/admin/add", {**form, "starts_on": "2026-11-23", "reason": "Hired"})

    assert answer.status_code == 422 and "This is no e-mail address." in answer.content.decode()
    assert mailoutbox == []
    Client().post("/password/forgotten", {"email": email})
    assert mailoutbox == []


def test_of_a_doubled_parameter_one_counts_and_query_and_body_are_not_mixed(small_world):
    """What is judged is what is done: a second value neither widens a list nor passes for the first."""
    client = signed_in(small_world.case_manager)
    token = client.post("/students/search", {"q": ["Alder", "Towhee"]}).url.partition("=")[2]
    page = client.get(f"/students?search=nonsense&search={token}").content.decode()
    assert "Testcase, Towhee" in page and "Testcase, Alder" not in page
    assert client.get("/students?list=all&list=nonsense").status_code == 404
    assert client.get("/students?list=nonsense&list=all").status_code == 200
    # What a form is to say is not taken from the address, nor the other way round.
    assert client.post("/students/search?q=Alder", {}).url == "/students"
    assert client.post("/perspective?grant=1&view=all", {}).status_code == 302
    sent = {"username": small_world.coordinator.email}
    answer = Client().post(f"/sign-in?password={w.PASSWORD}", sent)
    assert answer.status_code == 200 and "sessionid" not in answer.cookies


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
