"""Runs the recipe of docs/sql.md that brings results back, and compares what destinations hold with what the command delivers.

    python results.py COMMAND PAGE [--spark]

Of generated events, an export and its queries make results, and `volens stream --store` has them beside the events that say something
of consent or of who somebody is. After each result destinations must hold those whom `volens run` delivers of all events.
"""

import itertools
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import duckdb

# The workspace of the warehouse; the page has that of the delivery for `regulars`.
SPACE = """
category Advertising
category Analytics
destination google_ads requires Advertising
destination crm requires nothing { message identify }

audience regulars {
  who performed "Order Completed" at least 2 times within 30 days where (revenue > 50)
    and not performed "Order Refunded" within 90 days
  consent to Advertising and Analytics
  send to google_ads
}
audience visitors {
  who performed "Seen" within 10 days
  include anonymous
  send to google_ads, crm
}
account trait orders = count of "Order Completed"
audience firms of accounts { who account trait orders >= 3  send to google_ads, crm }
"""
DELIVERY = """
destination crm requires nothing { message identify }
audience visitors { who trait in_visitors = true  include anonymous  send to google_ads, crm }
audience firms of accounts { who account trait in_firms = true  send to google_ads, crm }
"""
ODD = ["o'brien", 'say "hi"', "two\nlines", "tab\there", "back\\slash", "emoji 🙂✓", "${x}; -- drop", "%s {0}", "nul\u0000l", "u2028\u2028l",
       "7", "true", "null ", "x" * 300, "é", "e\u0301", "{\"a\": 1}", "\u001b[31m", "/* */", "'; DELETE FROM told; --"]


def day(number, hour=0):
    """An instant of June and July."""
    month, date = (6, number) if number <= 30 else (7, number - 30)
    return f"2026-{month:02}-{date:02}T{hour:02}:00:00Z"


class World:
    """All events. Each has one of the times of its call."""

    def __init__(self):
        self.events = []
        self.number = itertools.count()

    def add(self, at, kind, user=None, anonymous=None, consent=None, email=None, **fields):
        event = {"type": kind, "messageId": f"m{next(self.number)}", "timestamp": at, "receivedAt": at, **fields}
        if user is not None:
            event["userId"] = user
        if anonymous is not None:
            event["anonymousId"] = anonymous
        context = {}
        if consent is not None:
            context["consent"] = {"categoryPreferences": {"Advertising": consent[0], "Analytics": consent[1]}}
        if email is not None:
            context["traits"] = {"email": email}
        if context:
            event["context"] = context
        self.events.append(event)

    def order(self, at, user=None, anonymous=None, **more):
        self.add(at, "track", user, anonymous, event="Order Completed", properties={"revenue": 80}, **more)

    def people(self):
        """What happened until the first result."""
        answers = [None, (True, True), (True, False), (False, True), (True, True)]
        for at in range(120):
            user = ODD[at] if at < len(ODD) else f"u{at}"
            anonymous = f"a-{user}"
            answer = answers[at % 5]
            if answer:
                # Some say it before they have a name.
                self.add(day(2), "page", *((None, anonymous) if at % 3 == 0 else (user, None)), consent=answer, name="Home")
            if at % 4 < 3:
                # Becomes known by a call that is no identify call, or by one.
                if at % 2:
                    self.add(day(3), "track", user, anonymous, event="Signed In", properties={})
                else:
                    self.add(day(3), "identify", user, anonymous, traits={"email": f"{at}@acme.example", "age": at})
            for number in range(at % 4):
                self.order(day(4 + number * 7), user)
            if at % 11 == 0:
                self.add(day(20), "track", user, event="Order Refunded", properties={})
            if at % 6 == 0:
                self.add(day(25), "track", None, anonymous, event="Seen", properties={})
            if at % 13 == 0:
                self.add(day(26), "track", user, event="Segment Consent Preference Updated", properties={}, consent=(at % 2 == 0, True))
            if at % 7 == 0:
                firm = ODD[(at // 7) % len(ODD)]
                self.add(day(5), "group", user, groupId=firm, traits={"seats": at})
        for at in range(10):
            # Have no name, and later the same; some have an address beside it.
            anonymous = ODD[at] + "-visitor"
            self.add(day(24), "track", None, anonymous, event="Seen", properties={}, email=f"v{at}@acme.example" if at % 2 else None)
            self.add(day(24, 1), "track", None, anonymous, event="Segment Consent Preference Updated", properties={}, consent=(at % 3 > 0, True))
            if at % 5 == 0:
                self.add(day(6), "group", None, anonymous, groupId="visitors' firm")
                self.order(day(7), None, anonymous)
                self.order(day(8), None, anonymous)


def written(events):
    return "".join(json.dumps(event) + "\n" for event in events)


def said_of_people(event):
    """What the store of the delivery is fed: consent, and who somebody is."""
    context = event.get("context", {})
    identifiers = [event.get("userId"), event.get("anonymousId"), context.get("traits", {}).get("email")]
    return "consent" in context or event["type"] in ("identify", "group") or sum(each is not None for each in identifiers) > 1


def told(message):
    """The identifier that a message is about, and whether it is an entry."""
    answers = message.get("properties") or message["traits"]
    name = message["context"]["personas"]["computation_key"]
    email = message["context"].get("traits", {}).get("email") or message.get("traits", {}).get("email")
    if email is not None:
        identifier = ("email", email)
    elif "userId" in message:
        identifier = ("user_id", message["userId"])
    else:
        identifier = ("anonymous_id", message["anonymousId"])
    return name, identifier, answers[name]


class Duck:
    """DuckDB, with a file of its own, over one export after another."""

    def __init__(self, folder):
        self.folder = folder
        self.database = str(folder / "told.db")

    def result(self, tables, export, query, recipe):
        with duckdb.connect(self.database) as connection:
            for table in tables:
                pattern = str(export / "events" / "**" / "*.parquet") if table == "events" else str(export / f"{table}.parquet")
                connection.execute(f"create or replace temp view {table} as from read_parquet('{pattern}', hive_partitioning = false)")
            connection.execute("create table if not exists " + recipe["once"].removeprefix("CREATE TABLE "))
            wrong = connection.execute(query["check"]).fetchall()
            assert not wrong, wrong
            connection.execute("CREATE TEMP TABLE members AS\n" + query["members"])
            for statement in recipe["each"].split(";\n"):
                if statement.strip():
                    connection.execute(statement)


class Spark:
    """Spark, which has no COPY: a folder of files is put together."""

    def __init__(self, folder):
        from pyspark.sql import SparkSession

        self.folder = folder
        settings = {"spark.ui.enabled": "false", "spark.log.level": "OFF", "spark.sql.shuffle.partitions": "2", "spark.driver.host": "127.0.0.1",
                    "spark.driver.bindAddress": "127.0.0.1", "spark.driver.memory": "1g", "spark.ui.showConsoleProgress": "false",
                    "spark.sql.warehouse.dir": str(folder / "spark"), "spark.sql.session.timeZone": "America/St_Johns"}
        builder = SparkSession.builder.master("local[2]").appName("volens")
        for key, value in settings.items():
            builder = builder.config(key, value)
        self.session = builder.getOrCreate()

    def result(self, tables, export, query, recipe):
        for table in tables:
            place = export / "events" if table == "events" else export / f"{table}.parquet"
            data = self.session.read.option("recursiveFileLookup", "true").parquet(str(place))
            data.createOrReplaceTempView(table)
        self.session.sql(recipe["once"].replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS").replace("VARCHAR", "STRING"))
        wrong = self.session.sql(query["check"]).collect()
        assert not wrong, wrong
        self.session.sql("CREATE OR REPLACE TEMPORARY VIEW members AS\n" + query["members"])
        for statement in recipe["each"].split(";\n"):
            if statement.strip():
                self.session.sql(statement.replace("CREATE TEMP TABLE", "CREATE OR REPLACE TEMPORARY VIEW"))
        for made in self.folder.glob("*.jsonl"):
            if made.is_dir():
                lines = "".join(part.read_text(encoding="utf-8") for part in sorted(made.glob("part-*")))
                for part in [*made.iterdir(), *made.glob(".*")]:
                    part.unlink(missing_ok=True)
                made.rmdir()
                made.write_text(lines, encoding="utf-8")


class Run:
    def __init__(self, command, page, folder, engine):
        text = Path(page).read_text(encoding="utf-8")
        self.command, self.folder = command, folder
        self.dialect = "spark" if engine is Spark else "duckdb"
        once, users, accounts, spark = re.findall(r"```sql\n(.*?)```", text, re.S)
        if engine is Spark:
            users = users[:users.index("COPY (")] + spark
        self.recipe = {"once": once.strip().rstrip(";"), "users": users, "accounts": accounts}
        delivery = re.search(r"```audience,file=delivery.audience\n(.*?)```", text, re.S).group(1)
        self.write("space.audience", SPACE)
        self.write("delivery.audience", delivery + DELIVERY)
        self.engine = engine(folder)
        self.audiences = ["regulars", "visitors"] + (["firms"] if engine is Duck else [])
        self.holds = {}
        self.fed = 0

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def volens(self, *arguments):
        done = subprocess.run([self.command, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr.decode()
        self.said = done.stderr.decode()
        return done.stdout.decode()

    def stream(self, lines, now):
        """What is put out for these events. What destinations hold is kept by what identifier they hold it."""
        self.write("next.jsonl", lines)
        out = self.volens("stream", "delivery.audience", "--store", "store", "--events", "next.jsonl", "--now", now, "--until", now)
        assert "rejected" not in self.said, self.said
        messages = [json.loads(line) for line in out.split("\n") if line]
        for message in messages:
            name, identifier, entered = told(message)
            self.holds[message["destination"], name, identifier] = entered
        return messages

    def result(self, world, now):
        """The lines of a result as of an instant, of all audiences."""
        self.write("events.jsonl", written(world.events))
        told = self.volens("export", "space.audience", "--events", "events.jsonl", "--now", now, "--parquet", "tables", "--replace", "--format", "json")
        tables = json.loads(told)["tables"]
        lines = {}
        for name in self.audiences:
            ask = ["sql", "space.audience", "--dialect", self.dialect]
            query = {"check": self.volens(*ask, "--check"), "members": self.volens(*ask, "--audience", name, "--now", now)}
            steps = self.recipe["accounts" if name == "firms" else "users"]
            here = str(self.folder / f"{name}.jsonl")
            each = steps.replace("'regulars.jsonl'", f"'{here}'").replace("'firms.jsonl'", f"'{here}'")
            each = each.replace("regulars", name).replace("2026-06-30T00:00:00Z", now)
            self.engine.result(tables, self.folder / "tables", query, {"once": self.recipe["once"], "each": each})
            lines[name] = (self.folder / f"{name}.jsonl").read_text(encoding="utf-8")
        return lines

    def feed(self, world, now):
        """Everything that happened since and says something of people goes to the store."""
        fresh = [event for event in world.events[self.fed:] if said_of_people(event)]
        self.fed = len(world.events)
        return self.stream(written(fresh), now)

    def compare(self, world, now):
        """Destinations hold those whom `volens run` delivers of all events, as the last export calls them."""
        self.write("events.jsonl", written(world.events))
        rows = duckdb.execute(f"select type, id, profile_id from read_parquet('{self.folder}/tables/identifiers.parquet')").fetchall()
        person = {(kind, value): profile for kind, value, profile in rows}
        run = json.loads(self.volens("run", "space.audience", "--events", "events.jsonl", "--now", now, "--format", "json"))
        sizes = Counter()
        for name in self.audiences:
            for destination, answer in run["audiences"][name]["destinations"].items():
                expected = {person[tuple(label.split(":", 1))] for label in answer["delivered"]}
                held = {who for (to, audience, who), entered in self.holds.items() if entered and (to, audience) == (destination, name)}
                found = {person[who] for who in held}
                assert found == expected, f"{now} {name} {destination}: {len(found - expected)} too many, {len(expected - found)} missing"
                sizes[name] += len(found)
        return sizes


def main(command, page, *flags):
    with tempfile.TemporaryDirectory(prefix="volens-results-") as folder:
        run = Run(command, page, Path(folder), Spark if "--spark" in flags else Duck)
        world = World()
        world.people()
        first, later, second, third, fourth = day(30), day(30, 2), day(31), day(32), day(33)
        assert run.feed(world, first) == []

        # The first result: who is delivered then is who is delivered by all events.
        lines = run.result(world, first)
        assert run.stream("".join(lines.values()), first)
        sizes = run.compare(world, first)
        assert all(sizes[name] > 5 for name in run.audiences), sizes

        # The same again, and made again: nothing.
        assert run.stream("".join(lines.values()), first) == []
        again = run.result(world, first)
        assert {name: sorted(text.split("\n")) for name, text in again.items()} == {name: sorted(text.split("\n")) for name, text in lines.items()}
        assert run.stream("".join(again.values()), first) == []

        # Somebody revokes what the destination requires, or what the audience does: taken out at once.
        held = [who for (to, name, who), entered in run.holds.items() if entered and (to, name, who[0]) == ("google_ads", "regulars", "user_id")]
        leaver, other, refunder, stays = held[:4]
        for who, answer in [(leaver, (False, True)), (other, (True, False))]:
            world.add(later, "track", who[1], event="Segment Consent Preference Updated", properties={}, consent=answer)
        out = [(message["destination"], *told(message)) for message in run.feed(world, later)]
        assert all(("google_ads", "regulars", who, False) in out for who in (leaver, other)), out
        assert all(not entered and to == "google_ads" for to, _, _, entered in out), out
        run.compare(world, later)

        # The next result without somebody, with somebody else, and with visitors who have a name now and stay.
        world.add(day(30, 3), "track", refunder[1], event="Order Refunded", properties={})
        world.add(day(30, 4), "track", "late", consent=(True, True), event="Segment Consent Preference Updated", properties={})
        world.order(day(30, 5), "late")
        world.order(day(30, 6), "late")
        crm = [who for (to, name, who), entered in run.holds.items() if entered and (to, name, who[0]) == ("crm", "visitors", "anonymous_id")]
        visitors = [who for who in crm if who[1].endswith("-visitor")]
        assert len(visitors) > 5
        for at, who in enumerate(visitors):
            world.add(day(30, 7), "identify", f"named now {at}", who[1], traits={})
        run.feed(world, second)
        lines = run.result(world, second)
        # It comes when the store is further on already.
        out = [(message["destination"], *told(message)) for message in run.stream("".join(lines.values()), day(31, 3))]
        assert ("google_ads", "regulars", refunder, False) in out and ("google_ads", "regulars", ("user_id", "late"), True) in out, out
        assert not any(who in (leaver, other, stays, *visitors) for _, _, who, _ in out), out
        run.compare(world, second)
        assert run.stream("".join(lines.values()), day(31, 3)) == []

        # A result is lost, with people who come and go; the next one makes it good.
        world.order(day(31, 5), refunder[1])
        world.add(day(31, 6), "track", "late", event="Order Refunded", properties={})
        world.add(day(31, 6), "track", None, "passing", event="Seen", properties={})
        run.feed(world, third)
        run.result(world, third)
        world.add(day(32, 6), "track", None, "passing too", event="Seen", properties={})
        run.feed(world, fourth)
        lines = run.result(world, fourth)
        run.stream("".join(lines.values()), fourth)
        run.compare(world, fourth)

        # What comes late of an instant before changes nothing of what is known since.
        assert run.stream("".join(again.values()), fourth) == []
        print(f"{dict(sizes)} deliveries at first, {sum(run.compare(world, fourth).values())} in the end")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
