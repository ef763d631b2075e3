"""Asks engines SQL: each line of standard input is a request in JSON, each line of standard output its answer.

A request is {"tables": {name: {"columns": [[name, type], ...], "rows": [[...], ...]}}, "session": {setting: value},
"queries": [{"engine": ..., "sql": ...}]}, its answer {"answers": [{"columns": [...], "rows": [[...], ...]} or {"error": ...}]}: one
for each query, its rows sorted. Every request meets engines that hold its tables and nothing else. Types are those of the request,
none is inferred. A decimal is a text of its billionths, a double comes back as the shortest text that is read as the same double.
"""

import decimal
import json
import logging
import sys
import tempfile

import pyarrow as pa

TYPES = {
    "BIGINT": pa.int64(),
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DECIMAL(28,9)": pa.decimal128(28, 9),
    # Those that no column should have, and texts that lie in memory in another way.
    "INTEGER": pa.int32(),
    "FLOAT": pa.float32(),
    "DECIMAL(38,9)": pa.decimal128(38, 9),
    "DECIMAL(28,8)": pa.decimal128(28, 8),
    "TIMESTAMP": pa.timestamp("us"),
    "DATE": pa.date32(),
    "BLOB": pa.binary(),
    "LIST": pa.list_(pa.string()),
    "STRUCT": pa.struct([("a", pa.int64())]),
    "LARGE": pa.large_string(),
    "VIEW": pa.string_view(),
    "DICTIONARY": pa.dictionary(pa.int32(), pa.string()),
}
EXACT = decimal.Context(prec=60)


def column(rows, at, kind):
    values = [row[at] for row in rows]
    if kind == "DECIMAL(28,9)":
        values = [None if value is None else EXACT.scaleb(decimal.Decimal(value), -9) for value in values]
    return pa.array(values, TYPES[kind])


def table(told):
    columns, rows = told["columns"], told["rows"]
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns])
    arrays = [column(rows, at, kind) for at, (_, kind) in enumerate(columns)]
    return pa.Table.from_arrays(arrays, schema=schema)


def rows_of(result):
    """The rows of an Arrow table, by position: names may repeat."""
    columns = [result.column(at).to_pylist() for at in range(result.num_columns)]
    return [list(row) for row in zip(*columns)]


class DuckDb:
    def __init__(self, tables, session):
        import duckdb

        # Names in a query are those of tables, never those of variables here.
        self.connection = duckdb.connect(config={"threads": 1, "python_enable_replacements": "false"})
        for name, data in tables.items():
            # A table of its own: over Arrow's data it would leave filters to Arrow.
            self.connection.register("told", data)
            self.connection.execute(f'create table "{name}" as select * from told')
            self.connection.unregister("told")
        for setting, value in session.items():
            self.connection.execute(f"set {setting} = '{value}'")

    def ask(self, sql):
        asked = self.connection.execute(sql)
        return [column[0] for column in asked.description], [list(row) for row in asked.fetchall()]

    def close(self):
        self.connection.close()


class DataFusion:
    def __init__(self, tables, session):
        from datafusion import SessionConfig, SessionContext

        self.context = SessionContext(SessionConfig(session).with_target_partitions(2))
        for name, data in tables.items():
            batches = data.to_batches() or [pa.RecordBatch.from_pylist([], schema=data.schema)]
            self.context.register_record_batches(name, [batches])

    def ask(self, sql):
        result = self.context.sql(sql).to_arrow_table()
        return result.column_names, rows_of(result)

    def close(self):
        pass


class Spark:
    """One session for all requests, as it takes seconds to begin; the tables of a request are views that are dropped after it."""

    session = None

    def __init__(self, tables, session):
        if Spark.session is None:
            Spark.session = Spark.begin()
        self.names = list(tables)
        for name, data in tables.items():
            Spark.session.createDataFrame(data).createOrReplaceTempView(name)
        self.before = {setting: Spark.session.conf.get(setting) for setting in session}
        for setting, value in session.items():
            Spark.session.conf.set(setting, value)

    @staticmethod
    def begin():
        from pyspark.sql import SparkSession

        # An error is part of an answer; nobody needs to read of it elsewhere.
        logging.disable()
        folder = tempfile.mkdtemp(prefix="volens-spark-")
        settings = {
            "spark.sql.shuffle.partitions": "2",
            # What is asked here is small: it is planned once, and neither compiled to bytecode nor, beyond what is quick, by the
            # virtual machine. Any of it takes longer than asking.
            "spark.sql.adaptive.enabled": "false",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "spark.sql.session.timeZone": "America/St_Johns",
            "spark.sql.warehouse.dir": folder,
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.log.level": "OFF",
        }
        builder = SparkSession.builder.master("local[2]").appName("volens")
        for key, value in settings.items():
            builder = builder.config(key, value)
        return builder.getOrCreate()

    def ask(self, sql):
        frame = Spark.session.sql(sql)
        return frame.columns, [list(row) for row in frame.collect()]

    def close(self):
        for setting, value in self.before.items():
            Spark.session.conf.set(setting, value)
        for name in self.names:
            Spark.session.catalog.dropTempView(name)


ENGINES = {"duckdb": DuckDb, "datafusion": DataFusion, "spark": Spark}


def cell(value):
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def in_order(row):
    return [(value is not None, type(value).__name__, value) for value in row]


def answer(request):
    tables = {name: table(told) for name, told in request["tables"].items()}
    engines, answers = {}, []
    for query in request["queries"]:
        try:
            name = query["engine"]
            if name not in engines:
                engines[name] = ENGINES[name](tables, request["session"])
            columns, rows = engines[name].ask(query["sql"])
            rows = sorted(([cell(value) for value in row] for row in rows), key=in_order)
            answers.append({"columns": columns, "rows": rows})
        except BaseException as error:  # DataFusion's panics are no Exception.
            answers.append({"error": f"{type(error).__name__}: {error}"})
    for engine in engines.values():
        engine.close()
    return {"answers": answers}


def main():
    sys.stdin.reconfigure(encoding="utf-8")
    for line in sys.stdin.buffer:
        print(json.dumps(answer(json.loads(line))), flush=True)


main()
