#!/bin/bash
# Goal: who was built against the protos of before goes on working.
# Method: buf compares the checkout with the last commit whose protos differ
# from it. A commit that breaks them on purpose says so in its message, with a
# line `Breaks-proto: who has to do what`, and only the commits after it count.
set -euo pipefail
# shellcheck source=tests/buf/lib.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

git() { command git -c safe.directory='*' "$@"; }

# The last commit whose protos are not those of the checkout; else the first
# one that has any.
last_different() {
  local commit first=""
  while read -r commit; do
    first="$commit"
    git diff --quiet "$commit" -- proto || break
  done < <(git log --format=%H HEAD -- proto)
  printf '%s' "$first"
}

# Whether buf finds no breaking change from `commit` to the folder `after`.
compatible() {
  local before
  before="$(mktemp -d -p "$TEST_TMPDIR")"
  git archive "$1" proto | tar -x -C "$before"
  cp buf.yaml "$before/"
  "$BUF" breaking "$2" --against "$before"
}

if ! git rev-parse --git-dir > /dev/null 2>&1; then
  echo "No Git history here, so there is nothing to compare the protos with." >&2
  exit 1
fi
if [[ "$(git rev-parse --is-shallow-repository)" == true ]]; then
  echo "This clone is shallow; run: git fetch --unshallow" >&2
  exit 1
fi

base="$(last_different)"
reason="$(git log --format='%(trailers:key=Breaks-proto)' "$base..HEAD" -- proto)"
echo "Compared with $(git log -1 --format='%h %s' "$base")"
if [[ -n "${reason//[[:space:]]/}" ]]; then
  echo "Broken on purpose: $reason"
else
  compatible "$base" .
fi

# The check can fail: one field less is found.
cut="$TEST_TMPDIR/cut"
mkdir "$cut"
cp -r proto buf.yaml "$cut/"
sed -i '/ source_event_id = /d' "$cut/proto/secondstory/v1/event.proto"
commit="$(git log -1 --format=%H -- proto)"
if found="$(compatible "$commit" "$cut")"; then
  echo "buf accepts that a field goes away" >&2
  exit 1
fi
grep -q 'source_event_id' <<< "$found"
