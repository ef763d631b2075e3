#!/usr/bin/env python3
"""sql.py ENGINE FILE.audience VOLENS [RUNS]: the five audiences as `volens sql` writes them beside the hand-written SQL of the
comparison, in turns, in one process. ENGINE is duckdb, datafusion or spark; VOLENS is the command. PEERS_DATA has the data, the
folder above it py/batch.py. Prints a line for each audience: counts, medians in milliseconds, and their ratio."""
import ast, os, statistics, subprocess, sys, time
engine, definitions, volens = sys.argv[1:4]
runs = int(sys.argv[4]) if len(sys.argv) > 4 else 11
data = os.environ.get('PEERS_DATA', 'data')
EXPECTED = {'A1': 17397, 'A2': 31020, 'A3': 6409, 'A4': 7626, 'A5': 85735}

def hand_written():
    """The queries of py/batch.py, which runs when it is imported."""
    tree = ast.parse(open(os.path.join(data, '..', 'py', 'batch.py')).read())
    names_of = lambda n: {t.id for t in ast.walk(n) if isinstance(t, ast.Name) and isinstance(t.ctx, ast.Store)}
    wanted = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == 'sql'
              or isinstance(n, ast.Assign) and names_of(n) & {'NOW', 'DAY', 'adv'}]
    names = {}
    exec(compile(ast.Module(wanted, []), 'batch.py', 'exec'), names)
    queries = names['sql']('duckdb' if engine == 'duckdb' else 'datafusion')
    if engine == 'duckdb':
        queries['A5b'] = queries['A5b'].replace('LEFT ANTI', 'ANTI').replace('LEFT SEMI', 'SEMI')
    if engine == 'spark':
        queries['A2'] = queries['A2'].replace('ends_with(', 'endswith(').replace("p.plan IS DISTINCT FROM 'free'", "NOT p.plan <=> 'free'")
    return queries

def ours(audience):
    command = [volens, 'sql', definitions, '--dialect', engine, '--audience', audience.lower(), '--now', '2026-01-01T00:00:00Z']
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout

def state(column):
    return f"CASE {column} WHEN 'true' THEN 'granted' WHEN 'false' THEN 'denied' WHEN 'conflict' THEN 'conflicted' END"

def fill(quote, source):
    """The tables of the contract, of what the five audiences read, from the data of the comparison."""
    q = lambda name: f'{quote}{name}{quote}'
    people = ', '.join(f'{what} AS {q(name)}' for what, name in [
        ('CAST(id AS BIGINT)', 'profile_id'), ('TRUE', 'known'), ('FALSE', 'anonymous'),
        (state('consent_advertising'), 'Advertising:consent'), (state('consent_analytics'), 'Analytics:consent'),
        ('plan', 'plan:text'), ('country', 'country:text'), ('CAST(age AS DOUBLE)', 'age:number'),
        ('total_spend', 'total_spend:number'), ('email', 'email:text')])
    events = ', '.join(f'{what} AS {q(name)}' for what, name in [
        ('ROW_NUMBER() OVER (ORDER BY profile_id, ts)', 'event_id'), ('CAST(profile_id AS BIGINT)', 'profile_id'), ('name', 'name'),
        ('CAST(ts AS BIGINT)', 'time'), ('revenue', 'revenue:number'), ('CAST(revenue AS DECIMAL(28, 9))', 'revenue:exact'),
        ("CASE WHEN product_id IS NOT NULL THEN 'string' END", 'product_id:kind'), ('product_id', 'product_id:text'),
        ("CASE WHEN product_id IS NOT NULL THEN concat('s', product_id) END", 'product_id:key')])
    return f'SELECT {people} FROM {source("profiles")}', f'SELECT {events} FROM {source("events")}'

parquet = lambda name: os.path.join(data, f'{name}.parquet')
if engine == 'duckdb':
    import duckdb
    hand, own = duckdb.connect(), duckdb.connect()
    for con in (hand, own): con.execute('SET threads=2')
    for name in ('profiles', 'events'): hand.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{parquet(name)}')")
    for name, query in zip(('profiles', 'events'), fill('"', lambda n: f"read_parquet('{parquet(n)}')")):
        own.execute(f'CREATE TABLE {name} AS {query}')
    run_hand, run_own = (lambda q, c=c: len(c.execute(q).fetchall()) for c in (hand, own))
elif engine == 'datafusion':
    import datafusion
    def context():
        return datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(2))
    hand, own, raw = context(), context(), context()
    for name in ('profiles', 'events'):
        raw.register_parquet(name, parquet(name))
        batches = raw.sql(f'SELECT * FROM {name}').collect()
        hand.register_record_batches(name, [batches[0::2], batches[1::2]])
    for name, query in zip(('profiles', 'events'), fill('"', lambda n: n)):
        batches = raw.sql(query).collect()
        own.register_record_batches(name, [batches[0::2], batches[1::2]])
    run_hand, run_own = (lambda q, c=c: sum(b.num_rows for b in c.sql(q).collect()) for c in (hand, own))
else:
    from pyspark.sql import SparkSession
    spark = (SparkSession.builder.master('local[2]').config('spark.sql.shuffle.partitions', '4').config('spark.driver.memory', '6g')
             .config('spark.ui.enabled', 'false').getOrCreate())
    spark.sparkContext.setLogLevel('ERROR')
    for name in ('profiles', 'events'): spark.read.parquet(parquet(name)).createOrReplaceTempView(f'raw_{name}')
    views = {'own': {}, 'hand': {}}
    for name, query in zip(('profiles', 'events'), fill('`', lambda n: f'raw_{n}')):
        views['own'][name] = spark.sql(query).cache()
        views['hand'][name] = spark.read.parquet(parquet(name)).cache()
        for frame in (views['own'][name], views['hand'][name]): frame.count()
    def runner(which):
        def run(q):
            for name, frame in views[which].items(): frame.createOrReplaceTempView(name)
            return spark.sql(q).count()
        return run
    run_hand, run_own = runner('hand'), runner('own')

written = hand_written()
for audience, expected in EXPECTED.items():
    forms = [written[audience]] + ([written['A5b']] if audience == 'A5' else [])
    query = ours(audience)
    if run_own(query) != expected: sys.exit(f'{audience}: {run_own(query)} members, expected {expected}')
    best = None
    times = [[] for _ in forms] + [[]]
    for _ in range(runs):
        for at, (run, text) in enumerate([(run_hand, form) for form in forms] + [(run_own, query)]):
            start = time.perf_counter(); count = run(text); times[at].append(time.perf_counter() - start)
            if count != expected: sys.exit(f'{audience}: {count}, expected {expected}')
    *hands, own_median = [statistics.median(t) * 1000 for t in times]
    print(f'SQL\t{engine}\t{audience}\tcount {expected}\thand {min(hands):.1f} ms\tvolens {own_median:.1f} ms\tratio {own_median / min(hands):.2f}', flush=True)
