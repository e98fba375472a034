#!/usr/bin/env python3
"""The charts: what they render is what Kubernetes takes, and what they refuse is named."""
import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

try:
    import yaml
except ImportError:
    print("SKIP: python3-yaml is not installed")
    raise SystemExit(77) from None

import command
import tools
from command import BAD_INPUT, DONE, ROOT, swarmbench

HELM = ROOT / "charts/helm"
KUSTOMIZE = ROOT / "charts/kustomize"
NODES = ["deluge", "qbittorrent", "codex", "tracker"]
CHARTS = [*NODES, "workload", "swarmbench"]
EXPERIMENT = ROOT / "examples/full-matrix.yaml"

# What the runner may do in its namespace, and no more.
RIGHTS = {
    ("apps", "statefulsets"): "create patch get list watch delete",
    ("apps", "deployments"): "create patch get list watch delete",
    ("", "services"): "create patch get list delete",
    ("", "configmaps"): "create patch get list delete",
    ("networking.k8s.io", "networkpolicies"): "create patch get list delete",
    ("", "secrets"): "create patch delete",
    ("", "pods"): "get list watch delete deletecollection",
    ("", "pods/log"): "get",
    ("", "events"): "list watch",
    ("", "persistentvolumeclaims"): "list delete",
}

EVERYTHING = {
    "nodes": 3, "run": {"experiment": "exp", "id": "run-1", "group": "g", "role": "leecher"},
    "image": {"digest": "sha256:" + "a" * 64}, "agent": {"tokenSecret": "tok", "port": 9000},
    "data": {"size": "3Gi", "storageClass": "fast"}, "resources": {"limits": {"cpu": 2}},
    "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "bench", "operator": "Exists"}],
    "antiAffinity": "required", "priorityClassName": "high",
    "topologySpread": [{"topologyKey": "topology.kubernetes.io/zone"}],
    "podAnnotations": {"note": "text"}, "imagePullSecrets": [{"name": "registry"}],
    "serviceAccount": "someone", "networkPolicy": {
        "enabled": True, "extraFrom": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]},
    "network": {"ingressBandwidth": "100M", "egressBandwidth": "50M",
                "sysctls": [{"name": "net.ipv4.ip_local_port_range", "value": "1024 65535"}]},
    "ports": {"extra": [{"name": "more", "port": 1234}]},
}
# Values by chart and name: each is rendered and checked.
CASES = {chart: {"defaults": {}, "everything": EVERYTHING} for chart in NODES}
CASES["codex"]["persistence"] = HELM / "codex/persistence-values.yaml"
CASES["workload"] = {
    "defaults": {}, "everything": EVERYTHING, "runner": {"launch": "runner"},
    "alone": {"agent": {"enabled": False}, "files": {"a.toml": "x = 1\n", "b": "{}"}},
    "nwaku": HELM / "workload/nwaku-values.yaml", "gowaku": HELM / "workload/gowaku-values.yaml",
}
CASES["swarmbench"] = {
    "defaults": {}, "no job": {"experiment": "", "job": {"enabled": False}},
    "no volume": {"results": {"size": "", "serve": False}},
    "everything": {
        "only": "size=8*", "args": ["--json"], "experimentName": "other",
        "job": {"activeDeadlineSeconds": 3600, "ttlSecondsAfterFinished": 60},
        "results": {"storageClass": "fast", "keep": True, "accessMode": "ReadWriteMany"},
        "agent": {"tokenSecret": "tok"}, "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"operator": "Exists"}], "priorityClassName": "high",
        "podAnnotations": {"note": "text"}, "imagePullSecrets": [{"name": "registry"}]},
    "account of another": {"rbac": {"create": False}, "serviceAccount": "someone",
                           "results": {"existingClaim": "kept"}},
}


def helm(*arguments, values=None):
    """Runs helm with values on stdin; returns what subprocess.run() returns."""
    given = [] if values is None else ["-f", "-"]
    return subprocess.run([tools.program("helm"), *map(str, arguments), *given],
                          input=json.dumps(values), capture_output=True, text=True, check=False)


def values_of(chart, case):
    values = case if isinstance(case, dict) else yaml.safe_load(case.read_text())
    if chart == "swarmbench" and "experiment" not in values:
        values = {**values, "experiment": EXPERIMENT.read_text()}
    return values


def render(chart, values=None, release="rel", folder=HELM):
    done = helm("template", release, folder / chart, "--namespace", "bench", values=values)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def of_kind(text, kind):
    return [document for document in documents(text) if document["kind"] == kind]


def pods(text):
    return [document["spec"]["template"] for document in documents(text)
            if document["kind"] in ("StatefulSet", "Deployment", "Job")]


def leaves(schema, prefix=""):
    """The paths of all values that a schema names."""
    for key, part in schema.get("properties", {}).items():
        if key in ("global", "swarmbench-node"):
            continue
        path = f"{prefix}.{key}" if prefix else key
        if part.get("properties"):
            yield from leaves(part, path)
        else:
            yield path


def lookup(values, path):
    for key in path.split("."):
        if not isinstance(values, dict) or key not in values:
            return False
        values = values[key]
    return True


def kustomize(folder):
    done = subprocess.run([tools.program("kubectl"), "kustomize", folder], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout


class Charts(unittest.TestCase):
    def test_schemas_are_what_their_source_gives(self):
        done = subprocess.run([HELM / "schemas.py", "--check"], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_values_have_every_value_of_the_schema(self):
        for chart in CHARTS:
            schema = json.loads((HELM / chart / "values.schema.json").read_text())
            values = yaml.safe_load((HELM / chart / "values.yaml").read_text())
            missing = [path for path in leaves(schema) if not lookup(values, path)
                       and not path.endswith((".requests", ".limits"))]
            self.assertEqual(missing, [], chart)

    def test_versions_are_that_of_the_project(self):
        project = re.search(r"project\(swarmbench VERSION (\S+)",
                            (ROOT / "CMakeLists.txt").read_text())[1]
        for path in HELM.glob("*/Chart.yaml"):
            chart = yaml.safe_load(path.read_text())
            self.assertEqual((chart["version"], chart["appVersion"]), (project, project), path)
            for dependency in chart.get("dependencies", []):
                self.assertEqual(dependency["version"], project, path)
        steps = (ROOT / "charts/argo-workflows/workflow-template.yaml").read_text()
        self.assertEqual(set(re.findall(r"image: \S+:(\S+)", steps)), {project})

    def test_lint_finds_no_fault(self):
        for chart, cases in CASES.items():
            for name, case in cases.items():
                with self.subTest(chart=chart, case=name):
                    done = helm("lint", "--strict", "--quiet", HELM / chart,
                                values=values_of(chart, case))
                    self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_every_rendering_conforms_to_the_schemas_of_kubernetes(self):
        for chart, cases in CASES.items():
            for name, case in cases.items():
                with self.subTest(chart=chart, case=name):
                    self.assertEqual(tools.conform(render(chart, values_of(chart, case))), [])

    def test_the_check_itself_finds_a_fault(self):
        text = render("deluge").replace("serviceName:", "servicename:")
        self.assertIn("servicename", " ".join(tools.conform(text)))

    def test_a_rendering_is_the_same_every_time(self):
        values = {"agent": {"tokenSecret": "tok"}}
        for chart in CHARTS:
            given = values_of(chart, values)
            self.assertEqual(render(chart, given), render(chart, given), chart)

    def test_notes_are_rendered(self):
        for chart, cases in CASES.items():
            for name, case in cases.items():
                with self.subTest(chart=chart, case=name), tempfile.TemporaryDirectory() as folder:
                    folder = pathlib.Path(folder)
                    shutil.copytree(HELM / chart, folder / chart)
                    # helm shows notes only where it installs: here they are one more template.
                    (folder / chart / "templates/NOTES.txt").rename(folder / chart / "NOTES.txt")
                    (folder / chart / "templates/notes.yaml").write_text(
                        'kind: Notes\ntext: {{ tpl (.Files.Get "NOTES.txt") . | toJson }}\n')
                    text = render(chart, values_of(chart, case), folder=folder)
                    notes = of_kind(text, "Notes")[0]["text"]
                    self.assertIn("namespace bench", notes + "namespace bench" * (
                        chart == "swarmbench" and name == "no job"))
                    self.assertNotIn("<no value>", notes)
                    if chart == "swarmbench":
                        # helm alone would take the runner's rights before it is done.
                        first = notes.find("-n bench delete job/rel --cascade=foreground")
                        self.assertEqual(first < notes.find("uninstall"), name != "no job")


class Refusals(unittest.TestCase):
    def assert_refused(self, chart, values, *words):
        done = helm("template", "rel", HELM / chart, values=values)
        self.assertNotEqual(done.returncode, 0, f"{chart} took {values}")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_values_that_nothing_reads_are_named(self):
        for chart in CHARTS:
            self.assert_refused(chart, {"replicas": 3}, "replicas", "not allowed")
            self.assert_refused(chart, {"image": {"name": "x"}}, "/image", "'name' not allowed")
            self.assert_refused(chart, {"agent": {"tokn": "x"}}, "/agent", "'tokn' not allowed")

    def test_values_of_the_wrong_kind_are_named(self):
        for values, *words in (
                ({"nodes": "three"}, "/nodes", "want integer"),
                ({"nodes": -1}, "/nodes", "minimum: got -1, want 0"),
                ({"data": {"size": "lots"}}, "/data/size", "lots"),
                ({"antiAffinity": "maybe"}, "/antiAffinity", "'none', 'preferred', 'required'"),
                ({"ports": {"api": 70000}}, "/ports/api", "maximum"),
                ({"image": {"digest": "sha256:short"}}, "/image/digest"),
                ({"image": {"repository": "name:tag"}}, "/image/repository"),
                ({"image": {"pullPolicy": "Sometimes"}}, "/image/pullPolicy"),
                ({"run": {"id": "no spaces"}}, "/run/id"),
                ({"topologySpread": [{"maxSkew": 1}]}, "/topologySpread/0", "topologyKey"),
                ({"ports": {"extra": [{"name": "Upper", "port": 1}]}}, "/ports/extra/0/name"),
                ({"resources": {"requests": {"cpu": "fast"}}}, "/resources/requests/cpu"),
                ({"network": {"ingressBandwidth": "100 MBit"}}, "/network/ingressBandwidth")):
            with self.subTest(values=values):
                self.assert_refused("deluge", values, *words)
        self.assert_refused("codex", {"persistence": {"ethAccount": "0x12"}},
                            "/persistence/ethAccount")
        self.assert_refused("workload", {"filesPath": "etc"}, "/filesPath")
        self.assert_refused("swarmbench", {"results": {"accessMode": "Any"}}, "/results/accessMode")

    def test_names_of_other_objects_are_what_kubernetes_takes(self):
        places = {"imagePullSecrets": lambda name: {"imagePullSecrets": [{"name": name}]},
                  "tokenSecret": lambda name: {"agent": {"tokenSecret": name}},
                  "serviceAccount": lambda name: {"serviceAccount": name}}
        for place, values in places.items():
            for name in ("a", "registry.example.com", "0-1.a--b", ".".join(["n" * 63] * 3)):
                for chart in ("deluge", "swarmbench"):
                    with self.subTest(chart=chart, place=place, name=name):
                        render(chart, values_of(chart, values(name)))
            for name in ("Upper", "a..b", "a.-b", "a-.b", ".a", "a_b", "a" * 254):
                with self.subTest(place=place, name=name):
                    self.assert_refused("swarmbench", values(name), place)
        for values in ({"results": {"existingClaim": "a.b"}}, {"results": {"storageClass": "a.b"}},
                       {"priorityClassName": "a.b"}):
            render("swarmbench", values_of("swarmbench", values))

    def test_combinations_that_cannot_work_say_what_is_missing(self):
        self.assert_refused("codex", {"persistence": {"enabled": True}},
                            "give persistence.ethProvider, or set chain.enabled")
        self.assert_refused("codex", {"persistence": {"enabled": True}, "chain": {"enabled": True}},
                            "needs persistence.ethAccount")
        self.assert_refused("workload", {"launch": "runner", "agent": {"enabled": False}},
                            "launch: runner needs agent.enabled")
        self.assert_refused("swarmbench", {}, "--set-file experiment=FILE")
        self.assert_refused("swarmbench", {"experiment": "name: x", "results": {"size": ""}},
                            "give results.size or results.existingClaim")
        self.assert_refused("swarmbench", {"experiment": "name: x", "results": {
            "accessMode": "ReadWriteOncePod"}}, "a pod of its own reads the volume")


class Pods(unittest.TestCase):
    def test_every_pod_is_as_closed_as_the_restricted_profile_wants(self):
        for chart, cases in CASES.items():
            for name, case in cases.items():
                for pod in pods(render(chart, values_of(chart, case))):
                    with self.subTest(chart=chart, case=name):
                        self.assert_closed(pod["spec"])

    def assert_closed(self, spec):
        context = spec["securityContext"]
        self.assertTrue(context["runAsNonRoot"])
        self.assertGreater(context["runAsUser"], 0)
        self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertFalse(spec.get("hostNetwork") or spec.get("hostPID") or spec.get("hostIPC"))
        for container in spec["containers"] + spec.get("initContainers", []):
            self.assertFalse(container["securityContext"]["allowPrivilegeEscalation"])
            self.assertEqual(container["securityContext"]["capabilities"], {"drop": ["ALL"]})
            self.assertIn("requests", container["resources"])
        for volume in spec["volumes"]:
            self.assertNotIn("hostPath", volume)

    def test_a_node_waits_for_its_launch_beside_an_agent(self):
        for chart in NODES:
            text = render(chart, {"agent": {"tokenSecret": "tok"}})
            spec = pods(text)[0]["spec"]
            node, agent = spec["containers"]
            self.assertEqual([node["name"], agent["name"]], ["node", "agent"])
            self.assertEqual(node["command"],
                             ["/swarmbench/bin/swarmbench-launcher", "/swarmbench/node"])
            self.assertEqual(agent["command"], [
                "swarmbench-agent", "serve", "--root", "/swarmbench/node", "--port", "9191",
                "--token-file", "/run/swarmbench/token"])
            self.assertEqual(spec["initContainers"][0]["command"],
                             ["swarmbench-agent", "install", "/swarmbench/bin"])
            self.assertTrue(spec["shareProcessNamespace"])
            self.assertFalse(spec["automountServiceAccountToken"])
            # The token is the agent's alone.
            mounts = {c["name"]: [m["name"] for m in c["volumeMounts"]]
                      for c in spec["containers"] + spec["initContainers"]}
            self.assertEqual(mounts, {"node": ["data", "tools"], "agent": ["data", "token"],
                                      "install": ["tools"]})
            self.assertEqual(of_kind(text, "Secret"), [])
            stateful = of_kind(text, "StatefulSet")[0]
            self.assertEqual(stateful["metadata"]["name"], "rel")
            self.assertEqual(stateful["spec"]["podManagementPolicy"], "Parallel")
            self.assertEqual(of_kind(text, "Service")[0]["spec"]["clusterIP"], "None")

    def test_every_object_has_the_labels_that_it_is_removed_by(self):
        run = {"run": {"experiment": "exp", "id": "run-1", "group": "g"}}
        for chart in [*NODES, "workload"]:
            for document in documents(render(chart, {**run, "networkPolicy": {"enabled": True}})):
                labels = document["metadata"]["labels"]
                self.assertEqual(labels["app.kubernetes.io/managed-by"], "swarmbench")
                self.assertEqual(labels["app.kubernetes.io/name"], chart)
                self.assertEqual([labels[f"swarmbench.dev/{key}"]
                                  for key in ("experiment", "run", "group")],
                                 ["exp", "run-1", "g"])
                self.assertEqual(document["metadata"]["namespace"], "bench")

    def test_everything_that_is_set_arrives(self):
        for chart in NODES:
            text = render(chart, EVERYTHING)
            stateful = of_kind(text, "StatefulSet")[0]["spec"]
            spec = stateful["template"]["spec"]
            self.assertEqual(stateful["replicas"], 3)
            self.assertTrue(spec["containers"][0]["image"].endswith("@sha256:" + "a" * 64))
            claim = stateful["volumeClaimTemplates"][0]
            self.assertEqual(claim["spec"]["storageClassName"], "fast")
            self.assertEqual(claim["spec"]["resources"]["requests"]["storage"], "3Gi")
            self.assertEqual(stateful["persistentVolumeClaimRetentionPolicy"]["whenDeleted"],
                             "Delete")
            self.assertNotIn("data", [volume["name"] for volume in spec["volumes"]])
            term = spec["affinity"]["podAntiAffinity"][
                "requiredDuringSchedulingIgnoredDuringExecution"][0]
            self.assertEqual(term["labelSelector"]["matchLabels"],
                             {"swarmbench.dev/run": "run-1"})
            self.assertEqual(spec["nodeSelector"], {"disk": "ssd"})
            self.assertEqual(spec["priorityClassName"], "high")
            self.assertEqual(spec["serviceAccountName"], "someone")
            self.assertEqual(spec["imagePullSecrets"], [{"name": "registry"}])
            self.assertEqual(spec["topologySpreadConstraints"][0]["topologyKey"],
                             "topology.kubernetes.io/zone")
            self.assertEqual(stateful["template"]["metadata"]["annotations"],
                             {"note": "text", "kubernetes.io/ingress-bandwidth": "100M",
                              "kubernetes.io/egress-bandwidth": "50M"})
            self.assertIn({"name": "more", "containerPort": 1234, "protocol": "TCP"},
                          spec["containers"][0]["ports"])
            policy = of_kind(text, "NetworkPolicy")[0]["spec"]
            self.assertEqual(policy["ingress"][0]["from"][0]["podSelector"]["matchLabels"],
                             {"swarmbench.dev/experiment": "exp"})

    def test_a_workload_is_the_image_itself_with_files_and_a_probe(self):
        text = render("workload", values_of("workload", HELM / "workload/nwaku-values.yaml"))
        node = pods(text)[0]["spec"]["containers"][0]
        self.assertNotIn("command", node)
        self.assertEqual(node["readinessProbe"]["httpGet"], {"path": "/health", "port": "api"})
        self.assertEqual(node["env"][0]["valueFrom"]["fieldRef"]["fieldPath"], "status.podIP")
        alone = render("workload", CASES["workload"]["alone"])
        spec = pods(alone)[0]["spec"]
        self.assertEqual([c["name"] for c in spec["containers"]], ["node"])
        self.assertNotIn("initContainers", spec)
        self.assertEqual(of_kind(alone, "ConfigMap")[0]["data"], {"a.toml": "x = 1\n", "b": "{}"})
        self.assertEqual(of_kind(alone, "Secret"), [])

    def test_deployments_of_one_namespace_do_not_meet(self):
        names, selectors = [], []
        for release, chart, case in (("nwaku", "workload", HELM / "workload/nwaku-values.yaml"),
                                     ("gowaku", "workload", HELM / "workload/gowaku-values.yaml"),
                                     ("seeders", "deluge", {}), ("leechers", "qbittorrent", {}),
                                     ("tracker", "tracker", {})):
            text = render(chart, values_of(chart, case), release=release)
            names += [(d["kind"], d["metadata"]["name"]) for d in documents(text)]
            selectors.append(of_kind(text, "StatefulSet")[0]["spec"]["selector"]["matchLabels"])
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(len({json.dumps(item) for item in selectors}), len(selectors))

    def test_codex_gets_a_chain_that_its_service_does_not_select(self):
        text = render("codex", values_of("codex", CASES["codex"]["persistence"]))
        env = {item["name"]: item["value"]
               for item in of_kind(text, "StatefulSet")[0]["spec"]["template"]["spec"]
               ["containers"][0]["env"]}
        self.assertEqual(env["CODEX_ETH_PROVIDER"], "http://rel-chain.bench.svc:8545")
        self.assertRegex(env["CODEX_MARKETPLACE_ADDRESS"], "^0x[0-9a-fA-F]{40}$")
        chain = of_kind(text, "Deployment")[0]["spec"]["template"]["metadata"]["labels"]
        nodes = next(s for s in of_kind(text, "Service") if s["metadata"]["name"] == "rel")
        self.assertFalse(nodes["spec"]["selector"].items() <= chain.items())


class Runner(unittest.TestCase):
    def rendered(self, values=None):
        return render("swarmbench", values_of("swarmbench", values or {}))

    def test_the_experiment_arrives_byte_for_byte(self):
        config = of_kind(self.rendered(), "ConfigMap")[0]
        self.assertEqual(config["data"]["experiment.yaml"], EXPERIMENT.read_text())

    def test_a_lost_runner_goes_on_and_one_that_ended_is_left(self):
        job = of_kind(self.rendered({"only": "size=8*"}), "Job")[0]["spec"]
        container = job["template"]["spec"]["containers"][0]
        self.assertEqual(container["command"][:3],
                         ["swarmbench", "run", "/etc/swarmbench/experiment.yaml"])
        for argument in ("--on=kubernetes", "--resume", "--only=size=8*"):
            self.assertIn(argument, container["command"])
        rules = job["podFailurePolicy"]["rules"]
        self.assertEqual(rules[0]["onExitCodes"]["values"], [1, 2, 3])
        self.assertEqual(rules[0]["action"], "FailJob")
        self.assertEqual(job["template"]["spec"]["restartPolicy"], "Never")

    def test_its_command_line_is_one_that_the_command_takes(self):
        job = of_kind(self.rendered({"args": ["--json"]}), "Job")[0]["spec"]
        arguments = job["template"]["spec"]["containers"][0]["command"][1:]
        refused = swarmbench(*arguments)
        self.assertIn("/etc/swarmbench/experiment.yaml", refused.stderr)
        self.assertNotIn("option", refused.stderr)

    def test_the_release_is_the_label_that_its_nodes_get_too(self):
        for values, label in (({}, "rel"), ({"experiment": "name: x"}, "rel"),
                              ({"experimentName": "mine"}, "mine")):
            text = self.rendered(values)
            labels = {document["metadata"]["labels"]["swarmbench.dev/experiment"]
                      for document in documents(text)}
            labels |= {pod["metadata"]["labels"]["swarmbench.dev/experiment"] for pod in pods(text)}
            self.assertEqual(labels, {label})
            runner = of_kind(text, "Job")[0]["spec"]["template"]["spec"]["containers"][0]
            given = {item["name"]: item["value"] for item in runner["env"]}
            self.assertEqual(given["SWARMBENCH_EXPERIMENT"], label)

    def test_a_runner_is_where_the_agent_is_that_shares_a_volume_of_one_machine(self):
        def affinities(results):
            text = self.rendered({"results": results})
            return [pods[0]["spec"]["template"]["spec"].get("affinity") if pods else None
                    for pods in (of_kind(text, "Job"), of_kind(text, "Deployment"))]
        for results in ({}, {"existingClaim": "kept"}, {"size": "", "existingClaim": "kept"}):
            runner, agent = affinities(results)
            # The other way round it could not be met: a scheduler does not see pods that have ended.
            self.assertIsNone(agent)
            self.assertEqual(list(runner), ["podAffinity"])
            self.assertEqual(runner["podAffinity"], {
                "requiredDuringSchedulingIgnoredDuringExecution": [{
                    "topologyKey": "kubernetes.io/hostname",
                    "labelSelector": {"matchLabels": {
                        "app.kubernetes.io/name": "swarmbench",
                        "app.kubernetes.io/instance": "rel",
                        "app.kubernetes.io/component": "results"}}}]})
        for results in ({"accessMode": "ReadWriteMany"}, {"serve": False}, {"hold": True},
                        {"serve": False, "accessMode": "ReadWriteOncePod"},
                        {"size": "", "hold": True}, {"size": "", "serve": False}):
            self.assertEqual(affinities(results), [None, None], results)

    def test_the_agent_has_the_labels_that_the_runner_looks_for(self):
        text = self.rendered()
        term = of_kind(text, "Job")[0]["spec"]["template"]["spec"]["affinity"]["podAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"][0]
        labels = of_kind(text, "Deployment")[0]["spec"]["template"]["metadata"]["labels"]
        self.assertLessEqual(term["labelSelector"]["matchLabels"].items(), labels.items())

    def test_pods_tell_whose_volume_they_have(self):
        for results, label in (({}, "rel-results"), ({"existingClaim": "kept"}, "kept"),
                               ({"existingClaim": "a" * 62 + ".b"}, "a" * 62),
                               ({"size": "", "hold": True}, None)):
            for pod in pods(self.rendered({"results": results})):
                self.assertEqual(pod["metadata"]["labels"].get("swarmbench.dev/claim"), label)

    def rights(self, role):
        found = {}
        for rule in role["rules"]:
            self.assertEqual(set(rule), {"apiGroups", "resources", "verbs"})
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    self.assertNotIn((group, resource), found)
                    found[group, resource] = set(rule["verbs"])
        return found

    def test_the_role_is_what_deploying_needs_and_no_more(self):
        text = self.rendered()
        wanted = {key: set(verbs.split()) for key, verbs in RIGHTS.items()}
        self.assertEqual(self.rights(of_kind(text, "Role")[0]), wanted)
        self.assertEqual(of_kind(text, "ClusterRole") + of_kind(text, "ClusterRoleBinding"), [])
        argo = documents((ROOT / "charts/argo-workflows/account.yaml").read_text())
        role = next(document for document in argo if document["kind"] == "Role")
        wanted["argoproj.io", "workflowtaskresults"] = {"create", "patch"}
        self.assertEqual(self.rights(role), wanted)

    def test_charts_need_no_kind_that_the_role_does_not_have(self):
        plural = {"NetworkPolicy": "networkpolicies"}
        for chart in [*NODES, "workload"]:
            for case in CASES[chart].values():
                for document in documents(render(chart, values_of(chart, case))):
                    group = document["apiVersion"].rpartition("/")[0]
                    kind = document["kind"]
                    resource = plural.get(kind, kind.lower() + "s")
                    self.assertIn("patch", RIGHTS[group, resource].split())

    def test_only_the_runner_has_a_token_of_the_api_server(self):
        for pod in pods(self.rendered()):
            runner = pod["metadata"]["labels"]["app.kubernetes.io/component"] == "runner"
            self.assertEqual(pod["spec"]["automountServiceAccountToken"], runner)


class Kustomize(unittest.TestCase):
    OVERLAYS = ["small", "full-matrix", "multi-region"]

    def test_bases_are_what_the_charts_render(self):
        done = subprocess.run([KUSTOMIZE / "render.sh", "--check"], capture_output=True, text=True,
                              check=False, env={**os.environ, "HELM": tools.program("helm")})
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_bases_have_the_same_objects_as_the_charts(self):
        for chart in NODES:
            by_helm = documents(render(chart, {"agent": {"tokenSecret": "swarmbench-token"}},
                                       release=chart))
            for document in by_helm:
                del document["metadata"]["namespace"]
            by_kustomize = documents(kustomize(KUSTOMIZE / "base" / chart))
            key = lambda document: document["kind"]
            self.assertEqual(sorted(by_kustomize, key=key), sorted(by_helm, key=key))

    def test_overlays_conform_and_keep_the_containers_of_the_charts(self):
        for overlay in self.OVERLAYS:
            text = kustomize(KUSTOMIZE / "overlays" / overlay)
            self.assertEqual(tools.conform(text), [], overlay)
            for stateful in of_kind(text, "StatefulSet"):
                chart = stateful["metadata"]["labels"]["app.kubernetes.io/name"]
                base = pods(render(chart, {"agent": {"tokenSecret": "swarmbench-token"}}))[0]
                mine = copy.deepcopy(stateful["spec"]["template"]["spec"])
                for containers in (mine["containers"], base["spec"]["containers"]):
                    containers[0].pop("resources")
                for part in ("containers", "initContainers", "securityContext",
                             "shareProcessNamespace", "automountServiceAccountToken"):
                    self.assertEqual(mine[part], base["spec"][part], f"{overlay}: {chart}")
                labels = stateful["spec"]["template"]["metadata"]["labels"]
                self.assertEqual(labels["swarmbench.dev/experiment"], overlay)

    def test_every_volume_that_is_mounted_is_there(self):
        for overlay in self.OVERLAYS:
            for stateful in of_kind(kustomize(KUSTOMIZE / "overlays" / overlay), "StatefulSet"):
                spec = stateful["spec"]
                there = {v["name"] for v in spec["template"]["spec"]["volumes"]}
                claims = {c["metadata"]["name"] for c in spec.get("volumeClaimTemplates", [])}
                self.assertEqual(there & claims, set(), overlay)
                for container in spec["template"]["spec"]["containers"]:
                    for mount in container["volumeMounts"]:
                        self.assertIn(mount["name"], there | claims, overlay)

    def test_regions_have_nodes_of_their_own(self):
        sets = of_kind(kustomize(KUSTOMIZE / "overlays/multi-region"), "StatefulSet")
        regions = {s["metadata"]["name"]: s["spec"]["template"]["spec"].get("nodeSelector")
                   for s in sets}
        self.assertIsNone(regions.pop("tracker"))
        self.assertEqual(len({json.dumps(region) for region in regions.values()}), 2)
        selectors = {json.dumps(s["spec"]["selector"], sort_keys=True) for s in sets}
        self.assertEqual(len(selectors), len(sets))


class Argo(unittest.TestCase):
    def exported(self, *options, text=None):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", newline="") as file:
            file.write(EXPERIMENT.read_text() if text is None else text)
            file.flush()
            done = swarmbench("export-workflow", file.name, *options)
        self.assertEqual((done.returncode, done.stderr), (DONE, ""))
        return done.stdout

    def test_manifests_conform_to_the_crds(self):
        for path in ("argo-cd/applicationset.yaml", "argo-cd/project.yaml",
                     "argo-workflows/workflow-template.yaml", "argo-workflows/account.yaml",
                     "argo-workflows/results.yaml"):
            # kubeconform, like the API server's JSON, knows no anchors: they are resolved first.
            parts = documents((ROOT / "charts" / path).read_text())
            text = "---\n".join(json.dumps(part) + "\n" for part in parts)
            self.assertEqual(tools.conform(text), [], path)

    def test_the_overlay_of_the_page_changes_what_it_says(self):
        """charts/README.md: each file begins with a comment that names it."""
        page = (ROOT / "charts/README.md").read_text()
        block = page.split("# my-workflows/kustomization.yaml\n", 1)[1].split("```", 1)[0]
        overlay, images = block.split("# my-workflows/images.yaml\n")
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            shutil.copytree(ROOT / "charts/argo-workflows", folder / "charts/argo-workflows")
            (folder / "my-workflows").mkdir()
            (folder / "my-workflows/kustomization.yaml").write_text(overlay)
            (folder / "my-workflows/images.yaml").write_text(images)
            text = kustomize(folder / "my-workflows")
        self.assertEqual(tools.conform(text), [])
        for template in of_kind(text, "WorkflowTemplate")[0]["spec"]["templates"]:
            self.assertRegex(template["container"]["image"], r"^registry\.example/.*/runner:[0-9.]+$")
            self.assertNotIn("affinity", template)
        self.assertEqual(of_kind(text, "ServiceAccount")[0]["imagePullSecrets"],
                         [{"name": "registry"}])

    def test_the_full_matrix_conforms(self):
        self.assertEqual(tools.conform(self.exported()), [])
        self.assertEqual(tools.conform(self.exported(
            "--parallel=4", "--claim=other", "--template=mine", "--namespace=bench")), [])

    def test_every_cell_is_one_step_in_the_group_of_its_size(self):
        plan = json.loads(swarmbench("plan", "--json", EXPERIMENT).stdout)
        workflow = documents(self.exported())[1]["spec"]
        templates = {template["name"]: template for template in workflow["templates"]}
        order = [step["name"] for step in templates["experiment"]["steps"][0]]
        self.assertEqual(order, ["size-2", "size-8", "size-16", "size-32"])
        self.assertEqual(len(templates["experiment"]["steps"]), 1)
        found = {}
        for name in order:
            for cell in templates[name]["steps"][0][0]["withItems"]:
                found[cell] = int(name.removeprefix("size-"))
        self.assertEqual(found, {cell["index"]: cell["size"] for cell in plan["cells"]})
        self.assertEqual(len(found), 39)

    def test_pods_at_once_are_bounded_and_nothing_retries_but_the_runner(self):
        for given, wanted in ((), 1), (("--parallel", "4"), 4):
            workflow = documents(self.exported(*given))[1]["spec"]
            self.assertEqual(workflow["parallelism"], wanted)
            limits = {t["name"]: t.get("parallelism") for t in workflow["templates"]}
            self.assertEqual(limits["experiment"], 1)
            self.assertEqual(limits["size-8"], wanted)
        steps = (ROOT / "charts/argo-workflows/workflow-template.yaml").read_text()
        self.assertNotIn("retryStrategy", self.exported() + steps.split("spec:", 1)[1])

    def test_steps_give_the_template_what_it_asks_for(self):
        library = documents((ROOT / "charts/argo-workflows/workflow-template.yaml").read_text())[0]
        wanted = {t["name"]: {p["name"] for p in t["inputs"]["parameters"]}
                  for t in library["spec"]["templates"]}
        config, workflow = documents(self.exported())
        given = {}
        for template in workflow["spec"]["templates"]:
            for group in template["steps"]:
                for step in group:
                    if "templateRef" in step:
                        self.assertEqual(step["templateRef"]["name"], library["metadata"]["name"])
                        given[step["templateRef"]["template"]] = {
                            p["name"] for p in step["arguments"]["parameters"]}
        self.assertEqual(given, wanted)
        self.assertEqual(workflow["spec"]["onExit"], "merge")
        parameters = {p["name"]: p["value"] for p in workflow["spec"]["arguments"]["parameters"]}
        self.assertEqual(parameters, {"experiment": config["metadata"]["name"],
                                      "claim": "swarmbench-results"})

    def test_command_lines_of_the_steps_are_ones_that_the_command_takes(self):
        library = documents((ROOT / "charts/argo-workflows/workflow-template.yaml").read_text())[0]
        for template in library["spec"]["templates"]:
            refused = swarmbench(*template["container"]["command"][1:])
            self.assertNotEqual(refused.returncode, DONE)
            self.assertNotIn("option", refused.stderr)
            self.assertNotIn("argument", refused.stderr)

    def test_the_experiment_is_kept_byte_for_byte(self):
        head = ("swarmbench: 1\nname: Odd.One\nmodes: {d: {driver: deluge}}\nfile_size: 1MB\n"
                "size: 4\n")
        for text in (head, head.rstrip("\n"), head + "\n\n", "\n  # indented\n" + head,
                     "# tab\there, 'quotes' and \"these\", {{ braces }} and \\ \n" + head,
                     head.replace("\n", "\r\n"), "# caf\u00e9 \u2028 \u0085 \n" + head,
                     "# \u00e9\u4e16\n" + head):
            config = documents(self.exported(text=text))[0]
            self.assertEqual(config["data"]["experiment.yaml"], text)
            self.assertEqual(config["metadata"]["labels"]["swarmbench.dev/experiment"], "Odd.One")

    def with_values(self, path, more=""):
        return ("swarmbench: 1\nname: x\nmodes: {d: {driver: deluge}}\nfile_size: 1MB\nsize: 4\n"
                f"deploy: {{on: kubernetes, values: {json.dumps(str(path))}}}\n" + more)

    def test_the_values_of_nodes_go_along_byte_for_byte(self):
        self.assertEqual(list(documents(self.exported())[0]["data"]), ["experiment.yaml"])
        with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
            for values in ("tolerations: [{operator: Exists}]\n", "", "a: b", "\n a:\r\n  caf\u00e9",
                           "# \u2028 {{ braces }}\n"):
                pathlib.Path(file.name).write_bytes(values.encode())
                text = self.with_values(file.name)
                exported = self.exported(text=text)
                self.assertEqual(documents(exported)[0]["data"],
                                 {"experiment.yaml": text, "values.yaml": values})
                self.assertEqual(tools.conform(exported), [])

    def test_values_that_cannot_go_along_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            experiment, values = pathlib.Path(folder, "exp.yaml"), pathlib.Path(folder, "values")
            for made, more, words in (
                    (None, "", ("deploy.values", str(values), "No such file")),
                    (b"a: \xff", "", ("deploy.values", str(values), "is no text")),
                    (b"a: b\0c", "", ("deploy.values", str(values), "is no text")),
                    (b"#" * 1000001, "", ("deploy.values", str(values), "1000000")),
                    (b"#" * 500000, "#" * 500000, ("deploy.values", "1000000"))):
                if made is not None:
                    values.write_bytes(made)
                experiment.write_text(self.with_values(values, more))
                done = swarmbench("export-workflow", experiment)
                self.assertEqual((done.returncode, done.stdout), (BAD_INPUT, ""), words)
                for word in (str(experiment), *words):
                    self.assertIn(word, done.stderr)

    def test_overlays_that_steps_do_not_have_are_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(self.with_values("v").replace("values: \"v\"", "render: kustomize"))
            file.flush()
            done = swarmbench("export-workflow", file.name)
        self.assertEqual((done.returncode, done.stdout), (BAD_INPUT, ""))
        self.assertIn("deploy.render: kustomize needs a runner that has the overlays", done.stderr)

    def test_nodes_of_a_cell_have_a_label_of_their_own(self):
        library = documents((ROOT / "charts/argo-workflows/workflow-template.yaml").read_text())[0]
        cell, merge = library["spec"]["templates"]
        label = cell["metadata"]["labels"]["swarmbench.dev/experiment"]
        self.assertIn({"name": "SWARMBENCH_EXPERIMENT", "value": label}, cell["container"]["env"])
        # Merging deploys nothing.
        self.assertNotIn("SWARMBENCH_EXPERIMENT", {e["name"] for e in merge["container"]["env"]})
        own = merge["metadata"]["labels"]["swarmbench.dev/experiment"]
        most = self.matrix(3000)
        for name in ("x", "Odd.One", "n" * 64, "a" + "._-" * 21, "a" * 39 + "-" * 5):
            workflow = documents(self.exported(text=most.replace("many", name)))[1]
            items = [item for template in workflow["spec"]["templates"]
                     for step in sum(template["steps"], []) for item in step.get("withItems", [])]
            self.assertEqual(max(items), 2999)
            known = {"{{workflow.name}}": workflow["metadata"]["name"]}
            labels = {self.filled(label, {**known, "{{inputs.parameters.cell}}": str(item)})
                      for item in items}
            self.assertEqual(len(labels), len(items))
            for value in labels | {self.filled(own, known)}:
                self.assertRegex(value, "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")

    def filled(self, text, known):
        for variable, value in known.items():
            text = text.replace(variable, value)
        self.assertNotIn("{{", text)
        return text

    def test_the_same_file_gives_the_same_objects(self):
        self.assertEqual(self.exported(), self.exported())
        self.assertNotEqual(documents(self.exported())[0]["metadata"]["name"],
                            documents(self.exported(text=EXPERIMENT.read_text().replace(
                                "seed: 42", "seed: 43")))[0]["metadata"]["name"])

    def matrix(self, cells):
        sizes = ", ".join(f"{size + 1}MB" for size in range(cells // 10))
        return ("swarmbench: 1\nname: many\nmodes: {d: {driver: deluge}}\nrepetitions: 1\nsize: 12"
                f"\nmatrix:\n  file_size: [{sizes}]\n"
                "  seeders: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n")

    def test_objects_of_a_large_matrix_fit_into_a_cluster(self):
        config, workflow = documents(self.exported(text=self.matrix(3000)))
        # etcd takes 1.5 MiB; the status of 3,000 steps comes on top, compressed by Argo.
        self.assertLess(len(json.dumps(workflow)), 256 * 1024)
        self.assertLess(len(json.dumps(config)), 256 * 1024)

    def test_what_does_not_fit_is_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(self.matrix(3010))
            file.flush()
            done = swarmbench("export-workflow", file.name)
        self.assertEqual((done.returncode, done.stdout), (BAD_INPUT, ""))
        self.assertIn("3010 cells are more than the 3000 steps", done.stderr)

    def test_options_that_are_none_are_named(self):
        for option, word in (("--parallel=0", "'0'"), ("--parallel=many", "'many'"),
                             ("--parallel=1001", "'1001'"), ("--claim=No_Name", "'No_Name'"),
                             ("--template=-x", "'-x'"), ("--namespace=a.b", "'a.b'")):
            done = swarmbench("export-workflow", EXPERIMENT, option)
            self.assertEqual((done.returncode, done.stdout), (BAD_INPUT, ""), option)
            self.assertIn(word, done.stderr)

    def harness_values(self):
        generated = documents((ROOT / "charts/argo-cd/applicationset.yaml").read_text())[0]["spec"]
        patch = "".join(line for line in generated["templatePatch"].splitlines(keepends=True)
                        if "{{" not in line)
        return yaml.safe_load(patch)["spec"]["source"]["helm"]["valuesObject"]

    def test_the_harness_hands_out_the_results_of_workflows(self):
        claim = documents((ROOT / "charts/argo-workflows/results.yaml").read_text())[0]
        values = self.harness_values()
        self.assertEqual(values["results"]["existingClaim"], claim["metadata"]["name"])
        self.assertEqual([values["results"]["accessMode"]], claim["spec"]["accessModes"])
        text = render("swarmbench", values, release="harness")
        self.assertEqual(of_kind(text, "PersistentVolumeClaim"), [])
        self.assertEqual(pods(text)[0]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"],
                         claim["metadata"]["name"])

    def test_pods_that_share_a_volume_of_one_machine_keep_together(self):
        """A step finds the others by a label that it has itself: a scheduler lets the first one go
        anywhere."""
        agent = pods(render("swarmbench", self.harness_values(), release="harness"))[0]
        library = documents((ROOT / "charts/argo-workflows/workflow-template.yaml").read_text())[0]
        known = {"{{inputs.parameters.claim}}": "swarmbench-results", "{{workflow.name}}": "w",
                 "{{inputs.parameters.cell}}": "0"}
        for step in library["spec"]["templates"]:
            term, = step["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            self.assertEqual(term["topologyKey"], "kubernetes.io/hostname")
            wanted = {key: self.filled(value, known)
                      for key, value in term["labelSelector"]["matchLabels"].items()}
            own = {key: self.filled(value, known)
                   for key, value in step["metadata"]["labels"].items()}
            self.assertEqual(wanted, {"swarmbench.dev/claim": "swarmbench-results"})
            self.assertLessEqual(wanted.items(), own.items())
            self.assertLessEqual(wanted.items(), agent["metadata"]["labels"].items())

    def test_clusters_of_any_name_make_names_of_applications(self):
        generated = documents((ROOT / "charts/argo-cd/applicationset.yaml").read_text())[0]["spec"]
        self.assertEqual(generated["template"]["metadata"]["name"],
                         "swarmbench-{{ .part }}-{{ .nameNormalized }}")

    def test_the_project_lets_all_in_that_the_applications_bring(self):
        project = documents((ROOT / "charts/argo-cd/project.yaml").read_text())[0]["spec"]
        allowed = {(item["group"], item["kind"])
                   for item in project["namespaceResourceWhitelist"]}
        brought = documents(render("swarmbench", CASES["swarmbench"]["no job"]))
        brought += documents(render("swarmbench", values_of("swarmbench", {})))
        for path in (ROOT / "charts/argo-workflows").glob("*.yaml"):
            if path.name != "kustomization.yaml":
                brought += documents(path.read_text())
        kinds = {(item["apiVersion"].rpartition("/")[0], item["kind"]) for item in brought}
        self.assertEqual(kinds - allowed, set())
        generated = documents((ROOT / "charts/argo-cd/applicationset.yaml").read_text())[0]
        source = generated["spec"]["template"]["spec"]["source"]["repoURL"]
        self.assertEqual(project["sourceRepos"], [source])
        for element in generated["spec"]["generators"][0]["matrix"]["generators"][1]["list"][
                "elements"]:
            self.assertTrue((ROOT / element["path"]).is_dir(), element)


if __name__ == "__main__":
    command.main()
