"""Every kind of write through each standby that routes: simple and extended protocol, transactions, COPY, errors, the
session's own reads; an async standby answers 25006."""
import io
import threading

import psycopg2

from harness import Cluster, check, wait_for


def refused(connection, sql, code):
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
        except psycopg2.Error as error:
            check(error.pgcode == code, f"{sql}: {error.pgcode} instead of {code}: {error}")
            return error
    check(False, f"{sql} was not refused")
    return None


def routes(c, name):
    connection = c[name].connect()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE \"r_{name}\" (id SERIAL PRIMARY KEY, v TEXT UNIQUE)")
        table = f'"r_{name}"'
        cursor.execute(f"INSERT INTO {table} (v) VALUES (%s) RETURNING id", ("a",))
        check(cursor.fetchall() == [(1,)], "RETURNING through the standby")
        cursor.execute(f"SELECT v FROM {table}")
        check(cursor.fetchall() == [("a",)], "a session reads its own write at once")
        cursor.execute(f"UPDATE {table} SET v = 'b' WHERE id = 1")
        check(cursor.rowcount == 1 and cursor.statusmessage == "UPDATE 1", "the command tag is the primary's")
        cursor.execute(f"PREPARE p (text) AS INSERT INTO {table} (v) VALUES ($1)")
        cursor.execute("EXECUTE p ('prepared')")
        cursor.copy_expert(f"COPY {table} (v) FROM STDIN", io.StringIO("c1\nc2\nc3\n"))
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        check(cursor.fetchone() == (5,), "COPY through the standby")
    refused(connection, f"INSERT INTO {table} (v) VALUES ('b')", "23505")
    refused(connection, f"INSERT INTO {table} (nothing) VALUES (1)", "42703")
    transactions(c, connection, table)


def transactions(c, connection, table):
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        before = cursor.fetchone()[0]
        cursor.execute(f"INSERT INTO {table} (v) VALUES ('tx')")
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        check(cursor.fetchone()[0] == before + 1, "a transaction sees its own uncommitted write")
        check(c["primary"].value(f"SELECT COUNT(*) FROM {table}") == before, "others do not see it")
        connection.rollback()
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        check(cursor.fetchone()[0] == before, "rolled back")
        cursor.execute(f"DELETE FROM {table} WHERE v = 'c1'")
        connection.commit()
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        check(cursor.fetchone()[0] == before - 1, "a commit is read at once")
        connection.commit()
    connection.autocommit = True


def heard(connection):
    """The notifications that have come to an idle connection, as (channel, payload)."""
    connection.poll()
    out = [(n.channel, n.payload) for n in connection.notifies]
    connection.notifies.clear()
    return out


def one_set_of_channels(c):
    """Who listens hears whoever notifies, whichever nodes they are connected to; advisory locks exclude each other likewise."""
    names = ("primary", "standby-sync", "standby-semisync", "proxy")
    sessions = {name: c[name].connect() for name in names}
    for session in sessions.values():
        session.cursor().execute("LISTEN everywhere")
    for sender in names:
        sessions[sender].cursor().execute("SELECT pg_notify('everywhere', %s)", (sender,))
        for name in names:
            news = []
            wait_for(f"{name} hears {sender}", lambda n=name, into=news: into.extend(heard(sessions[n])) or into, 5)
            check(news == [("everywhere", sender)], f"{name} heard {news}")
    for number, holder in enumerate(names):
        sessions[holder].cursor().execute("SELECT pg_advisory_lock(%s)", (number,))
        for name in names:
            with sessions[name].cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", (number,))
                check(cursor.fetchone() == (name == holder,), f"{name} took the lock of {holder}")
        sessions[holder].close()
        other = c["primary"].connect()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (number,))
        other.close()
        sessions[holder] = c[holder].connect()
    print("notifications and advisory locks are the same everywhere", flush=True)


def same_role_everywhere(c):
    """SET ROLE, and the rights of a role that is no superuser, hold for what a standby forwards."""
    c["primary"].query("CREATE ROLE clerk LOGIN PASSWORD 'clerk'")
    c["primary"].query("CREATE TABLE ledger (i INT)")
    c["primary"].query("GRANT SELECT ON ledger TO clerk")
    c.wait_caught_up()
    for name in ("primary", "standby-sync", "proxy"):
        connection = c[name].connect()
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE clerk")
            cursor.execute("SELECT COUNT(*) FROM ledger")
        refused(connection, "INSERT INTO ledger VALUES (1)", "42501")
        refused(connection, "SELECT * FROM \"r_standby-sync\"", "42501")
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("INSERT INTO ledger VALUES (1)")
    print("a role has the same rights everywhere", flush=True)


def ends_with_primary(c):
    """A session that listens on a primary that is lost ends; others go on."""
    listening = {name: c[name].connect() for name in ("standby-sync", "proxy")}
    plain = c["standby-sync"].connect()
    plain.cursor().execute("CREATE TABLE untouched (i INT)")
    for session in listening.values():
        session.cursor().execute("LISTEN lost")
    return listening, plain


def has_ended(connection):
    try:
        connection.poll()
        connection.cursor().execute("SELECT 1")
    except psycopg2.Error:
        return connection.closed != 0
    return False


def async_refuses(c):
    connection = c["standby-async"].connect()
    for sql in ("INSERT INTO \"r_standby-sync\" (v) VALUES ('x')", "UPDATE \"r_standby-sync\" SET v = 'x'",
                "DELETE FROM \"r_standby-sync\"", "CREATE TABLE x (i INT)", "TRUNCATE \"r_standby-sync\"", "LISTEN x", "NOTIFY x",
                "SELECT pg_advisory_lock(1)"):
        error = refused(connection, sql, "25006")
        check(error.diag.message_hint, f"no hint for {sql}")
    check(c["standby-async"].value("SELECT 1") == 1, "the session goes on")


def without_primary(c):
    """Reads go on; a write waits for the primary and goes through when it returns in time."""
    listening, plain = ends_with_primary(c)
    c["primary"].stop()
    for name, session in listening.items():
        wait_for(f"the session that listened through {name} ends", lambda s=session: has_ended(s), 10)
    with plain.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM untouched")
        check(cursor.fetchone() == (0,), "a session that kept nothing on the primary goes on")
    connection = c["standby-sync"].connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM \"r_standby-sync\"")
        check(cursor.fetchone()[0] > 0, "reads go on")
    error = refused(connection, "INSERT INTO \"r_standby-sync\" (v) VALUES ('nobody there')", "08006")
    check("primary" in str(error), f"the error does not name the primary: {error}")
    outcome = []
    writer = threading.Thread(target=lambda: outcome.append(
        c["standby-sync"].psql("INSERT INTO \"r_standby-sync\" (v) VALUES ('waited')")))
    writer.start()
    c["primary"].start()
    writer.join(30)
    wait_for("the write's answer", lambda: outcome, 5)
    check(c["primary"].value("SELECT COUNT(*) FROM \"r_standby-sync\" WHERE v = 'nobody there'") == 0, "a refused write happened")


def run(binary):
    with Cluster(binary, {"replication.write_routing_timeout": "3s"}) as c:
        for name in ("standby-sync", "standby-semisync", "proxy"):
            routes(c, name)
            print(f"writes through {name} hold", flush=True)
        one_set_of_channels(c)
        same_role_everywhere(c)
        async_refuses(c)
        without_primary(c)
        c.wait_streaming()
        c.wait_caught_up()
        c.check_identical("SELECT * FROM \"r_standby-sync\" ORDER BY id")
