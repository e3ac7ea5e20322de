"""What an installation holds before anybody has done anything."""

from manzanita.accounts.models import User


def test_it_has_no_account(db):
    assert not User.objects.exists()
