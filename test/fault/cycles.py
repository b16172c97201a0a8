"""Finds cycles in histories of list-append transactions, for the isolation level that the server claims.

The table at the end gives each key's order of appends. From it and from what transactions read follow edges: ww from one append to the next,
wr from an append to whoever read it last, rw from a reader to the append that it did not see; rt from a transaction that had ended to one
that began later. Anomalies are named by Adya's phenomena; `G-nonadjacent` is a cycle with several rw edges, no two of them
in a row, which snapshot isolation forbids, too. A name with -realtime needs an rt edge.

REPEATABLE READ is snapshot isolation here: it allows only cycles with two rw edges in a row. SERIALIZABLE (two-phase locking) allows none.
"""
import collections

from history import FAIL, OK

WW, WR, RW, RT = "ww", "wr", "rw", "rt"
ALLOWED = {"REPEATABLE READ": {"G2"}, "SERIALIZABLE": set()}
REPORTED = 3  # of each kind


def check_append(ops, final, level):
    """`ops`: the history of one table; `final`: {key: list} at the end. Returns violations as text."""
    ops = sorted(ops, key=lambda op: op.invoked)
    out = _appends_kept(ops, final)
    committed = [op for op in ops if op.outcome == OK or (op.outcome != FAIL and _shows_in(op, final))]
    out += _reads_possible(committed, ops, final)
    # Without one order of the appends there are no edges to speak of.
    if out:
        return out
    for name, cycle in find_anomalies(Graph(committed, final)):
        if name.removesuffix("-realtime") not in ALLOWED[level]:
            out.append(f"{name} at {level}: {cycle}")
    return out


def appends_of(op, key=None):
    return [number for what, k, number in op.value if what == "append" and key in (None, k)]


def reads_of(op):
    return [(k, found) for what, k, found in op.value if what == "read" and found is not None]


def _shows_in(op, final):
    return any(number in final.get(k, ()) for what, k, number in op.value if what == "append")


def _appends_kept(ops, final):
    out = []
    for key, numbers in final.items():
        if len(set(numbers)) != len(numbers):
            out.append(f"key {key}: an append is there twice: {numbers}")
    for op in ops:
        there = [number in final.get(k, ()) for what, k, number in op.value if what == "append"]
        if op.outcome == OK and not all(there):
            out.append(f"acknowledged and lost: {describe(op)}")
        elif op.outcome == FAIL and any(there):
            out.append(f"reported as failed and there: {describe(op)}: {op.error}")
        elif any(there) and not all(there):
            out.append(f"a part of a transaction is there: {describe(op)}")
    return out[:REPORTED]


def _reads_possible(committed, ops, final):
    """Aborted reads (G1a), intermediate reads (G1b), reads that are no prefix of the key's order, transactions that miss their own appends."""
    writer = {number: op for op in ops for number in appends_of(op)}
    out = []
    for op in committed:
        for key, found in reads_of(op):
            failed = [n for n in found if n in writer and writer[n].outcome == FAIL]
            last = writer.get(found[-1]) if found else None
            if failed:
                out.append(f"G1a: {describe(op)} read {failed[0]} of a transaction that failed")
            elif last is not None and last is not op and appends_of(last, key)[-1] != found[-1]:
                out.append(f"G1b: {describe(op)} read up to {found[-1]}, in the middle of {describe(last)}")
            elif found != final.get(key, [])[:len(found)]:
                out.append(f"key {key}: {describe(op)} read what is no beginning of {final.get(key, [])}")
        if not _agrees_with_itself(op):
            out.append(f"internal: {describe(op)} does not see its own appends, or sees a list change")
    return out[:REPORTED]


def _agrees_with_itself(op):
    seen, own = {}, collections.defaultdict(list)
    for what, key, value in op.value:
        if what == "append":
            own[key].append(value)
            if key in seen:
                seen[key] = seen[key] + [value]
        elif value is not None:
            if key in seen and value != seen[key]:
                return False
            if own[key] and value[-len(own[key]):] != own[key]:
                return False
            seen[key] = value
    return True


def describe(op):
    micro = " ".join(f"{what[0]}({key},{value})" for what, key, value in op.value)
    return f"{op.client}@{op.invoked:.3f}[{micro}]"


def components(nodes, successors):
    """Strongly connected components with more than one node (Tarjan's algorithm without recursion)."""
    index, low, on_stack, stack, out = {}, {}, set(), [], []

    def enter(at):
        index[at] = low[at] = len(index)
        stack.append(at)
        on_stack.add(at)
        return at, iter(successors(at))

    def leave(at):
        if low[at] != index[at]:
            return
        component = set()
        while at not in component:
            component.add(stack.pop())
        on_stack.difference_update(component)
        if len(component) > 1:
            out.append(component)

    for root in nodes:
        work = [enter(root)] if root not in index else []
        while work:
            at, following = work[-1]
            new = None
            for b in following:
                if b not in index:
                    new = b
                    break
                if b in on_stack:
                    low[at] = min(low[at], index[b])
            if new is not None:
                work.append(enter(new))
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[at])
            leave(at)
    return out


class Graph:
    """Nodes are positions in `ops`; next[a][b] is the set of kinds of the edges from a to b."""

    def __init__(self, ops, final):
        self.ops = ops
        self.next = [collections.defaultdict(set) for _ in ops]
        self.writer = {number: at for at, op in enumerate(ops) for number in appends_of(op)}
        for numbers in final.values():
            for one, other in zip(numbers, numbers[1:]):
                self._edge(self.writer.get(one), self.writer.get(other), WW)
        for at, op in enumerate(ops):
            for key, found in reads_of(op):
                self._read(at, found, final.get(key, []))
        self._real_time()

    def _edge(self, a, b, kind):
        if a is not None and b is not None and a != b:
            self.next[a][b].add(kind)

    def _read(self, at, found, order):
        if found:
            self._edge(self.writer.get(found[-1]), at, WR)
        if len(found) < len(order):
            self._edge(at, self.writer.get(order[len(found)]), RW)

    def _real_time(self):
        """Only edges that do not follow from others: from those that ended last before a transaction began."""
        ended = sorted((at for at, op in enumerate(self.ops) if op.outcome == OK and not op.stale),
                       key=lambda at: self.ops[at].completed)
        frontier, done = [], 0
        for at, op in enumerate(self.ops):
            if op.stale:
                continue
            while done < len(ended) and self.ops[ended[done]].completed < op.invoked:
                new = ended[done]
                frontier = [old for old in frontier if not self.ops[old].completed < self.ops[new].invoked] + [new]
                done += 1
            for old in frontier:
                self._edge(old, at, RT)

    def successors(self, at, kinds):
        return [b for b, have in self.next[at].items() if have & kinds]

    def components(self, kinds):
        return components(range(len(self.ops)), lambda at: self.successors(at, kinds))

    def components_apart(self, kinds):
        """Sets of nodes with cycles in which no two rw edges follow each other. A state is (node, whether an rw edge leads to it)."""
        def following(state):
            at, after_rw = state
            out = [(b, False) for b in self.successors(at, kinds)]
            return out if after_rw else out + [(b, True) for b in self.successors(at, {RW})]
        states = [(at, after_rw) for at in range(len(self.ops)) for after_rw in (False, True)]
        return [{at for at, _ in component} for component in components(states, following)]

    def path(self, start, goal, inside, kinds, rw_apart=False):
        """A shortest way from start to goal. With rw_apart rw edges are allowed, too, if no two follow each other, none is the first
        and none is the last. Returns [(node, kind of the edge that leads to it)] or None."""
        first = (start, True) if rw_apart else (start, False)
        before, queue = {first: None}, collections.deque([first])
        while queue:
            at, after_rw = state = queue.popleft()
            if at == goal and not (rw_apart and after_rw):
                way = []
                while before[state] is not None:
                    previous, kind = before[state]
                    way.append((state[0], kind))
                    state = previous
                return way[::-1]
            for b, have in self.next[at].items():
                if b not in inside:
                    continue
                steps = [((b, False), kind) for kind in (WW, WR, RT) if kind in have & kinds][:1]
                if rw_apart and not after_rw and RW in have:
                    steps.append(((b, True), RW))
                for state_b, kind in steps:
                    if state_b not in before:
                        before[state_b] = (state, kind)
                        queue.append(state_b)
        return None

    def show(self, start, way):
        text = describe(self.ops[start])
        for at, kind in way:
            text += f" -{kind}-> {describe(self.ops[at])}"
        return text


def find_anomalies(graph):
    """Yields (name, the cycle as text): the strongest phenomenon that each component shows, without real time if possible."""
    for suffix, order in (("", set()), ("-realtime", {RT})):
        found = list(_anomalies(graph, order))
        if found:
            yield from ((name + suffix, cycle) for name, cycle in found[:REPORTED])
            return


def _anomalies(graph, order):
    for name, kinds in (("G0", {WW} | order), ("G1c", {WW, WR} | order)):
        found = [_cycle(graph, inside, kinds) for inside in graph.components(kinds)]
        if found:
            yield from ((name, cycle) for cycle in found)
            return
    apart = graph.components_apart({WW, WR} | order)
    for inside in apart:
        yield _with_rw_apart(graph, inside, {WW, WR} | order)
    if not apart:
        for inside in graph.components({WW, WR, RW} | order):
            yield "G2", _any_cycle(graph, inside, {WW, WR} | order)


def _cycle(graph, inside, kinds):
    start = min(inside)
    for b in graph.successors(start, kinds):
        if b in inside and (way := graph.path(b, start, inside, kinds)) is not None:
            kind = next(k for k in (WW, WR, RT) if k in graph.next[start][b] & kinds)
            return graph.show(start, [(b, kind), *way])
    raise AssertionError("a component without a cycle")


def _rw_edges(graph, inside):
    return [(a, b) for a in sorted(inside) for b, have in graph.next[a].items() if RW in have and b in inside]


def _with_rw_apart(graph, inside, kinds):
    for name, apart in (("G-single", False), ("G-nonadjacent", True)):
        for a, b in _rw_edges(graph, inside):
            if (way := graph.path(b, a, inside, kinds, rw_apart=apart)) is not None:
                return name, graph.show(a, [(b, RW), *way])
    raise AssertionError("a component without a cycle")


def _any_cycle(graph, inside, kinds):
    """By edges of any kind, an rw edge first."""
    edges = _rw_edges(graph, inside)
    a, b = edges[0]
    before, queue = {b: None}, collections.deque([b])
    while a not in before:
        at = queue.popleft()
        for c, have in graph.next[at].items():
            if c in inside and c not in before and have & (kinds | {RW}):
                before[c] = (at, min(have & (kinds | {RW}), key=(WW, WR, RW, RT).index))
                queue.append(c)
    way, at = [], a
    while before[at] is not None:
        previous, kind = before[at]
        way.append((at, kind))
        at = previous
    return graph.show(a, [(b, RW), *way[::-1]])
