"""The clients: threads that write, read and record. Each workload has a table, operations, and the state that its values come from.

Writes say which node ran them in which epoch: the statement itself, or the transaction's first one, reads pg_replication_status there.
"""
import random
import threading
import time

import psycopg2

from client import Session, patience
from history import OK, begin

ACCOUNTS, BALANCE = 6, 100
# Which run; `set` always does: it shows that writes are accepted.
WORKLOADS = ("set", "bank", "append", "readers", "registers")
KINDS = {"set": ("set_insert", "set_read"), "bank": ("bank_transfer", "bank_read"), "append": ("append_rr", "append_ser"),
         "readers": (), "registers": ("register_write", "register_read")}
ISOLATION = {"append_rr": "REPEATABLE READ", "append_ser": "SERIALIZABLE"}
TABLES = (
    "CREATE TABLE set_items (n int8 PRIMARY KEY, epoch int8, node text)",
    "CREATE TABLE accounts (id int PRIMARY KEY, balance int8)",
    f"INSERT INTO accounts SELECT n, {BALANCE} FROM generate_series(1, {ACCOUNTS}) AS n",
    "CREATE TABLE append_rr (k int PRIMARY KEY, v text)",
    "CREATE TABLE append_ser (k int PRIMARY KEY, v text)",
    "CREATE TABLE registers (k text PRIMARY KEY, v int8)",
)
WHO = "SELECT node_id, epoch, pg_is_in_recovery() FROM pg_replication_status"


class Client(threading.Thread):
    """Calls step(session) until it is told to stop; a lost session is replaced, at any of its endpoints."""

    pause = (0.004, 0.02)
    session_steps = 150

    def __init__(self, shared, name, endpoints, seed):
        super().__init__(daemon=True, name=name)
        self.shared, self.endpoints, self.rng = shared, endpoints, random.Random(f"{seed} {name}")
        self.sessions = 0
        self.stopping = threading.Event()
        self.broken = None  # an exception that is the suite's own fault

    def run(self):
        session = None
        patience(7)
        try:
            while not self.stopping.is_set():
                session = session if session and session.usable() else self.open()
                if session:
                    self.turns(session)
                    session.close()
        except Exception as error:  # told to whoever joins
            self.broken = error

    def open(self):
        self.endpoint = self.rng.choice(self.endpoints)
        self.sessions += 1
        try:
            return Session(self.shared.cluster[self.endpoint], f"{self.name}/{self.sessions}")
        except psycopg2.Error:
            self.stopping.wait(0.1)
            return None

    def turns(self, session):
        for _ in range(self.session_steps):
            if self.stopping.is_set() or not session.usable():
                return
            op = self.step(session)
            if op is not None and op.outcome != OK:
                self.stopping.wait(0.05)
            self.stopping.wait(self.rng.uniform(*self.pause))

    def begin(self, session, kind, value):
        op = begin(self.name, session.name, self.endpoint, kind, value)
        self.shared.history.add(op)
        return op


def stamp(session, op):
    """Inside the transaction: which node runs it, in which epoch. A standby without write routing runs what only reads, possibly behind."""
    node, epoch, standby = session.execute(WHO)[0]
    if standby:
        op.stale = True
    else:
        op.node, op.epoch = node, epoch


class SetClient(Client):
    """Inserts numbers that nobody else inserts; now and then reads the newest ones, on any node."""

    def step(self, session):
        if self.rng.random() < 0.1:
            op = self.begin(session, "set_read", None)
            rows = session.run(op, "SELECT n FROM set_items ORDER BY n DESC LIMIT 50", writes=False)
            op.result = [n for n, in rows] if rows else []
            return op
        op = self.begin(session, "set_insert", self.shared.number())
        rows = session.run(op, "INSERT INTO set_items SELECT %s, epoch, node_id FROM pg_replication_status RETURNING node, epoch", (op.value,))
        if rows:
            op.node, op.epoch = rows[0]
        return op


class BankClient(Client):
    """Moves money between accounts at two isolation levels; reads all balances, on any node."""

    def step(self, session):
        if self.rng.random() < 0.25:
            op = self.begin(session, "bank_read", None)
            rows = session.run(op, "SELECT id, balance FROM accounts ORDER BY id", writes=False)
            op.result = [list(row) for row in rows] if rows else None
            return op
        a, b = self.rng.sample(range(1, ACCOUNTS + 1), 2)
        amount = self.rng.randint(1, 30)
        level = self.rng.choice(("READ COMMITTED", "REPEATABLE READ"))
        op = self.begin(session, "bank_transfer", [a, b, amount, level])
        move = self.by_updates if level == "READ COMMITTED" else self.by_values
        session.transaction(op, level, lambda: move(session, op, a, b, amount))
        return op

    @staticmethod
    def by_updates(session, op, a, b, amount):
        stamp(session, op)
        session.execute("UPDATE accounts SET balance = balance - %s WHERE id = %s AND balance >= %s", (amount, a, amount))
        if session.cursor.rowcount != 1:
            return False
        session.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (amount, b))
        return True

    @staticmethod
    def by_values(session, op, a, b, amount):
        stamp(session, op)
        held = dict(session.execute("SELECT id, balance FROM accounts WHERE id IN (%s, %s)", (a, b)))
        if held[a] < amount:
            return False
        session.execute("UPDATE accounts SET balance = %s WHERE id = %s", (held[a] - amount, a))
        session.execute("UPDATE accounts SET balance = %s WHERE id = %s", (held[b] + amount, b))
        return True


class AppendClient(Client):
    """Transactions that append numbers to lists and read lists, all at one isolation level. The keys move on, so that lists stay short."""

    live_keys, appends_per_key = 5, 40

    def __init__(self, shared, name, endpoints, seed, table):
        super().__init__(shared, name, endpoints, seed)
        self.table, self.level = table, ISOLATION[table]

    def step(self, session):
        micro = [self.micro_operation() for _ in range(self.rng.randint(1, 4))]
        op = self.begin(session, self.table, micro)
        session.transaction(op, self.level, lambda: self.body(session, op))
        return op

    def micro_operation(self):
        """["append", key, number] or ["read", key, list]; the list is filled in when the transaction has read it."""
        first = self.shared.appends[self.table] // self.appends_per_key
        key = first + self.rng.randrange(self.live_keys)
        if self.rng.random() < 0.5:
            return ["read", key, None]
        with self.shared.lock:
            self.shared.appends[self.table] += 1
        return ["append", key, self.shared.number()]

    def body(self, session, op):
        first = self.rng.random() < 0.5
        if first:
            stamp(session, op)
        for micro in op.value:
            what, key, number = micro
            if what == "append":
                self.append(session, key, str(number))
            else:
                micro[2] = read_list(session, self.table, key)
        if not first:
            stamp(session, op)

    def append(self, session, key, number):
        if self.rng.choice(self.shared.append_by) == "upsert":
            session.execute(f"INSERT INTO {self.table} AS t VALUES (%s, %s) ON CONFLICT (k) DO UPDATE SET v = t.v || ',' || excluded.v",
                            (key, number))
            return
        session.execute(f"UPDATE {self.table} SET v = v || ',' || %s WHERE k = %s", (number, key))
        if session.cursor.rowcount == 0:
            session.execute(f"INSERT INTO {self.table} VALUES (%s, %s)", (key, number))


class AppendReader(Client):
    """Read-only transactions over the lists at both levels, on any node: it may be behind, but shows one state of the database."""

    def step(self, session):
        table = self.rng.choice(list(ISOLATION))
        first = self.shared.appends[table] // AppendClient.appends_per_key
        keys = [first + self.rng.randrange(AppendClient.live_keys) for _ in range(self.rng.randint(2, 4))]
        op = self.begin(session, table, [["read", key, None] for key in keys])
        op.stale = True
        session.transaction(op, ISOLATION[table] + " READ ONLY", lambda: self.body(session, op))
        return op

    @staticmethod
    def body(session, op):
        for micro in op.value:
            micro[2] = read_list(session, op.kind, micro[1])


def read_list(session, table, key):
    rows = session.execute(f"SELECT v FROM {table} WHERE k = %s", (key,))
    return [int(x) for x in rows[0][0].split(",")] if rows else []


class RegisterClient(Client):
    """Owns one register, writes growing values into it, and reads its own and the others' in the same session."""

    def __init__(self, shared, name, endpoints, seed):
        super().__init__(shared, name, endpoints, seed)
        self.value = 0
        shared.registers.append(name)

    def step(self, session):
        if self.rng.random() < 0.4:
            self.value += 1
            op = self.begin(session, "register_write", [self.name, self.value])
            # Guarded: an older write of unknown fate that arrives later changes nothing, so the register never goes back.
            session.run(op, "INSERT INTO registers AS r VALUES (%s, %s) ON CONFLICT (k) DO UPDATE SET v = excluded.v WHERE r.v < excluded.v",
                        tuple(op.value))
            return op
        key = self.name if self.rng.random() < 0.6 else self.rng.choice(self.shared.registers)
        op = self.begin(session, "register_read", [key])
        rows = session.run(op, "SELECT v FROM registers WHERE k = %s", (key,), writes=False)
        if rows is not None:
            op.result = rows[0][0] if rows else 0
        return op


class Workloads:
    """All clients of a run, and what they share."""

    def __init__(self, cluster, history, seed, chosen, append_by):
        self.cluster, self.history, self.append_by = cluster, history, append_by
        self.lock = threading.Lock()
        self.numbers = 0
        self.appends = dict.fromkeys(ISOLATION, 0)
        self.registers = []
        data = list(cluster.nodes)[:4]
        routing = data[:3]  # every node that takes writes or passes them on
        of_kind = {
            "set": [SetClient(self, "set-proxy", ["proxy"], seed), SetClient(self, "set-direct", routing, seed)],
            "bank": [BankClient(self, "bank-proxy", ["proxy"], seed), BankClient(self, "bank-direct", routing, seed)],
            "append": [AppendClient(self, f"{table[7:]}-{where}", nodes, seed, table)
                       for table in ISOLATION for where, nodes in (("proxy", ["proxy"]), ("direct", routing))],
            "readers": [AppendReader(self, "reader-proxy", ["proxy"], seed), AppendReader(self, "reader-direct", data, seed)],
            "registers": [RegisterClient(self, "register-proxy", ["proxy"], seed), RegisterClient(self, "register-direct", routing, seed)],
        }
        self.clients = [client for kind in WORKLOADS if kind in chosen for client in of_kind[kind]]

    def number(self):
        with self.lock:
            self.numbers += 1
            return self.numbers

    def start(self):
        for client in self.clients:
            client.start()

    def stop(self):
        for client in self.clients:
            client.stopping.set()
        for client in self.clients:
            client.join(60)
            if client.is_alive():
                raise RuntimeError(f"client {client.name} hangs")
            if client.broken:
                raise client.broken


class Watch(threading.Thread):
    """Asks one data node again and again whether it is open for writes, and records each yes as an operation of the census."""

    def __init__(self, node, history):
        super().__init__(daemon=True, name=f"watch-{node.name}")
        self.node, self.history, self.stopping = node, history, threading.Event()

    def run(self):
        while not self.stopping.wait(0.2):
            op = begin(self.name, self.name, self.node.name, "open", None)
            said = self.node.status()
            if said and said["role"] == "primary" and said["serving"] and not said["is_read_only"]:
                op.outcome, op.completed, op.node, op.epoch = OK, time.monotonic(), said["node_id"], said["epoch"]
                self.history.add(op)
