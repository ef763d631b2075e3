#!/usr/bin/env python3
"""table.py OUT: the tables of ratios from what the programs of the comparison printed into the folder OUT."""
import re
import sys
from collections import defaultdict
from pathlib import Path

AUDIENCES = ["A1", "A2", "A3", "A4", "A5"]


def single(folder):
    """By engine and measurement, the best median over the passes, in nanoseconds."""
    best = defaultdict(dict)
    for file in sorted(folder.glob("single_*.txt")):
        for line in file.read_text().splitlines():
            parts = line.split("\t")
            if parts[0] == "RESULT":
                engine, what, median = parts[1], parts[2], float(parts[4])
                best[engine][what] = min(median, best[engine].get(what, median))
            if parts[0] == "CHECK" and "mismatches 0 " not in parts[3]:
                print(f"> {parts[1]} answers {parts[2]} otherwise: {parts[3]}")
                best[parts[1]][f"{parts[2]} wrong"] = True
    return best


def batch(folder):
    """By engine, source, threads and audience, the smallest median over the passes, in milliseconds."""
    best, counts = {}, {}
    for file in sorted(folder.glob("batch*_*.txt")):
        for line in file.read_text().splitlines():
            parts = line.split("\t")
            if parts[0] != "BATCH" or "ERROR" in line:
                continue
            key = tuple(parts[1:5])
            median = float(re.search(r"median_s ([\d.]+)", line).group(1)) * 1000
            best[key] = min(median, best.get(key, median))
            counts[key] = re.search(r"count (\S+)", line).group(1)
    return best, counts


def row(cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def head(cells):
    row(cells)
    row(["---"] * len(cells))


def main():
    folder = Path(sys.argv[1])
    one = single(folder)
    floor, ours = one.get("native", {}), one.get("volens", {})
    others = [engine for engine in one if engine not in ("native", "volens")]
    print("\n**One profile, nanoseconds (hit / mix)**\n")
    head(["", *AUDIENCES])
    for engine in ["native", "volens", *others]:
        cells = []
        for audience in AUDIENCES:
            hit, mix = (one[engine].get(f"{audience} {kind}") for kind in ("hit", "mix"))
            wrong = one[engine].get(f"{audience} wrong")
            cells.append("wrong answer" if wrong else f"{hit} / {mix}" if hit else "–")
        row([engine, *cells])

    def ratio(a, b):
        return f"{a / b:.1f}" if a and b else "–"

    cells = [[], []]
    for audience in AUDIENCES:
        of = lambda numbers, kind: numbers.get(f"{audience} {kind}")
        cells[0].append(" / ".join(ratio(of(ours, kind), of(floor, kind)) for kind in ("hit", "mix")))
        right = [one[engine] for engine in others if not one[engine].get(f"{audience} wrong")]
        best = {kind: min((of(numbers, kind) for numbers in right if of(numbers, kind)), default=None) for kind in ("hit", "mix")}
        cells[1].append(" / ".join(ratio(best[kind], of(ours, kind)) for kind in ("hit", "mix")))
    row(["**volens ÷ floor**", *cells[0]])
    row(["**best correct other ÷ volens**", *cells[1]])

    print("\n**Compiling and loading, nanoseconds**\n")
    head(["", "what", "ns"])
    for engine in ["native", "volens", *others]:
        for what, median in one[engine].items():
            if isinstance(median, float) and not re.match(r"A\d (hit|mix)$|.*stream", what):
                row([engine, what, median])

    best, counts = batch(folder)
    print("\n**A million profiles at once, milliseconds, 2 threads**\n")
    head(["", *AUDIENCES, "all five"])
    sources = sorted({key[:2] for key in best if key[2] == "2T"})
    for engine, source in sources:
        of = lambda audience: best.get((engine, source, "2T", audience))
        if not any(of(audience) for audience in [*AUDIENCES, "ALL"]):
            continue
        total = of("ALL")
        if total is None and engine.startswith("floor") and all(of(a) for a in AUDIENCES):
            total = sum(of(audience) for audience in AUDIENCES)
        row([f"{engine} {source}", *(f"{of(a):.2f}" if of(a) else "–" for a in AUDIENCES), f"{total:.1f}" if total else "–"])
    ours = best.get(("volens", "mem", "2T", "ALL"))
    floor = [best.get(("floor-byname", "mem", "2T", audience)) for audience in AUDIENCES]
    polars = best.get(("polars", "memenum", "2T", "ALL"))
    if ours and all(floor):
        print(f"\nvolens ÷ sum of the floor: {ours / sum(floor):.2f}")
    if ours and polars:
        print(f"Polars enum, all in one call ÷ volens: {polars / ours:.2f}")
    for threads in ("1T", "2T"):
        ours_from, polars_from = (best.get((engine, "parquet", threads, "ALL")) for engine in ("volens", "polars"))
        if ours_from and polars_from:
            print(
                f"From Parquet, all in one call, {threads}: volens {ours_from:.0f} ms, Polars {polars_from:.0f} ms; "
                f"Polars ÷ volens: {polars_from / ours_from:.2f}"
            )
    for count in ("1000 audiences", "10000 audiences"):
        many = best.get(("volens", "mem", "2T", count))
        if many and ours:
            print(f"{count}: {many:.0f} ms, {many / ours:.1f} times the five")
    for audience in AUDIENCES:
        found = {counts[key] for key in counts if key[3] == audience}
        if len(found) > 1:
            sys.exit(f"{audience}: the engines disagree: {found}")


if __name__ == "__main__":
    main()
