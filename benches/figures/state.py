"""Reading a large state, and comparing it, beside a bare pass over the same bytes."""
import json

import big_state
import parity
from run import Run, ratio, spread, table

INSTANCES = 100_000
ROUNDS = 5
PASSES = {"bare": "`serde_json::Value`, nothing else", "parse": "parse, secrets replaced", "compare": "parse and compare"}
TARGET = 3


def measure(program, folder, instances=INSTANCES, rounds=ROUNDS):
    """The size of the state, and the rounds of each pass."""
    state = folder / "large.tfstate"
    size = big_state.write(parity.state(), state, instances)
    code = parity.write_code(folder / "repo")
    figures = {name: [] for name in PASSES}
    for turn in range(rounds):
        # Another one is first each time.
        order = list(PASSES)[turn % len(PASSES):] + list(PASSES)[:turn % len(PASSES)]
        for name in order:
            done = Run([program, name, state, code]).expect(0)
            figures[name].append(json.loads(done.out))
    state.unlink()
    return size, figures


def text(size, figures):
    """What was measured, for people."""
    bare, rows = figures["bare"], []
    for name, what in PASSES.items():
        rounds = figures[name]
        of = {key: [one[key] for one in rounds] for key in ("wall", "cpu", "peak_kib")}
        beside = {key: ratio(of[key], [one[key] for one in bare]) for key in of}
        rows.append([what, spread(of["wall"]), spread(of["cpu"]), beside["cpu"],
                     spread(of["peak_kib"], 0, 1024), beside["peak_kib"]])
    last = figures["compare"][0]
    said = (f"A state of {last['resources']:,} instances and {size / 1e6:,.0f} MB, made of the resources of "
            f"`tests/parity` under other ids and names; {last['declared']:,} of them are declared in "
            f"code. What AWS said is taken to be what the state says: {last['findings']:,} findings. The clock runs from "
            "the bytes in memory to the result; the memory is the most that the process held (`VmHWM`), the bytes "
            f"themselves included. {len(bare)} rounds in turns, each pass in a process of its own.\n\n")
    said += table(["", "seconds", "on a processor", "times bare", "peak MiB", "times bare"], rows)
    return said + "\n" + verdict(rows)


def verdict(rows):
    """Whether the target is met."""
    wrong = [f"{row[0]} takes {row[at]} times the {what}" for row in rows[1:] for at, what in ((3, "time"), (5, "memory"))
             if float(row[at]) > TARGET]
    if wrong:
        return f"The target is {TARGET} times the bare pass in time and in memory. It is missed: {'; '.join(wrong)}.\n"
    return f"The target, {TARGET} times the bare pass in time and in memory, is met by both.\n"
