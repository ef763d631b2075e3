"""The same with Spark, in two worker processes beside the driver.

    python spark.py COMMAND

`make warehouse-spark` builds the command and runs this. Spark needs a Java of version 17 or later.
"""

import sys

from pyspark.sql import SparkSession

from shop import Shop


def main():
    shop = Shop(sys.argv[1])
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.warehouse.dir": str(shop.folder / "spark"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("volens")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    for table in shop.tables:
        # With this option Spark takes no column from the name of a folder: it would guess types, and take a name such as 5 for a
        # number. Each file has the column `name` itself.
        files = spark.read.option("recursiveFileLookup", "true").parquet(shop.place(table).as_uri())
        files.createOrReplaceTempView(table)

    def ask(sql):
        result = spark.sql(sql)
        return result.columns, [tuple(row) for row in result.collect()]

    code = shop.compare("spark", ask)
    spark.stop()
    return code


if __name__ == "__main__":
    sys.exit(main())
