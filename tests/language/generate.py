#!/usr/bin/env python3
"""Makes expressions and typed variables from a seed, and asks Terraform what they are: prints JSON, `expressions` with the
answer of each and `variables`, each a type, a default and the answer.

    tests/language/generate.py SEED COUNT

COUNT is the number of expressions; a fifth as many variables are made. The expressions stand in the module beside this file,
as those of expressions.txt do. Most are of the types that they are used as; some are of others, so that conversions and
refusals are tried as well. Needs `terraform` 1.11 on the path.
"""
import json, pathlib, random, re, sys, tempfile

from record import Unanswered, answers, ask

TEXTS = ["", "a", "b", "ab", "A b", "x,y", "é", "ß", "e\u0301", "日本", "10", "9", "3.50", "-0", "1e3", "true", "false", " a ", "a\nb", "a\tb",
         "${", "%{", "a-b_c", "10.0.0.0/8", "2001:db8::/32", "2020-02-29T23:59:59Z", "[1, \"a\"]", "{\"a\": null}", "\\d+", "<&>", "\u2028",
         "null", "0x10", "+5", "a.b", "a/b/../c", "AbC", "😀"]
NUMBERS = ["0", "1", "2", "3", "5", "10", "-1", "-2", "-7", "1.5", "0.1", "2.50", "-0.5", "100", "1e3", "1e20", "255", "1.0", "12345678901234567890",
           "0.30000000000000004", "1e-7", "1024", "7"]
FLAGS = ["true", "false"]
KEYS = ["a", "b", "c", "name", "k"]

# A kind: "text", "number", "flag", or a collection of one.
TEXT, NUMBER, FLAG = "text", "number", "flag"
PLAIN = [TEXT, TEXT, NUMBER, FLAG]


def list_of(kind):
    return ("list", kind)


def set_of(kind):
    return ("set", kind)


def map_of(kind):
    return ("map", kind)


VARIABLES = {
    TEXT: ["var.text_of_number", "var.text_of_fraction", "var.text_of_flag", "var.object.name", "var.number_by_file", "local.uneven"],
    NUMBER: ["var.number_of_text", "var.number_of_exponent", "var.large_number", "var.object.size", "var.object_with_optional.b"],
    FLAG: ["var.flag_of_text", "var.flag_of_digit", "var.object_with_optional.c"],
    list_of(TEXT): ["var.list_of_text", "var.empty_list", "var.list_of_any", "var.list_of_null", "local.list", "var.list_of_lists[1]",
                    "var.list_of_objects[*].name", "var.map_of_lists[\"a\"]", "keys(var.map_of_objects)"],
    list_of(NUMBER): ["var.list_of_number", "local.objects[0].ports", "var.list_of_objects.*.port"],
    list_of(FLAG): ["var.list_of_flag"],
    set_of(TEXT): ["var.set_of_text", "var.empty_set", "var.set_of_any", "var.set_by_file_sorted"],
    set_of(NUMBER): ["var.set_of_number"],
    set_of(FLAG): ["var.set_of_flag"],
    map_of(TEXT): ["var.map_of_text", "var.empty_map", "var.map_of_any", "var.map_by_file"],
    map_of(NUMBER): ["var.map_of_number"],
    map_of(FLAG): ["var.map_of_flag"],
}
# Any other values.
OTHERS = ["null", "var.no_type", "var.any", "var.object", "var.object_with_optional", "var.object_with_null", "var.nested_optional",
          "var.list_of_objects", "var.set_of_objects", "var.map_of_objects", "var.list_of_lists", "local.object", "local.objects",
          "local.nothing", "tostring(null)", "tonumber(null)", "[]", "{}", "var.objects_by_file", "var.any_by_file", "var.null_by_file"]

# Functions: what each takes, and what it gives. A kind in a list may come any number of times.
ANY = "any"
L, S, M = list_of(TEXT), set_of(TEXT), map_of(TEXT)
N = list_of(NUMBER)
FUNCTIONS = [
    ("abs", [NUMBER], NUMBER), ("ceil", [NUMBER], NUMBER), ("floor", [NUMBER], NUMBER), ("signum", [NUMBER], NUMBER),
    ("max", [NUMBER, [NUMBER]], NUMBER), ("min", [NUMBER, [NUMBER]], NUMBER), ("parseint", [TEXT, "base"], NUMBER),
    ("length", [ANY], NUMBER), ("length", [TEXT], NUMBER), ("sum", [N], NUMBER), ("index", [L, TEXT], NUMBER),
    ("tonumber", [ANY], NUMBER), ("tobool", [ANY], FLAG), ("tostring", [ANY], TEXT),
    ("can", [ANY], FLAG), ("contains", [L, TEXT], FLAG), ("contains", [N, NUMBER], FLAG), ("alltrue", [list_of(FLAG)], FLAG),
    ("anytrue", [list_of(FLAG)], FLAG), ("startswith", [TEXT, TEXT], FLAG), ("endswith", [TEXT, TEXT], FLAG),
    ("strcontains", [TEXT, TEXT], FLAG), ("issensitive", [ANY], FLAG),
    ("upper", [TEXT], TEXT), ("lower", [TEXT], TEXT), ("title", [TEXT], TEXT), ("trimspace", [TEXT], TEXT), ("trim", [TEXT, TEXT], TEXT),
    ("trimprefix", [TEXT, TEXT], TEXT), ("trimsuffix", [TEXT, TEXT], TEXT), ("strrev", [TEXT], TEXT), ("chomp", [TEXT], TEXT),
    ("indent", ["small", TEXT], TEXT), ("substr", [TEXT, "small", "small"], TEXT), ("replace", [TEXT, TEXT, TEXT], TEXT),
    ("join", [TEXT, L], TEXT), ("join", [TEXT, L, [L]], TEXT), ("format", ["format", [ANY]], TEXT), ("jsonencode", [ANY], TEXT),
    ("yamlencode", [ANY], TEXT), ("base64encode", [TEXT], TEXT), ("base64decode", [TEXT], TEXT), ("urlencode", [TEXT], TEXT), ("md5", [TEXT], TEXT),
    ("basename", [TEXT], TEXT), ("dirname", [TEXT], TEXT), ("element", [L, "small"], TEXT), ("lookup", [M, "key", TEXT], TEXT),
    ("coalesce", [TEXT, [TEXT]], TEXT), ("try", [TEXT, TEXT], TEXT), ("one", [L], TEXT), ("cidrsubnet", ["cidr", "small", "small"], TEXT),
    ("cidrhost", ["cidr", "small"], TEXT), ("cidrnetmask", ["cidr"], TEXT), ("timeadd", ["time", "duration"], TEXT),
    ("formatdate", ["date format", "time"], TEXT), ("regex", ["pattern", TEXT], TEXT),
    ("split", [TEXT, TEXT], L), ("sort", [L], L), ("reverse", [L], L), ("compact", [L], L), ("distinct", [L], L), ("concat", [L, [L]], L),
    ("slice", [L, "small", "small"], L), ("keys", [M], L), ("values", [M], L), ("tolist", [L], L), ("tolist", [S], L), ("flatten", [ANY], L),
    ("chunklist", [L, "small"], ANY), ("coalescelist", [L, [L]], L), ("formatlist", ["format", L, TEXT], L), ("matchkeys", [L, L, L], L),
    ("setproduct", [L, S], ANY), ("regexall", ["pattern", TEXT], L), ("range", ["small", "small"], N), ("cidrsubnets", ["cidr", "small", "small"], L),
    ("distinct", [N], N), ("reverse", [N], N), ("sort", [N], L), ("concat", [L, N], ANY), ("transpose", [map_of(L)], map_of(L)),
    ("toset", [L], S), ("toset", [N], set_of(NUMBER)), ("setunion", [S, [S]], S), ("setintersection", [S, [S]], S), ("setsubtract", [S, S], S),
    ("merge", [M, [M]], M), ("tomap", [M], M), ("zipmap", [L, L], M), ("merge", [M, map_of(NUMBER)], ANY),
    ("jsondecode", [TEXT], ANY), ("yamldecode", [TEXT], ANY), ("csvdecode", [TEXT], ANY), ("try", [ANY, ANY], ANY), ("coalesce", [ANY, [ANY]], ANY),
    ("templatestring", ["template", M], TEXT), ("startswith", [TEXT, TEXT], FLAG), ("sha256", [TEXT], TEXT), ("nonsensitive", [ANY], ANY),
    ("cidrhost", ["cidr", NUMBER], TEXT), ("log", ["small", "small"], NUMBER), ("pow", ["small", "small"], NUMBER), ("timecmp", ["time", "time"], NUMBER),
]
WORDS = {
    "base": ["2", "8", "10", "16", "36", "\"10\"", "1", "62"],
    "small": ["0", "1", "1", "2", "2", "3", "4", "8", "-1", "\"2\""],
    "format": ['"%s"', '"%d"', '"%5.1f|"', '"%q"', '"%v"', '"%#v"', '"%-4s|"', '"%04d"', '"%x"', '"%t"', '"%%"', '"%s-%s"', '"%[2]s%[1]s"', '"a"', '"%+d"', '"%e"', '"%g"', '"%b"', '"%o"'],
    "key": ['"a"', '"a"', '"b"', '"zz"', "1"],
    "cidr": ['"10.0.0.0/8"', '"192.168.1.7/24"', '"fd00::/48"', '"10.0.0.0"', '"0.0.0.0/0"', '"255.255.255.255/32"'],
    "time": ['"2020-02-29T23:59:59Z"', '"1999-12-31T00:00:00+02:00"', '"2020-13-01T00:00:00Z"', '"2020-01-01"', '"0001-01-01T00:00:00Z"'],
    "duration": ['"1h"', '"-36h30m"', '"1.5s"', '"10ms"', '"1d"', '"1h1h"'],
    "date format": ['"YYYY-MM-DD"', '"EEEE, DD MMM YY"', '"hh:mm:ss ZZZ"', '"h AA m \'o\'\'clock\'"', '"Q"', '"YYYYMMDDhhmmss"'],
    "pattern": ['"[a-z]+"', '"(\\\\d+)-(\\\\w)?"', '"(?P<n>a)(?P<m>b)?"', '"^$"', '"("', '"."', '"(?i)AB"', '"[[:alpha:]]"'],
    "template": ["local.template", '"$${a}"', '"%%{ for x in [1, 2] ~}$${x},%%{ endfor }"', '"$${b"', '"$${upper(b)}"'],
}


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, things):
        return self.random.choice(things)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def kind(self):
        if self.chance(60):
            return self.pick(PLAIN)
        return (self.pick(["list", "set", "map"]), self.pick(PLAIN))

    def expression(self, kind, depth, names=()):
        """An expression that is meant to be of a kind, of at most this depth."""
        if kind in WORDS:
            return self.pick(WORDS[kind])
        if self.chance(3):
            kind = self.kind() if self.chance(60) else ANY
        if kind == ANY:
            if depth <= 0 or self.chance(35):
                return self.pick(OTHERS)
            kind = self.kind()
        if depth <= 0:
            return self.leaf(kind, names)
        forms = [self.function, self.function, self.function, self.leaf_at, self.conditional, self.part]
        forms += {TEXT: [self.template, self.template], NUMBER: [self.arithmetic, self.arithmetic], FLAG: [self.comparison, self.comparison]}.get(kind, [self.literal, self.loop, self.loop])
        return self.pick(forms)(kind, depth - 1, names)

    def leaf_at(self, kind, _, names):
        return self.leaf(kind, names)

    def leaf(self, kind, names):
        if kind not in VARIABLES:
            return self.pick(OTHERS)
        if names and self.chance(50):
            return self.pick(names)
        if self.chance(2):
            return "null"
        if isinstance(kind, str) and self.chance(60):
            return {TEXT: lambda: quoted(self.pick(TEXTS)), NUMBER: lambda: self.pick(NUMBERS), FLAG: lambda: self.pick(FLAGS)}[kind]()
        return self.pick(VARIABLES[kind])

    def literal(self, kind, depth, names):
        of = kind[1]
        parts = [self.expression(of, depth - 1, names) for _ in range(self.random.randrange(4))]
        if kind[0] == "map":
            keys = self.random.sample(KEYS, len(parts))
            keys = [self.pick([key, key, quoted(key), f"({self.expression(TEXT, depth - 1, names)})"]) for key in keys]
            return "{ " + ", ".join(f"{key} = {part}" for key, part in zip(keys, parts)) + " }"
        text = "[" + ", ".join(parts) + "]"
        return f"toset({text})" if kind[0] == "set" else text

    def loop(self, kind, depth, names):
        collection = self.expression((self.pick(["list", "set", "map"]), self.pick(PLAIN)), depth, names)
        both = self.chance(50)
        bound = ["v", "k"] if both else ["v"]
        inner = [*names, *bound]
        condition = f" if {self.expression(FLAG, depth - 1, inner)}" if self.chance(35) else ""
        intro = f"for {'k, v' if both else 'v'} in {collection} :"
        value = self.expression(kind[1], depth - 1, inner)
        if kind[0] == "map":
            key = self.pick(["v", "k" if both else "v", self.expression(TEXT, depth - 1, inner)])
            group = "..." if self.chance(25) else ""
            return "{ " + f"{intro} {key} => {value}{group}{condition}" + " }"
        text = f"[{intro} {value}{condition}]"
        return f"toset({text})" if kind[0] == "set" else text

    def function(self, kind, depth, names):
        fitting = [one for one in FUNCTIONS if one[2] == kind] or [one for one in FUNCTIONS if one[2] == ANY]
        name, takes, _ = self.pick(fitting)
        arguments = []
        for one in takes:
            if isinstance(one, list):
                arguments += [self.expression(one[0], depth, names) for _ in range(self.random.randrange(3))]
            else:
                arguments.append(self.expression(one, depth, names))
        if name in ("max", "min", "concat", "merge", "setunion", "coalesce") and self.chance(12):
            items = self.expression(list_of(takes[0] if isinstance(takes[0], str) else TEXT), depth, names)
            return f"{name}({items}...)"
        return f"{name}({', '.join(arguments)})"

    def conditional(self, kind, depth, names):
        condition = self.expression(FLAG, depth, names)
        return f"({condition} ? {self.expression(kind, depth, names)} : {self.expression(kind, depth, names)})"

    def part(self, kind, depth, names):
        """An element, an attribute or a splat."""
        if isinstance(kind, tuple):
            return self.pick([
                lambda: f"{self.pick(['var.list_of_objects', 'local.objects', 'var.set_of_objects', 'var.no_type.b', 'var.map_of_objects'])}{self.pick(['[*]', '.*', '[*].name', '.*.name', '[*].a', '[*].ports[0]', '.*.ports[0]'])}",
                lambda: f"values(var.map_of_objects)[*].{self.pick(['class', 'note', 'tags'])}",
                lambda: f"{self.expression(self.kind(), depth, names)}[*]",
                lambda: f"{self.literal(('list', kind), depth, names)}[{self.pick(['0', '1', '-1'])}]",
            ])()
        return self.pick([
            lambda: f"{self.expression(list_of(kind), depth, names)}[{self.expression('small', 0)}]",
            lambda: f"{self.expression(map_of(kind), depth, names)}[{self.expression('key', 0)}]",
            lambda: f"{self.literal(map_of(kind), depth, names)}.{self.pick(KEYS)}",
            lambda: f"{self.literal(list_of(kind), depth, names)}.{self.pick(['0', '1'])}",
            lambda: f"var.map_of_objects[{quoted(self.pick(['main', 'other', 'no']))}].{self.pick(['class', 'note', 'tags', 'x'])}",
        ])()

    def template(self, _, depth, names):
        parts = []
        for _ in range(self.random.randrange(1, 4)):
            left, right = self.pick(["", "", "~"]), self.pick(["", "", "~"])
            inner = lambda kind=None: self.expression(kind or self.pick(PLAIN), depth - 1, names)
            parts.append(self.pick([
                lambda: quoted(self.pick(TEXTS))[1:-1],
                lambda: f"${{{left} {inner()} {right}}}",
                lambda: f" ${{{left}{inner(TEXT)}{right}}} ",
                lambda: f"%{{ if {inner(FLAG)} {right}}} {quoted(self.pick(TEXTS))[1:-1]} %{{{left} else }}${{{inner()}}}%{{ endif }}",
                lambda: f"%{{ for v in {self.expression(list_of(TEXT), depth - 1, names)} {right}}} ${{v}},%{{{left} endfor }}",
            ])())
        return '"' + "".join(parts) + '"'

    def arithmetic(self, _, depth, names):
        left, right = (self.expression(NUMBER, depth, names) for _ in range(2))
        return self.pick([f"({left} {self.pick(['+', '-', '*', '/', '%'])} {right})", f"-{left}" if not left.startswith("-") else left])

    def comparison(self, _, depth, names):
        kind = self.kind() if self.chance(70) else ANY
        flag = lambda: self.expression(FLAG, depth, names)
        return self.pick([
            lambda: f"({self.expression(kind, depth, names)} {self.pick(['==', '!='])} {self.expression(kind, depth, names)})",
            lambda: f"({self.expression(NUMBER, depth, names)} {self.pick(['<', '<=', '>', '>='])} {self.expression(NUMBER, depth, names)})",
            lambda: f"({flag()} {self.pick(['&&', '||'])} {flag()})",
            lambda: f"!{flag()}",
        ])()

    def type(self, depth):
        """A type constraint, as its parts."""
        if depth <= 0 or self.chance(25):
            return self.pick([*PLAIN, ANY])
        form = self.pick(["list", "set", "map", "tuple", "object", "object", "object"])
        if form == "tuple":
            return (form, [self.type(depth - 1) for _ in range(self.random.randrange(3))])
        if form == "object":
            attributes = {}
            for key in self.random.sample(KEYS, self.random.randrange(1, 4)):
                of = self.type(depth - 1)
                how = self.pick(["", "optional", "default"])
                attributes[key] = (of, how, self.value(of, 1) if how == "default" else None)
            return (form, attributes)
        return (form, self.type(depth - 1))

    def constraint(self, of):
        """A type constraint as it is written."""
        if isinstance(of, str):
            return {TEXT: "string", NUMBER: "number", FLAG: "bool", ANY: "any"}[of]
        form, inner = of
        if form == "tuple":
            return f"tuple([{', '.join(map(self.constraint, inner))}])"
        if form != "object":
            return f"{form}({self.constraint(inner)})"
        written = {"": "{}", "optional": "optional({})", "default": "optional({}, {})"}
        parts = (f"{key} = " + written[how].format(self.constraint(of), default) for key, (of, how, default) in inner.items())
        return "object({ " + ", ".join(parts) + " })"

    def value(self, of, nulls=4):
        """A value that converts to a type, most of the time."""
        if self.chance(nulls):
            return "null"
        if of == ANY:
            return self.value(self.type(1))
        if isinstance(of, str):
            plain = {TEXT: [quoted(self.pick(TEXTS)), quoted(self.pick(TEXTS)), self.pick(NUMBERS), self.pick(FLAGS)],
                     NUMBER: [self.pick(NUMBERS), self.pick(NUMBERS), quoted(self.pick(["5", "1.50", "1e3", "007"]))],
                     FLAG: [self.pick(FLAGS), quoted(self.pick(["true", "false", "1", "0"]))]}
            return self.pick(plain[of])
        form, inner = of
        if form in ("list", "set"):
            return "[" + ", ".join(self.value(inner) for _ in range(self.random.randrange(4))) + "]"
        if form == "tuple":
            return "[" + ", ".join(map(self.value, inner)) + "]"
        if form == "map":
            return "{ " + ", ".join(f"{key} = {self.value(inner)}" for key in self.random.sample(KEYS, self.random.randrange(4))) + " }"
        parts = [f"{key} = {self.value(of)}" for key, (of, how, _) in inner.items() if not how or self.chance(50)]
        parts += [f"extra = {self.value(TEXT)}"] if self.chance(20) else []
        return "{ " + ", ".join(parts) + " }"


def expressions(seed, count):
    generator, found = Generator(seed), []
    while len(found) < count:
        text = generator.expression(generator.kind() if generator.chance(85) else ANY, generator.random.randrange(1, 4))
        if len(text) < 400:
            found.append(text)
    return found


def variables(seed, count):
    generator = Generator(seed)
    for _ in range(count):
        of = generator.type(3)
        yield generator.constraint(of), generator.value(of)


def declared(variables):
    """What typed variables are, without those whose default Terraform does not take."""
    with tempfile.TemporaryDirectory() as folder:
        left = dict(enumerate(variables))
        while left:
            lines = (f'variable "v{at}" {{\n  type    = {of}\n  default = {default}\n}}\n' for at, (of, default) in left.items())
            (pathlib.Path(folder) / "variables.tf").write_text("".join(lines))
            try:
                found = ask([f"var.v{at}" for at in left], folder)
            except Unanswered as refused:
                named = {int(at) for at in re.findall(r'in variable "v(\d+)"', str(refused))}
                if not named & left.keys():
                    raise
                left = {at: one for at, one in left.items() if at not in named}
                continue
            return [[of, default, answer] for (of, default), answer in zip(left.values(), found)]
    return []


def answered(expressions):
    """The answers, without the expressions of which Terraform itself dies."""
    try:
        return answers(expressions)
    except Unanswered:
        middle = len(expressions) // 2
        return {**answered(expressions[:middle]), **answered(expressions[middle:])} if middle else {}


def main():
    seed, count = map(int, sys.argv[1:])
    made = {"expressions": answered(expressions(seed, count)), "variables": declared(variables(seed, count // 5))}
    print(json.dumps(made, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
