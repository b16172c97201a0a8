"""Enums, domains, composite and row types across the nodes: defined through a standby, read on every standby by text and by a driver that
asks the catalog for them, changed while sessions with prepared statements stay open, and there after restarts."""
import psycopg2
import psycopg2.extras

from harness import Cluster, check, wait_for

DEFINITIONS = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN posint AS INT CHECK (VALUE > 0);
CREATE TYPE pair AS (a posint, b mood);
CREATE TABLE t (id posint PRIMARY KEY, m mood, p pair, l mood[], ps pair[]);
CREATE INDEX t_m ON t (m);
"""
ROWS = "SELECT id, m, p, (p).b, l, ps, t FROM t ORDER BY m, id"


def refused(node, sql, code):
    try:
        node.query(sql)
    except psycopg2.Error as error:
        check(error.pgcode == code, f"{sql}: {error.pgcode} instead of {code}: {error}")
        return
    check(False, f"{sql} was not refused")


def driver_knows_them(node):
    """psycopg2 looks the composite type and the array's oid up in pg_type and pg_attribute."""
    connection = node.connect()
    pair = psycopg2.extras.register_composite("pair", connection).type
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid, typarray FROM pg_type WHERE typname = 'mood'")
        oid, array = cursor.fetchone()
        mood = psycopg2.extensions.new_type((oid,), "MOOD", psycopg2.STRING)
        psycopg2.extensions.register_type(mood, connection)
        psycopg2.extensions.register_type(psycopg2.extensions.new_array_type((array,), "MOOD[]", mood), connection)
        cursor.execute("SELECT p, l, m FROM t WHERE id = 1")
        row = cursor.fetchone()
        # The driver does not know the domain of a, so that it stays text: as with PostgreSQL.
        check(row == (pair("1", "ok"), ["sad", "happy"], "happy"), f"values as the driver's own: {row}")
    connection.close()


def psql_shows_them(node):
    for command, wanted in ((r"\dT+", ("mood", "sad", "pair", "tuple")), (r"\dT", ("mood", "pair")), (r"\dD", ("posint", "VALUE > 0")),
                            (r"\dD+", ("posint",)), (r"\d pair", ("Composite type", "posint", "mood")), (r"\d t", ("mood[]", "t_m"))):
        code, shown = node.psql(command)
        check(code == 0, f"{command} on {node.name}: {shown}")
        for word in wanted:
            check(word in shown, f"{command} on {node.name} does not show {word}: {shown}")


def run(binary):
    with Cluster(binary) as c:
        router = c["standby-sync"]
        for statement in DEFINITIONS.strip().split(";\n"):
            router.query(statement.rstrip(";"))
        router.query("INSERT INTO t VALUES (1, 'happy', (1, 'ok'), '{sad,happy}', '{\"(2,sad)\"}')")
        router.query("INSERT INTO t (id, m) VALUES (2, 'sad')")
        refused(router, "INSERT INTO t (id) VALUES (-1)", "23514")
        refused(router, "INSERT INTO t (id, m) VALUES (3, 'none')", "22P02")
        c.wait_caught_up()
        c.check_identical(ROWS)
        print("definitions through a standby hold", flush=True)

        reader = c["standby-async"].connect()
        with reader.cursor() as cursor:
            cursor.execute("PREPARE q (mood) AS SELECT id FROM t WHERE m = $1")
            cursor.execute("EXECUTE q ('happy')")
            check(cursor.fetchall() == [(1,)], "a prepared statement on a standby")
        c["primary"].query("ALTER TYPE mood ADD VALUE 'fine' BEFORE 'happy'")
        c["primary"].query("ALTER TYPE mood RENAME VALUE 'happy' TO 'glad'")
        c["primary"].query("INSERT INTO t (id, m) VALUES (4, 'fine')")
        c.wait_caught_up()
        with reader.cursor() as cursor:
            cursor.execute("EXECUTE q ('glad')")
            check(cursor.fetchall() == [(1,)], "the prepared statement knows of the new name")
            cursor.execute("EXECUTE q ('fine')")
            check(cursor.fetchall() == [(4,)], "and of the new value")
        c.check_identical(ROWS)
        c["primary"].query("ALTER TYPE mood RENAME VALUE 'glad' TO 'happy'")
        c.wait_caught_up()
        for node in (c["primary"], c["standby-sync"]):
            driver_knows_them(node)
            psql_shows_them(node)
        print("drivers and psql know the types on every node", flush=True)

        before = c["primary"].query(ROWS)
        for name in ("primary", "standby-sync"):
            c[name].kill()
            c[name].start()
        c.wait_streaming()
        wait_for("the primary takes writes", lambda: c["primary"].value("SELECT COUNT(*) FROM t") == 3)
        check(c["primary"].query(ROWS) == before, "other rows after a restart")
        refused(c["primary"], "DROP TYPE mood", "2BP01")
        c.wait_caught_up()
        c.check_identical(ROWS)
