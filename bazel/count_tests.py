"""Prints how many test targets of a Bazel build event file passed and failed."""

import json
import sys


def count(lines):
    """Returns (passed, failed) for the lines of --build_event_json_file.

    A test target without a summary, because it or what it needs could not be
    built, has failed.
    """
    tests, passed = set(), set()
    for line in lines:
        event = json.loads(line)
        ident = event["id"]
        if event.get("configured", {}).get("targetKind", "").endswith("_test rule"):
            tests.add(ident["targetConfigured"]["label"])
        summary = event.get("testSummary")
        if summary:
            label = ident["testSummary"]["label"]
            tests.add(label)
            if summary["overallStatus"] in ("PASSED", "FLAKY"):
                passed.add(label)
    return len(passed), len(tests) - len(passed)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as events:
        print(*count(events))
