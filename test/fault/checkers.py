"""What must hold of a history. Pure functions: each takes operations (history.Op) and what was read at the end, and returns a list of
violations as text; an empty list is a pass. The cycles of list-append are in cycles.py."""
from history import FAIL, OK

FEW = 5


def some(values):
    """The first few of many, for a message."""
    ordered = sorted(values)
    return f"{ordered[:FEW]}{'...' if len(ordered) > FEW else ''} ({len(ordered)})"


def check_set(ops, final):
    """Every acknowledged insert is in `final`; so is what any read has shown; nothing is there that failed or nobody inserted."""
    out = []
    inserts = {op.value: op for op in ops if op.kind == "set_insert"}
    final = set(final)
    lost = {n for n, op in inserts.items() if op.outcome == OK} - final
    if lost:
        out.append(f"set: acknowledged and lost: {some(lost)}")
    risen = {n for n, op in inserts.items() if op.outcome == FAIL} & final
    if risen:
        out.append(f"set: reported as failed and there: {some(risen)}: {[inserts[n].error for n in sorted(risen)[:FEW]]}")
    strange = final - inserts.keys()
    if strange:
        out.append(f"set: nobody inserted: {some(strange)}")
    seen = {n for op in ops if op.kind == "set_read" and op.outcome == OK for n in op.result}
    if seen - final:
        out.append(f"set: shown by a read and lost: {some(seen - final)}")
    return out


def check_bank(ops, final, accounts, total):
    """Each read and the end show all accounts, the same total, and no debt. Both are lists of [id, balance]."""
    out = []
    reads = [(f"{op.client} at {op.endpoint}", op.result) for op in ops if op.kind == "bank_read" and op.outcome == OK]
    for who, rows in [*reads, ("the end", final)]:
        balances = [balance for _, balance in rows]
        if len(balances) != accounts:
            out.append(f"bank: {who} shows {len(balances)} accounts")
        elif sum(balances) != total or min(balances) < 0:
            out.append(f"bank: {who} shows {balances}, total {sum(balances)} instead of {total}")
    return out[:FEW]


def check_registers(ops):
    """In each session reads of a register do not go back, and show at least what the session itself wrote; nobody reads what failed or was
    not yet written. A register has one writer and only grows."""
    out = []
    writes = {tuple(op.value): op for op in ops if op.kind == "register_write"}
    shown, written = {}, {}
    for op in sorted((op for op in ops if op.kind in ("register_write", "register_read") and op.outcome == OK), key=lambda op: op.completed):
        place = (op.session, op.value[0])
        if op.kind == "register_write":
            written[place] = max(written.get(place, 0), op.value[1])
            continue
        who = f"session {op.session} at {op.endpoint}, register {op.value[0]}"
        if op.result < shown.get(place, 0):
            out.append(f"registers: {who}: read {op.result} after {shown[place]}: not monotonic")
        if op.result < written.get(place, 0):
            out.append(f"registers: {who}: read {op.result} after its own write of {written[place]}")
        shown[place] = max(shown.get(place, 0), op.result)
        source = writes.get((op.value[0], op.result))
        if op.result and source is None:
            out.append(f"registers: {who}: read {op.result}, which nobody wrote")
        elif op.result and source.outcome == FAIL:
            out.append(f"registers: {who}: read {op.result}, whose write had failed: {source.error}")
        elif op.result and source.invoked > op.completed:
            out.append(f"registers: {who}: read {op.result} before it was written")
    return out


def check_census(ops, opened=()):
    """One node per epoch, and no acknowledgement in an old epoch. `ops`: acknowledged writes, and a node's own word that it is open, with
    node and epoch. `opened`: (node, epoch) of the nodes' logs and of what the rows themselves say."""
    out = []
    nodes = {}
    stamped = [op for op in ops if op.outcome == OK and op.epoch]
    for node, epoch in [*((op.node, op.epoch) for op in stamped), *opened]:
        nodes.setdefault(epoch, set()).add(node)
    out += [f"census: epoch {epoch} has the writers {sorted(names)}" for epoch, names in sorted(nodes.items()) if len(names) > 1]
    newest, newest_op = 0, None
    ended = sorted(stamped, key=lambda op: op.completed)
    at = 0
    for op in sorted(stamped, key=lambda op: op.invoked):
        while at < len(ended) and ended[at].completed < op.invoked:
            if ended[at].epoch > newest:
                newest, newest_op = ended[at].epoch, ended[at]
            at += 1
        if op.epoch < newest:
            out.append(f"census: {op.client} got '{op.kind}' from {op.node} in epoch {op.epoch}, {op.invoked - newest_op.completed:.3f} s after "
                       f"{newest_op.client} had got '{newest_op.kind}' from {newest_op.node} in epoch {newest}")
    return out[:FEW]


def check_proxy(ops):
    """The proxy sends writes to a node that takes them, or holds them: no client of it is told that a transaction is read-only."""
    wrong = [op for op in ops if op.endpoint == "proxy" and op.error.startswith("25006")]
    return [f"proxy: {len(wrong)} writes were refused as read-only, first {wrong[0].kind} in session {wrong[0].session}: {wrong[0].error}"] if wrong else []


def check_enough(ops, kinds, least):
    """A run in which hardly anything was acknowledged shows nothing."""
    counts = {kind: sum(1 for op in ops if op.kind == kind and op.outcome == OK) for kind in kinds}
    return [f"only {n} of '{kind}' were acknowledged" for kind, n in counts.items() if n < least]


def check_identical(name, rows_by_node):
    """Rows of one table by node: all the same."""
    first = next(iter(rows_by_node))
    return [f"rows: {name} differs between {first} ({len(rows_by_node[first])} rows) and {node} ({len(rows)} rows)"
            for node, rows in rows_by_node.items() if rows != rows_by_node[first]]
