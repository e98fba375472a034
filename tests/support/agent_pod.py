"""A pod as far as the agent can tell: swarmbench-launcher and swarmbench-agent on one directory.

SWB_AGENT and SWB_LAUNCHER name the programs.
"""
import json
import os
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.request

AGENT = os.environ.get("SWB_AGENT", "swarmbench-agent")
LAUNCHER = os.environ.get("SWB_LAUNCHER", "swarmbench-launcher")
TOKEN = "token-of-this-test-run"


class Refused(Exception):
    """An answer that is no 200; `status` is the HTTP status, `body` what it said."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body!r}")
        self.status = status
        self.body = body


class Pod:
    """Starts both; use as a context."""

    def __init__(self, folder):
        self.root = pathlib.Path(folder) / "node"
        self.root.mkdir(parents=True)
        self.content = self.root / "home/content/content.bin"
        self.log = self.root / "launch/node.log"
        self.token_file = pathlib.Path(folder) / "token"
        self.token_file.write_text(TOKEN + "\n")
        self.launcher = self.agent = None

    def __enter__(self):
        self.launcher = subprocess.Popen([LAUNCHER, str(self.root)])
        self.start_agent()
        return self

    def start_agent(self, *options):
        self.agent = subprocess.Popen(
            [AGENT, "serve", "--root", str(self.root), "--token-file", str(self.token_file),
             "--port", "0", "--address", "127.0.0.1", "--interface", "lo",
             *options],
            stdout=subprocess.PIPE, text=True)
        line = self.agent.stdout.readline()
        self.port = int(re.fullmatch(r"swarmbench-agent: listening on port (\d+)\n", line)[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def stop_agent(self):
        self.agent.terminate()
        code = self.agent.wait(timeout=20)
        self.agent.stdout.close()
        return code

    def __exit__(self, *unused):
        codes = [self.stop_agent()]
        self.launcher.terminate()
        codes.append(self.launcher.wait(timeout=20))
        if codes != [0, 0]:  # also where a sanitizer has found something
            raise AssertionError(f"agent and launcher ended with {codes}")

    def request(self, method, path, data=None, headers=None, timeout=60):
        """Sends bytes; returns the answer's bytes, or raises Refused."""
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("Authorization", f"Bearer {TOKEN}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return reply.read()
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, error.read()) from None

    def get(self, path):
        return json.loads(self.request("GET", path))

    def post(self, path, body):
        return json.loads(self.request("POST", path, json.dumps(body).encode()))

    def job(self, path, body):
        """Begins a job and waits for its end."""
        number = self.post(path, body)["job"]
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            job = self.get(f"/v1/jobs/{number}?wait_ms=5000")
            if job["done"]:
                return job
        raise TimeoutError(f"job {number} did not end")

    def events_until(self, kind, seconds=120):
        """The events up to the first of this kind, all in order."""
        after, found = 0, []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for event in self.get(f"/v1/events?after={after}&wait_ms=2000")["events"]:
                after = int(event["number"])
                found.append(event)
            if any(event["kind"] == kind for event in found):
                return found
        raise TimeoutError(f"no event '{kind}' among {found}")
