#!/usr/bin/env python3
"""The Kubernetes manifests name only what the programs know.

Goal: a renamed flag, a moved port or a lost mount fails here, not in a cluster.
Method: render them as `kubectl apply -k` does, run each program on its mounted
configuration with --check_config, compare the rest; then break each kind of
thing, and see that it is found.
"""

import copy
import os
import sys
import unittest

ROOT = os.path.realpath(__file__).rsplit("/tests/", 1)[0]
sys.path.insert(0, ROOT)

# pylint: disable=wrong-import-position
from tests.k8s import manifests

PROGRAMS = {os.path.basename(path): os.path.abspath(path)
            for path in sys.argv[1:]}


class ManifestsTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.objects = manifests.render(ROOT + "/k8s")

    def find(self, kind, name):
        return next(item for item in self.objects if item["kind"] == kind
                    and item["metadata"]["name"].startswith(name))

    def container(self, kind, name):
        return self.find(kind, name)["spec"]["template"]["spec"][
            "containers"][0]

    def setUp(self):
        self.objects = copy.deepcopy(type(self).objects)

    def findings(self):
        return list(manifests.findings(self.objects, PROGRAMS))

    def assert_found(self, text):
        self.assertTrue(any(text in finding for finding in self.findings()),
                        self.findings())

    def test_manifests_match_the_programs(self):
        self.assertEqual(len(PROGRAMS), 4, PROGRAMS)
        self.assertEqual(self.findings(), [])

    def test_unknown_flag_is_found(self):
        self.container("Deployment", "alertd")["args"].append("--sideways=1")
        self.assert_found("sideways")

    def test_unknown_configuration_key_is_found(self):
        config = self.find("ConfigMap", "assemblerd")["data"]
        config["assemblerd.yaml"] += "lookbak: 1h\n"
        self.assert_found("lookbak")

    def test_moved_port_is_found(self):
        config = self.find("ConfigMap", "alertd")["data"]
        config["alertd.yaml"] = config["alertd.yaml"].replace("7710", "7719")
        self.assert_found("alertd: listens on [7711, 7719]")

    def test_probe_of_another_port_is_found(self):
        probe = self.container("StatefulSet", "incidentd")["readinessProbe"]
        probe["grpc"]["port"] = 7701
        self.assert_found("asks port 7701, which is not its gRPC port")

    def test_probe_of_unknown_path_is_found(self):
        probe = self.container("Deployment", "alertd")["livenessProbe"]
        probe["httpGet"]["path"] = "/health"
        self.assert_found("asks /health, which nothing answers")

    def test_lost_mount_is_found(self):
        mounts = self.container("StatefulSet", "incidentd")["volumeMounts"]
        mounts[:] = [mount for mount in mounts if mount["name"] == "config"]
        self.assert_found("/var/lib/second-story is on no volume")

    def test_configuration_that_is_not_mounted_is_found(self):
        self.container("Deployment", "deployd")["args"] = ["--config=/etc/x"]
        self.assert_found("/etc/x is not mounted")

    def test_lost_claim_is_found(self):
        self.objects.remove(self.find("PersistentVolumeClaim", "alertd-spool"))
        self.assert_found("no claim alertd-spool")

    def test_service_without_workload_is_found(self):
        self.find("Service", "incidentd")["spec"]["selector"] = {"a": "b"}
        self.assert_found("service incidentd: selects 0 workloads")

    def test_address_without_service_is_found(self):
        self.objects.remove(self.find("Service", "incidentd"))
        self.assert_found("no service answers at incidentd:7700")

    def test_program_without_workload_is_found(self):
        self.objects.remove(self.find("Deployment", "deployd"))
        self.assert_found("deployd: no workload runs it")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
