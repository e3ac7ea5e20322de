"""A caret file read in blocks of a few bytes: where a block ends is seen nowhere in what is read."""

from __future__ import annotations

from io import BytesIO

import pytest

from manzanita.domain.layouts import layout
from manzanita.domain.layouts.blocks import UnreadableFile, open_record_file, open_records
from manzanita.domain.layouts.files import write_lines
from manzanita.domain.rules.examples import swds

BOM = b"\xef\xbb\xbf"
# A SWDS line with the SSID of its number has 67 bytes.
SIZES = [1, 7, 66, 67, 68, 69, 136, 1 << 20]


def line(number):
    return write_lines(layout("SWDS"), [swds({"22.06": f"{9900000000 + number}"})])[0].encode()


def read(data, size):
    """Line number -> SSID of what was read, and line number -> start of the message of what was set aside."""
    blocks = list(open_records(lambda: BytesIO(data), "file.txt", block_bytes=size).blocks())
    good = {row["line"]: row["22.06"] for block in blocks for row in block.frame.iter_rows(named=True)}
    told = {one.line: one.message for block in blocks for one in block.set_aside}
    assert sum(block.frame.height for block in blocks) == len(good)
    return good, told


def test_the_line_is_as_long_as_the_sizes_suppose():
    assert len(line(1)) == 67


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_keep_their_numbers_whatever_ends_them(size, end, last):
    data = end.join(line(number) for number in (1, 2, 3, 4)) + (end if last else b"")
    good, told = read(data, size)
    assert good == {1: "9900000001", 2: "9900000002", 3: "9900000003", 4: "9900000004"}
    assert told == {}


@pytest.mark.parametrize("size", SIZES)
def test_a_broken_line_is_told_by_its_number_and_the_lines_around_it_are_read(size):
    data = b"\n".join([line(1), line(2)[:40], line(3), line(4) + b"^", line(5)]) + b"\n"
    good, told = read(data, size)
    assert good == {1: "9900000001", 3: "9900000003", 5: "9900000005"}
    assert sorted(told) == [2, 4]
    assert told[2].startswith("Line 2 has 8 fields, and a SWDS line has 13.")
    assert told[4].startswith("Line 4 has 14 fields, and a SWDS line has 13.")


@pytest.mark.parametrize("size", SIZES)
def test_a_line_with_too_few_carets_does_not_make_up_for_one_with_too_many(size):
    data = b"\n".join([line(1)[:-1], line(2) + b"^", line(3)]) + b"\n"
    good, told = read(data, size)
    assert (good, sorted(told)) == ({3: "9900000003"}, [1, 2])


@pytest.mark.parametrize("size", SIZES)
def test_empty_lines_count_and_are_told_only_where_a_line_follows(size):
    data = b"\n".join([line(1), b"", b" ", line(4), b"", b"", b""])
    good, told = read(data, size)
    assert good == {1: "9900000001", 4: "9900000004"}
    assert {number: message[:16] for number, message in told.items()} == {
        2: "Line 2 is empty.",
        3: "Line 3 is empty.",
    }


@pytest.mark.parametrize("size", SIZES)
def test_the_byte_order_mark_of_each_file_that_was_appended_is_no_part_of_a_line(size):
    assert read(BOM + line(1) + b"\r\n" + BOM + line(2), size) == ({1: "9900000001", 2: "9900000002"}, {})
    assert read(BOM + line(1) + b"\r" + BOM + line(2), size) == ({1: "9900000001", 2: "9900000002"}, {})


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("bad", "told_of_it"),
    [
        (b"\xf1", "Line 2 has a character that is not UTF-8 in field 22.08"),
        (b"\x00", "Line 2 has a NUL character (U+0000) in field 22.08"),
        (b"\r", "Line 2 has a carriage return (U+000D) in field 22.08"),
        ("\x85".encode(), "Line 2 has a control character (U+0085) in field 22.08"),
    ],
)
def test_a_bad_character_sets_its_line_aside_and_no_other(size, bad, told_of_it):
    data = b"\n".join([line(1), line(2).replace(b"SE-1", b"SE" + bad), line(3)])
    good, told = read(data, size)
    assert good == {1: "9900000001", 3: "9900000003"}
    assert list(told) == [2]
    assert told[2].startswith(told_of_it)


@pytest.mark.parametrize("size", SIZES)
def test_a_character_of_several_bytes_is_not_divided(size):
    data = b"\n".join([line(1), line(2).replace(b"SE-1", "Ñandú".encode()), line(3)])
    blocks = list(open_records(lambda: BytesIO(data), "file.txt", block_bytes=size).blocks())
    assert [text for block in blocks for text in block.frame["22.08"]] == ["SE-1", "Ñandú", "SE-1"]


def test_a_block_holds_no_more_than_its_lines():
    data = b"\n".join(line(number) for number in range(1, 101)) + b"\n"
    heights = [
        block.frame.height for block in open_records(lambda: BytesIO(data), "f", block_bytes=680).blocks()
    ]
    assert max(heights) == 10
    assert sum(heights) == 100


def test_a_file_is_read_from_its_path_again_and_again(tmp_path):
    path = tmp_path / "ODS.txt"
    path.write_bytes(line(1) + b"\n")
    records = open_record_file(path)
    assert (records.file, records.record, records.is_extract) == ("ODS.txt", "SWDS", False)
    assert [len(list(records.blocks())) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("size", [1, 67, 1 << 20])
def test_a_file_of_another_sort_is_told_without_a_finding(size):
    data = b"name,grade\n" + b"Wren,5\n" * 30
    with pytest.raises(UnreadableFile) as refused:
        open_records(lambda: BytesIO(data), "people.csv", block_bytes=size)
    assert not refused.value.is_damaged
