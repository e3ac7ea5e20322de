from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.support import pages
from manzanita.meetings.models import Meeting

def test_print(small_world, sign_in):
    c = sign_in(small_world.coordinator)
    address = f"/students/{small_world.students['alder'].public_id}"
    c.get(address)
    with CaptureQueriesContext(connection, ) as found:
        c.get(address)
    with open("/tmp/i7tmp/queries.txt","w") as f:
        for n, q in enumerate(found.captured_queries, 1):
            f.write(f"{n} {q['sql'][:260]}\n")
