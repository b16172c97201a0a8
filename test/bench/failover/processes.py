"""Signals to whole families of processes that this benchmark started: a machine that dies or freezes takes all of them."""
import contextlib
import os
import signal
import time
from pathlib import Path


def fields(pid):
    """State and parent of a process, or None where it is gone. The name before them is in parentheses and may hold anything."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return rest[0], int(rest[1])
    return None


def family(roots):
    """The processes and all that descend from them."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := fields(entry.name)):
            parents.setdefault(found[1], []).append(int(entry.name))
    todo, out = [pid for pid in roots if fields(pid)], []
    while todo:
        pid = todo.pop()
        if pid not in out:
            out.append(pid)
            todo += parents.get(pid, [])
    return out


def send(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_family(roots):
    send(family(roots), signal.SIGKILL)


def freeze_family(roots):
    """Returns the pids that were stopped; children that were forked meanwhile are stopped, too."""
    stopped = []
    while new := [pid for pid in family(roots) if pid not in stopped]:
        send(new, signal.SIGSTOP)
        stopped += new
    wait_stopped(stopped)
    return stopped


def wait_stopped(pids, seconds=5):
    """A signal is taken by each thread in its own time: until all of them have."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        states = [fields(f"{pid}/task/{task}") for pid in pids for task in tasks(pid)]
        if all(s is None or s[0] in "TZX" for s in states):
            return
        time.sleep(0.001)


def tasks(pid):
    with contextlib.suppress(OSError):
        return os.listdir(f"/proc/{pid}/task")
    return []


def wait_gone(pids, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all((f := fields(pid)) is None or f[0] == "Z" for pid in pids):
            return True
        time.sleep(0.005)
    return False
