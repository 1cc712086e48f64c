#!/bin/bash
# What run.sh and test.sh share: Debian's packages, a home for Bazel's caches.
#
# Sourced:  install_packages HEADING...   installs what is missing
#           prepare_home                  sets HOME and BAZEL_CACHE
# Executed: as root, with packages as arguments: the one privileged step.

# A test puts its own folder in front of the files of the system.
readonly SYSTEM="${SECONDSTORY_TEST_SYSTEM:-}"
PACKAGES_FILE="$(dirname -- "${BASH_SOURCE[0]}")/packages.txt"

fail() {
  printf '\n%s: %s\n' "$(basename -- "$0")" "$*" >&2
  exit 1
}

# The missing packages of the given headings of packages.txt, one a line.
missing_packages() {
  local heading="" package _version instead
  while read -r package _version instead; do
    case "$package" in
      "" | "#"*) continue ;;
      "["*) heading="${package//[\[\]]/}"; continue ;;
    esac
    [[ " $* " == *" $heading "* ]] || continue
    if [[ -n "$instead" ]] && command -v "$instead" > /dev/null; then continue; fi
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2> /dev/null |
      grep -qx installed || printf '%s\n' "$package"
  done < "$PACKAGES_FILE"
}

# Installs the missing packages of the given headings, and says which.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0

  local ID="" VERSION_ID="" PRETTY_NAME="this system"
  # shellcheck source=/dev/null
  [[ ! -r "$SYSTEM/etc/os-release" ]] || . "$SYSTEM/etc/os-release"
  [[ "$ID $VERSION_ID" == "debian 12" ]] || fail \
    "Second Story is built on Debian 12 (bookworm); this is $PRETTY_NAME." \
    "Missing here: ${missing[*]}"

  printf 'Installing from Debian 12, with what they depend on:\n'
  printf '%s\n' "${missing[*]}" | fold -s -w 74 | sed 's/^/  /'
  if [[ "$(id -u)" == 0 ]]; then
    bash "${BASH_SOURCE[0]}" "${missing[@]}"
  elif ! command -v sudo > /dev/null; then
    fail "packages are missing, you are not root and there is no sudo. As root:" \
      "apt-get install --no-install-recommends ${missing[*]}"
  elif [[ -t 0 ]]; then
    sudo bash "${BASH_SOURCE[0]}" "${missing[@]}"
  else
    sudo -n bash "${BASH_SOURCE[0]}" "${missing[@]}"
  fi || fail "the packages could not be installed; the reason is above." \
    "They need root or sudo, and a network that reaches Debian's servers."
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) || fail "still missing: ${missing[*]}"
}

# Bazel wants a home that can be written to; a service account may have none.
prepare_home() {
  if [[ -z "${HOME:-}" || ! -w "$HOME" ]]; then
    HOME="$(getent passwd "$(id -u)" | cut -d: -f6)"
    [[ -n "$HOME" && -w "$HOME" ]] ||
      HOME="${TMPDIR:-/tmp}/second-story-home-$(id -u)"
    mkdir -p -- "$HOME"
    export HOME
  fi
  BAZEL_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/second-story/bazel"
  mkdir -p -- "$BAZEL_CACHE"
}

# --- From here on as root -------------------------------------------------

readonly POLICY="$SYSTEM/usr/sbin/policy-rc.d"
readonly POLICY_MARK="# Second Story's, for the time of one installation."

# While packages are installed, Debian asks this file before it starts a
# service. The answer is no: tests start their own servers, on their own ports.
forbid_service_starts() {
  if [[ -e "$POLICY" ]] && ! grep -qF "$POLICY_MARK" "$POLICY"; then
    mv -- "$POLICY" "$POLICY.before-second-story"
  fi
  trap allow_service_starts EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" > "$POLICY"
  chmod 755 "$POLICY"
}

allow_service_starts() {
  rm -f -- "$POLICY"
  [[ ! -e "$POLICY.before-second-story" ]] ||
    mv -- "$POLICY.before-second-story" "$POLICY"
}

# Nor do they start at the next boot.
disable_services() {
  command -v systemctl > /dev/null || return 0
  local unit
  dpkg -L "$@" | sed -n 's|.*/systemd/system/\([^/@]*\.\(service\|timer\)\)$|\1|p' |
    while read -r unit; do
      systemctl disable --quiet "$unit" 2> /dev/null || true
    done
}

# Turns the thousands of lines of apt-get into some twenty, and keeps errors.
show_progress() {
  local line done=0 total=0 shown=0
  while IFS= read -r line; do
    case "$line" in
      *" newly installed, "*)
        line="${line%% newly installed*}"
        total=$((3 * ${line##* }))
        ;;
      "Need to get"* | "Err:"* | "E: "* | "W: "* | "dpkg: error"*)
        printf '  %s\n' "$line"
        ;;
      "Get:"* | "Unpacking "* | "Setting up "*)
        done=$((done + 1))
        if ((total && done * 10 / total > shown)); then
          shown=$((done * 10 / total))
          printf '  %3d %%\n' $((shown * 10))
        fi
        ;;
    esac
  done
}

install_as_root() {
  set -euo pipefail
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
  forbid_service_starts
  "${apt[@]}" update -qq ||
    printf 'apt-get update failed; trying with the package lists of before.\n' >&2
  "${apt[@]}" install -y -q -o Dpkg::Use-Pty=0 --no-install-recommends "$@" \
    < /dev/null 2>&1 | show_progress
  disable_services "$@"
}

[[ "${BASH_SOURCE[0]}" != "$0" ]] || install_as_root "$@"
