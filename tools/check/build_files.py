"""Reads all BUILD files of a checkout, without Bazel: what depends on what.

Covers every package by itself, the new ones too, which `genquery` cannot. A
BUILD file is nearly Python, so it is run as Python with functions that only
take note. //tests/architecture proves on real binaries that the result is what
Bazel itself says.
"""

import builtins
import glob as globbing
import os
import re

# Folders without packages of ours: see .bazelignore.
_SKIPPED = {".git", "node_modules", "rules_cc", "coverage"}

# What a macro of house.bzl adds to the deps that a BUILD file names.
_ADDED_BY_MACRO = {
    "cc_grpc_library": ["@com_github_grpc_grpc//:grpc++"],
    "ss_benchmark": ["@com_github_google_benchmark//:benchmark_main"],
    "ss_test": ["@com_google_googletest//:gtest_main"],
}

# Debian's headers can be included without naming their library, so an include
# counts as a dependency too.
_LIBRARY_OF_INCLUDE = {
    "google/protobuf": "@com_google_protobuf//:protobuf",
    "grpc": "@com_github_grpc_grpc//:grpc++",
    "grpcpp": "@com_github_grpc_grpc//:grpc++",
    "prometheus": "@com_github_jupp0r_prometheus_cpp//core:core",
    "rocksdb": "@rocksdb//:rocksdb",
}
_INCLUDE = re.compile(r'^#include ["<]([\w/]+)/[\w.]+[">]', re.MULTILINE)


class Target:
    """One rule: its label, its kind ("ss_library"), its files, and the labels
    that it is linked with."""

    def __init__(self, label, kind, files, deps):
        self.label, self.kind, self.files, self.deps = label, kind, files, deps


def packages(root):
    """Yields the folder of every package below `root`; "" is the top."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name for name in folders
            if name not in _SKIPPED and not name.startswith("bazel-"))
        if "BUILD" in files:
            path = os.path.relpath(folder, root)
            yield "" if path == "." else path


def absolute(label, package):
    """The one spelling of a label: "//base:clock", "@rocksdb//:rocksdb"."""
    if label.startswith("@") and "//" not in label:
        return "%s//:%s" % (label, label[1:])
    if not label.startswith(("//", "@")):
        return "//%s:%s" % (package, label.lstrip(":"))
    if ":" not in label:
        return "%s:%s" % (label, label.rpartition("/")[2])
    return label


def _as_list(value):
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


class _Names(dict):
    """The names that a BUILD file sees; every rule only takes a note."""

    def __init__(self, root, package):
        super().__init__(
            exports_files=lambda *_, **__: None,
            glob=self._glob,
            licenses=lambda *_: None,
            load=lambda *_, **__: None,
            native=self,
            package=lambda **_: None,
            package_group=lambda **_: None,
            package_name=lambda: package,
            select=lambda branches: sum(branches.values(), []),
        )
        self._root, self._package, self.targets = root, package, []

    def __missing__(self, kind):
        if hasattr(builtins, kind):
            raise KeyError(kind)
        return lambda name=None, **attributes: self._note(
            kind, name, attributes)

    def __getattr__(self, name):  # native.glob
        return self[name]

    def _glob(self, include, exclude=(), **_):
        folder = os.path.join(self._root, self._package)

        def matching(patterns):
            return {
                os.path.relpath(path, folder)
                for pattern in patterns
                for path in globbing.glob(
                    os.path.join(folder, pattern), recursive=True)
            }
        return sorted(matching(include) - matching(exclude))

    def _note(self, kind, name, attributes):
        files = _as_list(attributes.get("srcs"))
        if not files and kind in ("ss_test", "ss_benchmark"):
            files = [name + ".cc"]
        files += _as_list(attributes.get("hdrs"))
        paths = [os.path.join(self._package, file) for file in files]
        paths = [
            path for path in paths
            if os.path.isfile(os.path.join(self._root, path))
        ]
        deps = [
            label for attribute in ("deps", "implementation_deps", "proto")
            for label in _as_list(attributes.get(attribute))
        ]
        deps += [file for file in files if file.startswith((":", "//", "@"))]
        deps += _ADDED_BY_MACRO.get(kind, [])
        deps += [library for path in paths for library in self._included(path)]
        self.targets.append(Target(
            absolute(name, self._package), kind, paths,
            [absolute(label, self._package) for label in deps]))

    def _included(self, path):
        if not path.endswith((".h", ".cc")):
            return []
        with open(os.path.join(self._root, path), encoding="utf-8") as source:
            folders = _INCLUDE.findall(source.read())
        return {
            library for folder in folders
            for prefix, library in _LIBRARY_OF_INCLUDE.items()
            if (folder + "/").startswith(prefix + "/")
        }


def read(root):
    """Returns {label: Target} of every rule of the checkout at `root`."""
    targets = {}
    for package in packages(root):
        path = os.path.join(root, package, "BUILD")
        with open(path, encoding="utf-8") as build:
            code = compile(build.read(), path, "exec")
        names = _Names(root, package)
        exec(code, names)
        targets.update((target.label, target) for target in names.targets)
    return targets


def closure(targets, label):
    """Returns {dependency: who needs it} for everything `label` reaches."""
    needed_by, waiting = {label: None}, [label]
    while waiting:
        current = waiting.pop()
        target = targets.get(current)
        for dep in target.deps if target else []:
            if dep not in needed_by:
                needed_by[dep] = current
                waiting.append(dep)
    return needed_by


def way(needed_by, label):
    """The chain by which `label` was reached: "//a:a -> //b:b -> @c//:c"."""
    chain = []
    while label:
        chain.insert(0, label)
        label = needed_by[label]
    return " -> ".join(chain)
