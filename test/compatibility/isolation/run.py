#!/usr/bin/env python3
"""Runs the cases of this folder on PostgreSQL 15 and on HeliosDB-Lite, step by step over two or three connections, and compares
what each step does: which one waits, which fails with what, and which rows come.

    run.py SESSION_SERVER [--show] [CASE WORD ...]

A file holds cases. `# case NAME` begins one; `setup STATEMENTS` runs before its connections open; `a STATEMENT` is a step of the
connection a. A step that waits for a lock is left waiting, and its answer is shown after the step that ends the wait.
`# differs REASON` marks a case whose difference is known (docs/sql.md): it must differ still.
Exits 77 (skipped) without PostgreSQL."""

import pathlib
import select
import subprocess
import sys
import time
import ctypes
import difflib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from compare import BIN, Postgres, load_libpq  # noqa: E402

ANSWER_SECONDS = 10
SETTLE_SECONDS = 0.12     # a wait that a deadlock or a lock_timeout ends is over by then
NEWS_SECONDS = 0.15       # for notifications to arrive, and for what a step must not bring
LISTENS = ("listen", "notify")
SEVERITY, STATE, MESSAGE = (ord(c) for c in "VCM")


class Notify(ctypes.Structure):
    _fields_ = [("relname", ctypes.c_char_p), ("be_pid", ctypes.c_int), ("extra", ctypes.c_char_p)]


def libpq():
    pq = load_libpq()
    p, i = ctypes.c_void_p, ctypes.c_int
    for name, result, args in [("PQconsumeInput", i, [p]), ("PQisBusy", i, [p]), ("PQsocket", i, [p]), ("PQbackendPID", i, [p]),
                               ("PQnotifies", ctypes.POINTER(Notify), [p])]:
        getattr(pq, name).restype, getattr(pq, name).argtypes = result, args
    return pq


class Session:
    """One connection, whose statements do not block the runner."""

    def __init__(self, pq, conninfo, name):
        self.pq, self.name, self.waiting, self.out, self.listens = pq, name, False, [], False
        self.c = pq.PQconnectdb(conninfo.encode())
        if pq.PQstatus(self.c) != 0:
            raise RuntimeError(pq.PQerrorMessage(self.c).decode())
        self.pid = pq.PQbackendPID(self.c)
        kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
        self.receiver = kind(lambda _, result: self.report(result))
        pq.PQsetNoticeReceiver(self.c, ctypes.cast(self.receiver, ctypes.c_void_p), None)

    def report(self, result):
        severity, state, message = ((self.pq.PQresultErrorField(result, f) or b"").decode() for f in (SEVERITY, STATE, MESSAGE))
        self.out.append(f"{severity} {state}: {message}".split("\n")[0])

    def send(self, text):
        self.pq.PQsendQuery(self.c, text.encode())

    def done(self, seconds):
        """True when the whole answer is here; waits for input at most so long."""
        until = time.monotonic() + seconds
        while True:
            self.pq.PQconsumeInput(self.c)
            if not self.pq.PQisBusy(self.c):
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            select.select([self.pq.PQsocket(self.c)], [], [], left)

    def take(self):
        """The answer's lines. Only after done()."""
        while result := self.pq.PQgetResult(self.c):
            status, fields = self.pq.PQresultStatus(result), self.pq.PQnfields(result)
            if status > 4:
                self.report(result)
            for row in range(self.pq.PQntuples(result)):
                cells = [None if self.pq.PQgetisnull(result, row, f) else self.pq.PQgetvalue(result, row, f).decode() for f in range(fields)]
                self.out.append("  " + "|".join("<null>" if v is None else v for v in cells))
            tag = self.pq.PQcmdStatus(result).decode()
            if tag:
                self.out.append("= " + tag)
            self.pq.PQclear(result)
        out, self.out = self.out, []
        return out

    def notifications(self, pids):
        self.pq.PQconsumeInput(self.c)
        out = []
        while found := self.pq.PQnotifies(self.c):
            n = found.contents
            out.append(f"hears {n.relname.decode()} \"{n.extra.decode()}\" from {pids.get(n.be_pid, 'nobody')}")
            self.pq.PQfreemem(ctypes.cast(found, ctypes.c_void_p))
        return out

    def value(self, text):
        self.send(text)
        self.done(ANSWER_SECONDS)
        return self.take()

    def close(self):
        self.pq.PQfinish(self.c)


class Case:
    def __init__(self, name):
        self.name, self.setup, self.steps, self.differs = name, [], [], False


def read_cases(path):
    cases = []
    for line in path.read_text().split("\n"):
        if line.startswith("# case "):
            cases.append(Case(line[7:]))
        elif line.startswith("# differs "):
            cases[-1].differs = True
        elif line and not line.startswith("#"):
            word, rest = line.split(" ", 1)
            if word == "setup":
                cases[-1].setup.append(rest)
            else:
                cases[-1].steps.append((word, rest))
    return cases


class Run:
    """One case on one server."""

    def __init__(self, pq, conninfo, control, case):
        self.pq, self.conninfo, self.control, self.case = pq, conninfo, control, case
        self.sessions, self.lines = {}, []

    def tell(self, name, lines):
        self.lines += [f"{name}: {line}" for line in lines]

    def is_queued(self, session):
        rows = self.control.value(f"select 1 from pg_locks where pid = {session.pid} and not granted")
        return any(row.strip() == "1" for row in rows)

    def answer(self, session):
        """Takes the session's answer, or finds that it waits for a lock and goes on doing so."""
        until = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < until:
            if session.done(0.015) or (self.is_queued(session) and session.done(SETTLE_SECONDS)):
                session.waiting = False
                return self.tell(session.name, session.take())
            if self.is_queued(session):
                if not session.waiting:
                    self.tell(session.name, ["waits"])
                session.waiting = True
                return None
        self.tell(session.name, ["gives no answer"])
        session.waiting = True
        return None

    def step(self, name, text):
        session = self.sessions[name]
        self.lines.append(f"{name}> {text}")
        if session.waiting:
            raise RuntimeError(f"{self.case.name}: {name} still waits")
        session.send(text)
        self.answer(session)
        for other in self.sessions.values():
            if other.waiting and other is not session:
                self.answer(other)
        self.hear()

    def hear(self):
        if not any(word in text.lower() for word in LISTENS for _, text in self.case.steps):
            return
        time.sleep(NEWS_SECONDS)
        pids = {s.pid: n for n, s in self.sessions.items()}
        for name, session in self.sessions.items():
            self.tell(name, session.notifications(pids))

    def run(self):
        for text in self.case.setup:
            self.tell("setup", [line for line in self.control.value(text) if "ERROR" in line])
        try:
            for name in sorted({name for name, _ in self.case.steps}):
                self.sessions[name] = Session(self.pq, self.conninfo, name)
            for name, text in self.case.steps:
                self.step(name, text)
        finally:
            for session in self.sessions.values():
                session.close()
            self.clean()
        return self.lines

    def clean(self):
        kinds = {"r": "table", "v": "view", "m": "materialized view", "S": "sequence"}
        for row in self.control.value("select relkind::text || ' ' || relname from pg_class where relnamespace = 'public'::regnamespace "
                                      "and relkind in ('r', 'v', 'm', 'S') order by relkind desc"):
            kind, _, name = row.strip().partition(" ")
            if kind in kinds:
                self.control.value(f"drop {kinds[kind]} if exists \"{name}\" cascade")


class Helios:
    def __init__(self, binary):
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = self.process.stdout.readline().split()[0]
        self.conninfo = f"host=127.0.0.1 port={port} user=helios password='secret of helios' dbname=heliosdb"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


def compare(pq, servers, case):
    seen = [Run(pq, conninfo, control, case).run() for conninfo, control in servers]
    return seen[0], list(difflib.unified_diff(seen[0], seen[1], "postgresql", "heliosdb", lineterm="", n=6))


def main():
    words = [a for a in sys.argv[2:] if not a.startswith("--")]
    if not (BIN / "postgres").exists():
        print("PostgreSQL 15 is not installed; skipped")
        return 77
    cases = [c for path in sorted(HERE.glob("*.cases")) for c in read_cases(path) if not words or any(w in c.name for w in words)]
    pq, oracle, ours, bad = libpq(), Postgres(), None, 0
    started = time.monotonic()
    try:
        ours = Helios(sys.argv[1])
        servers = []
        for conninfo in (f"host={oracle.path} user=helios dbname=heliosdb", ours.conninfo):
            servers.append((conninfo, Session(pq, conninfo, "control")))
        servers[0][1].value("alter system set deadlock_timeout = '20ms'")
        servers[0][1].value("select pg_reload_conf()")
        for case in cases:
            lines, difference = compare(pq, servers, case)
            wrong = bool(difference) != case.differs
            bad += wrong
            print(f"{'WRONG  ' if wrong else 'known  ' if difference else 'same   '} {case.name}", flush=True)
            if wrong or "--show" in sys.argv:
                print("\n".join(difference or lines))
        print(f"{len(cases)} cases, {bad} wrong, {time.monotonic() - started:.0f} s")
    finally:
        oracle.stop()
        if ours:
            ours.stop()
    return 1 if bad or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
