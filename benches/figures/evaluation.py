"""Finding and evaluating root modules: what a repository of many costs, and what the worst code can."""
import json

from run import Run, spread, table

ROUNDS = 5

RESOURCE = """resource "aws_instance" "web{0}" {{
  ami           = data.aws_ami.newest.id
  instance_type = var.size
  tags = {{
    Name = "web-{0}-${{var.size}}"
    Role = "web"
  }}
}}
"""

BACKEND = 'terraform {{\n  backend "s3" {{\n    bucket = "states"\n    key    = "{0}"\n  }}\n}}\n'
ROOT_OF_ALL = BACKEND.format("all")


def shared(folder, roots=200, files=2000):
    """Root modules of eight files each that all call one module, which is made of the rest."""
    own = 8
    for root in range(roots):
        below = folder / f"live/r{root:03}"
        call = 'module "m" {\n  source = "../../shared"\n  size   = "t3.micro"\n}\n'
        write(below / "main.tf", BACKEND.format(root) + call)
        for file in range(own - 1):
            write(below / f"f{file}.tf", 'variable "size" { default = "t3.nano" }\n' * (file == 0) + RESOURCE.format(file))
    for file in range(files - roots * own):
        text = 'variable "size" {}\n' * (file == 0)
        write(folder / f"shared/s{file:03}.tf", text + RESOURCE.format(file))


def chained(folder, modules=8000):
    """A root module that calls a module that calls a module, and so on."""
    write(folder / "main.tf", ROOT_OF_ALL + 'module "m" {\n  source = "./m0"\n}\n')
    for module in range(modules):
        call = f'module "m" {{\n  source = "../m{module + 1}"\n}}\n'
        write(folder / f"m{module}/main.tf", call * (module + 1 < modules) + 'resource "a" "b" {}\n')


def locals_of(first, other, last):
    """Locals that are each made of the one before, which is called `@`."""
    made = "".join(f"  l{at} = {other.replace('@', f'local.l{at - 1}')}\n" for at in range(1, last + 1))
    return f"locals {{\n  l0 = {first}\n{made}}}\n"


DOUBLED = locals_of('"xxxxxxxxxxxxxxxx"', '"${@}${@}"', 16)

HOSTILE = {
    "a megabyte in place of each of its letters": DOUBLED + 'resource "a" "b" {\n  x = replace(local.l16, "x", local.l16)\n}\n',
    "a megabyte a thousand times": DOUBLED + 'resource "a" "b" {\n  x = [for i in range(1024) : local.l16]\n}\n',
    "a list of letters, over and over": DOUBLED
    + "".join(f'resource "a" "b{at}" {{\n  x = [for i in range(9) : split("", local.l16)]\n}}\n' for at in range(50)),
    "lists twice as long as the one before": locals_of("[1, 2, 3, 4]", "concat(@, @)", 40) + 'resource "a" "b" {\n  x = local.l40\n}\n',
    "maps twice as large as the one before": locals_of(
        "{ k = 1 }", 'merge({ for k, v in @ : "a${k}" => v }, { for k, v in @ : "b${k}" => v })', 40)
    + 'resource "a" "b" {\n  x = local.l40\n}\n',
    "loops in loops": 'resource "a" "b" {\n  x = [for a in range(1024) : [for b in range(1024) : [for c in range(1024) : 1]]]\n}\n',
    "ten thousand instances of large blocks": 'resource "a" "b" {\n  count = 10000\n'
    + "".join(f"  x{at} = {{ a = [1, 2, 3], b = \"${{count.index}}\" }}\n" for at in range(200)) + "}\n",
    "half a megabyte of references": "locals {\n  l = [" + "a.b," * 130_000 + "]\n}\n",
    "heredocs that are read again and again": "a = " + "".join(f'(<<A{at}\nA{at}\n=="${{' for at in range(32)) + "1"
    + '}")' * 32 + "\n",
}


# What the same cases took before files were shared and evaluation asked for its memory: seconds on a processor, MiB.
BEFORE = {
    "2,000 files, 200 root modules that share one": (3.12, 299),
    "one of these root modules, named": (1.05, 6),
    "8,000 modules, each called by the one before": (15.7, 5530),
    "a megabyte in place of each of its letters": "aborted beyond 8 GB",
    "ten thousand instances of large blocks": "not done after 60 s",
    "heredocs that are read again and again": "not done after 60 s",
}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def measure(program, folder, rounds=ROUNDS):
    """The rounds of each case."""
    shared(folder / "shared")
    chained(folder / "chained")
    for at, text in enumerate(HOSTILE.values()):
        write(folder / f"hostile{at}/main.tf", ROOT_OF_ALL + text)
    cases = {
        "2,000 files, 200 root modules that share one": [folder / "shared"],
        "one of these root modules, named": [folder / "shared", "live/r100"],
        "8,000 modules, each called by the one before": [folder / "chained"],
    }
    cases |= {name: [folder / f"hostile{at}"] for at, name in enumerate(HOSTILE)}
    figures = {name: [] for name in cases}
    for _ in range(rounds):
        for name, arguments in cases.items():
            figures[name].append(json.loads(Run([program, *arguments]).expect(0).out))
    return figures


def text(figures):
    """What was measured, for people."""
    rows = []
    for name, rounds in figures.items():
        last = rounds[-1]
        rows.append([name, f"{last['resources']:,}", spread([one["cpu"] for one in rounds]),
                     spread([one["peak_kib"] for one in rounds], 0, 1024), before(name), said(last["problem"])])
    return table(["code", "resources", "on a processor", "peak MiB", "before", "first problem"], rows)


def before(name):
    """What a case took before."""
    took = BEFORE.get(name, "")
    return took if isinstance(took, str) else f"{took[0]:,} s, {took[1]:,} MiB"


def said(problem):
    """A problem, without its place."""
    return problem.split(": ", 1)[1].replace("|", "\\|") if problem else ""
