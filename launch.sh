#!/usr/bin/env bash
# Runs an experiment or the tests; makes .venv first where it is missing or out of date.
#
#   ./launch.sh                 list the experiments
#   ./launch.sh NAME [flags]    run experiments/NAME.py; paths in flags are relative to where you stand
#   ./launch.sh test [flags]    run the test suite; flags go to pytest
#
# Several processes share `generate --num_shards`, and the adversarial training of `train_generator --recipe=profile`.
# On one machine:
#   for i in 0 1; do
#     ./launch.sh NAME [flags] --coordinator=127.0.0.1:1234 --num_processes=2 --process_id=$i &
#   done; wait
# On SLURM, a process a task; JAX finds them by itself. Run `./launch.sh NAME --help` once before, to set up:
#   srun --ntasks=4 ./launch.sh NAME [flags] --coordinator=auto
# All get the same flags. Parts that `generate` writes must be in a folder that all see; of `train_generator`, process 0
# alone writes. If one dies, the others stop with one line; the same command goes on.
#
# Variables:
#   GANRS_ACCELERATOR  what .venv is made for: cpu, cuda13, cuda12 or tpu. Unset: as it was made last, cpu at first.
#   PYTHON             the Python, 3.11 to 3.14, to make .venv with. Unset: the first one found.
#   pip's own (PIP_INDEX_URL, PIP_PROXY, ...) and JAX's own (JAX_COMPILATION_CACHE_DIR, XLA_FLAGS, ...) hold as well.
set -euo pipefail

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
venv="$root/.venv"
previous="$root/.venv.ganrs_previous" # a complete .venv, kept aside until the one that replaces it is complete
stamp="$venv/.ganrs_ready"            # marks a complete .venv and tells what it was made from
unfinished="$venv/.ganrs_unfinished"

fail() {
  printf 'launch.sh: %s\n' "$*" >&2
  exit 2
}

# --- experiments ---

names() {
  local file
  for file in "$root"/experiments/[!_]*.py; do
    if [ -e "$file" ]; then basename "$file" .py; fi
  done
  echo test
}

summary() { # NAME: the first line of its docstring
  if [ "$1" = test ]; then echo "Runs the whole test suite; flags go to pytest."; else
    awk '/^r?"""/ { sub(/^r?"""/, ""); if ($0 == "") getline; sub(/"""[ \t]*$/, ""); print; exit }' \
      "$root/experiments/$1.py"
  fi
}

list() {
  local name
  echo "Usage: ./launch.sh NAME [flags]; NAME --help lists the flags of one. The names:"
  names | while read -r name; do printf '  %-20s %s\n' "$name" "$(summary "$name")"; done
}

# --- set-up ---

describe() { # PYTHON: its version and file, if it is one to use
  "$1" -c 'import os, sys
print("%d.%d.%d %s" % (sys.version_info[:3] + (os.path.realpath(sys.executable),)))
sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null
}

find_python() { # sets `python` to what describe tells of the first that will do
  if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else
    set -- python3.13 python3.12 python3.11 python3.14 python3 python
  fi
  for candidate in "$@"; do
    if python=$(describe "$candidate"); then return; fi
  done
  fail "found no Python 3.11 to 3.14 (tried: $*). Install one, or set PYTHON to where it is."
}

wanted() {
  printf '%s\n' "$accelerator" "$root"
  cat "$root/pyproject.toml" "$root/requirements.lock" | cksum
}

ready() {
  [ -x "$venv/bin/python" ] && [ -r "$stamp" ] && [ "$(sed '$d' "$stamp")" = "$(wanted)" ] &&
    { [ -z "${PYTHON:-}" ] || [ "$(tail -n 1 "$stamp")" = "$(describe "$PYTHON")" ]; }
}

lock() { # until file 9 is closed, by this script's end at the latest, however it ends
  "${python#* }" -c 'import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.stderr.write("Waiting for another set-up of .venv to end\n")
    fcntl.flock(9, fcntl.LOCK_EX)
except OSError:
    pass  # a file system without locks'
}

undo() {
  rm -rf "$venv"
  if [ -d "$previous" ]; then mv "$previous" "$venv"; fi
}

attempt() { # COMMAND...: runs it in the repository, or says why it failed and what to do
  local output words advice
  if output=$(cd "$root" && "$@" 2>&1); then return; fi
  case "$output" in
    *"No space left"* | *"Disk quota"*)
      advice="The disk is full: about 2 GB is needed in $root (more for CUDA), and some in the temporary folder (TMPDIR)." ;;
    *ensurepip* | *"No module named venv"*)
      advice="This Python lacks its venv module: apt install python3-venv, or set PYTHON to another Python." ;;
    *"onnection"* | *"Max retries"* | *"roxy"* | *"timed out"* | *"SSL"* | *"HTTP error"*)
      advice="The package index cannot be reached: set PIP_INDEX_URL to one that can be, or PIP_PROXY to your proxy." ;;
    *"No matching distribution"*)
      advice="The package index has no such build. All have one for Python 3.11 to 3.14 on Linux and Apple-silicon macOS; a mirror may lack some (PIP_INDEX_URL)." ;;
    *) advice="See pip's words above." ;;
  esac
  words=$(printf '%s\n' "$output" | grep -E 'ERROR|WARNING|rror:|rrno' | grep -v subprocess | tail -n 4) || true
  printf '%s\n' "${words:-$output}" | tail -n 8 >&2
  fail "set-up failed, nothing is left of it. What failed:
  $*
$advice Then run this again."
}

set_up() {
  local extras=test
  if [ "$accelerator" != cpu ]; then extras="test,$accelerator"; fi
  if [ ! -w "$root" ]; then fail "cannot make .venv: $root is not writable"; fi
  find_python
  exec 9>"$root/.venv.lock"
  lock
  if ! ready; then
    if [ -e "$venv" ] && [ ! -e "$stamp" ] && [ ! -e "$unfinished" ]; then
      fail "$venv was not made by launch.sh: move it away first"
    fi
    echo "Setting up .venv (once, a few minutes)" >&2
    trap undo EXIT
    trap 'exit 130' INT TERM HUP
    if [ -e "$stamp" ]; then rm -rf "$previous" && mv "$venv" "$previous"; fi
    rm -rf "$venv" && mkdir "$venv" && : >"$unfinished"
    attempt "${python#* }" -I -m venv .venv
    attempt .venv/bin/python -I -m pip install --quiet --disable-pip-version-check --no-input \
      -c requirements.lock -e ".[$extras]"
    { wanted && echo "$python"; } >"$unfinished"
    mv "$unfinished" "$stamp"
    trap - EXIT INT TERM HUP
    rm -rf "$previous"
  fi
  exec 9>&-
}

# --- what was asked ---

name=${1:-}
case "$name" in '' | help | -h | --help) list; exit ;; esac
shift
known=" $(names | tr '\n' ' ')"
case "$known" in
  *" ${name// /_} "*) ;;
  *) fail "no experiment '$name'; there are:$known" ;;
esac

accelerator=${GANRS_ACCELERATOR:-}
if [ -z "$accelerator" ] && [ -r "$stamp" ]; then read -r accelerator <"$stamp"; fi
accelerator=${accelerator:-cpu}
case "$accelerator" in
  cpu | tpu) ;;
  cuda12 | cuda13) # the same seed gives the same bytes
    case "${XLA_FLAGS:-}" in
      *xla_gpu_deterministic_ops*) ;;
      *) export XLA_FLAGS="${XLA_FLAGS:+$XLA_FLAGS }--xla_gpu_deterministic_ops=true" ;;
    esac ;;
  *) fail "GANRS_ACCELERATOR is '$accelerator'; accepted: cpu, cuda13, cuda12, tpu" ;;
esac

if ! ready; then set_up; fi

if [ "$name" = test ]; then
  cd "$root"
  if [ $# = 0 ]; then set -- --numprocesses=auto --maxprocesses=4 --dist=loadfile; fi # the whole suite, side by side
  exec .venv/bin/python -P -m pytest "$@"
fi
if [ -n "${HOME:-}" ]; then # programs compiled once are kept for the next launch
  export JAX_COMPILATION_CACHE_DIR="${JAX_COMPILATION_CACHE_DIR-${XDG_CACHE_HOME:-$HOME/.cache}/ganrs_jax/compiled}"
  export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="${JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS-0}"
fi
exec "$venv/bin/python" -P -m "experiments.$name" "$@"
