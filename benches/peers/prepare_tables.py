#!/usr/bin/env python3
"""prepare_tables.py DATA: writes the profiles and events of the comparison as tables that Volens reads (docs/tables.md), into
DATA/tables: the same rows in the same order, with the same compression and row groups."""
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

STATES = {"false": "denied", "true": "granted", "conflict": "conflicted"}
CATEGORIES = ["Advertising", "Analytics", "Functional", "DataSharing"]


def main():
    data = Path(sys.argv[1])
    tables = data / "tables"
    tables.mkdir(exist_ok=True)

    def write(name, table, rows):
        pq.write_table(table, tables / f"{name}.parquet", compression="snappy", row_group_size=rows)

    profiles = pq.read_table(data / "profiles.parquet")
    ids = profiles["id"]
    people = 122880
    write("profiles", pa.table({"profile_id": ids}), people)
    texts = pc.binary_join_element_wise("u", pc.cast(ids, pa.string()), "")
    user_id = pa.array(["user_id"]).take(pa.array([0] * len(ids)))
    write("identifiers", pa.table({"profile_id": ids, "type": user_id, "id": texts}), people)
    traits = profiles.select(["plan", "country", "age", "total_spend", "email", "signup_date"])
    write("traits", traits.add_column(0, "profile_id", ids), people)

    def states(category):
        words = profiles[f"consent_{category.lower()}"].to_pylist()
        return pa.array([STATES.get(word) for word in words], pa.string())

    write("consent", pa.table({"profile_id": ids, **{name: states(name) for name in CATEGORIES}}), people)
    events = pq.read_table(data / "events.parquet")
    write("events", events.rename_columns(["time" if name == "ts" else name for name in events.column_names]), 1_000_000)


if __name__ == "__main__":
    main()
