#!/usr/bin/env python3
"""What is missing is installed, and nothing else happens to the machine.

Goal: run.sh and test.sh can be trusted with root.
Method: the real bazel/install.sh with another apt-get, dpkg-query and sudo in
front, which note what they are asked, and a folder in the place of /.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.realpath(__file__).rsplit("/tests/", 1)[0]
WAIT_SECONDS = 30

APT_GET = """#!/bin/bash
echo "apt-get $DEBIAN_FRONTEND $*" >> "$FOLDER/notes"
[[ " $* " == *" install "* ]] || exit 0
"$FOLDER/usr/sbin/policy-rc.d" prometheus start
echo "starting a service: $?" >> "$FOLDER/notes"
while [[ -e "$FOLDER/apt-hangs" ]]; do sleep 0.05; done
[[ ! -e "$FOLDER/apt-fails" ]] || { echo "E: no network" >&2; exit 100; }
for package; do touch "$FOLDER/installed/$package"; done
"""
DPKG_QUERY = """#!/bin/bash
[[ -e "$FOLDER/installed/${!#}" ]] && echo installed
"""


class InstallTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("bin", "bazel", "installed", "etc", "usr/sbin"):
            os.makedirs(self.folder + "/" + name)
        shutil.copy(ROOT + "/bazel/install.sh", self.folder + "/bazel")
        self.write("bazel/packages.txt", "# text\n\n[build]\nlibone 1.0\n"
                   "libtwo 2.0-1\n\n[test]\nshell 5 bash\nlibthree 3\n")
        self.write("etc/os-release", 'ID=debian\nVERSION_ID="12"\n')
        self.write("notes", "")
        self.write("bin/apt-get", APT_GET, 0o755)
        self.write("bin/dpkg-query", DPKG_QUERY, 0o755)
        self.write("bin/id", "#!/bin/sh\necho 0\n", 0o755)

    def write(self, path, text, mode=0o644):
        with open(self.folder + "/" + path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.folder + "/" + path, mode)

    def notes(self):
        with open(self.folder + "/notes", encoding="utf-8") as file:
            return file.read()

    def policy(self):
        path = self.folder + "/usr/sbin/policy-rc.d"
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            return file.read()

    def start(self, *headings, path="/usr/bin:/bin"):
        return subprocess.Popen(
            ["bash", "-c", '. "$FOLDER/bazel/install.sh"; '
             'install_packages "$@"', "run.sh", *headings],
            env={"PATH": self.folder + "/bin:" + path, "FOLDER": self.folder,
                 "SECONDSTORY_TEST_SYSTEM": self.folder},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def run_to_end(self, *headings, **kwargs):
        process = self.start(*headings, **kwargs)
        output, _ = process.communicate(timeout=WAIT_SECONDS)
        return process.returncode, output

    def test_missing_packages_are_named_and_installed(self):
        self.write("installed/libone", "")
        code, output = self.run_to_end("build", "test")
        self.assertEqual(code, 0, output)
        self.assertIn("libtwo libthree", output)
        install = self.notes().splitlines()[1]
        self.assertTrue(install.startswith("apt-get noninteractive"), install)
        self.assertTrue(install.endswith(
            "--no-install-recommends libtwo libthree"), install)

    def test_nothing_is_asked_of_apt_when_nothing_is_missing(self):
        for package in ("libone", "libtwo"):
            self.write("installed/" + package, "")
        self.assertEqual(self.run_to_end("build"), (0, ""))
        self.assertEqual(self.notes(), "")

    def test_no_service_starts_while_packages_are_installed(self):
        self.assertEqual(self.run_to_end("build")[0], 0)
        self.assertIn("starting a service: 101", self.notes())
        self.assertIsNone(self.policy())

    def test_policy_of_the_machine_comes_back(self):
        self.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 104\n", 0o755)
        for failing in (False, True):
            with self.subTest(failing=failing):
                if failing:
                    os.remove(self.folder + "/installed/libone")
                    self.write("apt-fails", "")
                self.run_to_end("build")
                self.assertIn("starting a service: 101", self.notes())
                self.assertEqual(self.policy(), "#!/bin/sh\nexit 104\n")

    def test_policy_of_the_machine_comes_back_after_ctrl_c(self):
        self.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 104\n", 0o755)
        self.write("apt-hangs", "")
        process = self.start("build")
        deadline = time.monotonic() + WAIT_SECONDS
        while "starting" not in self.notes():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=WAIT_SECONDS)
        self.assertNotEqual(process.returncode, 0)
        self.assertEqual(self.policy(), "#!/bin/sh\nexit 104\n")

    def test_failure_of_apt_is_told_with_what_is_needed(self):
        self.write("apt-fails", "")
        code, output = self.run_to_end("build")
        self.assertEqual(code, 1)
        self.assertIn("no network", output)
        self.assertIn("They need root or sudo, and a network", output)

    def test_another_system_is_refused_with_its_name(self):
        self.write("etc/os-release",
                   'ID=fedora\nVERSION_ID=40\nPRETTY_NAME="Fedora 40"\n')
        code, output = self.run_to_end("build")
        self.assertEqual(code, 1)
        self.assertIn("this is Fedora 40", output)
        self.assertIn("libone libtwo", output)
        self.assertEqual(self.notes(), "")

    def test_without_root_and_sudo_the_command_to_type_is_told(self):
        self.write("bin/id", "#!/bin/sh\necho 1000\n", 0o755)
        for tool in ("bash", "basename", "cut", "dirname", "fold", "grep",
                     "sed"):
            os.symlink(shutil.which(tool), self.folder + "/bin/" + tool)
        code, output = self.run_to_end("build", path="/nowhere")
        self.assertEqual(code, 1)
        self.assertIn(
            "apt-get install --no-install-recommends libone libtwo", output)

    def test_sudo_is_used_once(self):
        self.write("bin/id", "#!/bin/sh\necho 1000\n", 0o755)
        self.write("bin/sudo", '#!/bin/bash\necho "sudo" >> "$FOLDER/notes"\n'
                   '[[ "$1" != -n ]] || shift\nexec "$@"\n', 0o755)
        self.assertEqual(self.run_to_end("build")[0], 0)
        self.assertEqual(self.notes().count("sudo"), 1)


if __name__ == "__main__":
    unittest.main()
