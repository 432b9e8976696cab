"""Running a program and seeing what it took; medians and tables."""
import os
import pathlib
import statistics
import subprocess
import tempfile
import time


class Run:
    """A finished program."""

    def __init__(self, arguments, environment=None, folder=None):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            began = time.monotonic()
            process = subprocess.Popen([str(one) for one in arguments], stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                       env=environment, cwd=folder)
            _, status, usage = os.wait4(process.pid, 0)
            self.wall = time.monotonic() - began
            process.returncode = self.code = os.waitstatus_to_exitcode(status)
            self.cpu = usage.ru_utime + usage.ru_stime
            self.peak_kib = usage.ru_maxrss
            out.seek(0), err.seek(0)
            self.out, self.err = out.read().decode(), err.read().decode("utf-8", "replace")

    def expect(self, *codes):
        """Itself, where it ended with one of these."""
        if self.code not in codes:
            raise RuntimeError(f"ended with {self.code}:\n{self.err[-2000:]}")
        return self


def spread(values, digits=2, scale=1):
    """The median, and what it lies between."""
    middle, least, most = (f"{value / scale:,.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({least}-{most})" if len(values) > 1 else middle


def ratio(values, beside):
    """How many times as much, of the medians."""
    return f"{statistics.median(values) / statistics.median(beside):.2f}"


def table(head, rows):
    """A table of Markdown. The first column is text, the others are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def environment(url, **more):
    """What a program needs to take a server for AWS, and nothing of the caller's own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo",
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", **more}


def root():
    """The repository's root."""
    return pathlib.Path(__file__).resolve().parents[2]
