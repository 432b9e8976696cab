"""Stands between Terraform and a provider, and writes down what is asked and answered.

    proxy.py PROVIDER SOCKET LOG

Terraform is told of it by TF_REATTACH_PROVIDERS, whose value is printed: no TLS, and the process outlives a plan. Each line
of LOG is a method, its request and its answer.
"""
import base64, concurrent.futures, json, os, subprocess, sys, tempfile, threading
import grpc

COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
SERVICE = "/tfplugin5.Provider/"
KEPT = ("ReadResource", "PlanResourceChange")
SIZES = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Forward(grpc.GenericRpcHandler):
    def __init__(self, channel, log):
        self.channel, self.log, self.lock = channel, log, threading.Lock()

    def service(self, call):
        if not call.method.startswith(SERVICE):
            return None
        ask, method = self.channel.unary_unary(call.method), call.method.removeprefix(SERVICE)

        def answer(request, context):
            try:
                found = ask(request, timeout=300)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
            if method in KEPT:
                line = json.dumps([method, *(base64.b64encode(part).decode() for part in (request, found))])
                with self.lock:
                    self.log.write(line + "\n")
                    self.log.flush()
            return found
        return grpc.unary_unary_rpc_method_handler(answer)


def main():
    binary, socket, log = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        around = {"TF_PLUGIN_MAGIC_COOKIE": COOKIE, "PLUGIN_PROTOCOL_VERSIONS": "5", "TMPDIR": folder,
                  "PLUGIN_UNIX_SOCKET_DIR": folder, "HOME": folder, "TF_LOG_SDK": "off", "TF_LOG_PROVIDER_AWS": "off"}
        around.update({name: value for name, value in os.environ.items() if name.startswith("AWS_")})
        provider = subprocess.Popen([binary], env=around, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            address = provider.stdout.readline().decode().split("|")[3]
            with open(log, "w") as lines, grpc.insecure_channel("unix:" + address, options=SIZES) as channel:
                pool = concurrent.futures.ThreadPoolExecutor(32)
                server = grpc.server(pool, handlers=[Forward(channel, lines)], options=SIZES)
                server.add_insecure_port("unix:" + socket)
                server.start()
                attach = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True,
                          "Addr": {"Network": "unix", "String": socket}}
                print(json.dumps({"registry.terraform.io/hashicorp/aws": attach}), flush=True)
                # Until whoever started it closes its input.
                sys.stdin.read()
                server.stop(None)
        finally:
            provider.kill()
            provider.wait()


if __name__ == "__main__":
    main()
