"""How the contexts look beside a row: the same few steps for one student and for a partition of a state.

A query of Polars takes a tenth of a millisecond to begin, whatever its size, and what stands beside one student's
records took a hundred of them. So each step here is made in plain Python where the rows are few, and by Polars where
they are many: :data:`FEW` alone decides, and either says the same. Masks are series, which Polars makes at once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from polars._typing import PolarsDataType

ROW = "_row"
# Of so many rows together a query of Polars takes about as long as a loop.
FEW = 100

_NO_TYPES: Mapping[str, PolarsDataType] = {}
Names = str | Sequence[str]


def is_few(*frames: pl.DataFrame | pl.Series) -> bool:
    return sum(map(len, frames)) <= FEW


def where(frame: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """The rows of which ``mask`` is true, in order."""
    return pl.DataFrame([column.filter(mask) for column in frame.get_columns()])


def day_number(days: pl.Series) -> pl.Series:
    """Dates of the state (CCYYMMDD) as numbers, which are compared much faster than texts; null where empty."""
    return days.cast(pl.Int32, strict=False)


def same(value: Any, height: int, name: str, dtype: PolarsDataType | None = None) -> pl.Series:
    """A column that says the same on each row."""
    return pl.Series(name, [value], dtype=dtype).new_from_index(0, height)


def among(own: pl.Series, values: pl.Series) -> pl.Series:
    """True where ``own`` is one of ``values``, each of which may stand there often."""
    if not values.len():
        return same(False, own.len(), own.name, pl.Boolean)
    if is_few(own, values):
        known = set(values.to_list())
        return pl.Series(own.name, [value in known for value in own.to_list()], dtype=pl.Boolean)
    return own.is_in(values.implode())


def has_record(
    subject: pl.DataFrame, own: Sequence[str], others: pl.DataFrame, theirs: Sequence[str]
) -> pl.Series:
    """True on the rows of ``subject`` whose fields ``own`` are the fields ``theirs`` of one of ``others``."""
    if is_few(subject, others):
        known = set(_keys(others, theirs))
        return pl.Series([key in known for key in _keys(subject, own)], dtype=pl.Boolean)
    found = subject[:, [ROW, *own]].join(others[:, list(theirs)], left_on=own, right_on=theirs, how="semi")
    return among(subject[ROW], found[ROW])


def pairs(subject: pl.DataFrame, found: pl.DataFrame, own: Names, other: Names) -> pl.DataFrame:
    """Each row of ``subject`` beside each of ``found`` whose ``other`` are its ``own``; those columns stand once."""
    if not is_few(subject, found):
        return subject.join(found, left_on=own, right_on=other, how="inner")
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, key in enumerate(_keys(found, other)):
        places[key].append(place)
    met = [(here, there) for here, key in enumerate(_keys(subject, own)) for there in places.get(key, ())]
    beside = [name for name in found.columns if name not in ([other] if isinstance(other, str) else other)]
    return _at(subject, [here for here, _ in met]).hstack(_at(found[:, beside], [there for _, there in met]))


def told(
    subject: pl.DataFrame, found: pl.DataFrame, own: Names, other: Names, empty: Mapping[str, Any]
) -> pl.DataFrame:
    """``subject`` with the columns of ``found``, which has one row for each ``other``, where its ``own`` are the same.

    ``empty`` has the names of these columns, and what stands in them where nothing is found.
    """
    if not found.height:
        return none_told(subject, empty, found.schema)
    if is_few(subject, found):
        place_of = {key: place for place, key in enumerate(_keys(found, other))}
        places = [place_of.get(key) for key in _keys(subject, own)]
        return subject.hstack([_told(found[name], places, value) for name, value in empty.items()])
    others = [other] if isinstance(other, str) else other
    thin = found[:, list(dict.fromkeys([*others, *empty]))]
    joined = subject.join(thin, left_on=own, right_on=other, how="left")
    filled = [pl.col(name).fill_null(value) for name, value in empty.items() if value is not None]
    return joined.with_columns(filled) if filled else joined


def _told(column: pl.Series, places: Iterable[int | None], empty: Any) -> pl.Series:
    values = column.to_list()
    said = [None if place is None else values[place] for place in places]
    return pl.Series(column.name, [empty if one is None else one for one in said], dtype=column.dtype)


def none_told(
    subject: pl.DataFrame, empty: Mapping[str, Any], types: Mapping[str, PolarsDataType] = _NO_TYPES
) -> pl.DataFrame:
    """``subject`` with ``empty`` on each row. Of one student's records often nothing is found, and to look further
    would take as long as with something."""
    return subject.hstack(
        [same(value, subject.height, name, types.get(name)) for name, value in empty.items()]
    )


def newest_rows(frame: pl.DataFrame, key: str, by: pl.Series) -> pl.DataFrame:
    """The last row of each ``key`` by ``by``; of rows that are equally new the last one that stands there."""
    if frame.height < 2:
        return frame
    if is_few(frame):
        order, keys = by.to_list(), frame[key].to_list()
        # Nulls first, as Polars sorts.
        places = sorted(range(frame.height), key=lambda place: (order[place] is not None, order[place]))
        return _at(frame, list({keys[place]: place for place in places}.values()))
    ordered = frame.with_columns(by.alias("_by")).sort("_by", maintain_order=True)
    return ordered.unique(key, keep="last").drop("_by")


def is_newest(keys: pl.Series, days: pl.Series) -> pl.Series:
    """True where of all rows with the same key none has a later of ``days``; never where there is no day."""
    if is_few(keys):
        newest: dict[Hashable, Any] = {}
        asked = list(zip(keys.to_list(), days.to_list(), strict=True))
        for key, day in asked:
            if day is not None and (key not in newest or newest[key] < day):
                newest[key] = day
        said = [day is not None and newest[key] == day for key, day in asked]
        return pl.Series(said, dtype=pl.Boolean)
    body = pl.DataFrame([keys.alias("key"), days.alias("day")])
    return body.select((pl.col("day") == pl.col("day").max().over("key")).fill_null(False)).to_series()


def has_double(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """True on rows that agree in ``names`` with another one."""
    if is_few(frame):
        keys = _keys(frame, names)
        count = Counter(keys)
        return pl.Series([count[key] > 1 for key in keys], dtype=pl.Boolean)
    # Hardly any row has a double, and few that have none look as if.
    found = frame.select(pl.struct(names).hash().is_duplicated()).to_series()
    if found.any():
        places = found.arg_true()
        is_double = frame[places].select(pl.struct(names).is_duplicated()).to_series()
        found = found.scatter(places.filter(~is_double), False)
    return found


def greatest(frame: pl.DataFrame, key: str, columns: Sequence[str]) -> pl.DataFrame:
    """The greatest value in each of ``columns`` by ``key``; null where there is none."""
    if not is_few(frame):
        return frame.group_by(key).agg(pl.col(columns).max())
    keys = frame[key].to_list()
    found = [pl.Series(key, list(dict.fromkeys(keys)), dtype=frame[key].dtype)]
    for name in columns:
        of_key: dict[Hashable, Any] = dict.fromkeys(keys)
        for one, value in zip(keys, frame[name].to_list(), strict=True):
            if value is not None and ((known := of_key[one]) is None or known < value):
                of_key[one] = value
        found.append(pl.Series(name, list(of_key.values()), dtype=frame[name].dtype))
    return pl.DataFrame(found)


def _keys(frame: pl.DataFrame, names: Names) -> list[Any]:
    return frame[names].to_list() if isinstance(names, str) else frame[:, list(names)].rows()


def _at(frame: pl.DataFrame, places: list[int]) -> pl.DataFrame:
    return frame[pl.Series(places, dtype=pl.UInt32)]
