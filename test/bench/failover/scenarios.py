"""What is done to a side once, and what its clients saw of it: each function returns the figures of one repetition.

A side is Helios or Patroni: connect, connect_directly, target, leader, query_leader, wait_healthy, kill, kill_process, freeze,
thaw, revive, switch_over. Every function finds it healthy and leaves a node killed or frozen only to bring it back itself.
"""
import itertools
import random
import time

from client import TABLE, Load, Writer
from harness import Failure

# From the moment of a freeze: no acknowledgement of the old primary may come later.
FENCED_AFTER = 2.0
FREEZE_SECONDS_MIN = 3.0
AFTER_THAW_SECONDS = 3.0
LOAD_SECONDS, LOAD_BEFORE = 7, 2.5


def prepare(side):
    side.wait_healthy()
    side.query_leader(f"CREATE TABLE IF NOT EXISTS {TABLE} (n int8 PRIMARY KEY)")
    side.query_leader(f"TRUNCATE {TABLE}")


def random_phase(side):
    """A kill shall hit any moment between two renewals of the lease."""
    time.sleep(random.uniform(0, side.phase))


def missing(side, writers):
    """Acknowledged numbers that the cluster does not have."""
    held = {row[0] for row in side.query_leader(f"SELECT n FROM {TABLE}")}
    return len({a.number for w in writers for a in w.acknowledged} - held)


def errors_of(writer):
    """How the client's statements failed, by SQLSTATE (or by message where the connection just broke)."""
    out = {}
    for _, code, text in writer.errors:
        key = f"{code or ''} {text}"[:100].strip()
        out[key] = out.get(key, 0) + 1
    return out


def seen_by(writer):
    return {"errors": len(writer.errors), "refused": len(writer.refused), "stuck": writer.stuck, "what": errors_of(writer)}


def heal(side):
    """Waits until all is well again; why it is not, if it is not in time. The figures of the repetition count all the same."""
    try:
        side.wait_healthy()
    except Failure as failure:
        return str(failure)
    return ""


def begin_writing(side):
    writer = Writer(side.connect).begin()
    random_phase(side)
    return writer


def settle(writer, moment, side):
    """Writes go on after the moment; returns the first one."""
    try:
        first = writer.wait_again(moment, side.patience)
        writer.wait_again(moment, side.patience, count=50)
    except Failure as failure:
        writer.stopping = True
        refused = [text for _, text in writer.refused[-2:]]
        raise Failure(f"{failure}; the client's errors: {errors_of(writer)}; refused: {refused}") from None
    return first


def kill(side):
    """SIGKILL of the primary's node, as a machine that dies: how long until a statement sent to the proxy afterwards is acknowledged."""
    return lose_primary(side, side.kill)


def kill_process(side):
    """SIGKILL of the server's process alone: what has started it lives. A side may start it again instead of changing the primary."""
    return lose_primary(side, side.kill_process)


def lose_primary(side, end):
    writer, old = begin_writing(side), side.leader()
    began = time.monotonic()
    end(old)
    first = settle(writer, time.monotonic(), side)
    writer.finish()
    new = side.leader()
    lost = missing(side, [writer])
    side.revive(old)
    return {"seconds": first.received - began, "lost": lost, "successor": new, "held_statement": first.received - first.started,
            "unhealed": heal(side)} | seen_by(writer)


def stop(side):
    """SIGSTOP of the primary with the sockets left open, SIGCONT after another one leads: does it still acknowledge anything?"""
    writer, old = begin_writing(side), side.leader()
    direct = Writer(lambda: side.connect_directly(old), itertools.count(-1, -1)).begin(0.2)
    session = direct.sessions
    began = time.monotonic()
    side.freeze(old)
    frozen = time.monotonic()
    try:
        first = settle(writer, frozen, side)
        time.sleep(max(0.0, FREEZE_SECONDS_MIN - (time.monotonic() - began)))
    finally:
        thawed = time.monotonic()
        side.thaw(old)
    time.sleep(AFTER_THAW_SECONDS)
    for one in (direct, writer):
        one.stopping = True
    for one in (direct, writer):
        one.finish()
    unhealed = heal(side)
    # The session that was open at the freeze speaks with the old primary as such. A later one may be forwarded to the new primary by a
    # node that has become its standby: that is wrong only if the new primary does not have it.
    late = [a for a in direct.acknowledged if a.session == session and a.received > began + FENCED_AFTER]
    return {"seconds": first.received - began, "late": len(late), "lost": missing(side, [writer, direct]), "unhealed": unhealed,
            "direct": errors_of(direct), "frozen_seconds": thawed - began,
            "forwarded": sum(a.session != session for a in direct.acknowledged)} | seen_by(writer)


def switch_over_once(side, writer):
    before = time.monotonic()
    usual = writer.longest_pause(before - 1.0, before)
    new = side.switch_over()
    done = time.monotonic()
    settle(writer, done, side)
    return {"seconds": writer.longest_pause(before, time.monotonic()), "usual_pause": usual, "request": done - before, "successor": new}


def switchover_idle(side):
    """One writer is all that goes on."""
    writer = begin_writing(side)
    result = switch_over_once(side, writer)
    writer.finish()
    unhealed = heal(side)
    return result | seen_by(writer) | {"lost": missing(side, [writer]), "unhealed": unhealed}


def switchover_load(side):
    """Under pgbench through the proxy; its clients do not come back after an error, so that their errors count once each."""
    with Load(side, LOAD_SECONDS) as load:
        writer = Writer(side.connect).begin(LOAD_BEFORE)
        if load.process.poll() is not None:
            raise Failure(f"pgbench ended before the switchover: {load.process.stdout.read()[-500:]}")
        result = switch_over_once(side, writer)
        writer.finish()
    unhealed = heal(side)
    result |= seen_by(writer) | {"lost": missing(side, [writer]), "unhealed": unhealed}
    return result | {"errors": result["errors"] + load.errors, "pgbench_errors": load.errors, "pgbench_failed": load.failed_transactions,
                     "pgbench_tps": load.tps, "pgbench": load.complaints()}


SCENARIOS = {"kill": kill, "kill-process": kill_process, "stop": stop, "switchover-idle": switchover_idle,
             "switchover-load": switchover_load}
