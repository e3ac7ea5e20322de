"""The reader and the writer of caret files: what was written is read again, what is damaged is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain.layouts import RECORDS, layout
from manzanita.domain.layouts.files import (
    FieldRefused,
    UnreadableFile,
    parse_record_file,
    read_record_file,
    rows_of,
    write_lines,
)
from manzanita.domain.rules.examples import senr, swds

# Everything that may stand in a field: any character but the one that divides fields, and control characters.
TEXTS = st.text(
    st.one_of(st.just("\t"), st.characters(exclude_characters="^", exclude_categories=("Cs", "Cc"))),
    max_size=9,
)


def line(record, values):
    return write_lines(layout(record), [values])[0]


def parse(*lines, end="\n", name="file.txt"):
    return parse_record_file(("\n".join(lines) + end).encode(), name)


@pytest.mark.parametrize("record", RECORDS)
@given(data=st.data())
def test_what_is_written_is_read_again(record, data):
    fields = [f for f in layout(record).fields[1:] if f.max_length is None or f.max_length >= 9]
    rows = data.draw(
        st.lists(st.fixed_dictionaries({field.number: TEXTS for field in fields}), min_size=1, max_size=4)
    )
    written = write_lines(layout(record), rows)
    again = rows_of(parse_record_file(("\n".join(written) + "\n").encode(), "file.txt"))
    first = layout(record).fields[0].number
    assert again == [
        {number: {**row, first: record}.get(number, "") for number in layout(record).numbers} for row in rows
    ]
    assert write_lines(layout(record), again) == written


@given(st.binary(max_size=400))
def test_no_bytes_bring_the_reader_down(data):
    try:
        record_file = parse_record_file(data, "file.txt")
    except UnreadableFile:
        return
    named = {finding.line for finding in record_file.set_aside}
    assert len(named) == len(record_file.set_aside)


@given(st.lists(st.sampled_from(["good", "short", "long", "other", "latin"]), min_size=1, max_size=8))
def test_every_line_is_either_read_or_named(kinds):
    good = line("SWDS", swds())
    text = {
        "good": good.encode(),
        "short": good.rsplit("^", 2)[0].encode(),
        "long": (good + "^").encode(),
        "other": good.replace("SWDS", "PLAN", 1).encode(),
        "latin": good.replace("SE-1", "Ni\u00f1o").encode("latin-1"),
    }
    data = b"\n".join([good.encode(), *(text[kind] for kind in kinds)]) + b"\n"
    record_file = parse_record_file(data, "file.txt")
    bad = [number for number, kind in enumerate(kinds, start=2) if kind != "good"]
    assert [finding.line for finding in record_file.set_aside] == bad
    assert record_file.frame["line"].to_list() == [
        number for number in range(1, len(kinds) + 2) if number not in bad
    ]


def test_an_extract_is_read_by_its_suffix_with_the_two_extra_dates():
    extract = line("SWDS", swds()).replace("SWDS", "SWDS-R", 1) + "^20261101^20261102"
    record_file = parse(extract)
    assert (record_file.record, record_file.is_extract) == ("SWDS", True)
    assert record_file.frame.select("22.06", "upload_date", "last_updated").row(0) == (
        "9900000001",
        "20261101",
        "20261102",
    )


def test_a_quote_mark_is_a_character_like_any_other():
    record_file = parse(line("SENR", senr({"1.10": 'Wren "Robin'})), line("SENR", senr({"1.10": '"Jay'})))
    assert record_file.frame["1.10"].to_list() == ['Wren "Robin', '"Jay']


def test_a_line_of_spaces_between_lines_is_named_and_blank_lines_at_the_end_are_not():
    good = line("SWDS", swds())
    record_file = parse(good, "", good, "", "  ")
    assert [(f.line, f.message) for f in record_file.set_aside] == [
        (2, "Line 2 is empty. Remove it, or look for the record that is missing here.")
    ]


@pytest.mark.parametrize(
    ("number", "value", "told"),
    [
        ("22.08", "SE^1", "22.08 Local Special Education Student ID: a caret (^) divides fields"),
        ("22.08", "SE\n1", "22.08 Local Special Education Student ID: a line break ends the record"),
        (
            "22.08",
            "SE\0001",
            "22.08 Local Special Education Student ID: a NUL character (U+0000) cannot stand",
        ),
        (
            "22.08",
            "SE\x921",
            "22.08 Local Special Education Student ID: a control character (U+0092) cannot stand",
        ),
        ("22.12", "12", "22.12 Special Education Status Code: 2 characters, and the field takes 1"),
        ("22.99", "x", "SWDS has no field 22.99"),
        ("22.01", "PLAN", "'PLAN' is not the record type SWDS"),
    ],
)
def test_the_writer_refuses_what_would_not_be_read_again(number, value, told):
    with pytest.raises(FieldRefused) as refused:
        write_lines(layout("SWDS"), [swds({number: value})])
    assert str(refused.value).startswith(told)
    assert refused.value.number == number


def test_a_file_of_another_sort_is_told_from_a_damaged_one(tmp_path):
    for name, data, is_damaged in (
        ("notes.csv", b"kind,code\nlea,9910017\n", False),
        ("empty.txt", b"", True),
        ("other.txt", b"ABCD^1^2^3^4^5^6^7\n", True),
        ("export.zip", b"PK\x03\x04", False),
        ("export.txt", b"PK\x03\x04", True),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnreadableFile) as unreadable:
            read_record_file(tmp_path / name)
        assert unreadable.value.is_damaged is is_damaged
