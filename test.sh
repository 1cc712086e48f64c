#!/bin/bash
# Builds Second Story and runs every test.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
. bazel/install.sh

usage() {
  cat << 'END'
Usage: ./test.sh [--asan | --tsan] [BAZEL ARGUMENT...]

Installs the Debian packages that are missing (as root, or by sudo), builds
everything and runs every test. The last line says how many passed and failed;
the exit code is 0 when all passed.

  --asan   with AddressSanitizer and UndefinedBehaviorSanitizer
  --tsan   with ThreadSanitizer; tests/tsan/suppressions.txt lists what is known of
           the packaged libraries, which are not instrumented
  --help   this text

Everything else goes to `bazel test`: targets instead of all of them, or flags.

  ./test.sh //timeline/...
  ./test.sh --asan //storage/... --test_filter='RocksLog*'
  SECONDSTORY_SEED=7 ./test.sh //timeline/... --runs_per_test=20

Built files lie in ${XDG_CACHE_HOME:-~/.cache}/second-story, shared by all
clones of a user.
END
}

flags=()
targets=()
while (($#)); do
  case "$1" in
    --asan) flags+=(--config=asan) ;;
    --tsan)
      options="halt_on_error=1:ignore_noninstrumented_modules=1"
      options+=":suppressions=$PWD/tests/tsan/suppressions.txt"
      flags+=(--config=tsan "--test_env=TSAN_OPTIONS=$options")
      ;;
    -h | --help) usage; exit 0 ;;
    -*) flags+=("$1") ;;
    *) targets+=("$1") ;;
  esac
  shift
done
((${#targets[@]})) || targets=(//...)

install_packages build run test
prepare_home

# buf checks the protos; npm verifies it against the checksums in the lock file.
if [[ ! -x tests/buf/node_modules/.bin/buf ||
  tests/buf/package-lock.json -nt tests/buf/node_modules/.package-lock.json ]]; then
  echo "Installing buf from the npm registry"
  npm ci --prefix tests/buf --ignore-scripts --no-audit --no-fund \
    --fetch-retries=1 --loglevel=error > /dev/null ||
    echo "That failed, see above; the tests that need it will fail too." >&2
fi

events="$(mktemp)"
trap 'rm -f -- "$events"' EXIT
code=0
bazel test --disk_cache="$BAZEL_CACHE" --keep_going \
  --build_event_json_file="$events" "${flags[@]}" -- "${targets[@]}" || code=$?

# A target that could not be built has not passed, so it has failed.
read -r passed failed < <(python3 bazel/count_tests.py "$events")
if ((code && !failed)); then failed=1; fi
printf '%d passed, %d failed\n' "$passed" "$failed"
exit "$code"
