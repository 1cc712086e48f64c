#!/usr/bin/env python3
"""run.sh starts, watches and stops the processes as its --help says.

Goal: whatever a process does, the person at the terminal is told, and nothing
is left running.
Method: the real script in a checkout whose programs are fake_process.py and
whose Bazel does nothing; signals and exit codes are real.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.realpath(__file__).rsplit("/tests/", 1)[0]
PROGRAMS = [
    "ingest/alerts/alertd", "ingest/assembler/assemblerd",
    "ingest/deploys/deployd", "services/incidentd/incidentd",
    "tools/story/story",
]
WAIT_SECONDS = 30


def free_ports():
    """The first of 32 ports that nobody uses."""
    while True:
        first = random.randrange(20000, 32000)
        try:
            for port in range(first, first + 32):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


class RunTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.tree = self.folder + "/tree"
        os.makedirs(self.folder + "/bin")
        os.makedirs(self.tree + "/bazel")
        for path in ("run.sh", "bazel/install.sh"):
            shutil.copy(ROOT + "/" + path, self.tree + "/" + path)
        self.write("tree/bazel/packages.txt", "[build]\n")
        self.write("bin/bazel", "#!/bin/sh\necho built\n", 0o755)
        self.write("notes", "")
        fake = os.path.dirname(os.path.realpath(__file__)) + "/fake_process.py"
        for program in PROGRAMS:
            path = self.tree + "/bazel-bin/" + program
            os.makedirs(os.path.dirname(path))
            shutil.copy(fake, path)
        self.port = free_ports()

    def write(self, path, text, mode=0o644):
        with open(self.folder + "/" + path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.folder + "/" + path, mode)

    def read(self, path):
        with open(self.folder + "/" + path, encoding="utf-8") as file:
            return file.read()

    def start(self, *args):
        """Starts run.sh from another folder, in a process group of its own."""
        with open(self.folder + "/out", "w", encoding="utf-8") as out:
            # pylint: disable=consider-using-with
            process = subprocess.Popen(
                [self.tree + "/run.sh", "--port", str(self.port), *args],
                cwd=self.folder, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env={"PATH": self.folder + "/bin:" + os.environ["PATH"],
                     "HOME": self.folder, "FAKES": self.folder})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, condition, what):
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline,
                            "%s\n%s" % (what, self.read("out")))
            time.sleep(0.02)

    def wait_for_output(self, text):
        self.wait_for(lambda: text in self.read("out"), text)

    def stopped(self):
        return [line.split()[0] for line in self.read("notes").splitlines()
                if line.endswith(" stopped")]

    def nothing_listens(self):
        for port in range(self.port, self.port + 32):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return False
        return True

    def test_first_start_plays_demo_and_ctrl_c_stops_in_order(self):
        process = self.start()
        self.wait_for_output("Running.")
        self.assertIn("first start", self.read("out"))
        self.assertIn("a candidate timeline", self.read("out"))
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(WAIT_SECONDS), 0)
        self.assertEqual(self.stopped()[2:], ["assemblerd", "incidentd"])
        self.assertEqual(sorted(self.stopped()[:2]), ["alertd", "deployd"])
        self.assertTrue(self.nothing_listens())

    def test_second_start_keeps_data_and_plays_no_demo(self):
        for expected in ("a candidate timeline", "Running."):
            process = self.start("--data", "kept")
            self.wait_for_output("Running.")
            self.assertIn(expected, self.read("out"))
            process.terminate()
            self.assertEqual(process.wait(WAIT_SECONDS), 0)
        self.assertNotIn("a candidate timeline", self.read("out"))
        self.assertTrue(os.path.isdir(self.folder + "/kept/incidentd"))

    def test_process_that_dies_is_named_and_the_rest_stops(self):
        process = self.start("--no-demo")
        self.wait_for_output("Running.")
        started = re.search(r"^alertd started as (\d+)", self.read("notes"),
                            re.MULTILINE)
        os.kill(int(started.group(1)), signal.SIGKILL)
        self.assertEqual(process.wait(WAIT_SECONDS), 1)
        self.assertIn("alertd ended by itself, with exit code 137",
                      self.read("out"))
        self.assertTrue(self.nothing_listens())

    def test_process_that_cannot_start_is_named_with_its_log(self):
        self.write("deployd.dies", "")
        process = self.start("--no-demo")
        self.assertEqual(process.wait(WAIT_SECONDS), 1)
        self.assertIn("deployd did not start.", self.read("out"))
        self.assertIn("the disk is on fire", self.read("out"))
        self.assertTrue(self.nothing_listens())

    def test_ctrl_c_during_the_demo_stops_everything(self):
        self.write("story.hangs", "")
        process = self.start("--demo")
        self.wait_for(lambda: "story started" in self.read("notes"), "demo")
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(WAIT_SECONDS), 0)
        self.assertTrue(self.nothing_listens())

    def test_nothing_outlives_a_killed_script(self):
        process = self.start("--no-demo")
        self.wait_for_output("Running.")
        process.kill()
        self.wait_for(lambda: len(self.stopped()) == 4, "all stopped")

    def test_port_in_use_is_named_with_the_flag_to_change(self):
        with socket.create_server(("127.0.0.1", self.port + 10)):
            process = self.start("--no-demo")
            self.assertEqual(process.wait(WAIT_SECONDS), 1)
        self.assertIn("port %d is in use" % (self.port + 10), self.read("out"))
        self.assertIn("--port", self.read("out"))

    def test_configuration_file_is_passed_on(self):
        os.mkdir(self.folder + "/conf")
        self.write("conf/deployd.yaml", "")
        process = self.start("--no-demo", "--config=conf")
        self.wait_for_output("Running.")
        process.terminate()
        process.wait(WAIT_SECONDS)
        started = [line for line in self.read("notes").splitlines()
                   if "--config=" in line]
        self.assertEqual([line.split()[0] for line in started], ["deployd"])
        self.assertNotIn("--logs", started[0])

    def test_wrong_arguments_are_named(self):
        for args, text in [(["--port", "x"], "--port x: expected a number"),
                           (["--sideways"], "unknown argument --sideways"),
                           (["--data"], "--data needs a value")]:
            with self.subTest(args=args):
                process = self.start(*args)
                self.assertEqual(process.wait(WAIT_SECONDS), 1)
                self.assertIn(text, self.read("out"))


if __name__ == "__main__":
    unittest.main()
