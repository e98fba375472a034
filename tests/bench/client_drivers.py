"""The five clients of clients.py: how a node is started, and what is said to it.

Each class has the same few calls, made the shortest way that its API allows: ready(), add(),
status(), connect(), shut_down(). status() returns (state, bytes done, bytes sent); the states are
checking, fetching, serving, failed. All peers' discovery but the tracker is off, and so are
encryption, uTP, limits and queues, where the client lets one turn them off.
"""

import base64
import hashlib
import http.client
import json
import os
import socket
import ssl
import urllib.parse
import xmlrpc.client
import zlib

import host

USER, PASSWORD = "bench", "correct-horse"
DATA_PORT, API_PORT = 6881, 8090


class Refused(Exception):
    """The client answered, and said no; its words."""


class Client:
    needs = ()  # modules beside the program

    def __init__(self, folder, index, address):
        self.folder, self.index, self.address = folder, index, address
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.home = folder / "home"
        self.home.mkdir()
        self.link = None
        self.process = host.Process(self.command(), folder / "log", env=dict(os.environ, HOME=self.home),
                                    cwd=folder)

    def file(self, content):
        return self.data / content.name


class HttpClient(Client):
    api_address = property(lambda self: self.address)
    api_port = API_PORT

    def request(self, method, path, body=None, headers=None):
        kept = self.link is not None
        if not kept:
            self.link = http.client.HTTPConnection(self.api_address, self.api_port, timeout=20)
        try:
            self.link.request(method, path, body, headers or {})
            reply = self.link.getresponse()
            return reply, reply.read()
        except (http.client.HTTPException, OSError) as error:
            self.link = None
            if kept:  # a server may close a connection that was idle
                return self.request(method, path, body, headers)
            raise ConnectionError(str(error)) from error


class Deluge(Client):
    program, package, api = "deluged", "deluged", "own RPC: TLS, zlib, rencode"
    needs = ("rencode",)

    def command(self):
        config = self.folder / "cfg"
        config.mkdir()
        (config / "auth").write_text(f"{USER}:{PASSWORD}:10\n")
        settings = {
            "daemon_port": API_PORT, "allow_remote": False, "download_location": str(self.data),
            "listen_ports": [DATA_PORT, DATA_PORT], "listen_interface": self.address,
            "outgoing_interface": self.address, "random_port": False, "dht": False, "upnp": False,
            "natpmp": False, "utpex": False, "lsd": False, "enc_in_policy": 2, "enc_out_policy": 2,
            "max_connections_global": -1, "max_upload_slots_global": -1, "max_upload_speed": -1.0,
            "max_download_speed": -1.0, "max_active_seeding": -1, "max_active_downloading": -1,
            "max_active_limit": -1, "auto_managed": False, "pre_allocate_storage": False,
            "new_release_check": False, "enabled_plugins": []}
        (config / "core.conf").write_text('{"file": 1, "format": 1}' + json.dumps(settings))
        (config / "session.state").write_bytes(host.bencode({"settings": {
            "enable_outgoing_utp": 0, "enable_incoming_utp": 0}}))
        return ["deluged", "-d", "-c", config, "-u", self.address, "-p", API_PORT, "-L", "none"]

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.link.recv(count - len(data))
            if not part:
                raise ConnectionError("deluged hung up")
            data += part
        return data

    def call(self, method, *args, **kwargs):
        import rencode
        body = zlib.compress(rencode.dumps(((1, method, args, kwargs),)))
        self.link.sendall(b"\x01" + len(body).to_bytes(4, "big") + body)
        size = int.from_bytes(self.read(5)[1:], "big")
        reply = rencode.loads(zlib.decompress(self.read(size)), decode_utf8=True)
        if reply[0] != 1:
            raise Refused(f"{reply[2]}: {reply[3]}")
        return reply[2]

    def connection(self, password=PASSWORD):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection((self.address, API_PORT), 20)
        self.link = context.wrap_socket(plain)
        return self.call("daemon.login", USER, password, client_version="2.0.3")

    def ready(self):
        return self.connection() == 10

    def version(self):
        return self.call("daemon.info")

    def add(self, content, seed):
        self.call("core.add_torrent_file", "t", base64.b64encode(content.torrent).decode(),
                  {"download_location": str(self.data), "seed_mode": seed})

    def status(self, content):
        told = self.call("core.get_torrent_status", content.infohash,
                         ["state", "total_done", "total_uploaded", "is_seed"])
        state = {"Checking": "checking", "Error": "failed", "Seeding": "serving"}.get(told["state"], "fetching")
        return state, told["total_done"], told["total_uploaded"]

    def connect(self, content, address):
        self.call("core.connect_peer", content.infohash, address, DATA_PORT)

    def wrong_password(self):
        self.connection("wrong")

    def shut_down(self):
        self.call("daemon.shutdown")


QBITTORRENT_CONF = r"""[LegalNotice]
Accepted=true
[BitTorrent]
Session\Port={port}
Session\InterfaceAddress={address}
Session\DefaultSavePath={data}
Session\TempPathEnabled=false
Session\Preallocation=false
Session\QueueingSystemEnabled=false
Session\DHTEnabled=false
Session\LSDEnabled=false
Session\PeXEnabled=false
Session\Encryption=2
Session\BTProtocol=TCP
Session\MaxConnections=-1
Session\MaxConnectionsPerTorrent=-1
Session\MaxUploads=-1
Session\MaxUploadsPerTorrent=-1
Session\RefreshInterval=100
Session\SSRFMitigation=false
Session\IgnoreLimitsOnLAN=false
[Network]
PortForwardingEnabled=false
[Preferences]
Connection\ResolvePeerCountries=false
WebUI\Enabled=true
WebUI\Address={address}
WebUI\Port={api}
WebUI\UseUPnP=false
WebUI\Username={user}
WebUI\Password_PBKDF2="@ByteArray({salt}:{key})"
"""


class QBittorrent(HttpClient):
    program, package, api = "qbittorrent-nox", "qbittorrent-nox", "HTTP (WebUI), JSON out"

    def command(self):
        salt = b"0123456789abcdef"
        key = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 100000)
        config = self.folder / "qBittorrent" / "config"
        config.mkdir(parents=True)
        (config / "qBittorrent.conf").write_text(QBITTORRENT_CONF.format(
            port=DATA_PORT, address=self.address, data=self.data, api=API_PORT, user=USER,
            salt=base64.b64encode(salt).decode(), key=base64.b64encode(key).decode()))
        self.cookie = ""
        return ["qbittorrent-nox", f"--profile={self.folder}"]

    def call(self, method, path, body=None, kind="application/x-www-form-urlencoded"):
        reply, text = self.request(method, "/api/v2/" + path, body,
                                   {"Cookie": self.cookie, "Content-Type": kind})
        if reply.status >= 300 or text == b"Fails.":
            raise Refused(f"{reply.status} {text.decode()[:60]}")
        return reply, text

    def login(self, password):
        self.cookie = ""
        form = urllib.parse.urlencode({"username": USER, "password": password})
        reply, _ = self.call("POST", "auth/login", form)
        self.cookie = reply.headers["Set-Cookie"].split(";")[0]

    def ready(self):
        self.login(PASSWORD)
        return True

    def version(self):
        return self.call("GET", "app/version")[1].decode()

    def add(self, content, seed):
        mark = "----bench"
        part = f"--{mark}\r\nContent-Disposition: form-data; name="
        body = (f'{part}"savepath"\r\n\r\n{self.data}\r\n{part}"skip_checking"\r\n\r\n'
                f'{str(seed).lower()}\r\n{part}"torrents"; filename="t.torrent"\r\n'
                "Content-Type: application/x-bittorrent\r\n\r\n").encode()
        body += content.torrent + f"\r\n--{mark}--\r\n".encode()
        self.call("POST", "torrents/add", body, f"multipart/form-data; boundary={mark}")
        self.start(content)

    def start(self, content):
        """Else the torrent waits for libtorrent's queue, which is looked at once a second, and turns
        peers away until then."""
        place = f"torrents/info?hashes={content.infohash}"
        host.wait_until(lambda: json.loads(self.call("GET", place)[1]), 5, "the torrent to appear")
        self.call("POST", "torrents/setForceStart", urllib.parse.urlencode(
            {"hashes": content.infohash, "value": "true"}))

    def status(self, content):
        rows = json.loads(self.call("GET", f"torrents/info?hashes={content.infohash}")[1])
        if not rows:
            return "checking", 0, 0
        row = rows[0]
        state = row["state"]
        name = ("checking" if state.startswith("checking") else
                "failed" if state in ("error", "missingFiles") else
                "serving" if state.endswith("UP") or state == "uploading" else "fetching")
        return name, row["completed"], row["uploaded"]

    def connect(self, content, address):
        self.call("POST", "torrents/addPeers", urllib.parse.urlencode(
            {"hashes": content.infohash, "peers": f"{address}:{DATA_PORT}"}))

    def wrong_password(self):
        self.login("wrong")

    def shut_down(self):
        self.call("POST", "app/shutdown")


class Transmission(HttpClient):
    program, package, api = "transmission-daemon", "transmission-daemon", "HTTP, JSON both ways"

    def command(self):
        settings = {
            "bind-address-ipv4": self.address, "peer-port": DATA_PORT, "rpc-bind-address": self.address,
            "rpc-port": API_PORT, "rpc-authentication-required": True, "rpc-username": USER,
            "rpc-password": PASSWORD, "rpc-whitelist-enabled": False, "download-dir": str(self.data),
            "dht-enabled": False, "lpd-enabled": False, "pex-enabled": False, "utp-enabled": False,
            "port-forwarding-enabled": False, "encryption": 0, "preallocation": 0,
            "incomplete-dir-enabled": False, "rename-partial-files": False, "queue-stalled-enabled": False,
            "download-queue-enabled": False, "seed-queue-enabled": False, "peer-limit-per-torrent": 1000,
            "peer-limit-global": 1000, "upload-slots-per-torrent": 1000}
        (self.home / "settings.json").write_text(json.dumps(settings))
        self.token = ""
        return ["transmission-daemon", "-f", "-g", self.home]

    def call(self, method, password=PASSWORD, **arguments):
        login = base64.b64encode(f"{USER}:{password}".encode()).decode()
        for _ in range(2):  # the first 409 tells the token against forged requests
            reply, text = self.request(
                "POST", "/transmission/rpc", json.dumps({"method": method, "arguments": arguments}),
                {"Authorization": "Basic " + login, "X-Transmission-Session-Id": self.token})
            if reply.status != 409:
                break
            self.token = reply.headers["X-Transmission-Session-Id"]
        if reply.status != 200:
            raise Refused(f"{reply.status} {reply.reason}")
        answer = json.loads(text)
        if answer["result"] != "success":
            raise Refused(answer["result"])
        return answer["arguments"]

    def ready(self):
        return bool(self.call("session-get"))

    def version(self):
        return self.call("session-get")["version"]

    def add(self, content, seed):
        told = self.call("torrent-add", metainfo=base64.b64encode(content.torrent).decode())
        if "torrent-duplicate" in told:
            raise Refused("success, with torrent-duplicate")

    def status(self, content):
        row = self.call("torrent-get", ids=[content.infohash],
                        fields=["status", "haveValid", "haveUnchecked", "uploadedEver", "error"])["torrents"][0]
        state = {1: "checking", 2: "checking", 5: "serving", 6: "serving"}.get(row["status"], "fetching")
        if row["error"] == 3:
            state = "failed"
        return state, row["haveValid"] + row["haveUnchecked"], row["uploadedEver"]

    def connect(self, content, address):
        raise NotImplementedError("its RPC takes no peer")

    def wrong_password(self):
        self.call("session-get", "wrong")

    def shut_down(self):
        self.call("session-close")


class RTorrent(Client):
    program, package, api = "rtorrent", "rtorrent", "XML-RPC in SCGI, on a Unix socket"

    def command(self):
        (self.folder / "rc").write_text(f"""system.daemon.set = true
network.bind_address.set = {self.address}
network.port_range.set = {DATA_PORT}-{DATA_PORT}
network.port_random.set = no
network.scgi.open_local = {self.folder}/rpc
directory.default.set = {self.data}
session.path.set = {self.home}
dht.mode.set = disable
protocol.pex.set = no
trackers.use_udp.set = no
protocol.encryption.set = none
throttle.max_uploads.set = 1000
throttle.max_peers.normal.set = 1000
throttle.max_peers.seed.set = 1000
network.max_open_files.set = 512
network.http.max_open.set = 64
""")
        return ["rtorrent", "-n", "-o", f"import={self.folder}/rc"]

    def call(self, method, *params):
        body = xmlrpc.client.dumps(params, method).encode()
        head = f"CONTENT_LENGTH\0{len(body)}\0SCGI\0001\0".encode()
        with socket.socket(socket.AF_UNIX) as link:  # a connection carries one call
            link.settimeout(20)
            link.connect(str(self.folder / "rpc"))
            link.sendall(b"%d:%s,%s" % (len(head), head, body))
            reply = b""
            while part := link.recv(65536):
                reply += part
        try:
            return xmlrpc.client.loads(reply.partition(b"\r\n\r\n")[2])[0][0]
        except xmlrpc.client.Fault as fault:
            raise Refused(fault.faultString) from fault

    def ready(self):
        return bool(self.version())

    def version(self):
        return self.call("system.client_version")

    def add(self, content, seed):
        self.call("load.raw_start", "", xmlrpc.client.Binary(content.torrent))

    def status(self, content):
        hash_ = content.infohash.upper()
        try:
            rows = self.call("system.multicall", [
                {"methodName": name, "params": [hash_]} for name in
                ("d.hashing", "d.complete", "d.bytes_done", "d.up.total", "d.message", "d.state")])
        except Refused:
            return "checking", 0, 0
        if isinstance(rows[0], dict):  # not loaded yet
            return "checking", 0, 0
        hashing, complete, done, sent, message, _ = (row[0] for row in rows)
        if message and "Tracker" not in message:
            return "failed", done, sent
        return "checking" if hashing else "serving" if complete else "fetching", done, sent

    def connect(self, content, address):
        self.call("add_peer", content.infohash.upper(), f"{address}:{DATA_PORT}")

    def wrong_password(self):
        raise NotImplementedError("it has none; the socket's file mode decides")

    def shut_down(self):
        self.call("system.shutdown.quick")


class Aria2(HttpClient):
    program, package, api = "aria2c", "aria2", "JSON-RPC over HTTP or WebSocket"
    api_address = "127.0.0.1"  # one cannot choose: this one or all
    api_port = property(lambda self: API_PORT + 10000 + self.index)

    def command(self):
        return ["aria2c", "--no-conf", "--enable-rpc", f"--rpc-listen-port={self.api_port}",
                f"--rpc-secret={PASSWORD}", f"--interface={self.address}", f"--listen-port={DATA_PORT}",
                f"--dir={self.data}", "--seed-ratio=0.0", "--disable-ipv6", "--enable-dht=false",
                "--bt-enable-lpd=false", "--enable-peer-exchange=false", "--allow-overwrite",
                "--file-allocation=none", "--bt-max-peers=0", "--quiet"]

    def call(self, method, *params, password=PASSWORD):
        body = json.dumps({"jsonrpc": "2.0", "id": "1", "method": "aria2." + method,
                           "params": [f"token:{password}", *params]})
        answer = json.loads(self.request("POST", "/jsonrpc", body)[1])
        if "error" in answer:
            raise Refused(answer["error"]["message"])
        return answer["result"]

    def ready(self):
        return bool(self.version())

    def version(self):
        return self.call("getVersion")["version"]

    def add(self, content, seed):
        self.call("addTorrent", base64.b64encode(content.torrent).decode(), [],
                  {"gid": content.infohash[:16], "bt-seed-unverified": str(seed).lower()})

    def status(self, content):
        told = self.call("tellStatus", content.infohash[:16],
                         ["status", "completedLength", "uploadLength", "seeder", "verifiedLength"])
        state = "failed" if told["status"] == "error" else "fetching"
        if "verifiedLength" in told:
            state = "checking"
        elif told.get("seeder") == "true":
            state = "serving"
        return state, int(told["completedLength"]), int(told["uploadLength"])

    def connect(self, content, address):
        raise NotImplementedError("its RPC takes no peer")

    def wrong_password(self):
        self.call("getVersion", password="wrong")

    def shut_down(self):
        self.call("forceShutdown")


CLIENTS = {"Deluge": Deluge, "qBittorrent": QBittorrent, "Transmission": Transmission,
           "rTorrent": RTorrent, "aria2": Aria2}
