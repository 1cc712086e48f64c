"""The arrows of ARCHITECTURE.md as data: who may not need what, and why."""

import collections

# `what`: labels, "//package/...", or "@repository//...".
# Either `never`: packages that must not reach it, or `only`: the packages that
# may. `direct` looks at a target's own deps and includes, not at what those
# need in turn.
Arrow = collections.namedtuple("Arrow", "what never only direct why")


def _never(who, what, why):
    return Arrow(what, who, None, False, why)


def _only(who, what, why, direct=False):
    return Arrow(what, None, who, direct, why)


GRPC = "@com_github_grpc_grpc//..."
PROMETHEUS = "@com_github_jupp0r_prometheus_cpp//..."
PROTOBUF = "@com_google_protobuf//..."
ROCKSDB = "@rocksdb//..."
SQLITE = "@sqlite3//..."

ARROWS = [
    _never(
        ["//base/..."],
        ["//ingest/...", "//proto/secondstory/v1/...", "//review/...",
         "//services/...", "//storage/...", "//timeline/...", "//tools/..."],
        "base has no domain word in it"),
    _never(
        ["//ingest/...", "//tools/story/...", "//services/gateway/...",
         "//services/console/..."],
        ["//storage/...", "//services/incidentd/..."],
        "the database has one owner process; everybody else asks it by gRPC"),
    _never(
        ["//services/gateway/...", "//services/console/..."],
        ["//ingest/...", "//review/...", "//timeline/..."],
        "they are clients of the API like any other"),
    _never(
        ["//timeline/...", "//review/..."],
        ["//base:clock", "//base:http_server", "//base:logging",
         "//base:metrics", "//base:process", "//ingest/...", "//proto/...",
         "//services/...", "//storage/...", GRPC, PROMETHEUS, PROTOBUF,
         ROCKSDB],
        "the hearts are pure: same input, same bytes, at any time, anywhere"),
    _never(
        ["//storage/..."],
        ["//ingest/...", "//review/...", "//services/...", "//timeline/..."],
        "bytes on disk outlive ideas about incidents"),
    _only(
        ["//services/...", "//ingest/...", "//tools/story/...", "//tests/...",
         "//proto/secondstory/v1/..."],
        [GRPC],
        "the network is at the edge; everything else is called as a function"),
    _only(
        ["//storage/rocksdb/...", "//tests/..."],
        [ROCKSDB],
        "everybody else sees storage:log and storage:store", direct=True),
    _only(
        ["//storage/rocksdb/...", "//services/incidentd/...", "//tests/..."],
        ["//storage/rocksdb/..."],
        "a second owner of the database gets a lock error at 3 a.m."),
    _only(
        ["//base/...", "//storage/search/..."],
        [SQLITE],
        "base:sqlite is the door; the index adds a tokenizer to it",
        direct=True),
    _only(
        ["//base/..."],
        [PROMETHEUS],
        "base:metrics is the only door, so that names follow one rule",
        direct=True),
]
