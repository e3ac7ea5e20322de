"""Twenty of the rules, written once more in SQL for DuckDB; beside them the plain loops of ``rules_in_python``.

``python -m tests.prove.rules_in_sql DIR OUT`` writes ``code,line`` of every finding into OUT. Values have to be of the
right form: what our engine does with others is not done here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

from manzanita.domain.layouts import layout
from manzanita.domain.layouts.recognizing import EXTRACT_COLUMNS
from tests.prove.bent_folder import CENSUS_DAY, FILES, FIRST_DAY, LAST_DAY

_IN_YEAR = f"BETWEEN '{FIRST_DAY}' AND '{LAST_DAY}'"
_DEGREE = "('MMSN', 'ESN')"
_SUPPORT = "('210', '260', '270', '280', '290', '300', '310', '320', '330')"

# The newest date of birth of SINF, else of SENR; of two of one day the later line.
_BIRTHS = """
CREATE TABLE births AS
WITH sinf AS (SELECT "2.09" AS ssid, arg_max("2.18", ("2.04", line)) AS birth FROM sinf
              WHERE "2.09" <> '' AND "2.18" <> '' GROUP BY 1),
     senr AS (SELECT "1.08" AS ssid, arg_max("1.17", ("1.22", line)) AS birth FROM senr
              WHERE "1.08" <> '' AND "1.17" <> '' GROUP BY 1)
SELECT COALESCE(sinf.ssid, senr.ssid) AS ssid, COALESCE(sinf.birth, senr.birth) AS birth
FROM sinf FULL JOIN senr ON sinf.ssid = senr.ssid
"""


def _due(column: str, years: int) -> str:
    return f"strftime(strptime({column}, '%Y%m%d') + INTERVAL {years} YEAR, '%Y%m%d')"


_MONTHS = """(CAST(substr("23.12", 1, 4) AS INT) - CAST(substr(birth, 1, 4) AS INT)) * 12
    + CAST(substr("23.12", 5, 2) AS INT) - CAST(substr(birth, 5, 2) AS INT)
    - CAST(substr("23.12", 7, 2) < substr(birth, 7, 2) AS INT)"""

RULES = {
    "SWDS0594": """SELECT line FROM swds WHERE "22.12" = '1' AND "22.13" <> ''""",
    "GERR0005": """
        SELECT line FROM swds WHERE "22.11" <> '' AND "22.06" <> '' AND "22.04" <> ''
        AND substr("22.11", 5, 2) NOT IN ('06', '07', '08')
        AND NOT EXISTS (SELECT 1 FROM senr WHERE "1.04" = "22.04" AND "1.08" = "22.06" AND "1.23" <> '20'
                        AND "1.22" <> '' AND "1.22" <= "22.11" AND ("1.25" = '' OR "1.25" >= "22.11"))""",
    "SWDS0618": """
        WITH days AS (SELECT "22.06" AS ssid, "22.11" AS day, arg_max("22.12", ("22.04", line)) AS code FROM swds
                      WHERE "22.06" <> '' AND "22.11" <> '' AND "22.12" <> '' GROUP BY 1, 2),
             before AS (SELECT ssid, day, lag(code) OVER (PARTITION BY ssid ORDER BY day) AS code FROM days)
        SELECT line FROM swds JOIN before ON ssid = "22.06" AND day = "22.11"
        WHERE "22.12" <> '' AND "22.12" = code""",
    "MZ-STATUS-NO-REASON": """SELECT line FROM swds WHERE "22.12" IN ('2', '3', '4') AND "22.13" = ''""",
    "MZ-STATUS-ENTRY-CHANGED": """
        WITH first AS (SELECT "22.06" AS ssid, arg_min("22.10", ("22.11", "22.04", line)) AS entry FROM swds
                       WHERE "22.10" <> '' AND "22.06" <> '' GROUP BY 1)
        SELECT line FROM swds JOIN first ON ssid = "22.06" WHERE "22.10" <> '' AND "22.10" <> entry""",
    "MZ-MEET-LATE": f"""
        WITH held AS (SELECT line, "24.06" AS ssid, "24.15" AS day, "24.14" AS kind, "24.17" AS review,
                             "24.18" AS delay FROM meet WHERE "24.15" <> '' AND "24.06" <> ''),
             before AS (
                SELECT line, kind, review, day,
                    max(CASE WHEN review = 'Y' THEN day END) OVER older AS reviewed,
                    max(CASE WHEN kind IN ('10', '40') THEN day END) OVER older AS evaluated,
                    delay FROM held
                WINDOW older AS (PARTITION BY ssid ORDER BY CAST(day AS INT)
                                 RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
        SELECT line FROM before WHERE delay = ''
        AND ((review = 'Y' AND day > {_due("reviewed", 1)}) OR (kind = '40' AND day > {_due("evaluated", 3)}))""",
    "MZ-MEET-CONSENT-ORDER": """
        SELECT line FROM meet WHERE "24.13" <> ''
        AND (("24.11" <> '' AND "24.13" < "24.11") OR ("24.15" <> '' AND "24.15" < "24.13"))""",
    "MZ-MEET-BEFORE-BIRTH": """
        SELECT line FROM meet JOIN births ON ssid = "24.06" WHERE "24.15" <> '' AND "24.15" < birth""",
    "PLAN0726": f"""
        SELECT line FROM plan WHERE ("23.15" IN {_SUPPORT} AND "23.16" NOT IN {_DEGREE})
        OR ("23.17" IN {_SUPPORT} AND "23.18" NOT IN {_DEGREE})""",
    "PLAN0663F1": """
        SELECT line FROM (SELECT line, count(*) OVER (PARTITION BY "23.06", "23.12") AS plans FROM plan
                          WHERE "23.06" <> '' AND "23.12" <> '') WHERE plans > 1""",
    "PLAN0673F1": f"""
        SELECT line FROM plan WHERE "23.12" BETWEEN '{FIRST_DAY}' AND '{CENSUS_DAY}' AND "23.06" <> ''
        AND NOT EXISTS (SELECT 1 FROM swds WHERE "22.06" = "23.06")""",
    "PLAN0679E1": f"""
        SELECT line FROM plan WHERE "23.12" {_IN_YEAR} AND "23.06" <> ''
        AND NOT EXISTS (SELECT 1 FROM serv WHERE "25.07" = "23.06" AND "25.17" = "23.12" AND "25.04" = "23.04"
                        AND "25.09" = "23.09")""",
    # Where nobody told a date of birth the rule says that it cannot tell.
    "PLAN0366E4": f"""
        SELECT line FROM plan LEFT JOIN births ON ssid = "23.06"
        WHERE "23.12" {_IN_YEAR} AND "23.11" IN ('100', '200')
        AND (birth IS NULL OR {_MONTHS} < 36 OR {_MONTHS} >= 276)""",
    "SERV0327": """SELECT line FROM serv WHERE "25.12" = '400' AND "25.05" = ''""",
    "SERV0328": """SELECT line FROM serv WHERE "25.05" <> '' AND "25.12" <> '400'""",
    "MZ-SERV-NO-PLAN": """
        SELECT line FROM serv WHERE "25.07" <> '' AND "25.17" <> ''
        AND NOT EXISTS (SELECT 1 FROM plan WHERE "23.04" = "25.04" AND "23.06" = "25.07" AND "23.12" = "25.17")""",
    "MZ-SERV-SHORT": """SELECT line FROM serv WHERE TRY_CAST("25.15" AS INT) < 10""",
    "MZ-SERV-NO-DURATION": """SELECT line FROM serv WHERE "25.14" <> '' AND "25.15" = ''""",
    "SENR0632": """
        SELECT line FROM senr WHERE "1.27" = '100' AND "1.25" > '20230630' AND "1.35" NOT IN ('Y', 'N')""",
    "MZ-SENR-EXIT": """SELECT line FROM senr WHERE "1.22" <> '' AND "1.25" <> '' AND "1.25" < "1.22\"""",
}


def main(folder: Path, out: Path) -> None:
    connection = duckdb.connect()
    rows = 0
    for record, file in FILES.items():
        names = [*layout(record).numbers, *(EXTRACT_COLUMNS if file.startswith("ODS_") else ())]
        types = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
        empty = ", ".join(f"'{name}'" for name in names)
        read = (
            f"read_csv('{folder / file}', delim='^', quote='', escape='', header=false, auto_detect=false, "
            f"columns={{{types}}}, force_not_null=[{empty}])"
        )
        connection.execute(
            f"CREATE TABLE {record.lower()} AS SELECT row_number() OVER () AS line, * FROM {read}"
        )
        (of_record,) = connection.execute(f"SELECT count(*) FROM {record.lower()}").fetchone() or (0,)
        rows += of_record
    connection.execute(_BIRTHS)
    found = 0
    with out.open("w") as file:
        for code, query in RULES.items():
            for (line,) in connection.execute(query).fetchall():
                file.write(f"{code},{line}\n")
                found += 1
    print(json.dumps({"rows": rows, "findings": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
