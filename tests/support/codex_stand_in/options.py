"""The command lines of both generations of the node, and the stand-in's own options."""
import argparse
import collections
import os
import re
import shlex
import sys

from . import faults

GENERATIONS = {"codex": ("v0.2.5", "bd49591f"), "storage": ("v0.4.5", "10bb4975")}
ENVIRONMENT = "CODEX_STAND_IN_OPTIONS"  # more options, for who can only name a program
_UNITS = {"": 1, "b": 1, "k": 2 ** 10, "m": 2 ** 20, "g": 2 ** 30, "t": 2 ** 40}

Endpoint = collections.namedtuple("Endpoint", "host port")


class Parser(argparse.ArgumentParser):
    """Ends as the node does on a bad command line."""

    def error(self, message):
        unknown = re.search(r"unrecognized arguments: (--?)([^= ]+)", message)
        if unknown:
            message = f"Unrecognized option '{unknown.group(2)}'"
        sys.stderr.write(f"{message}\nTry {self.prog} --help for more information.\n")
        sys.exit(1)


def size(text):
    match = re.fullmatch(r"(\d+)\s*([kmgt]?)i?b?", text.lower())
    if not match:
        raise argparse.ArgumentTypeError(f"Invalid number of bytes: {text}")
    return int(match.group(1)) * _UNITS[match.group(2)]


def threads(text):
    count = int(text)
    if count < 0 or count == 1:
        raise argparse.ArgumentTypeError(f"Invalid number of threads: {text}")
    return count


def listen_address(text):
    match = re.fullmatch(r"/ip4/([\d.]+)/tcp/(\d+)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"Invalid MultiAddress: {text}")
    return Endpoint(match.group(1), int(match.group(2)))


def nat(text):
    match = re.fullmatch(r"any|none|auto|upnp|pmp|extip:([\d.]+)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"Not a valid NAT option: {text}")
    return match.group(1)


def bootstrap_node(text):
    if not re.fullmatch(r"spr:[A-Za-z0-9_-]+", text):
        raise argparse.ArgumentTypeError(f"Invalid SignedPeerRecord uri: {text}")
    return text


def fault(text):
    name, value = faults.parse(text)
    faults.Faults().set({name: value})
    return name, value


def parse(arguments):
    """The options of a command line; ends the process when a node would."""
    arguments = shlex.split(os.environ.get(ENVIRONMENT, "")) + list(arguments)
    own = Parser(add_help=False, allow_abbrev=False)
    own.add_argument("--stand-in-generation", dest="generation", choices=GENERATIONS,
                     default="codex")
    generation = own.parse_known_args(arguments)[0].generation
    parser = _parser(generation, own)
    options = parser.parse_args([re.sub("^--(metrics|no-bootstrap-node)=true$", r"--\1", argument)
                                 for argument in arguments])
    _complete(parser, options)
    return options


def version_text(generation):
    name = "Codex" if generation == "codex" else "Storage"
    version, revision = GENERATIONS[generation]
    return f"{name} version:  stand-in {version}\n{name} revision: {revision}"


def _parser(generation, own):
    parser = Parser(prog="codex-stand-in", parents=[own], allow_abbrev=False,
                    formatter_class=argparse.RawTextHelpFormatter,
                    description="A stand-in for a Codex (Logos Storage) node, for tests.")
    parser.add_argument("--version", action="version", version=version_text(generation))
    _common(parser)
    _of_codex(parser) if generation == "codex" else _of_storage(parser)
    _of_stand_in(parser.add_argument_group("of the stand-in alone"))
    return parser


def _common(parser):
    add = parser.add_argument
    add("--data-dir", "-d", required=True)
    add("--nat", type=nat)
    add("--disc-port", "-u", type=int, default=8090)
    add("--api-bindaddr", default="127.0.0.1")
    add("--api-port", "-p", type=int, default=8080)
    add("--api-cors-origin")
    add("--storage-quota", "-q", type=size, default=20 * 2 ** 30)
    add("--metrics", action="store_true")
    add("--metrics-address", default="127.0.0.1")
    add("--metrics-port", type=int, default=8008)
    add("--log-level", default="info")
    add("--log-format", choices=("auto", "colors", "nocolors", "json", "none"), default="auto")
    add("--log-file")
    add("--bootstrap-node", "-b", type=bootstrap_node, action="append", default=[])
    add("--block-retries", type=int)
    add("--block-ttl", "-t")
    add("--block-mi")
    add("--block-mn", type=int)
    add("--repo-kind", choices=("fs", "sqlite", "leveldb"), default="fs")
    add("--max-peers", type=int, default=160)
    add("--num-threads", type=threads, default=0)
    add("--net-privkey", default="key")
    add("--agent-string")


def _of_codex(parser):
    parser.add_argument("--listen-addrs", "-i", type=listen_address,
                        default=Endpoint("0.0.0.0", 0))
    parser.add_argument("--cache-size", "-c", type=size, default=0)
    commands = parser.add_subparsers(dest="command", parser_class=Parser)
    persistence = commands.add_parser("persistence", allow_abbrev=False)
    persistence.add_argument("--eth-provider", default="ws://localhost:8545")
    persistence.add_argument("--eth-account")
    persistence.add_argument("--eth-private-key")
    persistence.add_argument("--marketplace-address")
    persistence.add_argument("--validator", action="store_true")


def _of_storage(parser):
    parser.add_argument("--listen-ip", "-i", default="0.0.0.0")
    parser.add_argument("--listen-port", "-l", type=int, default=0)
    parser.add_argument("--no-bootstrap-node", action="store_true")
    parser.add_argument("--network", default="logos.test")
    parser.add_argument("--advertise-content", choices=("true", "false"), default="true")


def _of_stand_in(group):
    kinds = "\n".join(f"{name:16} {text}" for name, (_, text) in faults.KINDS.items())
    group.add_argument("--stand-in-fault", dest="faults", type=fault, action="append", default=[],
                       metavar="NAME[=NUMBER]", help=f"misbehave from the start:\n{kinds}")
    group.add_argument("--stand-in-retry-interval", dest="retry_interval", type=float, default=2.0,
                       metavar="SECONDS", help="of each of --block-retries")
    group.add_argument("--stand-in-purchase-delay", dest="purchase_delay", type=float, default=0.5,
                       metavar="SECONDS", help="until a purchase is submitted")


def _complete(parser, options):
    """What follows from other options, and what a node refuses of their combinations."""
    if options.generation == "codex":
        options.listen = options.listen_addrs
        options.persistence = options.command == "persistence"
    else:
        options.listen = Endpoint(options.listen_ip, options.listen_port)
        options.persistence = False
        if options.no_bootstrap_node and not options.nat:
            parser.error("--no-bootstrap-node requires --nat=extip:<IP>: without bootstrap peers "
                         "AutoNAT has no one to probe and the node can never become reachable")
        if not options.no_bootstrap_node and not options.bootstrap_node:
            parser.error("a stand-in joins no public network: give --bootstrap-node or "
                         "--no-bootstrap-node")
    if options.block_retries is None:
        options.block_retries = 3000 if options.generation == "codex" else 300
