#!/bin/bash
# Goal: the protos read as one API, and every service, message, field and value
# says what it means.
# Method: buf with its STANDARD and COMMENTS rules, see buf.yaml. Then the same
# on a proto without comments, which has to be refused.
set -euo pipefail
# shellcheck source=tests/buf/lib.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

"$BUF" lint

bad="$TEST_TMPDIR/bad/proto/secondstory/v1"
mkdir -p "$bad"
cp buf.yaml "$TEST_TMPDIR/bad/"
cat > "$bad/bare.proto" << 'END'
syntax = "proto3";
package secondstory.v1;
message Bare {
  string field = 1;
}
END
if found="$("$BUF" lint "$TEST_TMPDIR/bad")"; then
  echo "buf accepts a message without comments" >&2
  exit 1
fi
grep -q 'Message "Bare" should have a non-empty comment' <<< "$found"
