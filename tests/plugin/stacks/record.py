#!/usr/bin/env python3
"""Records what Terraform asks the real provider of these stacks, what it answers, and what the plan then says.

    python3 -m venv venv && venv/bin/pip install 'moto[server]==5.2.5' boto3 grpcio msgpack
    venv/bin/python tests/plugin/stacks/record.py PROVIDERS [STACK...]
    venv/bin/python tests/plugin/stacks/record.py PROVIDERS --measure DRIFTGUARD [STACK...]

PROVIDERS is a filesystem mirror that holds hashicorp/aws 5.100, unpacked. Each stack is applied on moto and planned, and
planned again after STACK/console.py changed it, by boto3. Written are, beside the code of each stack, its state, and
clean.json.gz and drift.json.gz: of each instance the recorded and the read state, the configuration, the proposed and the
planned state, and which attributes the plan changes; of each type so much of its schema as these need. What is null and
blocks that are empty are left out; what is unknown is {"unknown": true}.

With --measure it prints instead, for each stack, seconds, calls to AWS and memory of a scan with the provider, of a scan
without it, and of `terraform plan -refresh-only`, as medians of rounds that take turns.
"""
import base64, collections, glob, gzip, json, os, pathlib, runpy, shutil, statistics, subprocess, sys, tempfile, threading, time, urllib.request
import msgpack

HERE = pathlib.Path(__file__).resolve().parent
STACKS = ("flat", "nested", "older")
SOURCE = "registry.terraform.io/hashicorp/aws"
PORT = 5795
ENDPOINT = f"http://127.0.0.1:{PORT}"
UNKNOWN = {"unknown": True}
VALUES = ("recorded", "live", "config", "proposed", "planned")
ROUNDS = 5
CALLS = pathlib.Path(tempfile.gettempdir()) / f"calls-{PORT}.jsonl"


# --- moto and Terraform ------------------------------------------------------------------------

def serve():
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(PORT)],
                              env=dict(os.environ, MOTO_IAM_LOAD_MANAGED_POLICIES="true", MOTO_RECORDER_FILEPATH=str(CALLS)),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            urllib.request.urlopen(ENDPOINT + "/moto-api/").read()
            return server
        except OSError:
            time.sleep(0.1)
    sys.exit("moto does not start")


def post(path):
    urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/moto-api/{path}", method="POST")).read()


def client(service):
    import boto3
    return boto3.client(service, endpoint_url=ENDPOINT, region_name="us-east-1",
                        aws_access_key_id="demo", aws_secret_access_key="demo")


class Root:
    """A copy of a stack's root module, applied."""

    def __init__(self, stack, mirror, scratch):
        post("reset")
        self.folder, self.scratch, self.mirror = scratch / "root", scratch, mirror
        shutil.copytree(HERE / stack / "code", self.folder)
        (scratch / "rc").write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        self.around = dict(os.environ, TF_CLI_CONFIG_FILE=str(scratch / "rc"), CHECKPOINT_DISABLE="1", AWS_REGION="us-east-1",
                           AWS_ENDPOINT_URL=ENDPOINT, AWS_ACCESS_KEY_ID="demo", AWS_SECRET_ACCESS_KEY="demo",
                           AWS_EC2_METADATA_DISABLED="true")
        self.terraform("init", "-input=false", "-no-color")
        self.terraform("apply", "-auto-approve", "-input=false", "-no-color")

    def terraform(self, *arguments, **extra):
        done = subprocess.run(["terraform", *arguments], cwd=self.folder, env=dict(self.around, **extra), capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"terraform {arguments[0]}: {done.stdout[-1500:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def state(self):
        return json.loads((self.folder / "terraform.tfstate").read_text())

    def plan(self):
        """A plan, and what the provider was asked for it."""
        socket, log = self.scratch / "socket", self.scratch / "calls"
        binary, = glob.glob(f"{self.mirror}/{SOURCE}/5.100.*/*/terraform-provider-aws*")
        proxy = subprocess.Popen([sys.executable, HERE / "proxy.py", binary, socket, log], env=self.around,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            attach = proxy.stdout.readline().strip()
            self.terraform("plan", "-input=false", "-no-color", "-lock=false", "-out=plan", TF_REATTACH_PROVIDERS=attach)
        finally:
            proxy.stdin.close()
            proxy.wait()
        return json.loads(self.terraform("show", "-json", "plan")), [json.loads(line) for line in log.read_text().splitlines()]


# --- what was asked and answered -----------------------------------------------------------------

def fields(message):
    """The fields of a message of protobuf that are bytes, the last of each number."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(message):
        tag = varint()
        size = varint()
        if tag & 7 == 2:
            found[tag >> 3] = message[at:at + size]
            at += size
    return found


def plain(value):
    if isinstance(value, msgpack.ExtType):
        return UNKNOWN
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


def decoded(dynamic):
    inner = fields(dynamic)
    if inner.get(1):
        return plain(msgpack.unpackb(inner[1], raw=False, strict_map_key=False))
    return json.loads(inner[2]) if inner.get(2) else None


def asked(calls):
    """What was read and planned, by type and id."""
    reads, plans = collections.defaultdict(list), collections.defaultdict(list)
    for method, request, answer in calls:
        request, answer = fields(base64.b64decode(request)), fields(base64.b64decode(answer))
        tf_type, first = request[1].decode(), decoded(request.get(2, b""))
        if first is None:
            continue
        key = tf_type, first.get("id")
        if method == "ReadResource":
            reads[key].append({"recorded": first, "live": decoded(answer.get(1, b""))})
        else:
            plans[key].append({"live": first, "proposed": decoded(request[3]), "config": decoded(request[4]), "planned": decoded(answer[1])})
    return reads, plans


def address(resource, instance):
    key = instance.get("index_key")
    index = "" if key is None else f"[{json.dumps(key)}]"
    module = resource.get("module", "")
    return f"{module}{'.' if module else ''}{resource['type']}.{resource['name']}{index}"


def attributes(state):
    """The recorded attributes of each instance, by address."""
    managed = (resource for resource in state["resources"] if resource["mode"] == "managed")
    return {address(resource, instance): instance["attributes"] for resource in managed for instance in resource["instances"]}


def instances(state, document, calls):
    reads, plans = asked(calls)
    changes = {change["address"]: change["change"] for change in document["resource_changes"] if change["mode"] == "managed"}
    for resource in state["resources"]:
        for instance in resource["instances"] if resource["mode"] == "managed" else []:
            own, name = instance["attributes"], address(resource, instance)
            texts = {key: value for key, value in own.items() if isinstance(value, str)}
            found = reads[resource["type"], own.get("id")]
            found = [read for read in found if all(read["recorded"].get(key) == value for key, value in texts.items())] or found
            if not found:
                print(f"{name} was not read")
                continue
            entry, change = dict(found[0]), changes[name]
            if entry["live"] is not None:
                planned = plans[resource["type"], entry["live"].get("id")]
                if not planned:
                    print(f"{name} was not planned")
                    continue
                # Elements of sets may come in another order.
                entry.update(next((plan for plan in planned if plan["live"] == entry["live"]), planned[0]))
            entry.update(address=name, type=resource["type"], actions=change["actions"])
            if change["before"] is not None and change["after"] is not None:
                before, after, unknown = (change[part] for part in ("before", "after", "after_unknown"))
                entry["changed"] = sorted(key for key in {*before, *after} if before.get(key) != after.get(key) and unknown.get(key) is not True)
            yield entry


# --- as little of it as a test needs -------------------------------------------------------------

def inside(values, mode):
    """The blocks in these values of a nested block."""
    for value in values:
        if isinstance(value, list):
            yield from value
        elif isinstance(value, dict) and value != UNKNOWN:
            yield from value.values() if mode == "map" else [value]


def short(block, values):
    """A block of a schema: of each attribute type and letters; nested blocks as far as the values have them."""
    letters = ("required", "optional", "computed", "sensitive", "write_only")
    attributes = {name: [found["type"], "".join(word[0] for word in letters if found.get(word))]
                  for name, found in block.get("attributes", {}).items()}
    blocks = {}
    for name, nested in block.get("block_types", {}).items():
        inner = [value.get(name) for value in values]
        content = list(inside(inner, nested["nesting_mode"]))
        if content or UNKNOWN in inner:
            blocks[name] = [nested["nesting_mode"], short(nested["block"], content)]
    return {"attributes": attributes, "blocks": blocks}


def pruned(value, block):
    if not isinstance(value, dict) or value == UNKNOWN:
        return value
    found = {name: part for name, part in value.items() if name in block["attributes"]}
    for name, (mode, inner) in block["blocks"].items():
        part = value.get(name)
        if isinstance(part, list):
            found[name] = [pruned(item, inner) for item in part]
        elif isinstance(part, dict) and mode == "map" and part != UNKNOWN:
            found[name] = {key: pruned(item, inner) for key, item in part.items()}
        else:
            found[name] = pruned(part, inner)
    return {name: part for name, part in found.items() if part is not None and (part != [] or name in block["attributes"])}


def recording(entries, schemas):
    entries = sorted(entries, key=lambda entry: entry["address"])
    of_type = collections.defaultdict(list)
    for entry in entries:
        of_type[entry["type"]] += [entry[name] for name in VALUES if entry.get(name)]
    types = {tf_type: short(schemas[tf_type]["block"], values) for tf_type, values in of_type.items()}
    for entry in entries:
        block = types[entry.pop("type")]
        entry.update({name: pruned(entry[name], block) for name in VALUES if name in entry})
    return {"schemas": types, "instances": entries}


def write(path, document):
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def record(stack, root):
    state = root.state()
    write(HERE / stack / "terraform.tfstate.gz", state)
    schemas = json.loads(root.terraform("providers", "schema", "-json"))["provider_schemas"][SOURCE]["resource_schemas"]
    for name in ("clean", "drift"):
        if name == "drift":
            runpy.run_path(str(HERE / stack / "console.py"))["change"](client, attributes(state))
        document, calls = root.plan()
        found = recording(instances(state, document, calls), schemas)
        write(HERE / stack / f"{name}.json.gz", found)
        changed = [entry for entry in found["instances"] if entry["actions"] != ["no-op"]]
        print(f"{stack} {name}: {len(found['instances'])} instances of {len(found['schemas'])} types, {len(changed)} with changes")


# --- figures -------------------------------------------------------------------------------------

def highest(pid, peaks):
    """Notes the most memory of a process and of those below it, by name, while it runs."""
    try:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("Name:"):
                name = line.split()[1]
            if line.startswith("VmHWM:"):
                peaks[name] = max(peaks.get(name, 0), int(line.split()[1]) // 1024)
        for child in open(f"/proc/{pid}/task/{pid}/children").read().split():
            highest(child, peaks)
    except OSError:
        pass


def run(command, root, around):
    CALLS.write_text("")
    post("recorder/start-recording")
    peaks, begun = {}, time.monotonic()
    process = subprocess.Popen(command, cwd=root.folder, env=around, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        # The children of each thread: a runtime starts them where it likes.
        for task in glob.glob(f"/proc/{process.pid}/task/*/children"):
            try:
                for child in open(task).read().split():
                    highest(child, peaks)
            except OSError:
                pass
        highest(process.pid, peaks)
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    post("recorder/stop-recording")
    calls = sum("/moto-api" not in json.loads(line)["url"] for line in CALLS.read_text().splitlines())
    process.returncode = os.waitstatus_to_exitcode(status)
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "calls": calls, "peaks": peaks, "code": process.returncode}


def measure(stack, root, driftguard):
    around = dict(root.around, DRIFTGUARD_SECRET_KEY="0" * 32, DRIFTGUARD_DATA_DIR=str(root.scratch / "data"))
    scan = [driftguard, "scan", ".", "--repo", ".", "--state", "terraform.tfstate", "--format", "json", "--unmanaged", "off"]
    tried = {"scan with provider": [*scan, "--providers", root.mirror], "scan without": scan,
             "terraform plan -refresh-only": ["terraform", "plan", "-refresh-only", "-input=false", "-no-color", "-lock=false"]}
    found = {name: [] for name in tried}
    print(stack, len(attributes(root.state())), "resources", flush=True)
    # The first round of each fills caches and is thrown away.
    for turn in range(ROUNDS + 1):
        for name, command in tried.items():
            figures = run(command, root, around)
            if turn:
                found[name].append(figures)
    for name, rounds in found.items():
        seconds = [figures["seconds"] for figures in rounds]
        peaks = {key: max(figures["peaks"].get(key, 0) for figures in rounds) for figures in rounds for key in figures["peaks"]}
        cpu = statistics.median(figures["cpu"] for figures in rounds)
        print(f"  {name}: {statistics.median(seconds):.2f} s ({min(seconds):.2f}-{max(seconds):.2f}), {cpu:.2f} on a processor, "
              f"{statistics.median(figures['calls'] for figures in rounds)} calls, MiB {peaks}, exit {rounds[0]['code']}", flush=True)


def main():
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    mirror, *rest = arguments
    driftguard = rest[1] if rest[:1] == ["--measure"] else None
    server = serve()
    try:
        for stack in (rest[2:] if driftguard else rest) or STACKS:
            with tempfile.TemporaryDirectory() as scratch:
                root = Root(stack, mirror, pathlib.Path(scratch))
                measure(stack, root, driftguard) if driftguard else record(stack, root)
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
