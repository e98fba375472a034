"""The trackers of trackers.py: how each is started, told what to serve, and asked what it counted."""

import http.client
import json
import pathlib
import shutil
import signal

import host

TOKEN = "correct-horse"

NODE_SERVER = """\
import Server from '{module}'
import fs from 'fs'
const listed = () => new Set(fs.readFileSync('{folder}/whitelist', 'utf8').split('\\n'))
let served = listed()
process.on('SIGHUP', () => {{ served = listed() }})
const server = new Server({{
  http: true, udp: true, ws: false, interval: 600000,
  filter: (hash, params, done) => done(served.has(hash) ? null : new Error('not listed'))
}})
server.on('error', error => {{ console.log(`${{error}}`) }})
server.on('warning', () => {{}})
server.listen({port}, '{address}')
"""


class Tracker:
    """A tracker that serves what its whitelist has, with one file and a signal to change that."""

    reload, program = signal.SIGHUP, ""

    def __init__(self, folder, address, port, infohashes, options):
        self.folder, self.address, self.port, self.options = folder, address, port, options
        self.listed = {hash_.hex() for hash_ in infohashes}
        folder.mkdir()
        for path in (folder, folder.parent):
            path.chmod(0o755)
        self.process = host.Process(self.command(), folder / "log", cwd=folder, **self.process_options())

    def process_options(self):
        return {}

    @classmethod
    def found(cls, options):
        """Path of its program, or None."""
        return shutil.which(cls.program, path=options.path)

    def whitelist(self):
        return self.folder / "whitelist"

    def write_whitelist(self):
        self.whitelist().write_text("".join(f"{hash_}\n" for hash_ in sorted(self.listed)))

    def begin(self):
        """What is to be said to it once it runs."""

    def list(self, infohash):
        self.listed.add(infohash.hex())
        self.write_whitelist()
        self.process.popen.send_signal(self.reload)

    def unlist(self, infohash):
        self.listed.remove(infohash.hex())
        self.write_whitelist()
        self.process.popen.send_signal(self.reload)


class Opentracker(Tracker):
    program, install = "opentracker", "apt-get install opentracker"
    protocols = ("http", "udp")
    control = "file and SIGHUP"

    def command(self):
        return host.opentracker_files(self.folder / "ot", self.address, self.port, sorted(self.listed))

    def whitelist(self):
        return self.folder / "ot" / "root" / "whitelist"

    def statistics(self):
        return len(host.http_get(self.address, self.port, "/stats?mode=everything"))


class BittorrentTracker(Tracker):
    program, install = "node", "npm install --ignore-scripts bittorrent-tracker"
    protocols = ("http", "udp")
    control = "its own JavaScript"

    @classmethod
    def found(cls, options):
        module = pathlib.Path(options.node_modules) / "bittorrent-tracker" / "server.js"
        return module.resolve() if module.exists() and shutil.which("node") else None

    def command(self):
        self.write_whitelist()
        (self.folder / "server.mjs").write_text(NODE_SERVER.format(
            module=self.found(self.options), folder=self.folder, port=self.port, address=self.address))
        return ["node", self.folder / "server.mjs"]

    def statistics(self):
        return len(host.http_get(self.address, self.port, "/stats.json"))


class Aquatic(Tracker):
    reload, control = signal.SIGUSR1, "file and SIGUSR1"

    def command(self):
        self.write_whitelist()
        (self.folder / "conf").write_text(
            f'log_level = "error"\n{self.extra}[network]\naddress = "{self.address}:{self.port}"\n'
            f'{self.network}[access_list]\nmode = "allow"\npath = "{self.whitelist()}"\n')
        return [self.found(self.options), "-c", self.folder / "conf"]

    def statistics(self):
        raise NotImplementedError("none without its Prometheus part")


class AquaticHttp(Aquatic):
    program, install = "aquatic_http", "cargo install aquatic_http"
    protocols, extra, network = ("http",), "", "keep_alive = false\n"


class AquaticUdp(Aquatic):
    program, install = "aquatic_udp", "cargo install aquatic_udp"
    protocols, extra, network = ("udp",), "", ""


class Chihaya(Tracker):
    """Its list is in its configuration. It is started anew for another one: told to load it by SIGUSR1,
    it does so without end, finds its own port taken, and ends."""
    program, install = "chihaya", "go build ./cmd/chihaya, in its repository"
    protocols, control = ("http", "udp"), "file and restart"

    def command(self):
        limits = {"max_numwant": 100, "default_numwant": 50}
        frontend = {"addr": f"{self.address}:{self.port}", **limits}
        (self.folder / "conf").write_text(json.dumps({"chihaya": {  # JSON is YAML, too
            "announce_interval": "30m", "min_announce_interval": "15m",
            "metrics_addr": f"{self.address}:{self.port + 1}",
            "http": {**frontend, "announce_routes": ["/announce"], "scrape_routes": ["/scrape"],
                     "read_timeout": "5s", "write_timeout": "5s"},
            "udp": {**frontend, "max_clock_skew": "10s", "private_key": TOKEN},
            "storage": {"name": "memory", "config": {
                "gc_interval": "3m", "peer_lifetime": "31m", "shard_count": 1024,
                "prometheus_reporting_interval": "1s"}},
            "prehooks": [{"name": "torrent approval",
                          "options": {"whitelist": sorted(self.listed)}}]}}))
        return [self.found(self.options), "--config", self.folder / "conf"]

    def list(self, infohash):
        self.listed.add(infohash.hex())
        self.begin_anew()

    def unlist(self, infohash):
        self.listed.remove(infohash.hex())
        self.begin_anew()

    def begin_anew(self):
        self.process.end()
        self.process = host.Process(self.command(), self.folder / "log", cwd=self.folder)

    def statistics(self):
        return len(host.http_get(self.address, self.port + 1, "/metrics"))


class Torrust(Tracker):
    program, install = "torrust-tracker", "cargo install torrust-tracker"
    protocols, control = ("http", "udp"), "REST, token"

    def command(self):
        return [self.found(self.options)]

    def process_options(self):
        config = f"""[metadata]
schema_version = "2.0.0"
[logging]
threshold = "error"
[core]
listed = true
private = false
[core.database]
driver = "sqlite3"
path = "{self.folder}/data.db"
[[udp_trackers]]
bind_address = "{self.address}:{self.port}"
[[http_trackers]]
bind_address = "{self.address}:{self.port}"
[http_api]
bind_address = "{self.address}:{self.port + 1}"
[http_api.access_tokens]
admin = "{TOKEN}"
"""
        return {"env": {"TORRUST_TRACKER_CONFIG_TOML": config, "PATH": "/usr/bin:/bin"}}

    def call(self, method, path, token=TOKEN):
        link = http.client.HTTPConnection(self.address, self.port + 1, timeout=10)
        try:
            link.request(method, f"/api/v1/{path}?token={token}")
            reply = link.getresponse()
            text = reply.read()
        finally:
            link.close()
        if reply.status != 200:
            raise PermissionError(f"{reply.status} {text.decode()[:80]}")
        return text

    def begin(self):
        for hash_ in self.listed:
            self.call("POST", f"whitelist/{hash_}")

    def list(self, infohash):
        self.call("POST", f"whitelist/{infohash.hex()}")

    def unlist(self, infohash):
        self.call("DELETE", f"whitelist/{infohash.hex()}")

    def statistics(self):
        return len(json.loads(self.call("GET", "stats")))


TRACKERS = {"opentracker": Opentracker, "bittorrent-tracker": BittorrentTracker,
            "aquatic_http": AquaticHttp, "aquatic_udp": AquaticUdp, "chihaya": Chihaya, "Torrust": Torrust}
