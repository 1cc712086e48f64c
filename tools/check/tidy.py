#!/usr/bin/env python3
"""What the house demands of its own text, beyond what compilers see.

Every rule is a function from a File to (line number, sentence) pairs; RULES
lists them. A line that has to break one says `tidy: allow`, and why.
"""

import collections
import os
import re
import subprocess
import sys

File = collections.namedtuple("File", "path text lines root")

_CODE = (".cc", ".h")
_TEXT = _CODE + (".bzl", ".md", ".proto", ".py", ".sh", ".yaml", ".yml")
_ALLOW = "tidy: allow"
_LINE_MAX = 100

# Call, where it is banned, where it is not for all that, and what to use
# instead. A deadline may read the machine's clock; what is stored may not.
_BANNED_CALLS = [
    (r"\b(absl::Now|system_clock::now)\(",
     ("review/", "storage/", "timeline/"), (), "take the time as data"),
    (r"\b(std::)?s?rand\(", ("",), (), "take a seeded generator"),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep|SleepFor)\(",
     ("",), ("base/", "tests/support/"), "wait for the condition itself"),
]

_POOR_NAME = re.compile(
    r"^(Test|Basic|Simple|Misc|Works|Error|EdgeCase)|"
    r"(Test|Tests|Works|Basic|Correctly)\d*$")


def _matches(file, pattern, sentence):
    for number, line in enumerate(file.lines, 1):
        match = re.search(pattern, line)
        if match:
            yield number, sentence.format(match.group(0))


def line_length(file):
    """Code has at most 100 columns; a long address cannot be broken."""
    if not file.path.endswith(_CODE + (".py", ".sh")):
        return
    for number, line in enumerate(file.lines, 1):
        if len(line) > _LINE_MAX and "://" not in line and 'R"' not in line:
            yield number, "%d columns; at most %d" % (len(line), _LINE_MAX)


def whitespace(file):
    """No tabs in code, no blanks at line ends, one newline at the end."""
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if "\t" in line and file.path.endswith(_CODE):
            yield number, "a tab"
    if file.text and not re.search(r"[^\n]\n\Z", file.text):
        yield len(file.lines), "ends without exactly one newline"


def banned_calls(file):
    """Time and chance are dependencies; nobody sleeps."""
    if not file.path.endswith(_CODE):
        return
    for call, banned, allowed, instead in _BANNED_CALLS:
        stored = "" in banned or not file.path.endswith("_test.cc")
        if (stored and file.path.startswith(banned)
                and not file.path.startswith(allowed)):
            yield from _matches(file, call, "{0}...) is banned: %s" % instead)


def unordered_iteration(file):
    """The order of a hash table is not the same twice; timelines are."""
    if not file.path.startswith(("timeline/", "review/")):
        return
    names = re.findall(
        r"(?:flat_hash|node_hash|unordered)_(?:map|set)<[^;(]*>&?\s+(\w+)",
        file.text)
    for name in sorted(set(names)):
        yield from _matches(
            file, r"for \(.*: %s\)" % re.escape(name),
            "%s is unordered; iterate over something sorted" % name)


def header_guard(file):
    """storage/log.h is guarded by SECONDSTORY_STORAGE_LOG_H_."""
    if not file.path.endswith(".h"):
        return
    guard = "SECONDSTORY_%s_" % re.sub(r"[/.]", "_", file.path).upper()
    for directive in ("#ifndef ", "#define "):
        if directive + guard not in file.lines:
            yield 1, "no line `%s%s`" % (directive, guard)


def full_includes(file):
    """Our headers are included by their path from the top."""
    if file.path.endswith(_CODE):
        yield from _matches(file, r'^#include "[^/"]+"',
                            "{0} does not say the path from the top")


def todo_form(file):
    """An open end has an issue and a condition: `TODO(#12): when X`."""
    if file.path.endswith(".md"):
        return
    yield from _matches(
        file, r"(#|//|\*) *(TODO(?!\(#\d+\): \S)|FIXME|XXX)\b",
        "write `TODO(#issue): condition to remove`")  # tidy: allow: the form


def house_rules(file):
    """C++ targets are declared by the macros that carry our flags."""
    if os.path.basename(file.path) == "BUILD":
        yield from _matches(file, r"^\s*(native\.)?cc_(library|binary|test)\(",
                            "{0}: use ss_library, ss_binary or ss_test")


def nothing_unbuilt(file):
    """Every C++ file is of a target of the BUILD beside it, tests above all."""
    folder = os.path.dirname(os.path.join(file.root, file.path))
    if os.path.basename(file.path) != "BUILD" or not os.path.isdir(folder):
        return
    for name in sorted(os.listdir(folder)):
        stem, extension = os.path.splitext(name)
        names = (name, stem, re.sub("_test$", "", stem))
        if extension in (".cc", ".h") and not any(
                '"%s"' % each in file.text for each in names):
            yield 1, "no target has %s" % name


def test_names(file):
    """A test's name is a sentence: RejectsAlertWithoutStartTime."""
    if not file.path.endswith("_test.cc"):
        return
    tests = re.finditer(r"^(?:TYPED_)?TEST(?:_F|_P)?\(\s*\w+,\s*(\w+)\s*\)",
                        file.text, re.MULTILINE)
    for test in tests:
        name = test.group(1)
        words = re.findall(r"[A-Z][a-z0-9]*", name)
        if len(words) < 2 or "_" in name or _POOR_NAME.search(name):
            yield (file.text.count("\n", 0, test.start()) + 1,
                   "%s does not say what holds, and when" % name)


def blameless_words(file):
    """Changes near the onset, never a culprit."""  # tidy: allow: the rule
    yield from _matches(file, r"(?i)\bculprits?\b|\broot[ -]causes?\b",
                        '"{0}": people read this; see CONTRIBUTING.md')


def one_title(file):
    """A Markdown file has one title, on its first line."""
    if not file.path.endswith(".md"):
        return
    outside = re.sub(r"^```.*?^```", lambda code: "\n" * code.group(0).count(
        "\n"), file.text, flags=re.MULTILINE | re.DOTALL).split("\n")
    titles = [number for number, line in enumerate(outside, 1)
              if line.startswith("# ")]
    if titles[:1] != [1]:
        yield 1, "does not begin with its title"
    for number in titles[1:]:
        yield number, "a second title"


def named_paths(file):
    """A path that a document names exists."""
    if not file.path.endswith(".md"):
        return
    top = set(os.listdir(file.root)) - {"data"}
    for number, line in enumerate(file.lines, 1):
        for path in re.findall(r"`([\w.][\w./-]*)`", line):
            if path.split("/")[0] in top and not path.startswith("bazel-"):
                if not os.path.exists(os.path.join(file.root, path)):
                    yield number, "%s does not exist" % path
        for label in re.findall(r"`//([\w/]+)(?:[:`]|/\.\.\.)", line):
            if not os.path.isdir(os.path.join(file.root, label)):
                yield number, "//%s does not exist" % label
        for link in re.findall(r"\]\(([^)#\s]+)", line):
            if "://" not in link and not os.path.exists(os.path.join(
                    file.root, os.path.dirname(file.path), link)):
                yield number, "%s does not exist" % link


RULES = [
    banned_calls,
    blameless_words,
    full_includes,
    header_guard,
    house_rules,
    line_length,
    named_paths,
    nothing_unbuilt,
    one_title,
    test_names,
    todo_form,
    unordered_iteration,
    whitespace,
]


def check(root, path, text):
    """Yields "path:line: sentence" for every rule that the file breaks."""
    file = File(path, text, text.split("\n")[:-1], root)
    for rule in RULES:
        for number, sentence in rule(file):
            if not file.lines or _ALLOW not in file.lines[number - 1]:
                yield "%s:%d: %s (%s)" % (path, number, sentence,
                                          rule.__name__)


def checkout_files(root):
    """The text files of a checkout, new ones too, without the ignored."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached",
         "--others", "--exclude-standard"],
        cwd=root, check=True, capture_output=True, text=True)
    for path in sorted(set(listed.stdout.split("\0"))):
        name = os.path.basename(path)
        if path.endswith(_TEXT) or name in ("BUILD", "WORKSPACE", "run"):
            if os.path.isfile(os.path.join(root, path)):
                yield path


def main():
    root = os.path.realpath(__file__).rsplit("/tools/", 1)[0]
    found, count = [], 0
    for path in checkout_files(root):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            found += check(root, path, file.read())
        count += 1
    print("\n".join(found + ["%d files, %d findings" % (count, len(found))]))
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
