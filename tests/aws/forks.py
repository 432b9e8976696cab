"""Runs moto once, and forks a server from it for each connection.

First it serves what prepares the account, at the port that it prints. A line of input ends that; then it prints another
port. Each connection there gets the line with the port of a server of its own, which begins as prepared and ends with
the connection. All ends with the input.
"""

import gc
import os
import select
import signal
import socket
import sys
import threading

from moto.backends import get_backend
from moto.cloudtrail.responses import CloudTrailResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

HOST = "127.0.0.1"


# moto does not know CloudTrail's lookups: nobody called anything.
CloudTrailResponse.lookup_events = lambda self: '{"Events": []}'


def server(app, threaded):
    return make_server(HOST, 0, app, threaded=threaded, request_handler=MotoRequestHandler)


def tell(port):
    print(port, flush=True)


def prepare(app):
    """Serves in a thread, since a process with threads cannot be forked, until a line comes."""
    once = server(app, threaded=False)
    thread = threading.Thread(target=once.serve_forever)
    thread.start()
    tell(once.port)
    sys.stdin.readline()
    once.shutdown()
    thread.join()
    once.server_close()


def serve(app, connection):
    """Serves until the connection closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    own = server(app, threaded=True)

    def watch():
        connection.recv(1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    connection.sendall(f"{own.port}\n".encode())
    own.serve_forever()


def main():
    for service in ["cloudtrail", "ec2", "iam", "rds", "s3", "sts"]:
        get_backend(service)
    app = DomainDispatcherApplication(create_backend_app)
    app.debug = True
    prepare(app)
    # What is prepared stays: to look through it for garbage took a fifth of the processor's time in each fork.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)
    listener = socket.create_server((HOST, 0), backlog=64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    tell(listener.getsockname()[1])
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            os._exit(0)
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            serve(app, connection)
            os._exit(0)
        connection.close()


main()
