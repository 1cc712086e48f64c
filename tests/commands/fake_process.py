#!/usr/bin/env python3
"""Stands in for a process of the house, under its name, in run_test.

Answers /readyz on its metrics port. A file NAME.dies or NAME.hangs in the
folder of $FAKES makes it end at once, or ignore SIGTERM.
"""

import http.server
import os
import signal
import sys
import time

NAME = os.path.basename(sys.argv[0])
FAKES = os.environ["FAKES"]


def note(what):
    """One line for the test: who did what; and in the log."""
    with open(FAKES + "/notes", "a", encoding="utf-8") as notes:
        notes.write("%s %s\n" % (NAME, what))
    print(what, flush=True)


class Ready(http.server.BaseHTTPRequestHandler):
    """Ready only at the second question."""

    answers = iter([503])

    def do_GET(self):
        self.send_response(next(self.answers, 200))
        self.end_headers()

    def log_message(self, *_):
        pass


def stop(*_):
    note("stopped")
    os._exit(0)


def main():
    flags = dict(arg[2:].split("=", 1) for arg in sys.argv[1:] if "=" in arg)
    note("started as %d %s" % (os.getpid(), " ".join(sys.argv[1:])))
    if NAME == "story":
        while os.path.exists(FAKES + "/story.hangs"):
            time.sleep(0.05)
        print("a candidate timeline")
        return 0
    if os.path.exists("%s/%s.dies" % (FAKES, NAME)):
        print("the disk is on fire", flush=True)
        return 3
    hangs = os.path.exists("%s/%s.hangs" % (FAKES, NAME))
    signal.signal(signal.SIGTERM, signal.SIG_IGN if hangs else stop)
    if "data_dir" in flags:
        os.makedirs(flags["data_dir"] + "/incidentd", exist_ok=True)
    host, port = flags["metrics_address"].split(":")
    http.server.HTTPServer((host, int(port)), Ready).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
