"""Reads through the proxy, one every 100 ms, across a stop and a start of the primary: none fails after the first second,
and across a graceful stop none fails at all. A kill is borne, too."""
import threading
import time

import psycopg2

from harness import Cluster, check


class Reader(threading.Thread):
    def __init__(self, node, keep):
        super().__init__(daemon=True)
        self.node, self.keep = node, keep
        self.failures, self.reads = [], 0
        self.done = threading.Event()

    def run(self):
        connection = None
        while not self.done.is_set():
            try:
                if connection is None or not self.keep:
                    connection = self.node.connect()
                with connection.cursor() as cursor:
                    cursor.execute("SELECT COUNT(*) FROM t")
                    check(cursor.fetchone()[0] == 10, "a read has lost rows")
                self.reads += 1
            except psycopg2.Error as error:
                connection = None
                self.failures.append((time.monotonic(), str(error)))
            self.done.wait(0.1)  # the rhythm of the load


def across(c, readers, leave, graceful):
    gone_at = time.monotonic()
    leave(c["primary"])
    before = [r.reads for r in readers]
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        time.sleep(0.1)  # the outage itself
    check(all(r.reads > b + 15 for r, b in zip(readers, before)), "reads do not go on without the primary")
    c["primary"].start()
    c.wait_streaming()
    for r in readers:
        check(not (graceful and r.failures), f"reads failed across a graceful stop: {r.failures[:3]}")
        late = [f for f in r.failures if f[0] > gone_at + 1]
        check(not late, f"reads failed later than 1 s after the primary went: {late[:3]}")
        r.failures.clear()


def run(binary):
    with Cluster(binary) as c:
        c["primary"].query("CREATE TABLE t (id INT PRIMARY KEY)")
        c["primary"].query("INSERT INTO t VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10)")
        c.wait_caught_up()
        readers = [Reader(c["proxy"], keep) for keep in (True, False)]
        for r in readers:
            r.start()
        try:
            across(c, readers, lambda n: n.stop(), graceful=True)
            across(c, readers, lambda n: n.kill(), graceful=False)
        finally:
            for r in readers:
                r.done.set()
