# shellcheck shell=bash
# For the tests of this folder: goes to the checkout and sets BUF.
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." || exit 1
BUF="$PWD/tests/buf/node_modules/.bin/buf"
if [[ ! -x "$BUF" ]]; then
  echo "buf is not installed; run: npm ci --prefix tests/buf --ignore-scripts" >&2
  exit 1
fi
export BUF_CACHE_DIR="$TEST_TMPDIR/cache"
