#!/bin/bash
# Builds Second Story and runs it on this machine, until Ctrl-C.
set -uo pipefail
start_folder="$PWD"
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" || exit 1
. bazel/install.sh

usage() {
  cat << 'END'
Usage: ./run.sh [--demo] [--data DIR] [--port N] [--config DIR]

Installs the Debian packages that are missing (as root, or by sudo), builds
Second Story and runs it on loopback: incidentd, alertd, deployd, assemblerd.
Ctrl-C stops them. What they store stays, and the next start takes seconds.

  --demo        play a published incident through the front doors, and show
                the candidate timeline; the first start does so by itself
  --no-demo     not even at the first start
  --data DIR    where everything is stored (default: data, beside this script)
  --port N      first of the ports, N to N+31 (default: 7700)
  --config DIR  folder of configuration files: DIR/alertd.yaml, DIR/deployd.yaml,
                DIR/incidentd.yaml, DIR/assemblerd.yaml, each if it is there;
                ports and folders are still those of --port and --data
  --help        this text

Every process has a --help too: bazel-bin/services/incidentd/incidentd --help
END
}

demo=auto data="$PWD/data" port=7700 config=""
while (($#)); do
  case "$1" in
    --demo) demo=yes ;;
    --no-demo) demo=no ;;
    --data=* | --port=* | --config=*) set -- "" "${1%%=*}" "${1#*=}" "${@:2}" ;;
    --data | --port | --config)
      (($# > 1)) || fail "$1 needs a value; see --help"
      case "$1" in
        --data) data="$(cd -- "$start_folder" && realpath -m -- "$2")" ;;
        --port) port="$2" ;;
        --config) config="$(cd -- "$start_folder" && realpath -- "$2")" || exit 2 ;;
      esac
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown argument $1; see --help" ;;
  esac
  shift
done
[[ "$port" =~ ^[1-9][0-9]{0,4}$ && "$port" -le 65504 ]] ||
  fail "--port $port: expected a number from 1 to 65504"
[[ -z "$config" || -d "$config" ]] || fail "--config $config: no such folder"
[[ "$demo" != auto || -e "$data/incidentd" ]] || demo=first

declare -A PROGRAM=(
  [incidentd]=services/incidentd/incidentd
  [alertd]=ingest/alerts/alertd
  [deployd]=ingest/deploys/deployd
  [assemblerd]=ingest/assembler/assemblerd
  [story]=tools/story/story
)
declare -A METRICS_PORT=(
  [incidentd]=$((port + 1)) [alertd]=$((port + 11))
  [deployd]=$((port + 21)) [assemblerd]=$((port + 31))
)
declare -A PID=()
readonly STOP_SECONDS=20 READY_SECONDS=60

# --- Small tools ------------------------------------------------------------

port_answers() { (: <> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# The answer of a process to /readyz: "200" or another code, nothing if none.
ready_code() {
  local code=""
  {
    exec 3<> "/dev/tcp/127.0.0.1/$1" &&
      printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3 &&
      read -r -t 5 _ code _ <&3
    exec 3>&-
  } 2> /dev/null
  printf '%s' "$code"
}

alive() { [[ -n "${PID[$1]:-}" ]] && kill -0 "${PID[$1]}" 2> /dev/null; }

show_log() {
  printf 'The last lines of %s:\n' "$data/log/$1.log" >&2
  tail -n 5 -- "$data/log/$1.log" >&2
}

# --- Start ------------------------------------------------------------------

# A session of its own, so that Ctrl-C reaches only this script, which stops
# them in order; and no process outlives this script, even when it is killed.
start() {
  local name="$1"
  shift
  [[ ! -f "$config/$name.yaml" ]] || set -- --config="$config/$name.yaml" "$@"
  setsid setpriv --pdeathsig TERM "bazel-bin/${PROGRAM[$name]}" "$@" \
    --metrics_address="127.0.0.1:${METRICS_PORT[$name]}" \
    >> "$data/log/$name.log" 2>&1 < /dev/null &
  PID[$name]=$!
}

wait_ready() {
  local name="$1" deadline=$((SECONDS + READY_SECONDS)) code=""
  until [[ "$code" == 200 ]]; do
    if ! alive "$name"; then
      printf '\n%s did not start.\n' "$name" >&2
      show_log "$name"
      stop_all
      exit 1
    fi
    if ((SECONDS >= deadline)); then
      printf '\n%s runs, but is not ready after %d seconds.\n' "$name" "$READY_SECONDS" >&2
      show_log "$name"
      stop_all
      exit 1
    fi
    code="$(ready_code "${METRICS_PORT[$name]}")"
    [[ "$code" == 200 ]] || sleep 0.1
  done
  printf '  %s is ready\n' "$name"
}

check_ports() {
  local number
  for number in $((port)) $((port + 10)) "${METRICS_PORT[@]}"; do
    ! port_answers "$number" || fail \
      "port $number is in use; does Second Story run already?" \
      "Choose others with --port N (now $port)."
  done
}

start_all() {
  local incidentd_address="127.0.0.1:$port"
  start incidentd --grpc_address="$incidentd_address" --data_dir="$data"
  wait_ready incidentd
  start assemblerd --incidentd_address="$incidentd_address"
  start alertd --incidentd_address="$incidentd_address" \
    --http_address="127.0.0.1:$((port + 10))" --spool_dir="$data/alertd"
  local logs=()
  [[ -f "$config/deployd.yaml" ]] ||
    logs=("--logs=[{name: local, path: \"$data/deploys.jsonl\"}]")
  start deployd --incidentd_address="$incidentd_address" \
    --spool_dir="$data/deployd" "${logs[@]}"
  wait_ready assemblerd
  wait_ready alertd
  wait_ready deployd
}

show_table() {
  cat << END

  process     port   serves
  incidentd   $port   gRPC: events, candidates, incidents, health, reflection
              $((port + 1))   HTTP: /metrics /healthz /readyz
  alertd      $((port + 10))   HTTP: POST /v1/alertmanager/NAME, Alertmanager's webhook
              $((port + 11))   HTTP: /metrics /healthz /readyz
  deployd     $((port + 21))   HTTP: /metrics /healthz /readyz
  assemblerd  $((port + 31))   HTTP: /metrics /healthz /readyz

  deploy log  $data/deploys.jsonl
  stored in   $data
  logs in     $data/log

END
}

# --- Stop -------------------------------------------------------------------

# Asks the named processes to stop, waits, and kills who does not.
stop() {
  local name deadline=$((SECONDS + STOP_SECONDS))
  for name in "$@"; do
    ! alive "$name" || kill -TERM "${PID[$name]}" 2> /dev/null
  done
  for name in "$@"; do
    while alive "$name" && ((SECONDS < deadline)); do sleep 0.05; done
    if alive "$name"; then
      printf '%s did not stop within %d seconds; killing it.\n' \
        "$name" "$STOP_SECONDS" >&2
      kill -KILL "${PID[$name]}" 2> /dev/null
    fi
  done
}

# Who sends before who receives: nothing is left on the way.
stop_all() {
  trap '' INT TERM HUP
  stop story
  stop alertd deployd
  stop assemblerd
  stop incidentd
}

on_signal() {
  printf '\nStopping.\n'
  stop_all
  printf 'Stopped. Everything is kept in %s\n' "$data"
  exit 0
}

# Waits until a process ends. When it is the demo, says so by its exit code;
# the others are meant to run for ever.
wait_for_any() {
  local ended="" code=0 name
  wait -n -p ended "${PID[@]}" || code=$?
  for name in "${!PID[@]}"; do
    [[ "${PID[$name]}" == "$ended" ]] || continue
    unset "PID[$name]"
    [[ "$name" != story ]] || return "$code"
    printf '\n%s ended by itself, with exit code %d.\n' "$name" "$code" >&2
    show_log "$name"
    stop_all
    exit 1
  done
}

play_demo() {
  setsid setpriv --pdeathsig TERM "bazel-bin/${PROGRAM[story]}" demo \
    --address="127.0.0.1:$port" --alertd="127.0.0.1:$((port + 10))" \
    --deploy_log="$data/deploys.jsonl" < /dev/null &
  PID[story]=$!
  while [[ -n "${PID[story]:-}" ]]; do
    wait_for_any || printf 'The demo ended with an error; see above.\n' >&2
  done
}

# --- The whole --------------------------------------------------------------

install_packages build run
prepare_home

targets=()
for program in "${PROGRAM[@]}"; do targets+=("//${program%/*}:${program##*/}"); done
bazel build --disk_cache="$BAZEL_CACHE" "${targets[@]}" ||
  fail "the build failed; the reason is above."

check_ports
mkdir -p -- "$data/log" || exit 1
trap on_signal INT TERM HUP
printf '\nStarting Second Story\n'
start_all
show_table
case "$demo" in
  first) printf 'This is the first start, so here is a demo.\n' ;;&
  first | yes) play_demo ;;
esac
printf 'Running. Ctrl-C stops it; ./run.sh starts it again with what it knows.\n'
while :; do wait_for_any; done
