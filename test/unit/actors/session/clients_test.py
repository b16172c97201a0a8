#!/usr/bin/python3
"""Real clients (psycopg2, psql, pgbench) against session_server: the primary, and a standby that forwards writes.

Usage: clients_test.py PATH_OF_SESSION_SERVER. Exits 77 where psycopg2 is missing.
"""
import io
import os
import subprocess
import sys
import threading

try:
    import psycopg2
    import psycopg2.errors
    import psycopg2.extras
except ImportError:
    sys.exit(77)

LOGIN = {"host": "127.0.0.1", "user": "helios", "password": "secret of helios", "dbname": "heliosdb"}
ENVIRONMENT = dict(os.environ, PGHOST="127.0.0.1", PGUSER="helios", PGPASSWORD="secret of helios", PGDATABASE="heliosdb")


def expect(what, seen, wanted):
    if seen != wanted:
        raise SystemExit(f"{what}: expected {wanted!r}, saw {seen!r}")


def one(cursor, text, parameters=None):
    cursor.execute(text, parameters)
    return cursor.fetchone()[0]


def adapts_values(port):
    with psycopg2.connect(port=port, **LOGIN) as c, c.cursor() as cursor:
        cursor.execute("CREATE TABLE py (k serial PRIMARY KEY, v text, n numeric, b bool)")
        cursor.executemany("INSERT INTO py (v, n, b) VALUES (%s, %s, %s)", [("a", 1.5, True), ("q'uote\\", None, None)])
        cursor.execute("SELECT v, n, b FROM py ORDER BY k")
        rows = cursor.fetchall()
        expect("first row", (rows[0][0], float(rows[0][1]), rows[0][2]), ("a", 1.5, True))
        expect("second row", rows[1], ("q'uote\\", None, None))
        psycopg2.extras.execute_values(cursor, "INSERT INTO py (v, n) VALUES %s", [(str(i), i) for i in range(1000)])
    c.close()


def copies(port):
    c = psycopg2.connect(port=port, **LOGIN)
    with c, c.cursor() as cursor:
        cursor.copy_from(io.StringIO("x\t1\n" * 2000), "py", columns=("v", "n"))
        out = io.StringIO()
        cursor.copy_expert("COPY (SELECT v, n FROM py WHERE v = 'x' LIMIT 2) TO STDOUT CSV HEADER", out)
        expect("COPY TO", out.getvalue(), "v,n\nx,1\nx,1\n")
        expect("COPY FROM", one(cursor, "SELECT count(*) FROM py WHERE v = 'x'"), 2000)
        cursor.execute("DELETE FROM py WHERE v = 'x'")
    with c, c.cursor("by_parts") as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT k FROM py")
        expect("rows of a cursor", sum(1 for _ in cursor), 1002)
    c.close()


def reports_errors(port):
    c = psycopg2.connect(port=port, **LOGIN)
    with c.cursor() as cursor:
        try:
            cursor.execute("INSERT INTO py (k) VALUES (1)")
            raise SystemExit("a duplicate key was accepted")
        except psycopg2.errors.UniqueViolation as e:
            expect("constraint", e.diag.constraint_name, "py_pkey")
            expect("detail", e.diag.message_detail, "Key (k)=(1) already exists.")
    c.rollback()
    c.close()


def cancels(port, text):
    c = psycopg2.connect(port=port, **LOGIN)
    timer = threading.Timer(0.2, c.cancel)
    timer.start()
    try:
        c.cursor().execute(text)
        raise SystemExit("a cancelled statement succeeded")
    except psycopg2.errors.QueryCanceled:
        c.rollback()
    timer.join()
    with c.cursor() as cursor:
        expect("after the cancel", one(cursor, "SELECT 1"), 1)
    c.close()


def reads_own_writes(port):
    c = psycopg2.connect(port=port, **LOGIN)
    c.autocommit = True
    with c.cursor() as cursor:
        for i in range(20):
            cursor.execute("INSERT INTO py (v) VALUES (%s)", (f"written {i}",))
            expect("own write", one(cursor, "SELECT count(*) FROM py WHERE v LIKE 'written%%'"), i + 1)
        cursor.execute("DELETE FROM py WHERE v LIKE 'written%'")
        expect("deleted", cursor.rowcount, 20)
    c.close()


def bench(port, *arguments):
    done = subprocess.run(["/usr/lib/postgresql/15/bin/pgbench", "-p", str(port), *arguments], env=ENVIRONMENT,
                          capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0 or "(0.000%)" not in done.stdout and "-i" not in arguments:
        raise SystemExit(f"pgbench {arguments}: {done.stdout}{done.stderr}")


def main():
    with subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        primary, standby = (int(port) for port in server.stdout.readline().split())
        adapts_values(primary)
        for port in (primary, standby):
            copies(port)
            reports_errors(port)
            reads_own_writes(port)
            cancels(port, "SELECT pg_sleep(20)")
        cancels(standby, "BEGIN; SELECT pg_sleep(20)")
        psql = subprocess.run(["psql", "-p", str(standby), "-Atc", "SELECT count(*) FROM py"], env=ENVIRONMENT,
                              capture_output=True, text=True, timeout=60, check=True)
        expect("psql", psql.stdout, "1002\n")
        if os.path.exists("/usr/lib/postgresql/15/bin/pgbench"):
            bench(primary, "-i", "-q")
            for port in (primary, standby):
                for mode in ("simple", "extended", "prepared"):
                    bench(port, "-n", "-M", mode, "-c", "4", "-t", "50")
        server.stdin.close()
        expect("exit status of the server", server.wait(20), 0)


main()
