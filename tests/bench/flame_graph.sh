#!/usr/bin/env bash
# Where a process spends its CPU, as a flame graph: each frame as wide as the
# time in it and in what it called.
#
#   tests/bench/flame_graph.sh PID SECONDS FILE.svg
#
# Needs linux-perf and npm of Debian, and the rights of perf_event_open. Stacks
# are unwound by what the debugger would use, because Debian's libraries keep no
# frame pointers; the kernel's part is its innermost function. Frames of threads
# and wrappers, and those below half a percent, are left out.
set -euo pipefail

pid=$1 seconds=$2 svg=$(realpath -m "$3")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
perf record -o perf.data -F 499 --call-graph dwarf,8192 --user-callchains \
  -p "$pid" -- sleep "$seconds" >&2
perf script report stackcollapse > stacks
# "thread;outer;inner COUNT" a line.
awk '
  function Outer(path) {
    return match(path, /;[^;]*$/) ? substr(path, 1, RSTART - 1) : ""
  }
  {
    count = $NF
    sub(/ [0-9]+$/, "")
    gsub(/\(anonymous namespace\)::|secondstory::|rocksdb::/, "")
    frame_count = split($0, frames, ";")
    path = frames[1]
    for (i = 2; i <= frame_count; ++i) {
      if (frames[i] ~ /^(\[unknown\]|std::|_M_|__invoke|operator|clone3|start_thread)/) continue
      path = path ";" frames[i]
    }
    counts[path] += count
    total += count
    for (; path != ""; path = Outer(path)) within[path] += count
  }
  END {
    for (path in counts) {
      shown = path
      while (within[shown] < total / 200 && shown != "") shown = Outer(shown)
      if (shown != "") sums[shown] += counts[path]
    }
    for (path in sums) print path, sums[path]
  }' stacks | tr ';,' ', ' | sort > folded
npx --yes --package stackvis@0.5.0 flamegraph < folded > "$svg"
