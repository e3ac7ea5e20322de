"""A district's OpenID Connect provider, as small as it can be: discovery, sign-in page, token, keys.

It runs in a thread and signs what ``claims`` says at the time. ``forge`` makes it sign with a key that it does
not publish; ``algorithm`` ``none`` and ``HS256`` are what an attacker would try; ``issuer`` is who it calls itself
where that is not its address.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "manzanita-tests", "told-to-nobody"


class Provider(AbstractContextManager):
    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.other_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.claims: dict[str, Any] = {}
        self.forge, self.algorithm = False, "RS256"
        self.cancels, self.issuer = False, ""
        # Paths that lead elsewhere, to the same path behind /elsewhere; and every path that was asked for.
        self.leads_away: set[str] = set()
        self.asked: list[str] = []
        self._challenges: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def id_token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer or self.address,
            "aud": CLIENT_ID,
            "sub": "person-1",
            "iat": now,
            "exp": now + 300,
            **self.claims,
        }
        if self.algorithm == "none":
            return jwt.encode(claims, None, algorithm="none", headers={"kid": "one"})
        if self.algorithm == "HS256":
            return jwt.encode(claims, CLIENT_SECRET * 3, algorithm="HS256", headers={"kid": "one"})
        key = self.other_key if self.forge else self.key
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "one"})

    def sign_in(self, asked: str) -> str:
        """Where the provider sends a person back who came to the address ``asked`` and signed in."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}
        assert (query["client_id"], query["response_type"]) == (CLIENT_ID, "code")
        assert query["code_challenge_method"] == "S256"
        if self.cancels:
            told = {"error": "access_denied", "state": query["state"]}
        else:
            code = hashlib.sha256(query["state"].encode()).hexdigest()
            self._challenges[code] = query["code_challenge"]
            told = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(told)}"

    def _token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        # A code is good once.
        is_right = self._challenges.pop(form.get("code", ""), None) == challenge
        if not is_right or form.get("client_secret") != CLIENT_SECRET:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token()}

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer or self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def _keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]}

    def _handler(provider) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if self._led_away(path):
                    return
                path = path.removeprefix("/elsewhere")
                if path == "/.well-known/openid-configuration":
                    self._json(200, provider._discovery())
                elif path == "/keys":
                    self._json(200, provider._keys())
                elif path == "/authorize":
                    self._page(provider.sign_in(self.path))
                else:
                    # A browser asks for an icon.
                    self._json(200, {})

            def do_POST(self) -> None:
                if self._led_away(urlsplit(self.path).path):
                    return
                length = int(self.headers["Content-Length"])
                form = {
                    name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()
                }
                self._json(*provider._token(form))

            def _led_away(self, path: str) -> bool:
                provider.asked.append(path)
                if path in provider.leads_away:
                    # 307 would send the same body again, with the secret in it.
                    self.send_response(307)
                    self.send_header("Location", f"{provider.address}/elsewhere{path}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                return path in provider.leads_away

            def _json(self, status: int, told: dict[str, Any]) -> None:
                self._send(status, "application/json", json.dumps(told).encode())

            def _page(self, back: str) -> None:
                link = back.replace("&", "&amp;")
                page = f'<!doctype html><html lang="en"><title>District</title><a href="{link}">I am here</a></html>'
                self._send(200, "text/html", page.encode())

            def _send(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler
