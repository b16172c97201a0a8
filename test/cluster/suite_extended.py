"""The extended protocol on every node that takes writes: parameters, named statements, binary results, pipelines; on the primary,
through the routing standbys and through the proxy. Also pgbench's own scripts in its three modes."""
import subprocess
from pathlib import Path

from harness import DATABASE, PASSWORD, USER, Cluster, check
from libpq import PIPELINE_ABORTED, Connection

PGBENCH = Path("/usr/lib/postgresql/15/bin/pgbench")


def extended(node):
    return Connection(node.pg, USER, PASSWORD, DATABASE)


def good(answer, what):
    check(answer.good(), f"{what}: {answer}")
    return answer


def statements(c, name):
    """Executed and prepared statements, reads of the session's own writes, errors that leave the session usable."""
    table = f'"x_{name}"'
    link = extended(c[name])
    good(link.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, v TEXT, n NUMERIC)"), f"{name}: create")
    inserted = good(link.execute(f"INSERT INTO {table} VALUES ($1, $2, $3) RETURNING id, v", 1, "one", "1.50"), f"{name}: insert")
    check(inserted.rows == [(b"1", b"one")] and inserted.tag == "INSERT 0 1", f"{name}: {inserted}")
    good(link.prepare("add", f"INSERT INTO {table} (id, v) VALUES ($1, $2)"), f"{name}: prepare")
    for i in range(2, 6):
        good(link.execute_prepared("add", i, None), f"{name}: execute {i}")
    again = link.execute_prepared("add", 5, "twice")
    check(again.code == "23505", f"{name}: a duplicate key gives {again}")
    good(link.prepare("get", f"SELECT id, v, n FROM {table} WHERE id = $1"), f"{name}: prepare a read")
    check(link.execute_prepared("get", 1).rows == [(b"1", b"one", b"1.50")], f"{name}: a prepared read")
    check(link.execute_prepared("get", 1, binary=True).rows[0][0] == b"\0\0\0\1", f"{name}: a binary result")
    check(link.execute_prepared("get", 77).rows == [], f"{name}: a prepared read of nothing")
    check(link.execute("SELECT $1::int + 1", "x").code == "22P02", f"{name}: a bad parameter")
    link.close()


def pipelines(c, name):
    """One transaction per sync: an error undoes what precedes it and skips what follows."""
    table = f'"x_{name}"'
    link = extended(c[name])
    answers = link.pipeline((f"INSERT INTO {table} (id) VALUES ($1)", 100), (f"SELECT COUNT(*) FROM {table} WHERE id = $1", 100),
                            (f"UPDATE {table} SET v = $1 WHERE id = $2", "piped", 100))
    check([a.tag for a in answers] == ["INSERT 0 1", "SELECT 1", "UPDATE 1"] and answers[1].rows == [(b"1",)], f"{name}: {answers}")
    answers = link.pipeline((f"INSERT INTO {table} (id) VALUES ($1)", 200), (f"INSERT INTO {table} (id) VALUES ($1)", 100),
                            (f"INSERT INTO {table} (id) VALUES ($1)", 300))
    check(answers[0].good() and answers[1].code == "23505" and answers[2].status == PIPELINE_ABORTED, f"{name}: {answers}")
    left = link.execute(f"SELECT id FROM {table} WHERE id >= 100 ORDER BY id")
    check(left.rows == [(b"100",)], f"{name}: after a pipeline with an error: {left}")
    link.close()


def blocks(c, name):
    table = f'"x_{name}"'
    link = extended(c[name])
    for text in ("BEGIN", f"INSERT INTO {table} (id) VALUES (400)", "ROLLBACK", "BEGIN", f"DELETE FROM {table} WHERE id = 100"):
        good(link.execute(text), f"{name}: {text}")
    check(link.execute(f"SELECT 1 FROM {table} WHERE id IN (100, 400)").rows == [], f"{name}: own changes within a transaction")
    good(link.execute("COMMIT"), f"{name}: commit")
    check(link.execute(f"SELECT COUNT(*) FROM {table}").rows == [(b"5",)], f"{name}: own changes after it")
    good(link.execute("BEGIN"), f"{name}: begin")
    check(link.execute("SELECT 1 / 0").code == "22012", f"{name}: division by zero")
    check(link.execute("SELECT 1").code == "25P02", f"{name}: a failed transaction refuses statements")
    check(link.execute("COMMIT").tag == "ROLLBACK", f"{name}: its commit is a rollback")
    link.close()


def pgbench(node, *options):
    done = subprocess.run([PGBENCH, "-h", "127.0.0.1", "-p", str(node.pg), "-U", USER, *options, DATABASE],
                          env={"PGPASSWORD": PASSWORD, "PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)
    check(done.returncode == 0 and "aborted" not in done.stdout, f"pgbench {options} on {node.name}: {done.stdout[-1500:]}")


def benchmark_scripts(c):
    pgbench(c["primary"], "-i", "-q", "-s", "1")
    for name in ("primary", "standby-sync", "proxy"):
        for mode in ("simple", "extended", "prepared"):
            pgbench(c[name], "-n", "-M", mode, "-c", "4", "-j", "2", "-t", "20")
    for name in ("standby-async", "proxy"):
        pgbench(c[name], "-n", "-S", "-M", "prepared", "-c", "4", "-t", "50")
    sums = c["primary"].query("SELECT (SELECT SUM(abalance) FROM pgbench_accounts), (SELECT SUM(bbalance) FROM pgbench_branches), "
                              "(SELECT SUM(tbalance) FROM pgbench_tellers), (SELECT SUM(delta) FROM pgbench_history)")[0]
    check(len(set(sums)) == 1, f"the sums of accounts, branches, tellers and history differ: {sums}")
    check(c["primary"].value("SELECT COUNT(*) FROM pgbench_history") == 3 * 3 * 4 * 20, "a transaction is missing in the history")


def run(binary):
    with Cluster(binary) as c:
        for name in ("primary", "standby-sync", "standby-semisync", "proxy"):
            for part in (statements, pipelines, blocks):
                part(c, name)
            print(f"the extended protocol holds on {name}", flush=True)
        benchmark_scripts(c)
        c.wait_caught_up()
        c.check_identical("SELECT * FROM \"x_standby-sync\" ORDER BY id")
        c.check_identical("SELECT * FROM pgbench_accounts WHERE abalance <> 0 ORDER BY aid")
