"""Runs the recipe of docs/warehouse.md on tables as Segment writes them, and compares with what the command says of the same events.

    python recipe.py COMMAND PAGE

The tables that the recipe fills are those of `volens export`, cell by cell, and the members those of `volens run`.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

# A double beyond 2^64, whose key the recipe writes otherwise, as the page says.
LONG = "18446744073709551616"
NOW = "2026-06-30T00:00:00Z"
# Each is sent as a trait and as a property: what stands in the columns there is what was sent.
TEXTS = ["pro", "5", "-0", "007", "49.90", "1e3", "1e999", "true", "True", "", " 5", "9007199254740993", "18446744073709551615",
         LONG, "99999999999999999999999", "2026-01-02", "2026-02-30", "2026-01-02T03:04:05.678Z",
         "2026-01-02T03:04:05Z", "it's ✓ 🙂", "0.1", "-12.345678901"]
DOUBLES = [0.0, -0.0, 5.0, 49.9, 0.1, -12.345678901, 123456.789, 1e14, 0.0001, 50.01, 99.99]
INTEGERS = [0, 17, 18, -1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 10**18 - 1, 10**18]


def macros_and_tables(page):
    text = Path(page).read_text(encoding="utf-8")
    workspace = re.search(r"```audience,file=segment.audience\n(.*?)```", text, re.S).group(1)
    macros, tables = re.findall(r"```sql\n(.*?)```", text, re.S)
    return workspace, macros, tables


def world():
    """People, each with calls: (type, at, values, consent)."""
    count = 60
    for at in range(count):
        calls = []
        since = f"{2020 + at % 8}-0{1 + at % 9}-15T10:20:30.{at:03}Z"
        traits = {"age": INTEGERS[at % len(INTEGERS)], "plan": TEXTS[at % len(TEXTS)], "since": since}
        if at % 4 == 0:
            traits.update(plan="pro", age=30)
        consent = [None, {"Advertising": True, "Analytics": False}, {"Analytics": True}, {"Advertising": True}][at % 4]
        calls.append(("identify", 1, traits, consent))
        if at % 8 == 7:
            # A yes and a no at one instant.
            calls.append(("identify", 1, {}, {"Advertising": False}))
        if at % 5 == 0:
            # A later call that sets one trait, and takes an answer back or leaves it out.
            answer = {"Analytics": True} if at % 15 == 0 else {"Advertising": at % 10 == 0, "Analytics": True}
            calls.append(("identify", 9, {"age": 40}, answer))
        for order in range(at // 2 % 4):
            total = DOUBLES[(at + order) % len(DOUBLES)] if at % 3 else 99.99
            calls.append(("Order Completed", 2 + order, {"total": total, "coupon": TEXTS[(at * 7 + order) % len(TEXTS)]}, None))
        if at % 7 == 0:
            calls.append(("Order Refunded", 6, {}, {"Advertising": True, "Analytics": True}))
        yield f"u{at}", calls


def fill(connection, folder):
    times = "id VARCHAR, user_id VARCHAR, timestamp TIMESTAMP, received_at TIMESTAMP"
    consent = "context_consent_category_preferences_advertising BOOLEAN, context_consent_category_preferences_analytics BOOLEAN"
    connection.execute(f"create table identifies ({times}, age BIGINT, plan VARCHAR, since TIMESTAMP, {consent})")
    connection.execute(f"create table tracks ({times}, event VARCHAR, {consent})")
    connection.execute(f"create table order_completed ({times}, total DOUBLE, coupon VARCHAR, {consent})")
    connection.execute(f"create table order_refunded ({times}, {consent})")
    lines = []
    for user, calls in world():
        for number, (kind, day, values, answer) in enumerate(calls):
            at = f"2026-06-{day:02}T08:00:00.123Z"
            own = [f"{user}-{number}", user, at, at]
            answers = [None, None] if answer is None else [answer.get("Advertising"), answer.get("Analytics")]
            line = {"messageId": own[0], "userId": user, "timestamp": at, "receivedAt": at}
            if answer is not None:
                line["context"] = {"consent": {"categoryPreferences": answer}}
            if kind == "identify":
                line.update(type="identify", traits=values)
                row = own + [values.get("age"), values.get("plan"), values.get("since")] + answers
                connection.execute("insert into identifies values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            else:
                line.update(type="track", event=kind, properties=values)
                table = kind.lower().replace(" ", "_")
                connection.execute("insert into tracks values (?, ?, ?, ?, ?, ?, ?)", own + [table] + answers)
                row = own + list(values.values()) + answers
                connection.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
            lines.append(json.dumps(line))
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(command, page):
    workspace, macros, tables = macros_and_tables(page)
    with tempfile.TemporaryDirectory(prefix="volens-recipe-") as folder:
        folder = Path(folder)
        (folder / "segment.audience").write_text(workspace, encoding="utf-8")

        def volens(*arguments):
            done = subprocess.run([command, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            assert done.returncode == 0, done.stderr
            return done.stdout

        connection = duckdb.connect()
        connection.execute("set timezone = 'America/St_Johns'")
        fill(connection, folder)
        connection.execute(volens("sql", "segment.audience", "--dialect", "duckdb", "--tables"))
        connection.execute(macros)
        connection.execute(tables)

        events = ["segment.audience", "--events", "events.jsonl", "--now", NOW]
        volens("export", *events, "--parquet", "out")
        ids = f"select id, profile_id from '{folder}/out/identifiers.parquet' where type = 'user_id'"
        person = dict(connection.execute(ids).fetchall())
        renamed = dict(connection.execute("select profile_id, user_id from people").fetchall())
        wrong = []

        def compare(files, table, passed, keys):
            result = connection.execute(f"select * from read_parquet('{folder}/out/{files}', hive_partitioning = false)")
            columns = [column[0] for column in result.description]
            expected = {tuple(row[columns.index(key)] for key in keys): row for row in result.fetchall()}
            result = connection.execute(f"select * from {table}")
            assert [column[0] for column in result.description] == columns, table
            found = {}
            for row in result.fetchall():
                row = list(row)
                at = columns.index("profile_id")
                row[at] = person[renamed[row[at]]]
                found[tuple(row[columns.index(key)] for key in keys)] = row
            assert found.keys() == expected.keys() and len(found) > 50, table
            for key, row in found.items():
                for column, cell, own in zip(columns, row, expected[key]):
                    told = column in passed or column.endswith(":key") and LONG in row
                    if not told and repr(cell) != repr(own):
                        wrong.append(f"{table} {key} {column}: the recipe makes {cell!r}, the export {own!r}")

        compare("profiles.parquet", "profiles", ["anonymous"], ["profile_id"])
        # Ids of events are compared by the order that they make.
        compare("events/**/*.parquet", "events", [], ["event_id"])

        run = json.loads(volens("run", *events, "--format", "json"))["audiences"]["regulars"]
        members = [(member,) for member in run["members"]]
        delivered = [(name, person) for name, to in run["destinations"].items() for person in to["delivered"]]
        for flags, expected in [([], members), (["--deliveries"], delivered)]:
            query = volens("sql", "segment.audience", "--dialect", "duckdb", "--audience", "regulars", "--now", NOW, *flags)
            rows = connection.execute(query).fetchall()
            found = sorted((*row[:-1], f"user_id:{renamed[row[-1]]}") for row in rows)
            if found != sorted(expected) or not expected:
                wrong.append(f"{flags}: the query finds {found}, the command {expected}")
    print("\n".join(wrong) or f"{len(members)} members, {len(delivered)} deliveries")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
