#!/usr/bin/env python3
"""sql.py ENGINE FILE.audience VOLENS [ROUNDS]: the five audiences as `volens sql` writes them beside hand-written SQL, in turns, in
one process. ENGINE is duckdb, datafusion or spark; VOLENS is the command. PEERS_DATA has the data of the comparison, the folder
above it py/batch.py. DuckDB and DataFusion have the tables in memory, Spark reads them from Parquet; two threads each.

Prints a line for each audience: the count, and of the time that passed and of the time of processors, each: medians in milliseconds,
of the best hand-written form with its name and of Volens, and their ratio. A count that is not the expected one ends it."""
import ast, os, statistics, subprocess, sys, time

engine, definitions, volens = sys.argv[1:4]
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 11
data = os.environ.get('PEERS_DATA', 'data')
EXPECTED = {'A1': 17397, 'A2': 31020, 'A3': 6409, 'A4': 7626, 'A5': 85735}


def hand_written():
    """By audience and name: the queries of py/batch.py, which runs when it is imported, and those that one would try beside them:
    a count of several things in one pass, and a window instead of a join."""
    tree = ast.parse(open(os.path.join(data, '..', 'py', 'batch.py')).read())
    names_of = lambda n: {t.id for t in ast.walk(n) if isinstance(t, ast.Name) and isinstance(t.ctx, ast.Store)}
    wanted = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == 'sql'
              or isinstance(n, ast.Assign) and names_of(n) & {'NOW', 'DAY', 'adv'}]
    names = {}
    exec(compile(ast.Module(wanted, []), 'batch.py', 'exec'), names)
    queries = names['sql']('duckdb' if engine == 'duckdb' else 'datafusion')
    now, day = names['NOW'], names['DAY']
    if engine == 'duckdb':
        queries['A5b'] = queries['A5b'].replace('LEFT ANTI', 'ANTI').replace('LEFT SEMI', 'SEMI')
    if engine == 'spark':
        queries['A2'] = queries['A2'].replace('ends_with(', 'endswith(')
    forms = {audience: {'peers': queries[audience]} for audience in EXPECTED}
    forms['A3']['one pass'] = f"""SELECT p.id FROM profiles p JOIN (
      SELECT profile_id FROM events WHERE name IN ('Order Completed', 'Order Refunded') AND ts >= {now - 90 * day} GROUP BY profile_id
      HAVING SUM(CASE WHEN name = 'Order Completed' AND ts >= {now - 30 * day} AND revenue > 50 THEN 1 ELSE 0 END) >= 2
        AND SUM(CASE WHEN name = 'Order Refunded' THEN 1 ELSE 0 END) = 0) c ON c.profile_id = p.id
      WHERE {names['adv']} AND {names['ana']}"""
    forms['A5']['joins'] = queries['A5b']
    # DataFusion takes ten times as long for it as for the join.
    if engine != 'datafusion':
        forms['A5']['window'] = f"""SELECT p.id FROM profiles p WHERE {names['adv']} AND p.id IN (SELECT profile_id FROM (
          SELECT profile_id, name, MIN(CASE WHEN name = 'Order Completed' THEN ts END) OVER (PARTITION BY profile_id, product_id ORDER BY ts
            RANGE BETWEEN 1 FOLLOWING AND {day} FOLLOWING) AS ordered
          FROM events WHERE name IN ('Product Viewed', 'Order Completed') AND ts >= {now - 7 * day}) w
          WHERE name = 'Product Viewed' AND ordered IS NULL)"""
    return forms


def ours(audience):
    command = [volens, 'sql', definitions, '--dialect', engine, '--audience', audience.lower(), '--now', '2026-01-01T00:00:00Z']
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def contract():
    """The tables of the contract, of what the five audiences read, as Parquet files: made once, for all engines."""
    state = lambda column: f"CASE {column} WHEN 'true' THEN 'granted' WHEN 'false' THEN 'denied' WHEN 'conflict' THEN 'conflicted' END"
    columns = {
        'profiles': [
            ('CAST(id AS BIGINT)', 'profile_id'), ('TRUE', 'known'), ('FALSE', 'anonymous'),
            (state('consent_advertising'), 'Advertising:consent'), (state('consent_analytics'), 'Analytics:consent'),
            ('plan', 'plan:text'), ('country', 'country:text'), ('CAST(age AS DOUBLE)', 'age:number'),
            ('total_spend', 'total_spend:number'), ('email', 'email:text')],
        'events': [
            ('ROW_NUMBER() OVER (ORDER BY profile_id, ts)', 'event_id'), ('CAST(profile_id AS BIGINT)', 'profile_id'), ('name', 'name'),
            ('CAST(ts AS BIGINT)', 'time'), ('revenue', 'revenue:number'), ('CAST(revenue AS DECIMAL(28, 9))', 'revenue:exact'),
            ("CASE WHEN product_id IS NOT NULL THEN 'string' END", 'product_id:kind'), ('product_id', 'product_id:text'),
            ("CASE WHEN product_id IS NOT NULL THEN concat('s', product_id) END", 'product_id:key'),
            ('CAST(NULL AS VARCHAR)', 'product_id:numeral')]}
    folder = os.path.join(data, 'contract')
    os.makedirs(folder, exist_ok=True)
    for name, wanted in columns.items():
        path = os.path.join(folder, f'{name}.parquet')
        if not os.path.exists(path):
            import duckdb
            wanted = ', '.join(f'{what} AS "{column}"' for what, column in wanted)
            source = os.path.join(data, f'{name}.parquet')
            order = 'id' if name == 'profiles' else 'profile_id, ts'
            duckdb.execute(f"COPY (SELECT {wanted} FROM read_parquet('{source}') ORDER BY {order}) TO '{path}.new' (FORMAT parquet)")
            os.rename(f'{path}.new', path)
    return folder


TABLES = ('profiles', 'events')
FOLDERS = {'hand': data, 'own': contract()}
parquet = lambda which, name: os.path.join(FOLDERS[which], f'{name}.parquet')
if engine == 'duckdb':
    import duckdb
    version = duckdb.__version__
    def runner(which):
        con = duckdb.connect(config={'threads': 2})
        for name in TABLES: con.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{parquet(which, name)}')")
        return lambda query: len(con.execute(query).fetchall())
elif engine == 'datafusion':
    import datafusion
    version = datafusion.__version__
    def runner(which):
        files, memory = (datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(2)) for _ in range(2))
        for name in TABLES:
            files.register_parquet(name, parquet(which, name))
            batches = files.sql(f'SELECT * FROM {name}').collect()
            memory.register_record_batches(name, [batches[0::2], batches[1::2]])
        return lambda query: sum(batch.num_rows for batch in memory.sql(query).collect())
else:
    import pyspark
    from pyspark.sql import SparkSession
    version = pyspark.__version__
    spark = (SparkSession.builder.master('local[2]').config('spark.sql.shuffle.partitions', '4').config('spark.driver.memory', '4g')
             .config('spark.ui.enabled', 'false').config('spark.ui.showConsoleProgress', 'false').config('spark.log.level', 'ERROR')
             .config('spark.driver.bindAddress', '127.0.0.1').config('spark.driver.host', '127.0.0.1').getOrCreate())
    java = spark.sparkContext._gateway.proc.pid
    def runner(which):
        session = spark.newSession()
        for name in TABLES: session.read.parquet(parquet(which, name)).createOrReplaceTempView(name)
        return lambda query: session.sql(query).count()

def processors():
    """Seconds of processors that the engine took so far: this process has it, but for Spark."""
    if engine != 'spark': return time.process_time()
    user, system = open(f'/proc/{java}/stat').read().rsplit(')', 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf('SC_CLK_TCK')


def compared(what, names, times):
    *hands, mine = [statistics.median(taken) * 1000 for taken in times]
    best = min(hands)
    return f'{what}: hand {best:.1f} ms ({names[hands.index(best)]}), volens {mine:.1f} ms, ratio {mine / best:.2f}'


hand, own = runner('hand'), runner('own')
print(f'SQL\t{engine} {version}', flush=True)
for audience, written in hand_written().items():
    forms = [(name, hand, query) for name, query in written.items()] + [('volens', own, ours(audience))]
    passed, worked = [[] for _ in forms], [[] for _ in forms]
    # The first round is not measured: whatever an engine prepares, it prepares then.
    for turn in range(rounds + 1):
        for at, (name, run, query) in enumerate(forms):
            start = time.perf_counter(), processors()
            count = run(query)
            if turn > 0:
                passed[at].append(time.perf_counter() - start[0])
                worked[at].append(processors() - start[1])
            if count != EXPECTED[audience]: sys.exit(f'{audience}, {name}: {count}, expected {EXPECTED[audience]}')
    names = list(written)
    print(f'SQL\t{engine}\t{audience}\tcount {count}\t{compared("passed", names, passed)}\t{compared("processors", names, worked)}', flush=True)
