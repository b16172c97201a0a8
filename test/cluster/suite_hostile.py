"""Strangers: torn, oversized and garbage bytes end that connection alone; wrong passwords, users, secrets and cluster ids are
refused; SIGTERM ends each node within 10 s with clients connected and under load."""
import os
import socket
import struct
import threading

import psycopg2

from harness import PASSWORD, USER, Cluster, check, wait_for

STARTUP = struct.pack("!ii", 8 + len(b"user\0helios\0database\0heliosdb\0\0"), 196608) + b"user\0helios\0database\0heliosdb\0\0"


def ended_by_server(port, data, close_early=False):
    """Sends bytes; true when the server closes (after an error at most) instead of hanging."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as s:
        try:
            s.sendall(data)
            if close_early:
                return True
            while s.recv(65536):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            return False
    return True


def garbage(c, standing):
    big = struct.pack("!ii", 0x7FFFFFFF, 196608)
    cases = {"a huge startup": big, "a negative length": struct.pack("!ii", -5, 196608), "HTTP": b"GET / HTTP/1.1\r\n\r\n" * 3,
             "a startup without end": struct.pack("!ii", 20, 196608) + b"user\0hel", "zeros": b"\0" * 64,
             "an old protocol": struct.pack("!ii", 8, 131072), "a huge message": STARTUP + b"p\x7f\xff\xff\xff"}
    for node in ("primary", "standby-sync", "proxy"):
        for title, data in cases.items():
            torn = title == "a startup without end"
            check(ended_by_server(c[node].pg, data, torn), f"{node}: {title} hangs")
        for _ in range(20):
            ended_by_server(c[node].pg, os.urandom(200), close_early=True)
    for node in ("primary", "standby-sync", "observer"):
        for data in (os.urandom(500), b"\xff" * 64, struct.pack("<I", 0xFFFFFFFF) + b"x" * 60):
            ended_by_server(c[node].replication, data, close_early=True)
            ended_by_server(c[node].http, data, close_early=True)
    with standing.cursor() as cursor:
        cursor.execute("SELECT 1")
        check(cursor.fetchone() == (1,), "another connection has suffered")
    for node in c.nodes.values():
        check(node.running(), f"{node.name} has ended")
    c.wait_streaming()


def credentials(c):
    for node in ("primary", "standby-sync", "proxy"):
        for options in ({"password": "wrong"}, {"user": "nobody"}, {"password": ""}):
            try:
                c[node].connect(**options)
            except psycopg2.OperationalError as error:
                check("authentication failed" in str(error) or "no password" in str(error), f"{node} {options}: {error}")
            else:
                check(False, f"{node} lets in {options}")
        try:
            c[node].connect(dbname="elsewhere")
        except psycopg2.OperationalError as error:
            check("does not exist" in str(error), f"{node}: {error}")
        else:
            check(False, f"{node} has a database of any name")


def stranger_nodes(c):
    for name, setting in (("thief", {"cluster_secret": "not the secret"}), ("foreigner", {"cluster_id": "elsewhere"})):
        c.add(name, "standby", {"replication.mode": "async", **setting}).start(wait=False)
        wait_for(f"{name} is refused", lambda name=name: "refused" in c[name].log().lower(), 20)
        seen = [r[0] for r in c["primary"].query("SELECT node_id FROM pg_replication_standbys")]
        check(name not in seen, f"{name} is among the standbys")
        if c[name].running():
            c[name].kill()
        del c.nodes[name]


def load(node, number, done):
    """Writes and reads until its node goes; then until the test is over."""
    while not done.is_set():
        try:
            connection = node.connect(timeout=2)
            with connection.cursor() as cursor:
                while not done.is_set():
                    cursor.execute("UPDATE load SET n = n + 1 WHERE id = %s", (number,))
                    cursor.execute("SELECT COUNT(*), SUM(n) FROM load")
        except psycopg2.Error:
            done.wait(0.1)


def termination(c):
    c["primary"].query("CREATE TABLE load (id INT PRIMARY KEY, n INT)")
    c["primary"].query("INSERT INTO load VALUES (0, 0), (1, 0), (2, 0), (3, 0)")
    c.wait_caught_up()
    done = threading.Event()
    clients = [threading.Thread(target=load, args=(c[name], i, done), daemon=True)
               for i, name in enumerate(("primary", "standby-sync", "proxy", "primary"))]
    for client in clients:
        client.start()
    wait_for("load", lambda: c["primary"].value("SELECT MIN(n) FROM load") > 5, 20)
    try:
        stop_all(c)
    finally:
        done.set()


def stop_all(c):
    connections = []
    for name in ("primary", "standby-sync", "proxy"):
        connection = c[name].connect()
        connection.autocommit = False
        connection.cursor().execute("SELECT 1")  # an open transaction
        connections.append(connection)
    for name in ("proxy", "standby-sync", "standby-semisync", "standby-async", "observer", "primary"):
        print(f"{name} stopped in {c[name].stop(10):.1f} s", flush=True)


def run(binary):
    with Cluster(binary) as c:
        standing = c["primary"].connect()
        garbage(c, standing)
        credentials(c)
        stranger_nodes(c)
        check(c["primary"].psql("SELECT 1")[0] == 0 and PASSWORD and USER, "the right password is let in")
        termination(c)
