"""A stand-in CALPADS: own process, own database, its own plain code.

Start it with ``manzanita sandbox --db PATH --port N``. It is an independent witness: it shares the
layouts and the code sets with Manzanita, and no rule, reader or writer. That is what makes "the state's
database ends equal to ours" a statement about two programs instead of one.

Sign-in
-------
``POST /oauth/token`` with the form ``grant_type=client_credentials&client_id=…&client_secret=…`` answers
``{"access_token", "token_type": "bearer", "expires_in": 3600}``. Everything under ``/v1`` wants
``Authorization: Bearer …``; without a valid token the answer is 401. Tokens survive a restart.

Errors are JSON everywhere: ``{"error": "<word>", "message": "<sentence>"}``. Outside its hours everything
but the control interface answers 503 with the word ``closed`` and ``opens_at``, an ISO 8601 instant; lines that
were received before wait until then, in their order.

Submissions
-----------
``POST /v1/submissions``
    Headers ``Content-Length`` (411 without) and ``X-File-Name`` (printable ASCII, no slash, at most 120
    characters, else 400). The body is UTF-8 (else 400), caret lines of SWDS, MEET, PLAN, SERV and
    PSTS in any mix, LF or CRLF. Answer 202 ``{"job", "file_name", "lines"}``. A body above 50 MB is 413. A body that
    ends before its announced length is dropped: nothing is stored and nothing is answered. There is no
    idempotency key: the same file name twice is two jobs, so a client that is unsure looks first.
``GET /v1/submissions?file_name=…``
    ``{"jobs": [{"job", "file_name", "status", "lines", "received_at"}]}``, newest first; without the
    filter the last 100. ``received_at`` is ISO 8601 in UTC.
``GET /v1/submissions/<job>?after=0&limit=1000``
    ``{"job", "file_name", "status": "queued|processing|complete", "lines", "posted", "rejected",
    "results": [{"line", "outcome": "posted|rejected", "record", "local_record_id",
    "errors": [{"code", "field", "text"}]}]}``. ``line`` is the one-based line of the body (blank lines
    are skipped, and counted in the numbering only); ``after`` is the last line already read; ``limit``
    is at most 5000. ``record`` is null where column 1 names none of the five, ``field`` where the error
    belongs to the whole line.
``GET /v1/submissions/<job>/rejected``
    The rejected-record extract, text/plain: for each error of a rejected line the line as it came and
    three more columns, code, field and text. The state's own form of it is not public.

Extracts
--------
``POST /v1/extracts`` with ``{"record": "PLAN", "lea": "9910017" | null, "ssids": [...] | null}`` answers
text/plain, one stored record a line in the form of an ODS extract: record type with ``-R``, transaction
type blank, the fields as posted, then Upload Date (first posting) and Last Date Updated, CCYYMMDD.
Sorted by key as text, the parts of the key in the order of :data:`manzanita.sandbox.records.KEYS`.
A POST, so that no SSID stands in an address or a log.

Control, for tests and the demo
-------------------------------
Wants the header ``X-Control-Secret`` where a secret is configured, except for health.

``POST /control/reject`` ``{"record", "ssid" | null, "code", "field" | null, "text", "times": 1}``
    The next ``times`` matching lines are rejected with this error. Answers ``{"ok": true}``.
``POST /control/weather`` ``{"next": [...], "seed": n | null, "share": 0.5, "seconds": 1, "stalled": false}``
    What is told changes, the rest stays. ``next`` holds a word for each of the next requests, control
    requests left out; after them, where a ``seed`` is set, that ``share`` of the requests draws one.
    While ``stalled`` lines wait, and submissions are still accepted. The words:
    ``clear``; ``refuse`` (hangs up, nothing done); ``fail`` (500, nothing done); ``slow`` (does it only
    after ``seconds``); ``late`` (does it, answers after ``seconds``); ``lose`` (does it and hangs up);
    ``truncate`` (does it, the answer breaks off in the middle); ``twice`` (does it, answers twice, and
    what an answer lists it lists twice). No draw gives two more: ``deny`` (403 with the word
    ``not_allowed``, nothing done) and ``empty`` (does it, and leaves out what the answer lists).
``POST /control/clock`` ``{"today": "YYYY-MM-DD", "time": "HH:MM", "hours": ["06:00", "21:00"]}``
    The day for upload dates, the time of day, which stands still, and the hours in which the state is
    open. What is told changes; null is the real day, the real time in California, always open. Tokens
    keep real time.
``POST /control/ssid`` ``{"retired": "…", "replaced_by": "…"}``
    Two SSIDs were one student. What stood under the retired one moves to the other, and a line that
    still names it is rejected with SBX0003, which names the other.
``GET /control/applied``
    ``{"applied": [{"local_record_id", "record", "operation": "upsert|delete", "count"}],
    "lines_applied": n}``: every effect a submitted line ever had.
``GET /control/health``
    ``{"status": "ok", "stalled", "is_open", "waiting_jobs", "today"}``.

Processing
----------
One thread takes jobs in the order received and lines in file order. The effect of a line and its result
are one transaction, so that a kill at any moment loses no line and applies none twice. Blank, A and R
add or replace by key; D deletes by key. Two records are replaced as a set: the first good line of a set
in a file takes away what the set held before, the others of the file join it. PSTS is always so, by
student, LEA, SELPA, kind of program and year; a SERV of type R so replaces the services of its plan (for
SERV the state's processing is inferred, so that A, which adds to the set, stands beside it).

The log (stderr) holds method, route and status: no query, no SSID, no name, no file name.

``SANDBOX_CRASH_AT`` makes the process end itself with exit code 137, once per database file, at one of:
``unreceived`` (body read, not stored), ``received`` (stored, not answered), ``applying`` (inside the
transaction of a line), ``applied`` (line committed, job not finished).
"""
