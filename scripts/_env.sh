# Sourced by the other scripts: goes to the project's root and provides its Python environment.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
python="$root/.venv/bin/python"

# Print the comment at the head of the calling script, when help is asked for, and end.
help_if_asked() {
  case "${1:-}" in
    -h | --help)
      sed -n '2,/^$/s/^# \{0,1\}//p' "$root/scripts/$(basename "$0")"
      exit 0
      ;;
  esac
}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# Name a Python of version 3.11 or newer: $PYTHON, or the first that is found.
find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

make_venv() {
  local base
  base=$(find_python) || fail \
    "OpenBench Studio needs Python 3.11 or newer; found: $(python3 --version 2>&1 || echo none)." \
    "Install it (Debian, Ubuntu: apt-get install python3.11 python3.11-venv) or name it: PYTHON=/path/to/python scripts/..."
  "$base" -c 'import venv, ensurepip' 2>/dev/null || fail \
    "$base cannot make virtual environments." \
    "Install its venv module (Debian, Ubuntu: apt-get install python3-venv), then try again."
  printf 'Making the environment .venv with %s\n' "$("$base" --version)" >&2
  "$base" -m venv "$root/.venv" || fail "Could not make $root/.venv"
}

# Make sure that .venv has the packages of a lock file, by their hashes; quick when it has. The
# file is compared by content with the one that was installed last.
need() {
  [ $# -eq 1 ] || fail "need takes one lock file; requirements-dev.txt has all of requirements.txt."
  local lock=$1 wanted stamp
  stamp="$root/.venv/.installed-$(basename "$lock" .txt)"
  wanted=$(cat requirements-build.txt "$lock" | cksum)
  is_installed "$wanted" "$stamp" && return
  # Of several scripts that start at once, one installs.
  if command -v flock >/dev/null; then
    exec 9>"$root/.venv.lock"
    flock 9
  fi
  is_installed "$wanted" "$stamp" || install_lock "$lock"
  printf '%s' "$wanted" >"$stamp"
  if command -v flock >/dev/null; then exec 9>&-; fi
}

is_installed() { [ -x "$python" ] && [ "$(cat "$2" 2>/dev/null)" = "$1" ]; }

install_lock() {
  [ -x "$python" ] || make_venv
  printf 'Installing %s\n' "$1" >&2
  local install=("$python" -m pip install --quiet --disable-pip-version-check --no-input
    --require-hashes)
  # What builds comes first, so that a package that is built fetches nothing beside its hashes.
  if ! { "${install[@]}" -r requirements-build.txt >&2 &&
    "${install[@]}" --no-build-isolation -r "$1" >&2; }; then
    fail "The packages could not be installed; what pip says is above."
  fi
}

# Make sure that there is a Chromium for browser tests; without it they skip.
need_chromium() {
  command -v chromium >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    printf 'Installing Chromium for the browser tests\n' >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } \
      >/dev/null 2>&1 && return
  fi
  printf 'No Chromium: the browser tests are skipped. (Debian: apt-get install chromium)\n' >&2
}
