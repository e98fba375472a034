"""Programs and schemas that tests of charts need. What is missing is made from Go modules, once, and
kept in the cache folder that cluster.sh uses too: ~/.cache/swarmbench/kubernetes."""
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import yaml

CACHE = pathlib.Path(os.environ.get("SWB_KUBERNETES_CACHE",
                                    pathlib.Path.home() / ".cache/swarmbench/kubernetes"))
HERE = pathlib.Path(__file__).resolve().parent
SETS = {"helm": "charts", "kubeconform": "charts", "kubectl": "control"}  # of toolchain.sh
KUBERNETES = "@".join(re.search(r"(k8s\.io/kubernetes) (v\S+)",
                                (HERE / "tools/kubernetes/go.mod").read_text()).groups())
CRDS = {"github.com/argoproj/argo-workflows/v4@v4.0.5": "manifests/base/crds/full",
        "github.com/argoproj/argo-cd/v3@v3.4.0": "manifests/crds"}
KINDS = {"ConfigMap", "Deployment", "Job", "NetworkPolicy", "PersistentVolumeClaim", "Role",
         "RoleBinding", "Secret", "Service", "ServiceAccount", "StatefulSet"}


def toolchain(name):
    """What toolchain.sh prints; a test is skipped with its reason where it cannot be had."""
    done = subprocess.run([HERE / "toolchain.sh", name], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        raise unittest.SkipTest(done.stderr.strip().splitlines()[-1])
    if done.returncode != 0:
        raise AssertionError(f"toolchain.sh {name}: {done.stderr}")
    return done.stdout.strip()


@functools.cache
def program(name):
    """The path of helm, kubeconform or kubectl: of the cache, of PATH, or built now."""
    path = CACHE / "bin" / name
    if path.exists():
        return str(path)
    if shutil.which(name):
        return shutil.which(name)
    toolchain(SETS[name])
    return str(path)


def module(name):
    done = subprocess.run([toolchain("go"), "mod", "download", "-json", name], cwd="/", text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines() or ["without a word"]
        raise unittest.SkipTest(f"{name} cannot be fetched: {lines[-1]}")
    return pathlib.Path(json.loads(done.stdout)["Dir"])


def strict(schema):
    """A schema that refuses fields it does not know: a misspelt one would be ignored otherwise."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        return {"type": ["string", "integer"]}
    made = {key: ({name: strict(value) for name, value in part.items()}
                  if key in ("properties", "definitions") else strict(part))
            for key, part in schema.items() if not key.startswith("x-kubernetes")}
    if ("properties" in made and "additionalProperties" not in made
            and not schema.get("x-kubernetes-preserve-unknown-fields")):
        made["additionalProperties"] = False
    return made


def closure(definitions, name):
    """The definitions that a definition needs, itself included."""
    found, waiting = {}, [name]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found[at] = definitions[at]
            text = json.dumps(definitions[at])
            waiting += [part.split('"')[0] for part in text.split('"#/definitions/')[1:]]
    return found


def write_kubernetes(folder):
    swagger = json.loads((module(KUBERNETES) / "api/openapi-spec/swagger.json").read_text())
    definitions = swagger["definitions"]
    quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"
    definitions[quantity] = {"type": ["string", "number"]}
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            if kind["kind"] not in KINDS:
                continue
            group = kind["group"].split(".")[0] + "-" if kind["group"] else ""
            schema = {"$ref": f"#/definitions/{name}",
                      "definitions": strict(closure(definitions, name))}
            path = folder / f"{kind['kind'].lower()}-{group}{kind['version']}.json"
            path.write_text(json.dumps(schema))


def write_crds(folder):
    for name, under in CRDS.items():
        for path in (module(name) / under).glob("*.yaml"):
            crd = yaml.safe_load(path.read_text())
            if crd.get("kind") != "CustomResourceDefinition":
                continue
            for version in crd["spec"]["versions"]:
                kind, group = crd["spec"]["names"]["kind"], crd["spec"]["group"].split(".")[0]
                schema = strict(version["schema"]["openAPIV3Schema"])
                made = folder / f"{kind.lower()}-{group}-{version['name']}.json"
                made.write_text(json.dumps(schema))


@functools.cache
def schemas():
    """A folder with the schemas of all kinds that charts make, as kubeconform looks for them."""
    versions = [KUBERNETES, *CRDS]
    folder = CACHE / "schemas"
    stamp = folder / "versions.json"
    if not stamp.exists() or json.loads(stamp.read_text()) != versions:
        folder.mkdir(parents=True, exist_ok=True)
        write_kubernetes(folder)
        write_crds(folder)
        stamp.write_text(json.dumps(versions))
    return folder


def conform(text):
    """What kubeconform finds wrong with these documents: a list of lines, empty where all is well."""
    location = str(schemas() / "{{ .ResourceKind }}{{ .KindSuffix }}.json")
    done = subprocess.run([program("kubeconform"), "-strict", "-output", "json", "-summary",
                           "-schema-location", location], input=text, capture_output=True,
                          text=True, check=False)
    found = json.loads(done.stdout)
    if found["summary"]["valid"] == 0 and not found["resources"]:
        return ["nothing was checked"]
    return [f"{item['kind']} {item['name']}: {item['msg']}" for item in found["resources"]]
