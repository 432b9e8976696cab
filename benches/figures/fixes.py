"""How many fixes are made in a stack of nested modules, and for reasons of which kinds the others are not."""
import collections
import re

from run import Run, root, table

TESTS = ["cargo", "test", "--locked", "--test", "suite", "--", "--nocapture", "--test-threads", "1", "nested::"]


def measure():
    """The fixes that were made, those that are possible, and the refusals by kind."""
    said = Run(TESTS, folder=root()).expect(0).out
    made, possible = map(int, re.search(r"^made (\d+) of (\d+)$", said, re.M).groups())
    kinds = collections.Counter()
    for kind, number in re.findall(r"^refused (\w+) (\d+)$", said, re.M):
        kinds[kind] += int(number)
    return made, possible, kinds


def text(made, possible, kinds):
    rows = [[kind, number] for kind, number in sorted(kinds.items())]
    return f"Made: {made} of {possible}.\n\n" + table(["refused, by kind", "changes"], rows)
