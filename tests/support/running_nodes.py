"""Torrent clients that a test starts by itself, as a user would run them: for tests of `attach`."""
import base64
import hashlib
import json
import os
import pathlib
import random
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

USER, PASSWORD = "bench", "a secret of the test"
DATA_PORT, API_PORT = 6881, 8080
_START_SECONDS = 120  # a client may need half a minute on a machine that is full

_DELUGE = {
    "allow_remote": False, "random_port": False, "listen_use_sys_port": False, "dht": False,
    "upnp": False, "natpmp": False, "utpex": False, "lsd": False, "enc_in_policy": 2,
    "enc_out_policy": 2, "max_connections_global": -1, "max_upload_slots_global": -1,
    "max_half_open_connections": 500, "max_connections_per_second": 500,
    "max_active_seeding": -1, "max_active_downloading": -1, "max_active_limit": -1,
    "auto_managed": False, "pre_allocate_storage": False, "new_release_check": False,
    "send_info": False, "enabled_plugins": []}

_QBITTORRENT = r"""[LegalNotice]
Accepted=true
[BitTorrent]
Session\Port={port}
Session\InterfaceAddress={address}
Session\DefaultSavePath={content}
Session\Preallocation=false
Session\QueueingSystemEnabled=false
Session\DHTEnabled=false
Session\LSDEnabled=false
Session\PeXEnabled=false
Session\Encryption=2
Session\BTProtocol=TCP
Session\MultiConnectionsPerIp=true
Session\RefreshInterval=100
Session\SSRFMitigation=false
[Network]
PortForwardingEnabled=false
[Preferences]
WebUI\Enabled=true
WebUI\Address={address}
WebUI\Port={api}
WebUI\UseUPnP=false
WebUI\LocalHostAuth=true
WebUI\Username={user}
WebUI\Password_PBKDF2="@ByteArray({password})"
"""


def free_address():
    """A loopback address of its own, on which the ports are free."""
    while True:
        address = "127." + ".".join(str(random.randrange(1, 255)) for _ in range(3))
        try:
            for port in (DATA_PORT, API_PORT):
                with socket.socket() as holder:
                    holder.bind((address, port))
            return address
        except OSError:
            continue


class Client:
    """One that runs until end(); `row` is its row of deploy.nodes."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.content = self.folder / "content"
        self.content.mkdir(parents=True)
        self.address = free_address()
        self.row = {"user": USER, "password_env": "TEST_PASSWORD",
                    "content_dir": str(self.content), "data": f"{self.address}:{DATA_PORT}"}
        arguments = self.configure()
        environment = {**os.environ, "HOME": str(self.folder)}
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=environment)
        self._wait()

    def configure(self):
        raise NotImplementedError

    def _wait(self):
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                for port in (API_PORT, DATA_PORT):
                    socket.create_connection((self.address, port), timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def files(self):
        return sorted(path.name for path in self.content.iterdir())


class Deluge(Client):
    driver = "deluge"

    def configure(self):
        config = self.folder / "cfg"
        config.mkdir()
        content = str(self.content)
        options = {**_DELUGE, "daemon_port": API_PORT, "download_location": content,
                   "torrentfiles_location": str(config), "listen_ports": [DATA_PORT, DATA_PORT],
                   "listen_interface": self.address, "outgoing_interface": self.address}
        (config / "core.conf").write_text('{"file": 1, "format": 1}' + json.dumps(options))
        (config / "auth").write_text(f"{USER}:{PASSWORD}:10\n")
        self.row["url"] = f"https://{self.address}:{API_PORT}"
        return ["deluged", "-d", "-c", str(config), "-u", self.address, "-p", str(API_PORT),
                "-L", "none"]

    def torrents(self):
        """Deluge keeps a file for each torrent that it has."""
        return sorted(path.stem for path in (self.folder / "cfg/state").glob("*.torrent"))


class Qbittorrent(Client):
    driver = "qbittorrent"

    def configure(self):
        config = self.folder / "qBittorrent/config"
        config.mkdir(parents=True)
        salt = os.urandom(16)
        key = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 100000)
        password = ":".join(base64.b64encode(part).decode() for part in (salt, key))
        (config / "qBittorrent.conf").write_text(_QBITTORRENT.format(
            port=DATA_PORT, address=self.address, api=API_PORT, content=self.content, user=USER,
            password=password))
        self.row["url"] = f"http://{self.address}:{API_PORT}"
        return ["qbittorrent-nox", f"--profile={self.folder}"]

    def torrents(self):
        base = f"http://{self.address}:{API_PORT}/api/v2/"
        login = urllib.parse.urlencode({"username": USER, "password": PASSWORD}).encode()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(),
                                             urllib.request.ProxyHandler({}))
        opener.open(base + "auth/login", login, timeout=10).close()
        with opener.open(base + "torrents/info", timeout=10) as reply:
            return sorted(torrent["hash"] for torrent in json.load(reply))
