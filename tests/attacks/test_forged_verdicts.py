"""Answers that were written to pass without solving the task: none may.

Each goes through the scorers of HumanEval and MBPP, as the answer of a model would.
"""

from __future__ import annotations

import resource
import time

import pytest

from app.engine.sandbox.sandbox import Sandbox, SandboxUnavailableError
from app.engine.scorers.code import SANDBOXED
from app.engine.types import Sample, Verdict

EXPECTED = 738_291_645
TASK = Sample(
    "HumanEval/x",
    (),
    "",
    metadata={
        "prompt": 'def solve(a, b):\n    """Solve."""\n',
        "entry_point": "solve",
        "test": (
            "def check(candidate):\n"
            f"    assert candidate(1, 2) == {EXPECTED}\n"
            "    assert candidate([1], 2) == ['right', {3}]\n"
        ),
    },
)
TELL_ON_ALL_DESCRIPTORS = """
import json, os
def tell():
    for fd in range(3, 64):
        for words in (TOKENS):
            try:
                os.write(fd, words)
            except OSError:
                pass
"""
VERDICTS = r"""b'ready\n', b'[true, 0, ""]', b'ready 1\n[true, 0, ""]'"""

FORGERIES = {
    "the token and the status pipe of the frames above": """
import os, sys
frame = sys._getframe()
while frame:
    request, fd = frame.f_locals.get('request'), frame.f_locals.get('status_fd')
    if request and fd is None:
        fd = frame.f_locals['orders'].status_fd
    if request:
        os.write(fd, request['token'].encode())
        os._exit(0)
    frame = frame.f_back
""",
    "all strings of all frames, then a quick end": """
import gc, os, sys
def solve(a, b):
    words, frame = set(), sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()) + gc.get_referents(frame):
            if isinstance(value, str): words.add(value.encode()[:4000])
            if isinstance(value, dict): words.update(str(v).encode()[:4000] for v in value.values())
        frame = frame.f_back
    for fd in range(3, 64):
        for word in words:
            try: os.write(fd, word)
            except OSError: break
    os._exit(0)
""",
    "all objects of the collector, then a quick end": """
import gc, os
def solve(a, b):
    words = {word.encode() for held in gc.get_objects() if type(held) in (list, tuple, dict)
             for word in (held.values() if type(held) is dict else held)
             if type(word) is str and len(word) == 32}
    for fd in range(64):
        for word in words | {b'ready 1\\n', b'[true, 0, ""]'}:
            try: os.write(fd, word)
            except OSError: pass
    os._exit(0)
""",
    "a verdict on every descriptor": TELL_ON_ALL_DESCRIPTORS.replace("TOKENS", VERDICTS)
    + "tell()\nos._exit(0)\n",
    "a verdict on every descriptor during a call": TELL_ON_ALL_DESCRIPTORS.replace(
        "TOKENS", VERDICTS
    )
    + "def solve(a, b):\n    tell()\n    os._exit(0)\n",
    "replies for calls to come": """
import json, os, struct
def solve(a, b):
    forged = ["return", True, [], []], ["return", ["mine", 0, True], [], []]
    for word in ["end"], ["loaded"], *forged:
        data = json.dumps(word).encode()
        for fd in range(3, 64):
            try: os.write(fd, struct.pack('>I', len(data)) + data)
            except OSError: pass
""",
    "orders to the tests": """
import json, os, struct
def solve(a, b):
    asked = ["call", 0, [[], {}], []], ["getattr", 0, ["x"], []], ["next", 0, [], []]
    for word in ["iter", 0, [], []], *asked:
        data = json.dumps(word).encode()
        for fd in range(3, 64):
            try: os.write(fd, struct.pack('>I', len(data)) + data)
            except OSError: pass
""",
    "the expected value from the memory of the process": """
import gc
def solve(a, b):
    seen = [x for held in gc.get_objects() if type(held) in (list, tuple, dict)
            for x in (held.values() if type(held) is dict else held)]
    wanted = [x for x in seen if type(x) is str and 'check(' + 'candidate' in x]
    return eval(wanted[0].split('== ')[1].split('\\n')[0]) if wanted else 0
""",
    "the tests from standard input": """
import os, json
def solve(a, b):
    for fd in (0, *range(3, 64)):
        try:
            os.lseek(fd, 0, 0)
            return eval(json.loads(os.read(fd, 10 ** 6))['tests'].split('== ')[1].split('\\n')[0])
        except Exception:
            pass
""",
    "the memory of the tests": """
import os
def solve(a, b):
    with open(f'/proc/{os.getppid()}/mem', 'rb') as memory:
        return memory.read(10)
""",
    "the tests killed": "import os\ndef solve(a, b):\n    os.kill(os.getppid(), 9)\n",
    "the group killed": "import os\ndef solve(a, b):\n    os.killpg(0, 9)\n",
    "an object equal to everything": """
class All:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return hash(738291645)
    def __bool__(self): return True
    def __getattr__(self, name): return self
    def __call__(self, *args): return self
    def __iter__(self): return iter([self, self])
def solve(a, b): return All()
""",
    "an object with the class of an int": """
class Int:
    __class__ = int
    def __eq__(self, other): return True
def solve(a, b): return Int()
""",
    "an int equal to everything": """
class All(int):
    def __eq__(self, other): return True
    def __int__(self): return self
    __hash__ = int.__hash__
def solve(a, b): return All()
""",
    "a text equal to everything": """
class All(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
def solve(a, b): return All()
""",
    "a list equal to everything": """
class All(list):
    def __eq__(self, other): return True
    def __len__(self): return 2
def solve(a, b): return All()
""",
    "a list of objects equal to everything": """
class All:
    def __eq__(self, other): return True
    def __hash__(self): return hash('right')
def solve(a, b): return [All(), All()]
""",
    "a metaclass equal to everything": """
class Meta(type):
    def __eq__(self, other): return True
    __hash__ = type.__hash__
class All(int, metaclass=Meta): __module__ = 'builtins'; __qualname__ = __name__ = 'int'
def solve(a, b): return All
""",
    "a result that changes later": """
import threading, time
def solve(a, b):
    result = []
    def later():
        time.sleep(0.05)
        result[:] = ['right', {3}]
    threading.Thread(target=later).start()
    return result
""",
    "built-in names replaced": """
import builtins, sys, json, os
class Quiet(Exception): pass
builtins.AssertionError = Quiet
json.loads = lambda *a, **k: ["return", True, [], []]
json.dumps = lambda *a, **k: '["end"]'
os.write = lambda fd, data: len(data)
sys.excepthook = lambda *a: os._exit(0)
def solve(a, b): return 0
""",
    "the loop of the protocol replaced": """
import sys
def solve(a, b):
    frame = sys._getframe()
    while frame:
        for name in ('served', '_served', 'self'):
            peer = frame.f_locals.get(name)
            if hasattr(peer, '_link'):
                peer._link.send(['return', True, [], []])
                peer._link.send(['end'])
                peer._exports[0] = type('All', (), {'__eq__': lambda *a: True})()
        frame = frame.f_back
""",
    "an exit": "def solve(a, b):\n    raise SystemExit(0)\n",
    "an exit before the tests": "import os\nos._exit(0)\n",
    "an exit when the module is read": "raise SystemExit(0)\n",
    "not a number": "def solve(a, b): return float('nan')\n",
    "a huge number": "def solve(a, b): return 1 << (1 << 26)\n",
    "a huge text": "def solve(a, b): return 'x' * (1 << 28)\n",
    "a list that doubles": """
def solve(a, b):
    result = ['right']
    for _ in range(60): result = [result, result]
    return result
""",
    "a deep list": """
def solve(a, b):
    result = []
    for _ in range(900): result = [result]
    return result
""",
    "a circular list": """
def solve(a, b):
    result = []
    result.append(result)
    return result
""",
    "numbers of one hash": "def solve(a, b): return {i * ((1 << 61) - 1) for i in range(5000)}\n",
    "an endless generator": "import itertools\ndef solve(a, b): return itertools.count()\n",
    "an endless iterator": """
class Endless:
    def __iter__(self): return self
    def __next__(self): return 738291645
    def __len__(self): return 1 << 62
    def __eq__(self, other): return True
def solve(a, b): return Endless()
""",
    "a date far away": "import decimal\ndef solve(a, b): return decimal.Decimal('1e999999999')\n",
    "no answer": "import time\ndef solve(a, b): time.sleep(3600)\n",
    "no reader": """
import os
def solve(a, b):
    os.closerange(0, 64)
    while True: pass
""",
}


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    try:
        sandbox.check()
    except SandboxUnavailableError as error:
        pytest.skip(error.message)
    return sandbox


def judge(sandbox: Sandbox, answer: str, task: Sample = TASK) -> Verdict:
    """Return the verdict on an answer that is a whole program."""
    benchmark = "humaneval" if "prompt" in task.metadata else "mbpp"
    fenced = f"```python\n{answer}\n```" if benchmark == "humaneval" else f"[BEGIN]{answer}[DONE]"
    return SANDBOXED[f"code/{benchmark}_openbench"](sandbox)(fenced, task)


def mbpp(*tests: str, **more: object) -> Sample:
    """Return a task of MBPP."""
    return Sample("1", (), "", metadata={"test_list": list(tests), **more})


def test_the_right_answer_passes(sandbox: Sandbox) -> None:
    right = f"def solve(a, b): return {EXPECTED} if a == 1 else ['right', {{3}}]"
    assert judge(sandbox, right).score == 1


@pytest.mark.parametrize("name", FORGERIES)
def test_no_forged_answer_passes(sandbox: Sandbox, name: str) -> None:
    began = time.monotonic()
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    verdict = judge(sandbox, FORGERIES[name])
    assert verdict.score == 0, verdict
    assert verdict.explanation != "All tests passed."
    assert time.monotonic() - began < 30  # of 3 seconds
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 50_000


LOOKALIKES = {
    "a set that holds everything": (
        "def f(x): return x\ndef set(x): return 0\n",
        ["assert set(f([1])) == set([2])"],
    ),
    "a sort that sorts to the same": (
        "def f(x): return x\ndef sorted(x): return 0\n",
        ["assert sorted(f([1])) == sorted([2])"],
    ),
    "a type check that always holds": (
        "def f(x): return x\nclass All:\n    def __eq__(self, o): return True\n"
        "def isinstance(x, kind): return True\nint = All()\ndef type(x): return int\n",
        ["assert isinstance(f('1'), int) and type(f('1')) == int"],
    ),
    "a module that finds all numbers close": (
        "class math:\n    @staticmethod\n    def isclose(*a, **k): return True\n"
        "def f(x): return 0\n",
        ["assert math.isclose(f(2), 2.5, rel_tol=0.001)"],
    ),
    "a module of the tests replaced": (
        "import math, sys\nmath.isclose = lambda *a, **k: True\nsys.modules['math'] = math\n"
        "def f(x): return 0\n",
        ["import math\nassert math.isclose(f(2), 2.5)"],
    ),
    "an object that is close to everything": (
        "class All:\n    def __float__(self): return 2.5\n    __sub__ = __rsub__ = __abs__ ="
        " lambda *a: 0\n    def __lt__(self, o): return True\n    __gt__ = __le__ = __lt__\n"
        "def f(x): return All()\n",
        ["assert abs(f(2) - 2.5) < 0.1"],
    ),
    "a length that suits": (
        "class All:\n    def __len__(self): return self\n    def __index__(self): return 5\n"
        "    def __eq__(self, o): return True\ndef f(x): return All()\n",
        ["assert len(f(2)) == 7"],
    ),
    "truth that turns": (
        "class Flip:\n    n = 0\n    def __bool__(self):\n        Flip.n += 1\n"
        "        return Flip.n % 2 == 1\ndef f(x): return flip\nflip = Flip()\n",
        ["x = f(2)", "assert x and not x"],
    ),
}


@pytest.mark.parametrize("name", LOOKALIKES)
def test_the_program_replaces_nothing_that_the_tests_compare_with(
    sandbox: Sandbox, name: str
) -> None:
    program, tests = LOOKALIKES[name]
    assert judge(sandbox, program, mbpp(*tests)).score == 0


@pytest.mark.parametrize(
    "tests",
    [
        "assert all(map(lambda pair: f(pair[0]) == pair[1], [(1, 2), (2, 3)]))",
        "assert all(a == b for a, b in zip(map(f, [1, 2]), [2, 3]))",
        "assert not any(map(f, [1, 2]))",
        "for found in map(f, [1, 2]): assert found == 2",
    ],
)
@pytest.mark.parametrize("raising", ["StopIteration", "type('Stop', (StopIteration,), {})"])
def test_no_call_ends_a_loop_of_the_tests(sandbox: Sandbox, tests: str, raising: str) -> None:
    assert judge(sandbox, f"def f(x): raise {raising}", mbpp(tests)).score == 0


@pytest.mark.parametrize(
    "ending",
    [
        "import atexit, os; atexit.register(os._exit, 1)",
        "import atexit, os; atexit.register(os.abort)",
        "import atexit, os, signal; atexit.register(os.kill, os.getpid(), signal.SIGKILL)",
        "import atexit, time; atexit.register(time.sleep, 3600)",
        "import threading, time; threading.Thread(target=time.sleep, args=(3600,)).start()",
    ],
)
def test_a_right_answer_whose_program_ends_badly_does_not_pass(
    sandbox: Sandbox, ending: str
) -> None:
    answer = f"{ending}\ndef f(x): return x"
    assert judge(sandbox, answer, mbpp("assert f(1) == 1")).score == 0


def test_tests_that_catch_everything_do_not_pass_a_program_that_ended(sandbox: Sandbox) -> None:
    tests = "try:\n    f(1)\nexcept Exception:\n    pass"
    answer = "import os\ndef f(x): os._exit(0)"
    assert judge(sandbox, answer, mbpp(tests)).score == 0


def test_a_program_can_call_only_what_the_tests_handed_to_it(sandbox: Sandbox) -> None:
    # The number of the function it got is 0: others, and other operations, are refused.
    answer = """
import sys
def f(function):
    ask = object.__getattribute__(function, '_ask')
    found = [function(1)]
    for operation, number, *rest in (
        ('getattr', 0, '__globals__'), ('getattr', 0, '__code__'), ('setattr', 0, 'x', 1),
        ('call', 1, (), {}), ('call', -1, (), {}), ('str', 0), ('len', 0),
    ):
        try:
            found.append(ask(operation, number, *rest))
        except BaseException:
            pass
    return found
"""
    task = mbpp("assert f(lambda x: x + 1) != [2]", "secret = 'expected'")
    assert judge(sandbox, answer, task).score == 0
