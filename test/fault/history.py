"""What clients record: one Op for each operation, with its place in real time and what is known of its outcome."""
import dataclasses
import json
import threading
import time

OK, FAIL, UNKNOWN = "ok", "fail", "unknown"


@dataclasses.dataclass
class Op:
    """`fail`: it certainly took no effect. `unknown`: it may have, at any time after `invoked`. Times are of one monotonic clock.
    `session` differs for each connection of a client; `node` and `epoch` are what the server said about itself within the transaction.
    `stale`: it may be answered by a node that is behind, so its place in real time binds nobody."""
    client: str
    session: str
    endpoint: str
    kind: str
    value: object
    invoked: float
    completed: float = float("inf")
    outcome: str = UNKNOWN
    result: object = None
    node: str = ""
    epoch: int = 0
    error: str = ""
    stale: bool = False


class History:
    """Any thread."""

    def __init__(self):
        self.ops = []
        self.lock = threading.Lock()

    def add(self, op):
        with self.lock:
            self.ops.append(op)

    def count(self, kind=None, outcome=None):
        with self.lock:
            return sum(1 for op in self.ops if (kind is None or op.kind == kind) and (outcome is None or op.outcome == outcome))

    def acknowledged_since(self, kind, client, start):
        """Has an operation of that kind been acknowledged to the client that it began after `start`?"""
        with self.lock:
            for op in reversed(self.ops):
                if op.invoked <= start:
                    return False
                if op.kind == kind and op.client == client and op.outcome == OK:
                    return True
            return False

    def served(self, kind, start, end):
        """How many of that kind were acknowledged from start to end, and the longest time without one."""
        with self.lock:
            times = sorted(op.completed for op in self.ops if op.kind == kind and op.outcome == OK and start <= op.completed <= end)
        marks = [start, *times, end]
        return len(times), max(b - a for a, b in zip(marks, marks[1:]))

    def save(self, path, start):
        """One JSON object a line, times in seconds since `start`."""
        with self.lock, open(path, "w", encoding="utf-8") as out:
            for op in sorted(self.ops, key=lambda op: op.invoked):
                row = dict(vars(op))
                row["invoked"] = round(op.invoked - start, 4)
                row["completed"] = round(op.completed - start, 4) if op.completed != float("inf") else None
                out.write(json.dumps(row) + "\n")


def begin(client, session, endpoint, kind, value):
    return Op(client, session, endpoint, kind, value, time.monotonic())
