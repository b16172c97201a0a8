"""The clients of the failover benchmark: writers that remember each acknowledgement and each error with its time, and pgbench.

All times are seconds of time.monotonic(). A Writer is a thread of its own; others read its lists while it appends to them.
"""
import itertools
import os
import subprocess
import threading
import time
from typing import NamedTuple

import psycopg2

from harness import Failure, wait_for
from postgres import BIN

TABLE = "failover_writes"
# Between attempts after the first: a client that asks a dead port in a tight loop takes the processor from the servers.
RETRY_SECONDS = 0.01
# A session whose writes have been refused as read-only for so long does not heal by itself: the client gives it up, and it is counted.
READ_ONLY_SECONDS = 1.0


class Acknowledgement(NamedTuple):
    number: int
    started: float
    received: float
    session: int  # counts the writer's connections from 1


class Writer(threading.Thread):
    """Inserts numbers one after the other; connects anew at once when an error has ended the session."""

    def __init__(self, connect, numbers=None):
        super().__init__(daemon=True)
        self.connect, self.numbers = connect, numbers or itertools.count(1)
        self.acknowledged = []   # Acknowledgement
        self.errors = []         # (time, SQLSTATE or None, first line of the message): a statement that failed
        self.refused = []        # (time, message): a connection that did not come about
        self.sessions = 0
        self.stuck = 0           # sessions given up because they stayed read-only
        self.read_only_since = None
        self.stopping = False

    def run(self):
        connection, failures = None, 0
        while not self.stopping:
            try:
                if connection is None:
                    connection = self.connect()
                    self.sessions += 1
            except psycopg2.Error as error:
                self.refused.append((time.monotonic(), first_line(error)))
                failures += 1
            else:
                if self.write(connection):
                    failures = 0
                    continue
                failures += 1
                if connection.closed or self.useless(connection):
                    connection = None
            if failures > 1:
                time.sleep(RETRY_SECONDS)
        if connection is not None:
            connection.close()

    def write(self, connection):
        number, started = next(self.numbers), time.monotonic()
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"INSERT INTO {TABLE} VALUES ({number})")
        except psycopg2.Error as error:
            self.errors.append((time.monotonic(), error.pgcode, first_line(error)))
            if error.pgcode != "25006":
                self.read_only_since = None
            elif self.read_only_since is None:
                self.read_only_since = time.monotonic()
            return False
        self.read_only_since = None
        self.acknowledged.append(Acknowledgement(number, started, time.monotonic(), self.sessions))
        return True

    def useless(self, connection):
        if self.read_only_since is None or time.monotonic() - self.read_only_since < READ_ONLY_SECONDS:
            return False
        connection.close()
        self.read_only_since = None
        self.stuck += 1
        return True

    # --- questions of the scenarios ---

    def begin(self, seconds=1.0, count=20):
        """Starts, and returns when writes have gone on for a while."""
        self.start()
        wait_for("writes go on", lambda: len(self.acknowledged) >= count, 60)
        time.sleep(seconds)
        return self

    def first_after(self, moment):
        """The first acknowledgement of a statement that was sent after the moment, or None."""
        begin = len(self.acknowledged)
        while begin > 0 and self.acknowledged[begin - 1].started > moment:
            begin -= 1
        return self.acknowledged[begin] if begin < len(self.acknowledged) else None

    def wait_again(self, moment, seconds, count=1):
        """The first acknowledgement after the moment, once there are `count` of them."""
        wait_for("writes are acknowledged again",
                 lambda: len(self.acknowledged) >= count and self.acknowledged[-count].started > moment, seconds, 0.01)
        return self.first_after(moment)

    def longest_pause(self, begin, end):
        """Between neighbouring acknowledgements of which at least one lies within begin and end."""
        times = [a.received for a in self.acknowledged]
        return max((b - a for a, b in zip(times, times[1:]) if b > begin and a < end), default=0.0)

    def finish(self, seconds=90):
        self.stopping = True
        self.join(seconds)
        if self.is_alive():
            raise Failure(f"a statement has not ended within {seconds} s")


def first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class Load:
    """pgbench through the proxy in the background: with Load(side) as load: ...; afterwards `errors` and `tps`."""
    clients = 8

    def __init__(self, side, seconds):
        self.side, self.seconds = side, seconds
        self.errors, self.failed_transactions, self.tps, self.output = None, None, None, ""

    def __enter__(self):
        target, environment = self.side.target()
        self.process = subprocess.Popen([BIN / "pgbench", "-n", "-c", str(self.clients), "-j", "2", "-T", str(self.seconds), *target],
                                        env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        return self

    def __exit__(self, *_):
        try:
            self.output, _ = self.process.communicate(timeout=self.seconds + 60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.output, _ = self.process.communicate()
            self.output += "\npgbench: error: it did not end"
        self.errors = len(self.complaints())
        for line in self.output.splitlines():
            if line.startswith("number of failed transactions:"):
                self.failed_transactions = int(line.split(":")[1].split()[0])
            elif line.startswith("tps ="):
                self.tps = float(line.split()[2])
        if self.process.returncode != 0 and self.errors == 0:
            self.errors = 1

    def complaints(self):
        """One line per client that ended with an error."""
        return [line for line in self.output.splitlines() if "error:" in line and "Run was aborted" not in line]


def load_pgbench_tables(side, scale):
    target, environment = side.target()
    done = subprocess.run([BIN / "pgbench", "-i", "-q", "-s", str(scale), *target], env={**os.environ, **environment}, timeout=600,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failure(f"pgbench -i on {side.name} ended with {done.returncode}: {done.stdout[-800:]}")
