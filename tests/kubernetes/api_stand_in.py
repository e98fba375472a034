"""As much of an API server as a runner's life takes, in this process: objects that tests change as
controllers and kubelets would, and refuse or forget at moments that no real server lets one choose.
"""
import collections
import http.server
import itertools
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

NAMESPACE = "bench"


def fits(item, selector):
    labels = item["metadata"].get("labels", {})
    for part in filter(None, (selector or "").split(",")):
        name, equals, value = part.partition("=")
        if name not in labels or (equals and labels[name] != value):
            return False
    return True


class Store:
    """All objects, as (plural, name), and the events of those who watch."""

    def __init__(self):
        self.changed = threading.Condition()
        self.objects = {}
        self.events = []  # (version, type, plural, object)
        self.version = itertools.count(1)
        self.last = 0
        self.expired = 0  # watches from before this version have to list anew
        self.forbidden = set()  # (verb, plural)
        self.logs = collections.defaultdict(list)  # of pods: lines
        self.agents = {}  # URL of a pod's agent
        self.asked = []  # "VERB plural/name"
        self.holds_lists = threading.Event()  # while it is not set, lists wait
        self.holds_lists.set()
        self.closed = False

    def tell(self, kind, plural, item):
        self.last = item["metadata"]["resourceVersion"] = str(next(self.version))
        self.events.append((int(self.last), kind, plural, json.loads(json.dumps(item))))
        self.changed.notify_all()

    def put(self, plural, item):
        """Makes or changes an object."""
        with self.changed:
            key = plural, item["metadata"]["name"]
            kind = "MODIFIED" if key in self.objects else "ADDED"
            item["metadata"].setdefault("namespace", NAMESPACE)
            item["metadata"].setdefault("uid", f"uid-{time.monotonic_ns()}")
            item["metadata"].setdefault("creationTimestamp",
                                        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
            self.objects[key] = item
            self.tell(kind, plural, item)

    def remove(self, plural, name):
        with self.changed:
            item = self.objects.pop((plural, name), None)
            if item:
                self.tell("DELETED", plural, item)
            return item

    def vanish(self, *plurals):
        """Removes all of these kinds without a word, and has watches list anew."""
        with self.changed:
            for key in [key for key in self.objects if key[0] in plurals]:
                del self.objects[key]
            self.last = str(next(self.version))
            self.expired = int(self.last)
            self.changed.notify_all()

    def names(self, *without):
        with self.changed:
            return sorted(f"{plural}/{name}" for plural, name in self.objects
                          if plural not in without)

    def close(self):
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self.holds_lists.set()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *unused):
        pass

    @property
    def store(self):
        return self.server.store

    def reply(self, code, body):
        text = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def refuse(self, code, reason, message):
        self.reply(code, {"kind": "Status", "status": "Failure", "reason": reason, "code": code,
                          "message": message})

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def may(self, verb, plural):
        self.store.asked.append(f"{verb} {plural}")
        if (verb, plural) not in self.store.forbidden:
            return True
        self.refuse(403, "Forbidden", f'{plural} is forbidden: User "me" cannot {verb} resource '
                    f'"{plural}" in API group "" in the namespace "{NAMESPACE}"')
        return False

    def split(self):
        """(plural, name, rest, query) of a path; names None where there are none."""
        parts = urllib.parse.urlsplit(self.path)
        steps = parts.path.strip("/").split("/")
        steps = steps[2:] if steps[0] == "api" else steps[3:]
        if steps[:1] == ["namespaces"] and len(steps) > 2:
            steps = steps[2:]
        steps = steps or [parts.path]  # "/version"
        query = dict(urllib.parse.parse_qsl(parts.query))
        return steps[0], steps[1] if len(steps) > 1 else None, steps[2:], query

    def do_GET(self):
        plural, name, rest, query = self.split()
        if rest[:1] == ["proxy"]:
            self.pass_on(name, rest[1:])
        elif rest[:1] == ["log"]:
            self.follow_log(name)
        elif name:
            item = self.store.objects.get((plural, name))
            if self.may("get", plural):
                if item:
                    self.reply(200, item)
                else:
                    self.refuse(404, "NotFound", f'{plural} "{name}" not found')
        elif query.get("watch"):
            if self.may("watch", plural):
                self.watch(plural, query)
        elif self.may("list", plural):
            self.store.holds_lists.wait()
            with self.store.changed:
                items = [item for key, item in self.store.objects.items()
                         if key[0] == plural and fits(item, query.get("labelSelector"))]
                self.reply(200, {"kind": "List", "items": items,
                                 "metadata": {"resourceVersion": str(self.store.last)}})

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_line(self, text):
        self.wfile.write(b"%x\r\n%s\n\r\n" % (len(text.encode()) + 1, text.encode()))
        self.wfile.flush()

    def watch(self, plural, query):
        at = int(query["resourceVersion"])
        self.begin_stream()
        while not self.store.closed:
            with self.store.changed:
                gone = at < self.store.expired
                new = [event for event in self.store.events if event[0] > at]
                if not new and not gone:
                    self.store.changed.wait(1)
                    continue
            if gone:
                self.send_line(json.dumps({"type": "ERROR", "object": {
                    "kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}))
                break
            for at, kind, of, item in new:
                if of == plural and fits(item, query.get("labelSelector")):
                    self.send_line(json.dumps({"type": kind, "object": item}))
        self.wfile.write(b"0\r\n\r\n")

    def follow_log(self, name):
        self.begin_stream()
        told = 0
        while not self.store.closed:
            with self.store.changed:
                lines = self.store.logs[name][told:]
                pod = self.store.objects.get(("pods", name))
                ended = not pod or "terminated" in json.dumps(pod)
                if not lines and not ended:
                    self.store.changed.wait(1)
                    continue
            for line in lines:
                self.send_line(f"2026-01-02T03:04:05.{told:09}Z {line}")
                told += 1
            if ended and not lines:
                break
        self.wfile.write(b"0\r\n\r\n")

    def pass_on(self, pod, rest):
        agent = self.store.agents.get(pod.partition(":")[0])
        if agent is None:
            self.refuse(503, "ServiceUnavailable", "no agent there")
            return
        query = urllib.parse.urlsplit(self.path).query
        request = urllib.request.Request(f"{agent}/{'/'.join(rest)}{'?' + query if query else ''}",
                                         data=self.body() or None, method=self.command)
        request.add_header("X-Swarmbench-Token", self.headers.get("X-Swarmbench-Token", ""))
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                code, said = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            code, said = error.code, error.read()
        self.send_response(code)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self):
        plural, name, rest, _ = self.split()
        if rest[:1] == ["proxy"]:
            self.pass_on(name, rest[1:])
            return
        review = json.loads(self.body())
        asked = review["spec"]["resourceAttributes"]
        self.store.asked.append(f"{plural} {asked['verb']} {asked['resource']}")
        review["status"] = {"allowed": (asked["verb"], asked["resource"])
                            not in self.store.forbidden}
        self.reply(201, review)

    def do_PATCH(self):
        plural, name, _, _ = self.split()
        item = yaml.safe_load(self.body())
        if self.may("patch", plural):
            with self.store.changed:
                known = self.store.objects.get((plural, name), {"metadata": {}})
            known["metadata"].update(item.pop("metadata"))
            for key, value in item.items():
                if isinstance(value, dict):
                    known.setdefault(key, {}).update(value)
                else:
                    known[key] = value
            self.store.put(plural, known)
            self.reply(200, known)

    def do_DELETE(self):
        plural, name, _, query = self.split()
        self.body()
        if not self.may("delete" if name else "deletecollection", plural):
            return
        with self.store.changed:
            names = [key[1] for key, item in self.store.objects.items() if key[0] == plural and
                     (key[1] == name if name else fits(item, query.get("labelSelector")))]
        for at in names:
            self.store.remove(plural, at)
        if name and not names:
            self.refuse(404, "NotFound", f'{plural} "{name}" not found')
        else:
            self.reply(200, {"kind": "Status", "status": "Success"})


class Http(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *unused):
        """Who asked may be gone by now."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*unused)


class Server:
    """A context; `kubeconfig` is the path of a file that leads to it."""

    def __init__(self, folder):
        self.store = Store()
        self.kubeconfig = os.path.join(folder, "kubeconfig")

    def __enter__(self):
        self.http = Http(("127.0.0.1", 0), Handler)
        self.http.store = self.store
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        with open(self.kubeconfig, "w", encoding="utf-8") as file:
            json.dump({"current-context": "c", "contexts": [
                {"name": "c", "context": {"cluster": "c", "user": "u", "namespace": NAMESPACE}}],
                "clusters": [{"name": "c", "cluster": {
                    "server": f"http://127.0.0.1:{self.http.server_port}"}}],
                "users": [{"name": "u", "user": {}}]}, file)
        return self.store

    def __exit__(self, *unused):
        self.store.close()
        self.http.shutdown()
        self.http.server_close()
