#!/usr/bin/env bash
# Runs an experiment, the tests or the documentation; makes .venv first where it is missing or out of date.
#
#   ./launch.sh                  list the experiments
#   ./launch.sh NAME [flags]     run experiments/NAME.py; paths in flags are relative to where you stand
#   ./launch.sh test [--slow]    run the tests, with --slow the long ones too; other flags go to pytest as they are
#   ./launch.sh docs             build the documentation in docs/_build
#
# Variables:
#   GANRS_ACCELERATOR  what .venv is made for: cpu, cuda13, cuda12 or tpu. Unset: as it was made last, cpu at first.
#   PYTHON             the Python, 3.11 to 3.14, to make .venv with. Unset: the first one found.
#   pip's own (PIP_INDEX_URL, PIP_PROXY, ...) and JAX's own (JAX_COMPILATION_CACHE_DIR, XLA_FLAGS, ...) hold as well.
set -euo pipefail

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
venv="$root/.venv"
stamp="$venv/.ganrs_jax" # tells what a complete .venv was made from; empty while it is being made

fail() {
  printf 'launch.sh: %s\n' "$*" >&2
  exit 2
}

list() { # the first line of each experiment's docstring
  echo "Usage: ./launch.sh NAME [flags]; NAME --help lists the flags of one. The names:"
  for name in $names; do
    case "$name" in
      test) what="Runs the tests; --slow adds the long ones." ;;
      docs) what="Builds the documentation in docs/_build." ;;
      *) what=$(awk 'NR == 1 { sub(/^r?"""/, ""); print; exit }' "$root/experiments/$name.py") ;;
    esac
    printf '  %-20s %s\n' "$name" "$what"
  done
}

find_python() {
  for python in ${PYTHON:-python3.13 python3.12 python3.11 python3.14 python3 python}; do
    if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then return; fi
  done
  fail "found no Python 3.11 to 3.14${PYTHON:+ (PYTHON=$PYTHON)}; install one, or set PYTHON to where it is"
}

ready() { [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; }

set_up() {
  find_python
  if [ ! -w "$root" ]; then fail "cannot make .venv: $root is not writable"; fi
  exec 9>"$root/.venv.lock"
  "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' || true # one set-up at a time, where files can be locked
  if ready; then return; fi
  if [ -e "$venv" ] && [ ! -e "$stamp" ]; then fail "$venv was not made by launch.sh: move it away first"; fi
  echo "Setting up .venv (once, a few minutes)" >&2
  rm -rf "$venv" && mkdir "$venv" && : >"$stamp"
  extras=test,docs
  if [ "$accelerator" != cpu ]; then extras="$extras,$accelerator"; fi
  (cd "$root" && "$python" -I -m venv .venv &&
    .venv/bin/python -I -m pip install --quiet --disable-pip-version-check --no-input -c requirements.lock -e ".[$extras]") ||
    fail "set-up failed, see the lines above (no network? set PIP_INDEX_URL or PIP_PROXY; about 2 GB of disk are needed); run this again"
  printf '%s\n' "$wanted" >"$stamp"
  exec 9>&-
}

names="$(cd "$root/experiments" && ls [!_]*.py | sed 's/\.py$//') docs test"
names=$(echo $names)
name=${1:-help}
case "$name" in help | -h | --help) list; exit ;; esac
shift
case " $names " in
  *" $name "*) ;;
  *) fail "no experiment '$name'; there are: $names" ;;
esac

accelerator=${GANRS_ACCELERATOR:-$(sed -n 1p "$stamp" 2>/dev/null || true)}
accelerator=${accelerator:-cpu}
case "$accelerator" in
  cpu | tpu) ;;
  cuda12 | cuda13) export XLA_FLAGS="${XLA_FLAGS:-} --xla_gpu_deterministic_ops=true" ;; # the same seed gives the same bytes
  *) fail "GANRS_ACCELERATOR is '$accelerator'; accepted: cpu, cuda13, cuda12, tpu" ;;
esac
wanted=$(printf '%s\n' "$accelerator" "$root" "${PYTHON:-}" && cat "$root/pyproject.toml" "$root/requirements.lock" | cksum)
if ! ready; then set_up; fi

export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
case "$name" in
  test)
    cd "$root"
    case "$*" in '' | --slow) set -- --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder "$@" ;; esac # side by side
    exec .venv/bin/python -P -m pytest "$@" ;;
  docs) cd "$root" && exec .venv/bin/python -m sphinx -q -W -n --keep-going -b html docs docs/_build "$@" ;;
esac
if [ -n "${HOME:-}" ]; then # programs compiled once are kept for the next launch
  export JAX_COMPILATION_CACHE_DIR="${JAX_COMPILATION_CACHE_DIR-${XDG_CACHE_HOME:-$HOME/.cache}/ganrs_jax/compiled}"
  export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="${JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS-0}"
fi
exec "$venv/bin/python" -P -m "experiments.$name" "$@"
