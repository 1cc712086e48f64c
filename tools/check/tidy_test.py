#!/usr/bin/env python3
"""Each rule of tidy.py finds what it is for, and nothing in good text."""

import os
import sys
import tempfile
import unittest

ROOT = os.path.realpath(__file__).rsplit("/tools/", 1)[0]
sys.path.insert(0, ROOT)

# pylint: disable=wrong-import-position
from tools.check import tidy

# rule: (path, text that breaks it, text that does not).
EXAMPLES = {
    "banned_calls": (
        "storage/a.cc", "auto t = absl::Now();\n", "auto t = record.append_time;\n"),
    "blameless_words": (
        "README.md", "# The root cause\n", "# Changes near the onset\n"),  # tidy: allow
    "full_includes": (
        "base/a.cc", '#include "clock.h"\n', '#include "base/clock.h"\n'),
    "header_guard": (
        "storage/log.h", "#ifndef LOG_H\n#define LOG_H\n",
        "#ifndef SECONDSTORY_STORAGE_LOG_H_\n"
        "#define SECONDSTORY_STORAGE_LOG_H_\n"),
    "house_rules": (
        "base/BUILD", "cc_library(\n", "ss_library(\n"),
    "line_length": (
        "base/a.cc", "x" * 101 + "\n", "// see https://" + "x" * 101 + "\n"),
    "named_paths": (
        "README.md", "# A\n\nSee `docs/gone.md`.\n",
        "# A\n\nSee `docs/here.md` and `application/json`.\n"),
    "nothing_unbuilt": (
        "docs/BUILD", 'ss_test(name = "clock_test")\n',
        'ss_test(name = "alarm_test")\n'),
    "one_title": (
        "README.md", "# A\n\n# B\n", "# A\n\n```\n# a comment\n```\n"),
    "test_names": (
        "base/a_test.cc", "TEST(ATest, Works) {\n",
        "TEST(ATest, KeepsOrderWhenTimesAreEqual) {\n"),
    "todo_form": (
        "base/a.cc", "// TODO: later\n",  # tidy: allow
        "// TODO(#12): use absl/log once Debian has it\n"),
    "unordered_iteration": (
        "timeline/a.cc",
        "absl::flat_hash_map<int, int> sums;\nfor (auto& x : sums) {\n",
        "std::map<int, int> sums;\nfor (auto& x : sums) {\n"),
    "whitespace": ("base/a.cc", "int a; \n", "int a;\n"),
}


class TidyTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        os.mkdir(self.root + "/docs")
        for name in ("here.md", "alarm_test.cc"):
            open(self.root + "/docs/" + name, "w", encoding="utf-8").close()

    def broken_rules(self, path, text):
        return sorted({
            finding.rpartition("(")[2][:-1]
            for finding in tidy.check(self.root, path, text)
        })

    def test_every_rule_has_an_example(self):
        self.assertEqual(
            sorted(rule.__name__ for rule in tidy.RULES), sorted(EXAMPLES))

    def test_each_rule_finds_what_breaks_it_and_nothing_else(self):
        for rule, (path, bad, good) in EXAMPLES.items():
            with self.subTest(rule=rule):
                self.assertEqual(self.broken_rules(path, bad), [rule])
                self.assertEqual(self.broken_rules(path, good), [])

    def test_finding_names_file_line_and_rule(self):
        self.assertEqual(
            list(tidy.check(self.root, "base/a.cc", "int a;\nint b; \n")),
            ["base/a.cc:2: blanks at the end of the line (whitespace)"])

    def test_allowed_line_is_not_found(self):
        self.assertEqual(self.broken_rules(
            "base/a.cc", "int a = rand();  // tidy: allow: an example\n"), [])

    def test_empty_file_breaks_nothing(self):
        self.assertEqual(self.broken_rules("base/BUILD", ""), [])

    def test_file_without_newline_at_its_end_is_found(self):
        self.assertEqual(self.broken_rules("a.cc", "int a;"), ["whitespace"])


if __name__ == "__main__":
    unittest.main()
