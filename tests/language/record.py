#!/usr/bin/env python3
"""Records what Terraform itself answers: reads expressions.txt, writes answers.json. Needs `terraform` 1.11 on the path.

Every expression is evaluated in the module beside this file, by one `terraform console`: as the elements of one list, between
marks. What Terraform refuses is recorded as "!error".
"""
import json, os, pathlib, re, subprocess, sys

HERE = pathlib.Path(__file__).resolve().parent
# A line that is longer than this is not read by the console.
MOST = 48_000


class Unanswered(Exception):
    """Terraform gave up on a list of expressions."""


def ask(expressions, folder=HERE / "module"):
    marked = (f'"@@{at}", try(({text}), "!error"), ' for at, text in enumerate(expressions))
    line = "[" + "".join(marked) + '"@@end"]\n'
    environment = dict(os.environ, TF_CLI_CONFIG_FILE=os.devnull, CHECKPOINT_DISABLE="1", NO_COLOR="1")
    done = subprocess.run(["terraform", "console"], input=line.encode(), capture_output=True, cwd=folder, env=environment)
    answers, at = {}, None
    for line in done.stdout.decode().split("\n"):
        if mark := re.fullmatch(r'  "@@(\d+|end)",', line):
            at = mark[1]
            answers[at] = []
        elif at is not None:
            answers[at].append(line.removeprefix("  "))
    if "end" not in answers:
        raise Unanswered(f"{done.stdout.decode()[-2000:]}\n{done.stderr.decode()[-2000:]}\nafter {expressions[int(at or 0)]!r}")
    return ["\n".join(answers[str(at)]).removesuffix(",") for at in range(len(expressions))]


def answers(expressions):
    """The answer of each expression."""
    recorded, waiting = {}, []
    for expression in [*expressions, None]:
        if waiting and (expression is None or sum(map(len, waiting)) + len(expression) > MOST):
            recorded.update(zip(waiting, ask(waiting)))
            waiting = []
        if expression is not None:
            waiting.append(expression)
    return recorded


def main():
    lines = (HERE / "expressions.txt").read_text().splitlines()
    recorded = answers([line for line in lines if line.strip() and not line.startswith("#")])
    text = json.dumps(recorded, indent=1, ensure_ascii=False)
    (HERE / "answers.json").write_text(text + "\n")
    print(f"{len(recorded)} answers")


if __name__ == "__main__":
    main()
