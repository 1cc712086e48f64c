#!/bin/bash
# Goal: no shell script holds a mistake that a machine can find.
# Method: shellcheck on every script of the checkout.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."

mapfile -t scripts < <(git -c safe.directory='*' ls-files --cached --others \
  --exclude-standard '*.sh' .ci/run)
((${#scripts[@]} > 3))
shellcheck --external-sources "${scripts[@]}"
