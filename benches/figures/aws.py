"""moto's server: AWS on this machine, with a record of the calls it is asked."""
import base64
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PACKAGE = "moto[server]==5.2.5"
# What both recordings were made with: see src/standin/moto.rs and Terraform's own choice of a first free number.
OWN_SEED, OTHER_SEED = 7, 42
START = 60
# The AWS provider finds a database by its resource id, of which moto gives all the same one.
SERVE = """
import hashlib, sys
from moto.cloudtrail.responses import CloudTrailResponse
from moto.rds import models
# moto does not know CloudTrail's lookups: nobody called anything.
CloudTrailResponse.lookup_events = lambda self: '{"Events": []}'
if sys.argv.pop(1) == "corrected":
    plain = models.DBInstance.__init__
    def made(self, *arguments, **named):
        plain(self, *arguments, **named)
        name = self.db_instance_identifier.encode()
        self.dbi_resource_id = "db-" + hashlib.sha256(name).hexdigest()[:26].upper()
    models.DBInstance.__init__ = made
from moto.server import main
main(sys.argv[1:])
"""


def install(folder):
    """A virtual environment with moto in it, made once: its Python."""
    python, done = folder / "bin/python", folder / PACKAGE
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE], check=True)
        done.write_text("")
    return python


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Moto:
    """A running server."""

    def __init__(self, port, log):
        self.url, self.log = f"http://127.0.0.1:{port}", log

    def send(self, method, path, headers=None, body=None):
        """The status and the body of an answer."""
        request = urllib.request.Request(self.url + path, data=body, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ask(self, service, version, action, **arguments):
        """Calls an action of EC2 or IAM: the text of the answer."""
        form = urllib.parse.urlencode({"Action": action, "Version": version, **arguments}).encode()
        status, body = self.send("POST", "/", signed(service, {"content-type": "application/x-www-form-urlencoded"}), form)
        if status != 200:
            raise RuntimeError(f"moto answered {status} to {action}: {body[:500]!r}")
        return body.decode()

    def ec2(self, action, **arguments):
        return self.ask("ec2", "2016-11-15", action, **arguments)

    def iam(self, action, **arguments):
        return self.ask("iam", "2010-05-08", action, **arguments)

    def s3(self, method, path, body=b""):
        status, answer = self.send(method, path, signed("s3", {"content-length": str(len(body)), "content-type": "application/xml"}), body)
        if status >= 300:
            raise RuntimeError(f"moto answered {status} to {method} {path}: {answer[:500]!r}")
        return answer

    def reset(self, seed):
        """An empty account, which gives what is replayed the ids that it had."""
        self.send("POST", "/moto-api/reset")
        self.iam("ListPolicies", MaxItems="1")
        self.send("POST", f"/moto-api/seed?a={seed}")

    @contextlib.contextmanager
    def recording(self):
        """A list that is filled, at the end, with the calls that were made."""
        calls = []
        self.log.write_text("")
        self.send("POST", "/moto-api/recorder/start-recording")
        try:
            yield calls
        finally:
            self.send("POST", "/moto-api/recorder/stop-recording")
            calls += [action_of(json.loads(line)) for line in self.log.read_text().splitlines()]


def signed(service, headers, region="us-east-1"):
    """Headers with a signature: moto looks only at the place that it names."""
    credential = f"Credential=demo/20260101/{region}/{service}/aws4_request"
    return {**headers, "authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"}


@contextlib.contextmanager
def running(python, folder, corrected=False):
    """A server with an account of its own."""
    # The port may be taken between being found free and being used.
    tries = (start(python, folder, corrected) for _ in range(3))
    process, moto = next(filter(None, tries), (None, None))
    if process is None:
        sys.exit("moto does not start")
    try:
        yield moto
    finally:
        process.kill()
        process.wait()


def start(python, folder, corrected):
    """A server that answers; none where it ended, or took too long."""
    log, port = folder / "calls.jsonl", free_port()
    environment = dict(os.environ, MOTO_RECORDER_FILEPATH=str(log), MOTO_IAM_LOAD_MANAGED_POLICIES="true",
                       MOTO_EC2_LOAD_DEFAULT_AMIS="true")
    command = [python, "-c", SERVE, "corrected" if corrected else "plain", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    moto, until = Moto(port, log), time.monotonic() + START
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            moto.send("GET", "/moto-api/")
            return process, moto
        time.sleep(0.1)
    process.kill()
    process.wait()
    return None


def action_of(entry):
    """The API action: `RunInstances`, or for S3 the method and what of the bucket is meant."""
    headers = {name.lower(): value for name, value in entry["headers"].items()}
    if "x-amz-target" in headers:
        return headers["x-amz-target"].rsplit(".", 1)[-1]
    body = entry.get("body") or ""
    body = base64.b64decode(body).decode("utf-8", "replace") if entry.get("body_encoded") else body
    where = urllib.parse.urlsplit(entry["url"])
    form = urllib.parse.parse_qs(f"{body}&{where.query}", keep_blank_values=True)
    if "Action" in form:
        return form["Action"][0]
    parts = [name for name in urllib.parse.parse_qs(where.query, keep_blank_values=True) if name not in ("x-id", "prefix")]
    kind = "" if where.path == "/" else " /BUCKET" if where.path.count("/") == 1 or where.path.endswith("/") else " /BUCKET/KEY"
    return f"S3 {entry['method']}{kind}" + (f"?{parts[0]}" if parts else "")


def replay(moto, recording, seed):
    """Makes recorded calls again. There are two forms: tests/parity keeps of a signature the place only."""
    # A reset leaves a trace of some things behind; a second one takes it away.
    for _ in range(3):
        moto.reset(seed)
        wrong = replay_once(moto, recording)
        if not wrong:
            return
    sys.exit(f"{recording}: {wrong}")


def replay_once(moto, recording):
    for line in pathlib.Path(recording).read_text().splitlines():
        entry = json.loads(line)
        headers = {name: value for name, value in entry.get("headers", {}).items()
                   if name.lower() not in ("host", "content-length", "connection")}
        if "scope" in entry:
            region, service = entry["scope"].split("/")[:2]
            headers = signed(service, headers, region)
        where = urllib.parse.urlsplit(entry["url"])
        path = where.path + (f"?{where.query}" if where.query else "")
        body = entry.get("body") or ""
        body = base64.b64decode(body) if entry.get("body_encoded") else body.encode()
        status, _ = moto.send(entry["method"], path, headers, body if entry["method"] in ("POST", "PUT") else None)
        # A question may be answered with "not there": it uses up ids all the same.
        bad = status != entry["status"] if "status" in entry else status >= 300 and entry["method"] not in ("GET", "HEAD")
        if bad:
            return f"{action_of({'headers': {}, **entry})} was answered {status}"
    return None


def ids(text, tag):
    """The texts of a tag in an answer of EC2."""
    return re.findall(rf"<{tag}>([^<]*)</{tag}>", text)
