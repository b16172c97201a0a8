"""Parts 1 to 7 of the tutorial through psql, each output checked. Only the proxy's write timeout is shorter."""
import time

from harness import LONG, MODES, STANDBYS, Cluster, check, wait_for

TABLE = """
CREATE TABLE IF NOT EXISTS replication_test (
    id SERIAL PRIMARY KEY,
    message TEXT,
    sync_mode TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
"""
WRITE_TIMEOUT = 30 if LONG else 3


def expect(node, sql, *wanted, options=(), code=0):
    got, output = node.psql(sql, *options)
    check(got == code, f"{node.name}: exit code {got} instead of {code} for {sql}\n{output}")
    for text in wanted:
        check(text in output, f"{node.name}: '{text}' is not in the output of {sql}\n{output}")
    return output


def insert(message, mode):
    return f"INSERT INTO replication_test (message, sync_mode) VALUES ('{message}', '{mode}');"


def everywhere(cluster, sql):
    """The same rows on all four nodes, as soon as the slowest has applied them."""
    cluster.wait_caught_up()
    return cluster.check_identical(sql)


def part_1(c):
    for name, title in [("primary", "Primary OK"), ("standby-sync", "Standby-Sync OK"),
                        ("standby-semisync", "Standby-Semi OK"), ("standby-async", "Standby-Async OK")]:
        expect(c[name], f"SELECT '{title}' as status", " status ", title, "(1 row)")
    for name in ("primary", "standby-sync", "observer", "proxy"):
        check(c[name].http_get("/health")[0] == 200, f"/health of {name}")


def part_2(c):
    output = expect(c["primary"], "SELECT * FROM pg_replication_standbys;", "node_id", "sync_mode", "state", "flush_lsn",
                    "apply_lsn", "lag_ms", "(3 rows)")
    for name in STANDBYS:
        check(name in output, f"{name} is not listed")
    rows = c["primary"].query("SELECT node_id, sync_mode, state, flush_lsn, apply_lsn, lag_bytes, lag_ms "
                              "FROM pg_replication_standbys")
    check({r[0]: r[1] for r in rows} == MODES, f"modes: {rows}")
    check(all(r[2] == "streaming" for r in rows), f"states: {rows}")
    for name in STANDBYS:
        expect(c[name], "SELECT * FROM pg_replication_primary;", "(1 row)", "streaming")
        row = c[name].query("SELECT node_id as primary_id, state, primary_lsn, local_lsn, lag_bytes FROM pg_replication_primary")
        check(len(row) == 1 and row[0][0] == "primary" and row[0][1] == "streaming", f"{name}: {row}")
        check(c[name].query("SELECT * FROM pg_replication_standbys") == [], f"{name} lists standbys")
    check(c["primary"].query("SELECT * FROM pg_replication_primary") == [], "the primary has a primary")
    expect(c["primary"], "SELECT * FROM pg_replication_status", "primary")
    expect(c["primary"], "SELECT * FROM pg_replication_metrics", "metric_name", "metric_value", "description")


def part_3(c):
    expect(c["primary"], TABLE, "CREATE TABLE")
    expect(c["primary"], TABLE, "CREATE TABLE", "already exists, skipping")
    expect(c["primary"], insert("Hello from primary!", "sync mode test"), "INSERT 0 1")
    rows = everywhere(c, "SELECT * FROM replication_test ORDER BY id")
    check([r[:3] for r in rows] == [(1, "Hello from primary!", "sync mode test")] and rows[0][3] is not None, f"{rows}")


def part_4(c):
    expect(c["standby-sync"], insert("Written via standby-sync with TWR!", "TWR test"), "INSERT 0 1")
    expect(c["primary"], "SELECT id, message, sync_mode FROM replication_test WHERE message LIKE '%TWR%';",
           "Written via standby-sync with TWR!", "(1 row)")
    expect(c["standby-sync"], insert("TWR via standby-sync", "sync"), "INSERT 0 1")
    expect(c["standby-semisync"], insert("TWR via standby-semisync", "semi-sync"), "INSERT 0 1")
    output = expect(c["standby-async"], insert("TWR via standby-async", "async"), "ERROR", "read-only", "HINT", code=1)
    check(str(c["primary"].pg) in output or "primary" in output, f"the hint does not say where to connect: {output}")
    messages = [r[0] for r in everywhere(c, "SELECT message FROM replication_test ORDER BY id")]
    check(messages == ["Hello from primary!", "Written via standby-sync with TWR!", "TWR via standby-sync",
                       "TWR via standby-semisync"], f"{messages}")


def part_5(c):
    c["primary"].stop()
    code, output = c["primary"].psql("SELECT 1")
    check(code == 2 and "refused" in output, f"the stopped primary answers: {output}")
    expect(c["standby-sync"], "SELECT COUNT(*) as row_count FROM replication_test", "row_count", "4")
    expect(c["proxy"], "SELECT COUNT(*) as row_count FROM replication_test", "row_count", "4")
    started = time.monotonic()
    code, output = c["proxy"].psql("INSERT INTO replication_test (message) VALUES ('failover test')")
    took = time.monotonic() - started
    check(code == 1 and "ERROR" in output, f"a write without a primary: exit code {code}: {output}")
    check(WRITE_TIMEOUT - 1 <= took <= WRITE_TIMEOUT + 3, f"the write was refused after {took:.1f} s")


def part_6(c):
    c["primary"].start()
    expect(c["primary"], "SELECT 'Primary RECOVERED' as status", "Primary RECOVERED")
    c.wait_streaming()
    for name in STANDBYS:
        for line in ("Attempting reconnection to primary (attempt 1)...", "Connected to primary, starting streaming...",
                     "Streaming replication established"):
            check(line in c[name].log(), f"'{line}' is not in the log of {name}")
        check("(attempt 0)" not in c[name].log(), f"{name} has counted an attempt from 0")
    expect(c["primary"], "INSERT INTO replication_test (message, sync_mode) VALUES ('Post-recovery write', 'recovery test') "
           "RETURNING id, message;", "Post-recovery write", "INSERT 0 1")
    expect(c["standby-sync"], "SELECT id, message FROM replication_test WHERE message = 'Post-recovery write';",
           "Post-recovery write", "(1 row)")
    check(c["primary"].value("SELECT COUNT(*) FROM replication_test WHERE message = 'failover test'") == 0,
          "a refused write has happened")


def part_7(c):
    for i in range(1, 101):
        expect(c["primary"], f"INSERT INTO replication_test (message) VALUES ('Batch row {i}')", "INSERT 0 1")
    count = "SELECT COUNT(*) FROM replication_test WHERE message LIKE 'Batch row%'"
    expect(c["primary"], count, "100")
    c["primary"].stop()
    expect(c["standby-sync"], count, "100")
    c["primary"].start()
    c.wait_streaming()
    for i in range(1, 11):
        expect(c["proxy"], f"SELECT '{i}' as query_num, current_timestamp", "query_num", "(1 row)")
    log = c["proxy"].log().splitlines()[-40:]
    check(any(word in line for line in log for word in ("routing", "selected", "backend")), "no routing decision in the log")
    wait_for("the proxy is healthy", lambda: c["proxy"].http_get("/health")[0] == 200)
    rows = everywhere(c, "SELECT * FROM replication_test ORDER BY id")
    check(len(rows) == 105, f"{len(rows)} rows at the end")


def run(binary):
    with Cluster(binary, {"proxy.write_timeout": f"{WRITE_TIMEOUT}s"}) as c:
        for part in (part_1, part_2, part_3, part_4, part_5, part_6, part_7):
            part(c)
            print(f"{part.__name__} holds", flush=True)
