"""Writes through the proxy while there is no primary: held, then done when it returns in time, otherwise refused with 08006, and
the session stays usable. What may have been executed is never sent again. Large results and COPY pass through."""
import io
import threading
import time

import psycopg2

from harness import Cluster, check, wait_for

TIMEOUT = 3


def refused(connection, sql):
    """(seconds, error) of a statement that must fail."""
    started = time.monotonic()
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
        except psycopg2.Error as error:
            return time.monotonic() - started, error
    check(False, f"{sql} was not refused")
    return None


def held_then_refused(c):
    standing = c["proxy"].connect()
    c["primary"].stop()
    for round_number in range(2):  # the second on the same session: it is still usable
        took, error = refused(standing, f"INSERT INTO t VALUES ({100 + round_number}, 'refused')")
        check(error.pgcode == "08006", f"{error.pgcode} instead of 08006: {error}")
        check(TIMEOUT - 0.5 <= took <= TIMEOUT + 2, f"a write was held for {took:.1f} s instead of {TIMEOUT}")
        with standing.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM t")
            check(cursor.fetchone() == (1,), "reads go on in the session whose write was refused")
    c["primary"].start()
    wait_for("the same session writes again", lambda: writes(standing, 1), 15)
    check(c["primary"].value("SELECT COUNT(*) FROM t WHERE v = 'refused'") == 0, "a refused write has happened")


def writes(connection, number):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (%s, 'written')", (number,))
    return True


def held_then_done(c):
    """The write that waits when the primary comes back is done, once."""
    standing = c["proxy"].connect()
    c["primary"].kill()
    outcome = []

    def write():
        try:
            outcome.append(writes(standing, 2))
        except psycopg2.Error as error:
            outcome.append(error)
    writer = threading.Thread(target=write)
    writer.start()
    c["primary"].start(wait=False)
    writer.join(30)
    check(outcome == [True], f"the held write: {outcome}")
    check(c["primary"].query("SELECT v FROM t WHERE id = 2") == [("written",)], "the held write is there")
    c["primary"].wait_healthy()
    c.wait_streaming()


def transaction_dies_with_the_primary(c):
    """A transaction that is open on a primary that dies fails as a whole; the session goes on."""
    connection = c["proxy"].connect()
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (3, 'lost')")
        c["primary"].kill()
        try:
            cursor.execute("INSERT INTO t VALUES (4, 'lost')")
            connection.commit()
        except psycopg2.Error as error:
            check((error.pgcode or "")[:2] in ("08", "57", "40", "25"), f"{error.pgcode}: {error}")
        else:
            check(False, "a transaction has outlived its primary")
    check(connection.closed == 0, "the session has been closed")
    connection.rollback()
    connection.autocommit = True  # a transaction may write, so it would wait for a primary
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM t WHERE id IN (3, 4)")
        check(cursor.fetchone() == (0,), "part of a lost transaction is visible")
    c["primary"].start()
    c.wait_streaming()
    check(c["primary"].value("SELECT COUNT(*) FROM t WHERE id IN (3, 4)") == 0, "part of a lost transaction is there")


def big_answers(c):
    connection = c["proxy"].connect()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE big (id INT PRIMARY KEY, v TEXT)")
        lines = "".join(f"{i}\t{'x' * 200}\n" for i in range(20_000))
        cursor.copy_expert("COPY big FROM STDIN", io.StringIO(lines))
        c.wait_caught_up()
        cursor.execute("SELECT id, v FROM big ORDER BY id")
        rows = cursor.fetchall()
        check(len(rows) == 20_000 and rows[-1] == (19_999, "x" * 200), "a large result through the proxy")
        out = io.StringIO()
        cursor.copy_expert("COPY big TO STDOUT", out)
        check(sorted(out.getvalue().splitlines()) == sorted(lines.splitlines()), "COPY out through the proxy")


def run(binary):
    with Cluster(binary, {"proxy.write_timeout": f"{TIMEOUT}s"}) as c:
        c["primary"].query("CREATE TABLE t (id INT PRIMARY KEY, v TEXT)")
        c["primary"].query("INSERT INTO t VALUES (0, 'first')")
        c.wait_caught_up()
        for step in (held_then_refused, big_answers, held_then_done, transaction_dies_with_the_primary):
            step(c)
            print(f"{step.__name__} holds", flush=True)
