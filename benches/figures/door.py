"""What strangers can cost the server with nothing but its address: memory, descriptors, and the time of others."""
import contextlib
import hashlib
import hmac
import json
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import threading
import time
import urllib.request

from receiver import SECRET, serving
from run import Run, table

# How long each attack goes on.
SECONDS = 6
# The descriptors of a server that was given few.
FEW = 256
MIB = 1 << 20
WRONG = "sha256=" + "0" * 64


def measure(driftguard, program, folder, seconds=SECONDS):
    """For each attack: what it is, and what was measured."""
    key = Run([program, "key"]).expect(0).out
    figures = {"nothing": one(driftguard, folder, key, None, seconds)}
    for name, attack in ATTACKS.items():
        figures[name] = one(driftguard, folder, key, attack, seconds)
    return figures


def one(driftguard, folder, key, attack, seconds):
    """A server of its own, under one attack."""
    below = folder / "server"
    shutil.rmtree(below, ignore_errors=True)
    below.mkdir(parents=True)
    with few_descriptors(), serving(driftguard, folder, f"sqlite://{below}/driftguard.db", key) as address:
        watch = Watch(address)
        with watch:
            end = time.monotonic() + seconds
            sockets = []
            if attack is not None:
                attack(address, end, sockets)
            time.sleep(max(0, end - time.monotonic()))
        for held in sockets:
            held.close()
        return watch.figures()


@contextlib.contextmanager
def few_descriptors():
    """The server inherits a limit of few, this process has its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    started = subprocess.Popen

    def limited(*arguments, **more):
        return started(*arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, FEW)), **more)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    subprocess.Popen = limited
    try:
        yield
    finally:
        subprocess.Popen = started
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Watch:
    """Asks for the server's health and delivers what is signed, as others would meanwhile; and looks at its memory."""

    def __init__(self, address):
        self.address, self.over = address, threading.Event()
        self.health, self.deliveries, self.failures, self.most_kib, self.most_files = [], [], 0, 0, 0
        self.process = process_of(address)
        self.threads = [threading.Thread(target=one) for one in (self.ask, self.deliver, self.look)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def ask(self):
        self.often(lambda: urllib.request.urlopen(f"http://{self.address}/healthz", timeout=10).read(), self.health)

    def deliver(self):
        body = json.dumps({"ref": "refs/heads/a", "after": "0" * 40, "deleted": False,
                           "repository": {"id": 10, "full_name": "acme/shop", "default_branch": "main", "private": True,
                                          "owner": {"login": "acme", "id": 3}},
                           "installation": {"id": 1}, "sender": {"login": "a", "id": 4, "type": "User"}}).encode()
        signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()

        def send():
            headers = {"x-github-event": "push", "x-github-delivery": f"d-{time.monotonic_ns()}",
                       "x-hub-signature-256": signature}
            request = urllib.request.Request(f"http://{self.address}/webhooks/github", data=body, headers=headers)
            urllib.request.urlopen(request, timeout=10).read()
        self.often(send, self.deliveries)

    def often(self, ask, times):
        while not self.over.is_set():
            began = time.monotonic()
            try:
                ask()
            except OSError:
                self.failures += 1
            times.append((time.monotonic() - began) * 1000)
            time.sleep(0.02)

    def look(self):
        folder = pathlib.Path(f"/proc/{self.process}")
        while not self.over.is_set():
            lines = (folder / "status").read_text().splitlines()
            resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
            self.most_kib = max(self.most_kib, resident)
            self.most_files = max(self.most_files, len(list((folder / "fd").iterdir())))
            time.sleep(0.02)

    def figures(self):
        return {"mib": self.most_kib / 1024, "files": self.most_files, "failures": self.failures,
                "health": within(self.health), "deliveries": within(self.deliveries)}


def process_of(address):
    """The process that listens there."""
    port = int(address.rsplit(":", 1)[1])
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port:
            inode = f"socket:[{fields[9]}]"
            break
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(str(file.readlink()) == inode for file in (process / "fd").iterdir()):
                return int(process.name)
    raise RuntimeError(f"nobody listens on {address}")


def within(times):
    """The time in milliseconds within which 99 of 100 were answered."""
    return statistics.quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else float("nan")


def connect(address):
    host, port = address.rsplit(":", 1)
    made = socket.create_connection((host, int(port)), timeout=10)
    made.settimeout(10)
    return made


def together(count, run):
    """Runs that many threads, to their end."""
    threads = [threading.Thread(target=quietly, args=(run,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def quietly(run):
    """The server may hang up whenever it likes."""
    with contextlib.suppress(OSError):
        run()


def head(length, signature=WRONG, more=""):
    return (f"POST /webhooks/github HTTP/1.1\r\nHost: a\r\nX-GitHub-Event: push\r\nX-GitHub-Delivery: d\r\n"
            f"X-Hub-Signature-256: {signature}\r\n{more}{length}\r\n\r\n").encode()


def bodies(address, end, _):
    """Bodies of 25 MiB that nobody signed, forty at a time."""
    part = b"x" * (64 << 10)

    def send():
        while time.monotonic() < end:
            with connect(address) as made:
                made.sendall(head(f"Content-Length: {25 * MIB}"))
                for _ in range(25 * MIB // len(part)):
                    made.sendall(part)
                made.recv(100)
    together(40, send)


def half_sent(address, _, sockets):
    """Requests that begin and say nothing more."""
    for _ in range(300):
        with contextlib.suppress(OSError):
            made = connect(address)
            made.sendall(b"POST /webhooks/github HTTP/1.1\r\nHost: a\r\n")
            sockets.append(made)


def slow_readers(address, end, sockets):
    """Requests for /metrics, one after the other in each connection, whose answers nobody reads."""
    ask = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 2000

    def send():
        made = connect(address)
        sockets.append(made)
        made.settimeout(max(0.1, end - time.monotonic()))
        made.sendall(ask)
    together(60, send)


def pipelined(address, end, _):
    """Health, a thousand requests in one go, over and over."""
    ask = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 1000

    def send():
        while time.monotonic() < end:
            with connect(address) as made:
                made.sendall(ask)
                while made.recv(1 << 16):
                    if time.monotonic() > end:
                        break
    together(8, send)


def headers(address, end, _):
    """Heads without an end."""
    flood = b"".join(b"x-%d: %s\r\n" % (at, b"y" * 1000) for at in range(200))

    def send():
        while time.monotonic() < end:
            with connect(address) as made:
                made.sendall(b"POST /webhooks/github HTTP/1.1\r\nHost: a\r\n")
                for _ in range(200):
                    made.sendall(flood)
    together(40, send)


def extensions(address, end, _):
    """Chunks of a byte, each with a kilobyte beside it that means nothing."""
    chunk = b"1;" + b"e" * 1000 + b"\r\nx\r\n"

    def send():
        while time.monotonic() < end:
            with connect(address) as made:
                made.sendall(head("Transfer-Encoding: chunked"))
                while time.monotonic() < end:
                    made.sendall(chunk * 64)
    together(40, send)


ATTACKS = {
    "40 bodies of 25 MiB at a time, signed by nobody": bodies,
    "300 requests that are half sent": half_sent,
    "60 connections that ask for /metrics 2,000 times and read no answer": slow_readers,
    "a thousand requests in one go, 8 at a time": pipelined,
    "heads of 40 MB, 40 at a time": headers,
    "chunks of a byte with a kilobyte of extensions, 40 at a time": extensions,
}


def text(figures):
    """What was measured, for people."""
    rows = [[name, f"{one['mib']:.0f}", one["files"], f"{one['health']:.0f}", f"{one['deliveries']:.0f}", one["failures"]]
            for name, one in figures.items()]
    return table(["attack", "peak MiB", "descriptors", "health p99, ms", "delivery p99, ms", "not answered"], rows)
