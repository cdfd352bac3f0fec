"""What Python tools make of a device file: `devices.py TASK FILE [OUT]` prints one JSON object with the rows and the seconds.

The start of the interpreter and the import of libraries are not counted.
"""

import base64
import json
import sys
import time

CONDITION = "status = 'enabled' AND tags.site = 'north' AND properties.desired.telemetryInterval < 300"


def lines(path):
    with open(path, "rb") as file:
        yield from file


def read_with(loads):
    def read(path, _):
        rows = 0
        for line in lines(path):
            loads(line)
            rows += 1
        return rows

    return read


def filter_with_json(path, out):
    rows = 0
    with open(out, "wb") as kept:
        for line in lines(path):
            row = json.loads(line)
            rows += 1
            if (
                row["status"] == "enabled"
                and row["tags"]["site"] == "north"
                and row["properties"]["desired"]["telemetryInterval"] < 300
            ):
                kept.write(line)
    return rows


def check_with_json(path, _):
    """The rules that scripts tend to have; far fewer than ours."""
    rows, seen, found = 0, set(), 0
    for line in lines(path):
        row = json.loads(line)
        rows += 1
        name = (row["id"], row.get("moduleId"))
        found += name in seen
        seen.add(name)
        found += row.get("status") not in ("enabled", "disabled")
        keys = row.get("authentication", {}).get("symmetricKey") or {}
        for key in keys.values():
            found += key is not None and not 16 <= len(base64.b64decode(key)) <= 64
        found += len(json.dumps(row.get("tags"))) > 8 * 1024
        for part in row.get("properties", {}).values():
            found += len(json.dumps(part)) > 32 * 1024
    return rows


def write_with_json(path, out):
    rows = []
    for line in lines(path):
        rows.append(json.loads(line))
        if len(rows) == 10_000:
            break
    count = sum(1 for _ in lines(path))
    started = time.perf_counter()
    with open(out, "w") as file:
        for at in range(count):
            file.write(json.dumps(rows[at % len(rows)], separators=(",", ":")))
            file.write("\n")
    return count, started


def duckdb_load(path, _):
    import duckdb

    connection = duckdb.connect()
    started = time.perf_counter()
    connection.execute("CREATE TABLE rows AS SELECT * FROM read_ndjson(?)", [path])
    return connection.execute("SELECT count(*) FROM rows").fetchone()[0], started


def duckdb_filter(path, out):
    import duckdb

    connection = duckdb.connect()
    started = time.perf_counter()
    connection.execute(f"COPY (SELECT * FROM read_ndjson('{path}') WHERE {CONDITION}) TO '{out}' (FORMAT json)")
    return 0, started


def duckdb_diff(path, other):
    import duckdb

    connection = duckdb.connect()
    started = time.perf_counter()
    connection.execute(
        "SELECT a.id, b.id FROM read_ndjson(?) a FULL JOIN read_ndjson(?) b ON a.id = b.id WHERE a IS DISTINCT FROM b",
        [path, other],
    ).fetchall()
    return 0, started


def orjson_read(path, out):
    import orjson

    started = time.perf_counter()
    return read_with(orjson.loads)(path, out), started


TASKS = {
    "json-read": read_with(json.loads),
    "json-filter": filter_with_json,
    "json-check": check_with_json,
    "json-write": write_with_json,
    "orjson-read": orjson_read,
    "duckdb-load": duckdb_load,
    "duckdb-filter": duckdb_filter,
    "duckdb-diff": duckdb_diff,
}

task, path = sys.argv[1:3]
start = time.perf_counter()
result = TASKS[task](path, sys.argv[3] if len(sys.argv) > 3 else None)
rows, start = result if isinstance(result, tuple) else (result, start)
print(json.dumps({"rows": rows, "seconds": time.perf_counter() - start}))
