#!/usr/bin/env python3
"""The rooms need only what they may need.

Goal: an arrow that ARCHITECTURE.md forbids fails a test on the day it is drawn.
Method: read every BUILD file and include (tools/check/build_files.py), compare
with arrows.py. Two proofs that this can be trusted: a checkout that breaks each
arrow is caught at each, and for real programs the reader finds what Bazel's own
genquery(deps(...)) finds.
"""

import os
import sys
import tempfile
import unittest

ROOT = os.path.realpath(__file__).rsplit("/tests/", 1)[0]
sys.path.insert(0, ROOT)

# pylint: disable=wrong-import-position
from tests.architecture import arrows
from tools.check import build_files

QUERIES = sys.argv[1:]


def matches(label, patterns):
    """Whether `label` is one of `patterns`, or below "prefix/..."."""
    return any(
        label == pattern or pattern.endswith("/...") and label.startswith(
            (pattern[:-3], pattern[:-4] + ":"))
        for pattern in patterns)


def violations(targets, arrow):
    """Yields the chain of every target that `arrow` forbids."""
    for label, target in sorted(targets.items()):
        free = (not matches(label, arrow.never) if arrow.never
                else matches(label, arrow.only))
        if free:
            continue
        reached = ({label: None, **{dep: label for dep in target.deps}}
                   if arrow.direct else build_files.closure(targets, label))
        for dep in sorted(set(reached) - {label}):
            if matches(dep, arrow.what):
                yield build_files.way(reached, dep)


class ArchitectureTest(unittest.TestCase):

    def test_checkout_breaks_no_arrow(self):
        targets = build_files.read(ROOT)
        self.assertIn("//base:clock", targets)
        found = [
            "%s\n    because %s" % (chain, arrow.why)
            for arrow in arrows.ARROWS for chain in violations(targets, arrow)
        ]
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_every_arrow_catches_who_breaks_it(self):
        for arrow in arrows.ARROWS:
            for what in arrow.what:
                for who in arrow.never or ["//stranger/..."]:
                    chain = chain_from(who, what, arrow.direct)
                    with self.subTest(chain=chain):
                        self.assertIn(" -> ".join(chain), list(
                            violations(targets_of(chain), arrow)))

    def test_allowed_packages_break_nothing(self):
        for arrow in arrows.ARROWS:
            for what in arrow.what:
                for who in arrow.only or ["//stranger/..."]:
                    chain = chain_from(who, what, arrow.direct)
                    with self.subTest(chain=chain):
                        self.assertEqual(list(
                            violations(targets_of(chain), arrow)), [])

    def test_include_counts_as_dependency(self):
        with tempfile.TemporaryDirectory() as root:
            with open(root + "/BUILD", "w", encoding="utf-8") as build:
                build.write('ss_library(name = "sly", srcs = ["sly.cc"])')
            with open(root + "/sly.cc", "w", encoding="utf-8") as source:
                source.write('#include "rocksdb/db.h"\n')
            sly = build_files.read(root)["//:sly"]
        self.assertEqual(sly.deps, ["@rocksdb//:rocksdb"])

    def test_reader_finds_what_bazel_finds(self):
        self.assertTrue(QUERIES)
        targets = build_files.read(ROOT)
        for query in QUERIES:
            label, _, path = query.partition("=")
            with open(path, encoding="utf-8") as lines:
                bazel = set(lines.read().split())
            with self.subTest(label=label):
                read = set(build_files.closure(targets, label))
                self.assertEqual(comparable(bazel), comparable(read))


def comparable(labels):
    """Ours and the libraries of arrows.py, without what a macro adds inside."""
    libraries = [arrows.GRPC, arrows.PROMETHEUS, arrows.ROCKSDB]
    return {
        label for label in labels
        if label.startswith("//") and not label.startswith("//bazel")
        and not label.endswith("_sources") or matches(label, libraries)
    }


def chain_from(who, what, direct):
    """Labels, each needing the next: from package `who` to a match of `what`."""
    package = who[:-len("/...")]
    end = what if not what.endswith("/...") else what[:-4] + (
        ":thing" if what.startswith("//") else "//:thing")
    between = [] if direct else [package + ":between"]
    return [package + ":breaks"] + between + [end]


def targets_of(chain):
    """The targets of a checkout that holds nothing but `chain`."""
    return {
        label: build_files.Target(label, "ss_library", [], [dep])
        for label, dep in zip(chain, chain[1:])
    }


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
