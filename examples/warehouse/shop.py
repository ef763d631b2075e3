"""The export of the shop, the queries, and what `volens run` says of the same events."""

import json
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPACE = "examples/shop"
EVENTS = "examples/shop/events.jsonl"
NOW = "2026-06-30T00:00:00Z"


class Shop:
    def __init__(self, command):
        self.command = Path(command).resolve()
        # Goes away with the process: exports have personal data.
        self.temporary = tempfile.TemporaryDirectory(prefix="volens-warehouse-")
        self.folder = Path(self.temporary.name)
        told = self.volens("export", SPACE, "--events", EVENTS, "--now", NOW, "--parquet", self.folder / "tables", "--format", "json")
        self.tables = json.loads(told)["tables"]

    def volens(self, *arguments):
        arguments = [str(argument) for argument in (self.command, *arguments)]
        return subprocess.run(arguments, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout

    def place(self, table):
        """The file of a table, or the folder of its files."""
        folder = self.folder / "tables"
        return folder / "events" if table == "events" else folder / f"{table}.parquet"

    def files(self, table):
        """The files of a table, as a pattern."""
        place = self.place(table)
        return place / "**" / "*.parquet" if table == "events" else place

    def compare(self, dialect, ask):
        """Prints how many are in each audience and what each destination may receive, by the engine. 0 if they are those of
        `volens run`, one by one. `ask` gives the columns and rows of a query."""
        _, rows = ask("select profile_id, type, id from identifiers")
        person = {f"{kind}:{value}": profile for profile, kind, value in rows}
        run = json.loads(self.volens("run", SPACE, "--events", EVENTS, "--now", NOW, "--format", "json"))
        columns, rows = ask(self.volens("sql", SPACE, "--dialect", dialect, "--all", "--now", NOW))
        found = {column: {row[0] for row in rows if row[at]} for at, column in enumerate(columns) if at > 0}

        wrong = 0
        print(f"{'AUDIENCE':<20}{'DESTINATION':<14}{dialect.upper():>10}{'volens run':>12}")
        for name, audience in run["audiences"].items():
            expected = {(f"{name}:member", ""): audience["members"]}
            for destination, answer in audience["destinations"].items():
                expected[f"{name}:{destination}:delivered", destination] = answer["delivered"]
            for (column, destination), people in expected.items():
                same = {person[label] for label in people} == found.pop(column)
                wrong += not same
                # What is popped is compared; what is printed are the numbers.
                count = sum(bool(row[columns.index(column)]) for row in rows)
                mark = "" if same else "  NOT THE SAME"
                print(f"{'' if destination else name:<20}{destination:<14}{count:>10}{len(people):>12}{mark}")
        wrong += len(found)
        print("The same people everywhere" if not wrong else f"{wrong} answers differ")
        return 1 if wrong else 0
