"""A large state: the resources of tests/parity over and over, each time under other ids and names.

Every copy is whole: its rules hang below its own groups, its policies below its own roles, as in a real state. Ten
copies share one instance of a module, numbered by `count`. The same seed makes the same bytes.
"""
import json
import random
import re

SEED = 7
# Copies in one instance of the module.
EACH = 10
# What a copy has of its own: names (but not the tag that the provider adds), hexadecimal ids, a database's id, the numbers
# of rules, a UUID.
OWN = re.compile(r'((?<!"Owner": ")parity[-a-z]*|\b[a-z]+-[0-9a-f]{17}|\bdb-[A-Z0-9]{26}|\bsgrule-\d+'
                 r'|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|"@more@": 0)')
MORE = '"@more@": 0'
WORDS = ("platform", "payments", "checkout", "search", "identity", "ledger", "billing", "mobile", "internal", "edge")


def write(state, path, instances):
    """Writes a state of so many instances, made from the one that is given; how many bytes it has."""
    random_ = random.Random(SEED)
    managed = [block for block in state["resources"] if block["mode"] == "managed"]
    templates = [(block, OWN.split(pretty(with_more_tags(block["instances"][0]), 4))) for block in managed]
    left, module = instances, 0
    head = {key: value for key, value in state.items() if key not in ("resources", "check_results")}
    with path.open("w") as file:
        file.write(pretty(head, 0).rstrip().removesuffix("}").rstrip() + ',\n  "resources": [')
        separator = ""
        while left > 0:
            copies = [Names(random_, module * EACH + number) for number in range(EACH)]
            for block, template in templates:
                some = copies[:max(0, left)]
                left -= len(some)
                if some:
                    file.write(separator + whole_block(block, template, module, some))
                    separator = ","
            module += 1
        file.write("\n  ]\n}\n")
    return path.stat().st_size


def pretty(value, indent):
    """As Terraform writes it, so far to the right."""
    return json.dumps(value, indent=2).replace("\n", "\n" + " " * (indent * 2))


def with_more_tags(instance):
    """An instance in whose tags there is a place for more."""
    for name in ("tags", "tags_all"):
        if name in instance["attributes"]:
            instance["attributes"][name] = {**(instance["attributes"][name] or {}), "@more@": 0}
    return instance


def whole_block(block, template, module, copies):
    """A resource block with an instance for each copy."""
    instances = []
    for number, names in enumerate(copies):
        names.another_tag()
        text = "".join(names[part] if at % 2 else part for at, part in enumerate(template))
        instances.append("\n        " + text.replace("{\n", f'{{\n          "index_key": {number},\n', 1))
    head = json.dumps({"module": f'module.shop["{WORDS[module % len(WORDS)]}-{module}"]', "mode": "managed",
                       "type": block["type"], "name": block["name"], "provider": block["provider"]}, indent=2)
    head = head.replace("\n", "\n    ").rstrip("} \n")
    return f'\n    {head},\n      "instances": [' + ",".join(instances) + "\n      ]\n    }"


class Names(dict):
    """The names and ids of one copy, made when first asked for."""

    def __init__(self, random_, number):
        super().__init__()
        self.random, self.number = random_, number

    def another_tag(self):
        """The tag that the next instance has besides: the same wherever its tags stand."""
        self[MORE] = f'"{self.random.choice(WORDS)}": "{self.random.choice(WORDS)}-{self.random.randrange(100)}"'

    def __missing__(self, text):
        self[text] = made = self.make(text)
        return made

    def make(self, text):
        if text.startswith("parity"):
            return f"{text.rstrip('-')}-{self.number}" + "-" * text.endswith("-")
        if text.startswith("sgrule-"):
            return f"sgrule-{self.random.randrange(10 ** 9, 4 * 10 ** 9)}"
        if text.startswith("db-"):
            return "db-" + "".join(self.random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=26))
        if text.count("-") == 4:
            digits = f"{self.random.getrandbits(128):032x}"
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        return f"{text.rsplit('-', 1)[0]}-{self.random.getrandbits(68):017x}"
