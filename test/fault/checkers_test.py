#!/usr/bin/python3
"""Tests of the checkers: histories that are right pass, and each anomaly is caught in a small wrong one."""
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import checkers  # noqa: E402
import cycles  # noqa: E402
from history import FAIL, OK, UNKNOWN, Op  # noqa: E402

RR, SER = "REPEATABLE READ", "SERIALIZABLE"


def op(kind, value, at, until=None, outcome=OK, session="c/1", **rest):
    return Op(session.split("/")[0], session, "proxy", kind, value, at, float("inf") if outcome == UNKNOWN else until or at + 0.5, outcome, **rest)


def txn(at, *micro, until=None, outcome=OK):
    """("a", key, number) appends, ("r", key, list) reads."""
    return op("append", [["append" if m[0] == "a" else "read", m[1], m[2]] for m in micro], at, until, outcome, session=f"c{at}/1")


class Set(unittest.TestCase):
    ops = [op("set_insert", 1, 1), op("set_insert", 2, 2, outcome=FAIL), op("set_insert", 3, 3, outcome=UNKNOWN),
           op("set_read", None, 4, result=[1])]

    def test_right(self):
        self.assertEqual(checkers.check_set(self.ops, [1]), [])
        self.assertEqual(checkers.check_set(self.ops, [1, 3]), [])

    def test_lost_insert(self):
        self.assertIn("acknowledged and lost", checkers.check_set(self.ops, [3])[0])

    def test_failed_insert_is_there(self):
        self.assertIn("failed and there", checkers.check_set(self.ops, [1, 2])[0])

    def test_nobody_inserted(self):
        self.assertIn("nobody", checkers.check_set(self.ops, [1, 9])[0])

    def test_shown_and_lost(self):
        ops = [*self.ops, op("set_read", None, 5, result=[1, 3])]
        self.assertEqual(checkers.check_set(ops, [1, 3]), [])
        self.assertIn("shown by a read and lost", checkers.check_set(ops, [1])[0])


class Bank(unittest.TestCase):
    def check(self, rows, final=((1, 60), (2, 40))):
        return checkers.check_bank([op("bank_read", None, 1, result=rows)], final, 2, 100)

    def test_right(self):
        self.assertEqual(self.check([[1, 100], [2, 0]]), [])

    def test_wrong_total(self):
        self.assertIn("total 90", self.check([[1, 50], [2, 40]])[0])
        self.assertIn("the end", self.check([[1, 50], [2, 50]], [[1, 50], [2, 51]])[0])

    def test_debt_and_missing_account(self):
        self.assertEqual(len(self.check([[1, 110], [2, -10]])), 1)
        self.assertIn("1 accounts", self.check([[1, 100]])[0])

    def test_a_read_that_failed_says_nothing(self):
        self.assertEqual(checkers.check_bank([op("bank_read", None, 1, outcome=FAIL)], [[1, 100], [2, 0]], 2, 100), [])


class Registers(unittest.TestCase):
    writes = [op("register_write", ["c", 1], 1), op("register_write", ["c", 2], 2), op("register_write", ["c", 3], 3, outcome=FAIL),
              op("register_write", ["c", 4], 4, outcome=UNKNOWN)]

    def check(self, *reads):
        return checkers.check_registers([*self.writes, *(op("register_read", ["c"], at, result=found, session=session)
                                                         for at, found, session in reads)])

    def test_right(self):
        self.assertEqual(self.check((5, 2, "c/1"), (6, 4, "c/1"), (5, 0, "d/1"), (6, 2, "d/1")), [])
        self.assertEqual(self.check((5, 4, "d/1"), (6, 2, "d/2")), [], "another session may be at another node")

    def test_not_monotonic(self):
        self.assertIn("not monotonic", self.check((5, 2, "d/1"), (6, 1, "d/1"))[0])

    def test_missed_own_write(self):
        self.assertIn("its own write", self.check((5, 1, "c/1"))[0])

    def test_read_of_a_failed_write(self):
        self.assertIn("had failed", self.check((5, 3, "d/1"))[0])

    def test_read_of_nothing_written(self):
        self.assertIn("nobody wrote", self.check((5, 7, "d/1"))[0])
        self.assertIn("before it was written", self.check((0.1, 1, "d/1"))[0])


class Census(unittest.TestCase):
    def test_right(self):
        ops = [op("w", 1, 1, node="a", epoch=1), op("w", 1, 2, node="b", epoch=2), op("w", 1, 3, node="b", epoch=2), op("w", 1, 4)]
        self.assertEqual(checkers.check_census(ops, [("a", 1), ("c", 3)]), [])

    def test_concurrent_operations_have_no_order(self):
        ops = [op("w", 1, 1, 5, node="b", epoch=2), op("w", 1, 2, 3, node="a", epoch=1)]
        self.assertEqual(checkers.check_census(ops), [])

    def test_two_writers_in_one_epoch(self):
        ops = [op("w", 1, 1, node="a", epoch=1), op("w", 1, 2, node="b", epoch=1)]
        self.assertIn("writers ['a', 'b']", checkers.check_census(ops)[0])
        self.assertIn("writers ['a', 'b']", checkers.check_census(ops[:1], [("b", 1)])[0])

    def test_acknowledged_in_an_old_epoch(self):
        ops = [op("w", 1, 1, node="b", epoch=2), op("w", 1, 2, node="a", epoch=1)]
        self.assertIn("in epoch 1", checkers.check_census(ops)[0])

    def test_what_failed_does_not_count(self):
        ops = [op("w", 1, 1, node="b", epoch=2), op("w", 1, 2, node="a", epoch=1, outcome=FAIL)]
        self.assertEqual(checkers.check_census(ops), [])


class Rest(unittest.TestCase):
    def test_proxy(self):
        refused, held = op("w", 1, 1, outcome=FAIL, error="25006 read-only"), op("w", 1, 1, outcome=FAIL, error="08006 no primary")
        direct = op("w", 1, 1, outcome=FAIL, error="25006 read-only")
        direct.endpoint = "standby-async"
        self.assertEqual(checkers.check_proxy([held, direct]), [])
        self.assertEqual(len(checkers.check_proxy([held, refused])), 1)

    def test_identical(self):
        self.assertEqual(checkers.check_identical("t", {"a": [1], "b": [1]}), [])
        self.assertEqual(len(checkers.check_identical("t", {"a": [1], "b": [2], "c": [1]})), 1)

    def test_enough(self):
        self.assertEqual(checkers.check_enough([op("w", 1, 1)], ["w"], 1), [])
        self.assertEqual(len(checkers.check_enough([op("w", 1, 1, outcome=FAIL)], ["w"], 1)), 1)


class Append(unittest.TestCase):
    def expect(self, name, ops, final, level=SER):
        found = cycles.check_append(ops, final, level)
        self.assertTrue(found and found[0].startswith(name), found)

    def passes(self, ops, final, level=SER):
        self.assertEqual(cycles.check_append(ops, final, level), [])

    def test_right(self):
        self.passes([txn(1, ("a", 1, 1), ("r", 1, [1])), txn(2, ("r", 1, [1]), ("a", 1, 2)), txn(3, ("a", 1, 3), outcome=FAIL),
                     txn(4, ("a", 1, 4), outcome=UNKNOWN), txn(5, ("r", 1, [1, 2]), ("r", 2, []))], {1: [1, 2]})

    def test_an_unknown_transaction_may_have_happened(self):
        ops = [txn(1, ("a", 1, 1), outcome=UNKNOWN), txn(2, ("r", 1, [1]))]
        self.passes(ops, {1: [1]})
        self.expect("key 1", ops, {})

    def test_lost_append(self):
        self.expect("acknowledged and lost", [txn(1, ("a", 1, 1))], {})

    def test_failed_append_is_there(self):
        self.expect("reported as failed", [txn(1, ("a", 1, 1), outcome=FAIL)], {1: [1]})

    def test_part_of_a_transaction(self):
        self.expect("a part of", [txn(1, ("a", 1, 1), ("a", 2, 2), outcome=UNKNOWN)], {1: [1]})

    def test_append_twice(self):
        self.expect("key 1: an append is there twice", [txn(1, ("a", 1, 1))], {1: [1, 1]})

    def test_own_appends(self):
        self.expect("internal", [txn(1, ("a", 1, 1), ("r", 1, []))], {1: [1]})
        self.expect("internal", [txn(1, ("a", 1, 1)), txn(2, ("r", 1, []), ("r", 1, [1]))], {1: [1]}, RR)

    def test_g0(self):
        ops = [txn(1, ("a", 1, 1), ("a", 2, 2), until=9), txn(2, ("a", 1, 3), ("a", 2, 4), until=9)]
        for level in (RR, SER):
            self.expect("G0 ", ops, {1: [1, 3], 2: [4, 2]}, level)
        self.passes(ops, {1: [1, 3], 2: [2, 4]})

    def test_g1a(self):
        self.expect("G1a", [txn(1, ("a", 1, 1), outcome=FAIL), txn(2, ("r", 1, [1]))], {}, RR)

    def test_g1b(self):
        self.expect("G1b", [txn(1, ("a", 1, 1), ("a", 1, 2), until=9), txn(2, ("r", 1, [1]))], {1: [1, 2]}, RR)

    def test_g1c(self):
        self.expect("G1c ", [txn(1, ("a", 1, 1), ("r", 2, [2]), until=9), txn(2, ("a", 2, 2), ("r", 1, [1]), until=9)], {1: [1], 2: [2]}, RR)

    def test_g_single(self):
        """A reader sees one of two appends of a transaction."""
        self.expect("G-single ", [txn(1, ("a", 1, 1), ("a", 2, 2), until=9), txn(2, ("r", 1, [1]), ("r", 2, []), until=9)], {1: [1], 2: [2]}, RR)

    def test_lost_update(self):
        ops = [txn(1, ("r", 1, []), ("a", 1, 1), until=9), txn(2, ("r", 1, []), ("a", 1, 2), until=9)]
        self.assertTrue(cycles.check_append(ops, {1: [1, 2]}, RR))

    def test_g_nonadjacent(self):
        """Two readers see two writers in different orders: a long fork."""
        ops = [txn(1, ("a", 1, 1), until=9), txn(2, ("a", 2, 2), until=9), txn(3, ("r", 1, [1]), ("r", 2, []), until=9),
               txn(4, ("r", 1, []), ("r", 2, [2]), until=9)]
        self.expect("G-nonadjacent ", ops, {1: [1], 2: [2]}, RR)

    def test_g2_is_for_serializable(self):
        """Write skew."""
        ops = [txn(1, ("r", 2, []), ("a", 1, 1), until=9), txn(2, ("r", 1, []), ("a", 2, 2), until=9)]
        self.expect("G2 ", ops, {1: [1], 2: [2]}, SER)
        self.passes(ops, {1: [1], 2: [2]}, RR)

    def test_a_stale_read_breaks_real_time(self):
        ops = [txn(1, ("a", 1, 1)), txn(2, ("r", 1, []))]
        self.expect("G-single-realtime", ops, {1: [1]}, RR)
        self.passes([txn(1, ("a", 1, 1), until=3), txn(2, ("r", 1, []))], {1: [1]})

    def test_a_stale_reader_may_be_behind_but_not_torn(self):
        reader = txn(9, ("r", 1, [1]), ("r", 2, []))
        reader.stale = True
        self.passes([txn(1, ("a", 1, 1)), txn(2, ("a", 2, 2)), reader], {1: [1], 2: [2]})
        self.expect("G-single ", [txn(1, ("a", 1, 1), ("a", 2, 2)), reader], {1: [1], 2: [2]}, RR)

    def test_a_late_append_breaks_real_time(self):
        self.expect("G0-realtime", [txn(1, ("a", 1, 1)), txn(2, ("a", 1, 2))], {1: [2, 1]}, RR)

    def test_real_time_reaches_over_others(self):
        ops = [txn(1, ("a", 1, 1)), txn(2, ("a", 2, 2)), txn(3, ("a", 3, 3)), txn(4, ("r", 1, []))]
        self.expect("G-single-realtime", ops, {1: [1], 2: [2], 3: [3]}, RR)


if __name__ == "__main__":
    unittest.main()
