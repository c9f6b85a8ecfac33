"""What tests can do with a program that runs in another process: all that tests do."""

from __future__ import annotations

import pytest

HOLDS = {
    "numbers": (
        "def f(x): return x",
        """
for x in (0, -1, True, None, 1.5, -0.0, 1e300, float("inf"), 2 ** 80, -(7 ** 9000), 1j, 2 - 3j):
    assert f(x) == x and type(f(x)) is type(x), x
import math
assert math.isnan(f(math.nan)) and math.copysign(1, f(-0.0)) == -1
""",
    ),
    "texts": (
        "def f(x): return x",
        r"""
for x in ("", "é\0\n", "\ud800", "😀" * 1000, b"", b"\xff\0", bytearray(b"ab")):
    assert f(x) == x and type(f(x)) is type(x), x
""",
    ),
    "containers": (
        "def f(x): return x",
        """
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction
import datetime
for x in (
    [], (), {}, set(), [1, [2, (3, {4: {5}})]], frozenset({1, (2, 3)}), {(1, 2): [3]},
    range(2, 9, 3),
    Counter("aab"), OrderedDict(b=1, a=2), defaultdict(list, {1: [2]}), deque([1, 2]), ...,
    Decimal("1.10"), Fraction(1, 3), datetime.date(2020, 2, 29), datetime.timedelta(1, 2, 3),
    datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.timezone.utc), datetime.time(1, 2, 3),
    int, str, list, type(None),
):
    assert f(x) == x and type(f(x)) is type(x), x
assert list(f(OrderedDict(b=1, a=2))) == ["b", "a"]
assert f({"a": 1}.keys()) == {"a"} and f({"a": 1}.items()) == {("a", 1)}
assert list(f({"a": 1}.values())) == [1]
""",
    ),
    "shared and circular containers": (
        "def f(x): return x\ndef same(a, b): return a is b and a[0] is a",
        """
a = [1]; a.append(a); b = [a, a]
assert f(a) is a
assert f(b)[0] is f(b)[1] is a
c = []; c.append(c)
assert same(c, c)
""",
    ),
    "changes in place": (
        """
def f(items, table, group):
    items.sort(); items.append(items[0]); table["new"] = items; group.discard(1)
""",
        """
items, table, group = [3, 1, 2], {"old": 0}, {1, 2}
alias = items
assert f(items, table, group) is None
assert items == [1, 2, 3, 1] and alias is items
assert table["new"] is items and group == {2}
""",
    ),
    "state between calls": (
        "n = 0\ndef f():\n    global n\n    n += 1\n    return n",
        "assert [f(), f(), f()] == [1, 2, 3]\nassert n == 0",
    ),
    "named arguments": (
        "def f(a, *rest, b=2, **more): return [a, rest, b, more]",
        "assert f(1, 2, b=3, c=4) == [1, (2,), 3, {'c': 4}]",
    ),
    "functions as arguments": (
        "def f(function, items): return [function(item) for item in items]",
        """
assert f(lambda x: x + [0], [[1], [2]]) == [[1, 0], [2, 0]]
assert f(str, [1]) == ["1"] and f(abs, [-1]) == [1] and f(str.upper, ["a"]) == ["A"]
calls = []
assert f(calls.append, [1, 2]) == [None, None] and calls == [1, 2]
""",
    ),
    "a sort by a function of the tests": (
        "def f(items, key): return sorted(items, key=key, reverse=True)",
        "assert f([1, 3, 2], key=lambda x: -x) == [1, 2, 3]",
    ),
    "types as arguments": (
        "def f(items, kind): return [item for item in items if type(item) is not kind]",
        "assert f((4, 7.7, 'SR'), int) == [7.7, 'SR']",
    ),
    "a function of the program given back to it": (
        "def make(n): return lambda x: x + n\ndef twice(g, x): return g(g(x))",
        "assert twice(make(3), 1) == 7 and make(1)(1) == 2",
    ),
    "a function of the tests given back by it": (
        "def f(g): return g",
        "def g(): return 5\nassert f(g) is g and f(g)() == 5",
    ),
    "generators": (
        "def f(n):\n    for i in range(n):\n        yield [i]\ndef total(items): return sum(items)",
        """
assert list(f(3)) == [[0], [1], [2]] and next(f(1)) == [0] and [1] in f(2)
assert total(x for x in (1, 2)) == 3
assert sorted(f(2)) == [[0], [1]] and dict(zip("ab", f(2))) == {"a": [0], "b": [1]}
""",
    ),
    "lazy results": (
        "def f(x): return map(str, x)\ndef g(x): return zip(x, x)",
        "assert list(f([1])) == ['1'] and set(g([1])) == {(1, 1)} and f([1]) != ['1']",
    ),
    "instances of subclasses of built-in types": (
        """
import enum, collections
class Level(enum.IntEnum): HIGH = 3
class Name(str, enum.Enum): A = "a"
Point = collections.namedtuple("Point", "x y")
class Many(list): pass
def f(): return [Level.HIGH, Name.A, Point(1, 2), Many([1])]
""",
        "assert f() == [3, 'a', (1, 2), [1]]",
    ),
    "classes of the program": (
        """
class Node:
    def __init__(self, data): self.data, self.left = data, None
    def depth(self): return 1 + (self.left.depth() if self.left else 0)
def depth(node): return node.depth()
""",
        """
root = Node(1)
root.left = Node(2)
root.left.left = Node(3)
assert depth(root) == root.depth() == 3 and root.left.data == 2
assert root.left == root.left and root != Node(1)
""",
    ),
    "objects with items": (
        """
class Box:
    def __init__(self): self.held = {}
    def __getitem__(self, key): return self.held[key]
    def __setitem__(self, key, value): self.held[key] = value
    def __len__(self): return len(self.held)
    def __str__(self): return f"Box{self.held}"
""",
        "b = Box()\nassert not b\nb[1] = 2\nassert b[1] == 2 and len(b) == 1\n"
        "assert str(b) == 'Box{1: 2}'",
    ),
    "matches": (
        "import re\ndef f(s): return re.search('b(.)', s)",
        "assert f('abc').group(1) == 'c' and f('abc') and f('xyz') is None and not f('')",
    ),
    "exceptions": (
        """
class Mine(KeyError): pass
def f(kind):
    if kind == "mine": raise Mine("lost")
    if kind == "unicode": b"\\xff".decode()
    [][1]
""",
        """
for kind, expected in (("mine", KeyError), ("unicode", ValueError), ("index", IndexError)):
    try:
        f(kind)
    except expected as error:
        assert kind != "mine" or error.args == ("lost",)
    else:
        raise AssertionError(kind)
""",
    ),
    "a program that defines a built-in name": (
        "def sum(a, b): return a * b",
        "assert sum(3, 5) == 15",
    ),
    "a module that the program imported": (
        "import sys\ndef size(x): return sys.getsizeof(x)",
        "assert size((1,)) == sys.getsizeof((1,))",
    ),
    "a name that the tests define, too": (
        "def f(): return 'program'",
        "def f(): return 'tests'\nfrom answer import f\nassert f() == 'program'",
    ),
    "recursion as deep as ever": (
        "def f(n): return 0 if n == 0 else 1 + f(n - 1)",
        "assert f(970) == 970",
    ),
    "output": ("def f(): print('x' * 70000)", "for _ in range(5): f()"),
}

FAILS = {
    "wrong": ("def f(): return 1", "assert f() == 2", "AssertionError"),
    "raises": ("def f(): return 1 / 0", "f()", "ZeroDivisionError: division by zero"),
    "missing": ("", "assert f() == 2", "NameError: name 'f' is not defined"),
    "message": ("def f(): return 1", "assert f() == 2, 'not two'", "AssertionError: not two"),
    "no code": ("def f(: pass", "assert f()", ""),
    "list": ("def f(): return (1, 2)", "assert f() == [1, 2]", "AssertionError"),
}


@pytest.mark.parametrize("name", HOLDS)
def test_tests_find_what_they_would_find_in_the_same_process(sandbox, name):
    result = sandbox.test(*HOLDS[name], timeout_s=20)
    assert result.ok, result.stderr


@pytest.mark.parametrize("name", FAILS)
def test_a_failed_test_is_told_by_its_last_line(sandbox, name):
    program, tests, failure = FAILS[name]
    result = sandbox.test(program, tests, timeout_s=20)
    assert (result.ok, result.exit_code, result.failure) == (False, 1, failure)
    assert "sandbox" not in result.stderr


def test_verdicts_need_no_disk_and_no_namespace(any_sandbox):
    assert any_sandbox.test("def f(): return 1", "assert f() == 1", timeout_s=20).ok
    assert not any_sandbox.test("def f(): return 1", "assert f() == 2", timeout_s=20).ok


def test_a_program_that_ends_before_its_tests_has_not_passed(sandbox):
    result = sandbox.test("raise SystemExit", "pass", timeout_s=20)
    assert (result.ok, result.exit_code, result.failure) == (False, 0, "")


def test_a_program_that_waits_forever_ends_with_its_time(sandbox):
    program = "def f():\n    import time\n    time.sleep(60)"
    result = sandbox.test(program, "f()", timeout_s=2)
    assert (result.ok, result.timed_out) == (False, True)


def test_a_value_that_cannot_leave_the_tests_says_so(sandbox):
    tests = "class Own: pass\nf(Own())"
    result = sandbox.test("def f(x): return x", tests, timeout_s=20)
    assert result.failure == "TypeError: a value of type Own cannot be passed"


@pytest.mark.parametrize("text", ["'x' * 10_000", r"'\ud800' * 100_000", "'😀' * 10_000"])
def test_a_program_cannot_make_its_failure_too_long_to_be_a_verdict(sandbox, text):
    program = f"def f(): raise ValueError({text})"
    result = sandbox.test(program, "assert f() == 1", timeout_s=20)
    assert (result.ok, result.exit_code) == (False, 1)
    assert result.failure.startswith("ValueError: ")
    assert len(result.failure) == 500
