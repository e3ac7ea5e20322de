"""The gateway that settings name."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from manzanita.exchange.gateway import StateGateway
from manzanita.exchange.gateway.api import ApiGateway
from manzanita.exchange.gateway.files import FileGateway


def gateway(*, form: str, destination: str) -> StateGateway:
    """The gateway of a form (``api``, ``files``) to a destination (``sandbox``, ``state``).

    Raises ``ValueError`` for the state's API: no contract of it is public, so there is nothing to speak to.
    """
    chosen = settings.STATE_GATEWAY
    if form == "files":
        return FileGateway(folder=Path(chosen["files_dir"]), destination=destination)
    if destination != "sandbox":
        raise ValueError("the state's API contract is not public")
    return _api(chosen["url"], chosen["client_id"], chosen["client_secret"], chosen["timeout_seconds"])


@lru_cache(maxsize=4)
def _api(url: str, client_id: str, client_secret: str, timeout_seconds: float) -> ApiGateway:
    """One client for a process, so that its connections and its token are used again."""
    return ApiGateway(
        url=url,
        client_id=client_id,
        client_secret=client_secret,
        destination="sandbox",
        timeout_seconds=timeout_seconds,
    )
