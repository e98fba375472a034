#!/usr/bin/env python3
"""A real API server: the client gets along with it, and it takes what the charts and `export-workflow`
make (server-side dry runs, which leave nothing).

SWB_COMMAND is the swarmbench command, SWB_CLIENT_LIVE the program of client_live.c.
"""
import json
import os
import unittest

try:
    import yaml
except ImportError:
    print("SKIP: python3-yaml is not installed")
    raise SystemExit(77) from None

import argo
import command
import test_charts as charts
import tools
from command import DONE, ROOT, swarmbench
from test_cluster import kubectl, run, up_for_module

ARGO_CD = next(name for name in tools.CRDS if "/argo-cd/" in name)
# Of objects of the API; what Argo's controller keeps of a workflow while it runs has to fit, too.
OBJECT_MAX_BYTES = 1 << 20


def setUpModule():
    up_for_module()
    if "CONTAINERD_ADDRESS" in os.environ:  # not a user's cluster, who decides what it knows
        argo.teach(argo.crds(), unittest.addModuleCleanup)
        argo.teach(sorted(path for path in (tools.module(ARGO_CD) / tools.CRDS[ARGO_CD]).glob("*.yaml")
                          if path.name != "kustomization.yaml"), unittest.addModuleCleanup)


def apply(text, *more):
    return kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict",
                   "--field-manager=swarmbench", "-f", "-", *more,
                   input=text.replace("namespace: bench", "namespace: default")
                   .replace("namespace: argocd", "namespace: default"), check=False)


class Client(unittest.TestCase):
    def test_it_applies_watches_and_tells_what_is_refused(self):
        done = run(os.environ["SWB_CLIENT_LIVE"], check=False,
                   env={**os.environ, "SWB_TEST_KUBECONFIG": os.environ["KUBECONFIG"]})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class DryRun(unittest.TestCase):
    def assert_taken(self, text):
        self.assertTrue(list(yaml.safe_load_all(text)))
        done = apply(text)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def assert_known(self, kind):
        if kubectl("get", "crd", kind, check=False).returncode != 0:
            self.skipTest(f"the cluster does not know {kind}")

    def test_charts(self):
        for chart, cases in charts.CASES.items():
            for name, case in cases.items():
                with self.subTest(chart=chart, case=name):
                    self.assert_taken(charts.render(chart, charts.values_of(chart, case)))

    def test_overlays(self):
        for overlay in charts.Kustomize.OVERLAYS:
            with self.subTest(overlay=overlay):
                self.assert_taken(charts.kustomize(charts.KUSTOMIZE / "overlays" / overlay))

    def test_a_misspelt_field_is_refused(self):
        text = charts.render("deluge").replace("replicas: ", "replicsa: ", 1)
        self.assertIn("replicsa", apply(text).stderr)

    def test_objects_of_argo_cd(self):
        self.assert_known("applicationsets.argoproj.io")
        for name in ("project", "applicationset"):
            text = (ROOT / f"charts/argo-cd/{name}.yaml").read_text(encoding="utf-8")
            self.assert_taken(text)
            bad = apply(text.replace("\nspec:\n", "\nspec:\n  misspelt: 1\n"))
            self.assertIn("misspelt", bad.stderr)

    def test_the_full_matrix_fits_into_a_cluster(self):
        self.assert_known("workflows.argoproj.io")
        self.assert_taken(charts.kustomize(ROOT / "charts/argo-workflows"))
        exported = swarmbench("export-workflow", charts.EXPERIMENT)
        self.assertEqual(exported.returncode, DONE, exported.stderr)
        shown = apply(exported.stdout, "-o", "json")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        kinds = {}
        for item in json.loads(shown.stdout)["items"]:
            kinds[item["kind"]] = item
            self.assertLess(len(json.dumps(item)), OBJECT_MAX_BYTES // 2, item["kind"])
        self.assertEqual(set(kinds), {"ConfigMap", "Workflow"})
        steps = [step for template in kinds["Workflow"]["spec"]["templates"]
                 for group in template.get("steps", []) for step in group]
        cells = sorted(item for step in steps for item in step.get("withItems", []))
        self.assertEqual(cells, list(range(39)))


if __name__ == "__main__":
    command.main()
