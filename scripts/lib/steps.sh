# shellcheck shell=bash
# Shared by check and demo: headings, times, and what a bare Debian machine lacks.

# The checkout; both scripts are started from anywhere.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Debian's nix-bin has no build users and leaves flakes off; a container may not nest sandboxes. Nothing but the lab's own
# packages is built here, and no cache has them.
export NIX_CONFIG="experimental-features = nix-command flakes
build-users-group =
sandbox = false
substituters ="

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$(basename "$0"): $*"
  exit 1
}

# heading TEXT: bold where that can be seen.
heading() {
  if [[ -t 1 && -z ${NO_COLOR-} ]]; then
    printf '\n\033[1m== %s\033[0m\n' "$*"
  else
    printf '\n== %s\n' "$*"
  fi
}

# Where cargo puts what it builds.
target_dir() {
  cargo metadata --manifest-path "$ROOT/Cargo.toml" --no-deps --format-version 1 --offline | jq -r .target_directory
}

# install_missing THING:PACKAGE…: installs the packages of the commands and files that are missing here.
install_missing() {
  local pair thing packages=()
  for pair in "$@"; do
    thing=${pair%%:*}
    [[ $thing == /* && -e $thing ]] || command -v "$thing" >/dev/null || packages+=("${pair#*:}")
  done
  ((${#packages[@]})) || return 0
  ((EUID == 0)) || die "missing: ${packages[*]}; install them, or run this as root"
  say "installing ${packages[*]}"
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}"
}

# What building phoenix and deploying with it takes. An old Rust is refused by cargo itself.
install_build_tools() {
  install_missing git:git jq:jq curl:curl nix:nix-bin cc:gcc /usr/include/stdlib.h:libc6-dev
  command -v cargo >/dev/null || die "cargo is missing; see https://rustup.rs"
}

# rust_components COMMAND:COMPONENT…: has rustup install what cargo lacks.
rust_components() {
  local pair
  for pair in "$@"; do
    cargo "${pair%%:*}" --version >/dev/null 2>&1 && continue
    command -v rustup >/dev/null || die "cargo ${pair%%:*} is missing, and there is no rustup to install it"
    rustup component add "${pair#*:}"
  done
}

# cargo_tools COMMAND:CRATE@VERSION…: builds tools that Debian lacks into target/tools, and puts that on the PATH.
cargo_tools() {
  local pair tools
  tools=$(target_dir)/tools
  export PATH=$tools/bin:$PATH
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || cargo install --quiet --locked --root "$tools" "${pair#*:}"
  done
}
