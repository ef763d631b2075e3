"""Exports the shop to Parquet, asks DuckDB for its audiences, and compares with what `volens run` says.

    python run.py COMMAND

COMMAND is the command `volens`, built with the features `cli` and `parquet`. `make warehouse` builds it and runs this.
"""

import sys

import duckdb

from shop import Shop


def read(shop):
    """The tables as views over the files. The folders of `events` are for people: each file has the column `name` itself, and
    what a folder is called must not be taken for it."""
    connection = duckdb.connect()
    for table in shop.tables:
        files = str(shop.files(table)).replace("'", "''")
        connection.execute(f"create view {table} as from read_parquet('{files}', hive_partitioning = false)")
    return connection


def main():
    shop = Shop(sys.argv[1])
    connection = read(shop)

    def ask(sql):
        result = connection.execute(sql)
        return [column[0] for column in result.description], result.fetchall()

    return shop.compare("duckdb", ask)


if __name__ == "__main__":
    sys.exit(main())
