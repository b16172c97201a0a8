"""A standby that was down through 100,000 rows catches up from WAL; one beyond the kept WAL takes a base backup; a new one
joins under load."""
import threading

import psycopg2

from harness import Cluster, check


def load(node, first, count):
    """Rows in statements of 500."""
    connection = node.connect()
    with connection.cursor() as cursor:
        for begin in range(first, first + count, 500):
            rows = ",".join(f"({i},'row {i}')" for i in range(begin, begin + 500))
            cursor.execute(f"INSERT INTO many VALUES {rows}")


def down_through_many_rows(c):
    c["standby-async"].stop()
    c["standby-semisync"].kill()
    load(c["primary"], 0, 100_000)
    for name in ("standby-async", "standby-semisync"):
        c[name].start()
    c.wait_streaming(seconds=120)
    c.wait_caught_up(120)
    c.check_identical("SELECT COUNT(*), SUM(id) FROM many")


def beyond_the_kept_wal(c):
    c["standby-async"].stop()
    c["primary"].stop()
    c["primary"].settings.update({"replication.wal_keep_size_max": "1MB", "storage.segment_size": "256kB",
                                  "storage.checkpoint_wal_size": "1MB", "storage.checkpoint_interval": "500ms"})
    c["primary"].start()
    c.wait_streaming({"standby-sync", "standby-semisync"})
    load(c["primary"], 200_000, 60_000)
    c["standby-async"].start(wait=False)
    c.wait_streaming(seconds=120)
    c.wait_caught_up(120)
    c.check_identical("SELECT COUNT(*), SUM(id) FROM many")


def join_under_load(c):
    written, done = [0], threading.Event()

    def write():
        connection = None
        number = 1_000_000
        while not done.is_set():
            try:
                connection = connection or c["primary"].connect()
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO many VALUES (%s, 'load')", (number,))
                written[0] += 1
            except psycopg2.Error:
                connection = None
            number += 1
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        c.add("standby-new", "standby", {"replication.mode": "async"}).start()
        c.wait_streaming(seconds=120)
    finally:
        done.set()
        writer.join(30)
    check(written[0] > 10, "there was no load")
    c.wait_caught_up(60)
    c.check_identical("SELECT COUNT(*), SUM(id) FROM many")


def run(binary):
    with Cluster(binary, extras=False) as c:
        c["primary"].query("CREATE TABLE many (id INT PRIMARY KEY, filler TEXT)")
        for step in (down_through_many_rows, beyond_the_kept_wal, join_under_load):
            step(c)
            print(f"{step.__name__} holds", flush=True)
