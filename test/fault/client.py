"""A client's session with a deadline for every wait, and what an error says about a transaction's fate.

While a node is stopped or cut off its sockets stay silent: psycopg2 waits through bounded_wait(), which gives up. A session that gave up
is closed, and what it had asked for is of unknown fate.
"""
import select
import threading
import time

import psycopg2
import psycopg2.extensions

from history import FAIL, OK, UNKNOWN

STATEMENT_SECONDS = 7
# Errors after which the statement, or the transaction that it was to commit, has certainly taken no effect. 08006 and 57P03: it
# was not executed; 08007 is the one for a commit that may have happened, and 57P01 does not say.
NOT_DONE = {"40001", "40P01", "25006", "25P02", "08006", "57P03", "53300", "55P03"}
NOT_DONE_CLASSES = {"22", "23", "42"}

_limits = threading.local()


def bounded_wait(connection):
    deadline = time.monotonic() + getattr(_limits, "seconds", STATEMENT_SECONDS)
    poller = select.poll()
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        events = select.POLLIN if state == psycopg2.extensions.POLL_READ else select.POLLOUT
        poller.register(connection.fileno(), events)
        left = deadline - time.monotonic()
        if left <= 0 or not poller.poll(left * 1000):
            raise psycopg2.OperationalError("no answer within the client's patience")


def install():
    """For every psycopg2 connection of this process."""
    psycopg2.extensions.set_wait_callback(bounded_wait)


def patience(seconds):
    """How long the calling thread waits for one answer."""
    _limits.seconds = seconds


def fate(error, may_have_committed):
    """FAIL or UNKNOWN."""
    if not may_have_committed:
        return FAIL
    code = error.pgcode or ""
    return FAIL if code in NOT_DONE or code[:2] in NOT_DONE_CLASSES else UNKNOWN


class Session:
    """One connection. run() is one statement of its own; transaction() a block."""

    def __init__(self, node, name):
        self.name = name
        self.connection = node.connect()
        self.cursor = self.connection.cursor()

    def close(self):
        # A session that gave up in the middle of an answer is closed already.
        try:
            self.connection.close()
        except psycopg2.Error:
            pass

    def usable(self):
        return not self.connection.closed

    def execute(self, text, parameters=None):
        self.cursor.execute(text, parameters)
        return self.cursor.fetchall() if self.cursor.description else []

    def run(self, op, text, parameters=None, writes=True):
        """One statement; fills in the operation's end. Returns its rows, or None if it failed or its fate is unknown."""
        try:
            rows = self.execute(text, parameters)
        except psycopg2.Error as error:
            return self._failed(op, error, fate(error, writes))
        op.outcome, op.completed = OK, time.monotonic()
        return rows

    def transaction(self, op, level, body):
        """BEGIN, body(), COMMIT. body() may return False to roll back. True if it is known to have committed."""
        committing = False
        try:
            self.execute(f"BEGIN ISOLATION LEVEL {level}")
            if body() is False:
                self.execute("ROLLBACK")
                op.outcome, op.completed = FAIL, time.monotonic()
                return False
            committing = True
            self.execute("COMMIT")
        except psycopg2.Error as error:
            self._failed(op, error, fate(error, committing))
            self._leave_block()
            return False
        committed = self.cursor.statusmessage == "COMMIT"
        op.outcome, op.completed = OK if committed else FAIL, time.monotonic()
        return committed

    def _failed(self, op, error, outcome):
        op.outcome, op.error = outcome, f"{error.pgcode or '-'} {str(error).strip().splitlines()[0] if str(error).strip() else ''}"[:160]
        if outcome == FAIL:
            op.completed = time.monotonic()
        return None

    def _leave_block(self):
        if not self.usable():
            return
        try:
            self.execute("ROLLBACK")
        except psycopg2.Error:
            self.close()
