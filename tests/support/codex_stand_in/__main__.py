"""Runs a stand-in node: the command line of a real one, and --stand-in-... options (--help)."""
import os
import signal
import socket
import sys

from . import api, httpd, log, node, options, wire


def _listen(what, endpoint):
    try:
        return wire.listen(endpoint)
    except OSError as error:
        raise node.StartError(f"Cannot listen on {endpoint.host}:{endpoint.port} for {what}: "
                              f"{error.strerror}") from error


def _hold_discovery_port(chosen):
    """Peers are found over TCP; the port is held so that a clash shows as on a real node."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        holder.bind((chosen.listen.host, chosen.disc_port))
    except OSError as error:
        raise node.StartError(f"Cannot bind discovery port {chosen.disc_port}: "
                              f"{error.strerror}") from error
    return holder


def _start(chosen):
    held = [_hold_discovery_port(chosen)]
    listener = _listen("peers", chosen.listen)
    rest = _listen("the API", options.Endpoint(chosen.api_bindaddr, chosen.api_port))
    if chosen.metrics:
        page = _listen("metrics", options.Endpoint(chosen.metrics_address, chosen.metrics_port))
    started = node.Node(chosen, listener)
    httpd.serve(rest, api.Api(started).answer)
    if chosen.metrics:
        httpd.serve(page, api.answer_metrics(started))
    log.event("Started stand-in node", id=started.identity.peer_id,
              generation=chosen.generation, api=chosen.api_port)
    return held


def main(arguments):
    chosen = options.parse(arguments)
    signals = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        held = _start(chosen)
    except (node.StartError, ValueError) as error:
        sys.stderr.write(f"Failed to start: {error}\n")
        return 1
    log.event("Stopping", signal=signal.Signals(signal.sigwait(signals)).name)
    del held
    os._exit(0)  # whatever the threads wait for: all that counts is on disk


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
