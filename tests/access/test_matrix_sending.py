"""The access matrix once more: every perspective sends a form to every address."""

from __future__ import annotations

import pytest

from manzanita.domain.perspectives import PERSPECTIVES
from tests.access.cells import wrong_cells


@pytest.mark.parametrize("perspective", PERSPECTIVES)
def test_each_cell(access, sign_in, perspective, record_property, capsys):
    client = sign_in(access.person(perspective), access.grants[perspective])
    client.raise_request_exception = False
    cells, wrong = wrong_cells(access, client, perspective, "POST")
    assert not wrong, "\n".join(map(str, wrong))
    record_property("cells", cells)
    with capsys.disabled():
        print(f" [{perspective}: {cells} cells]", end="")
