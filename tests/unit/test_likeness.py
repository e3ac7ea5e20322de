"""Who may be the same student: by hand, word for word, and as properties."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from manzanita.domain.likeness import (
    Birth,
    Degree,
    Known,
    Strength,
    birth_likeness,
    likeness,
    name_likeness,
    near_birth_dates,
)
from manzanita.domain.name_sounds import name_parts, sound_keys, sound_of

BORN = date(2016, 4, 9)
SAGE = Known("Sage", "Testcase", BORN)


@pytest.mark.parametrize(
    ("a", "b", "degree"),
    [
        ("José", "JOSE", Degree.SAME),
        ("O’Hara", "Ohara", Degree.SAME),
        ("Mary-Ann", "Maryann", Degree.SAME),
        ("De la Cruz", "Delacruz", Degree.SAME),
        ("Testcase Jr.", "Testcase", Degree.SAME),
        ("Testcase III", "Testcase Jr", Degree.SAME),
        ("Đặng", "Dang", Degree.SAME),
        ("López García", "López", Degree.PART),
        ("Núñez-Đăng", "Dang Nunez", Degree.PART),
        ("de la Cruz", "Cruz", Degree.PART),
        ("Catherine", "Kathryn", Degree.SOUND),
        ("Gonzales", "González", Degree.SOUND),
        ("Ximénez", "Jimenez", Degree.SOUND),
        ("Giménez", "Jimenez", Degree.SOUND),
        ("Córdova", "Cordoba", Degree.SOUND),
        ("Sarah", "Sara", Degree.SOUND),
        ("Gonzales Ruiz", "Gonzalez", Degree.SOUND),
        ("Stephen", "Steven", Degree.NEAR),
        ("Brandon", "Bradnon", Degree.NEAR),
        ("Testcase", "Tesstcaze", Degree.SOUND),
        # Two names, not one mistyped
        ("Mario", "Maria", Degree.OTHER),
        ("Daniel", "Daniela", Degree.OTHER),
        ("Ana", "Ava", Degree.OTHER),
        ("Elizabeth", "Beth", Degree.OTHER),
        ("William", "Bill", Degree.OTHER),
        ("Jr", "Sr", Degree.OTHER),
        ("", "Sage", Degree.OTHER),
        ("", "", Degree.OTHER),
    ],
)
def test_how_like_two_names_are(a, b, degree):
    assert name_likeness(a, b) is degree


@pytest.mark.parametrize(
    ("a", "b", "birth"),
    [
        (BORN, BORN, Birth.SAME),
        (BORN, date(2016, 9, 4), Birth.SWAPPED),
        (BORN, date(2015, 4, 9), Birth.DIGIT),
        (BORN, date(2016, 4, 8), Birth.DIGIT),
        (date(2016, 4, 12), date(2016, 4, 21), Birth.DIGIT),
        (date(2012, 4, 9), date(2021, 4, 9), Birth.DIGIT),
        (BORN, date(2016, 4, 10), Birth.OTHER),
        (date(2016, 4, 12), date(2017, 4, 13), Birth.OTHER),
        (BORN, None, Birth.UNKNOWN),
        (None, None, Birth.UNKNOWN),
    ],
)
def test_how_like_two_birth_dates_are(a, b, birth):
    assert birth_likeness(a, b) is birth


@pytest.mark.parametrize(
    ("other", "strength", "words"),
    [
        (Known("SAGE", "testcase", BORN), Strength.EXACT, "same birth date; same name"),
        (Known("Testcase", "Sage", BORN), Strength.LIKELY, "same birth date; names swapped"),
        (
            Known("Tescase", "Saje", BORN),
            Strength.LIKELY,
            "same birth date; names swapped, and not spelled alike",
        ),
        (
            Known("Sayge", "Testcase", BORN),
            Strength.LIKELY,
            "same birth date; same last name; first name sounds alike",
        ),
        (
            Known("Sage", "Testcase", date(2016, 9, 4)),
            Strength.LIKELY,
            "month and day of the birth date swapped; same name",
        ),
        (
            Known("Sage", "Testcase", date(2016, 4, 8)),
            Strength.LIKELY,
            "birth date differs in one digit; same name",
        ),
        (Known("Sage", "Testcase", None), Strength.POSSIBLE, "birth date not known; same name"),
        # A twin, and a name that has changed
        (
            Known("Fern", "Testcase", BORN),
            Strength.POSSIBLE,
            "same birth date; same last name; another first name",
        ),
        (
            Known("Sage", "Quill", BORN),
            Strength.POSSIBLE,
            "same birth date; same first name; another last name",
        ),
        (Known("Sage", "Testcase", date(2016, 4, 10)), None, ""),
        (Known("Fern", "Quill", BORN), None, ""),
        (Known("Fern", "Testcase", date(2016, 9, 4)), None, ""),
        (Known("Sage", "Tescase", date(2016, 9, 4)), None, ""),
    ],
)
def test_what_speaks_for_the_same_student(other, strength, words):
    found = likeness(SAGE, other)
    assert (None if found is None else (found.strength, found.words)) == (
        None if strength is None else (strength, words)
    )


def test_the_ssid_outweighs_everything_and_two_of_them_are_told():
    known = Known("Fern", "Quill", date(2001, 1, 1), "9900000009")
    same = likeness(Known("Sage", "Testcase", BORN, "9900000009"), known)
    assert (
        same.strength is Strength.EXACT
        and same.words == "same SSID; another birth date; another first name; another last name"
    )

    apart = likeness(
        Known("Sage", "Testcase", BORN, "9900000001"), Known("Sage", "Testcase", BORN, "9900000002")
    )
    assert apart.words == "same birth date; same name; each has an SSID of its own"


def test_the_best_comes_first():
    others = [
        Known("Fern", "Testcase", BORN),
        Known("Sage", "Testcase", date(2016, 9, 4)),
        Known("Sage", "Testcase", BORN),
        Known("Testcase", "Sage", BORN),
        Known("Sayge", "Testcase", BORN),
    ]
    ranked = sorted(others, key=lambda one: likeness(SAGE, one).order)
    assert [one.first + str(one.birth_on.month) for one in ranked] == [
        "Sage4",
        "Testcase4",
        "Sayge4",
        "Sage9",
        "Fern4",
    ]


def test_parts_and_sounds_by_hand():
    assert name_parts("De la Cruz-Peña Jr.") == ("cruz", "pena")
    assert name_parts("de la") == ("de", "la")
    assert sound_of("catherine") == sound_of("kathryn") == "ktrn"
    assert sound_of("w") == "w"
    assert sound_of("王") == "王"
    assert sound_keys("Sage", "") == {"sj"}
    assert sound_keys("", " .") == frozenset()
    # jose, luis, joseluis with ohara
    assert len(sound_keys("José Luis", "O’Hara")) == 3


NAMES = st.text(
    alphabet=st.sampled_from("abcdeghijklmnoprstuvwxyzáéñüĐøABJÑ '-.’"), min_size=0, max_size=14
) | st.sampled_from(["De la Cruz", "Jr.", "Testcase III", "María José", "Núñez-Đăng", "O’Hara", "王芳"])
DAYS = st.dates(date(1995, 1, 1), date(2026, 12, 31))
PEOPLE = st.builds(Known, NAMES, NAMES, DAYS | st.none(), st.sampled_from(["", "9900000001", "9900000002"]))


@given(PEOPLE, PEOPLE)
def test_a_is_as_like_b_as_b_is_like_a(a, b):
    assert likeness(a, b) == likeness(b, a)


@given(NAMES, NAMES, DAYS)
def test_accents_hyphens_case_and_jr_change_nothing(first, last, born):
    assume(name_parts(first) and name_parts(last))
    changed = Known(first.upper().replace("É", "E").replace("Á", "A"), f"{last} Jr.", born)
    assume(name_parts(f"{last} Jr.") == name_parts(last))
    found = likeness(Known(first, last, born), changed)
    assert found is not None and found.strength is Strength.EXACT


@given(NAMES, NAMES, DAYS)
def test_who_is_swapped_is_found_by_the_same_keys(first, last, born):
    assume(name_parts(first) and name_parts(last))
    assert sound_keys(first, last) == sound_keys(last, first)
    assert likeness(Known(first, last, born), Known(last, first, born)) is not None


POOL = st.sampled_from(
    [
        *(
            "Catherine",
            "Kathryn",
            "María José",
            "Maria",
            "José",
            "José María",
            "Ximena",
            "Jimena",
            "Mary Ann",
        ),
        *(
            "Maryann",
            "De la Cruz",
            "Cruz",
            "Dela Cruz",
            "Delacruz",
            "Gonzales Ruiz",
            "González",
            "Ruiz-Gonzalez",
        ),
        "Ruiz Jr.",
    ]
)
ALIKE = st.tuples(POOL, POOL).filter(lambda pair: name_likeness(*pair) <= Degree.SOUND)


@given(ALIKE, ALIKE)
def test_whoever_sounds_alike_shares_a_key(firsts, lasts):
    """What the table is asked for with another birth date is everything that could count."""
    assert sound_keys(firsts[0], lasts[0]) & sound_keys(firsts[1], lasts[1])


@given(DAYS, st.integers(-800, 800))
def test_the_dates_to_look_under_are_those_that_are_judged_near(day, days):
    other = day + timedelta(days=days)
    is_near = birth_likeness(day, other) in (Birth.SWAPPED, Birth.DIGIT)
    assert (other in near_birth_dates(day)) is is_near
    assert (day in near_birth_dates(other)) is is_near


@given(DAYS)
def test_every_date_to_look_under_is_judged_near(day):
    near = near_birth_dates(day)
    assert near and all(birth_likeness(day, other) in (Birth.SWAPPED, Birth.DIGIT) for other in near)
