"""An address that only takes what a form sends, opened again."""

from __future__ import annotations

import pytest

from tests.support.pages import NO_ID, text_of


@pytest.mark.parametrize(
    ("path", "back"),
    [
        (f"/transfers/{NO_ID}/step", f"/transfers/{NO_ID}"),
        (f"/students/{NO_ID}/leaving/undo", f"/students/{NO_ID}/leaving"),
        ("/students/search", "/students"),
    ],
)
def test_it_says_so_and_leads_to_its_page(small_world, sign_in, path, back):
    client = sign_in(small_world.coordinator)
    answer = client.get(path)
    page = text_of(answer)
    assert answer.status_code == 405 and answer.headers["Allow"] == "POST"
    assert "This address only takes what a button or a form sends" in page
    assert f'href="{back}"' in page
    assert client.get(path, headers={"HX-Request": "true"}).content == b""
