#!/usr/bin/env python3
"""Counts what test.sh prints last."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

# pylint: disable=wrong-import-position
import count_tests


def configured(label, kind="cc_test rule"):
    return json.dumps({
        "id": {"targetConfigured": {"label": label}},
        "configured": {"targetKind": kind},
    })


def summary(label, status):
    return json.dumps({
        "id": {"testSummary": {"label": label}},
        "testSummary": {"overallStatus": status},
    })


class CountTestsTest(unittest.TestCase):

    def test_counts_targets_by_status(self):
        self.assertEqual(count_tests.count([
            configured("//a:a"), configured("//b:b"), configured("//c:c"),
            summary("//a:a", "PASSED"), summary("//b:b", "FAILED"),
            summary("//c:c", "TIMEOUT"),
        ]), (1, 2))

    def test_target_that_was_not_built_has_failed(self):
        self.assertEqual(count_tests.count([
            configured("//a:a"), configured("//b:b"),
            summary("//a:a", "PASSED"),
        ]), (1, 1))

    def test_libraries_are_not_counted(self):
        self.assertEqual(count_tests.count(
            [configured("//a:lib", "cc_library rule")]), (0, 0))


if __name__ == "__main__":
    unittest.main()
