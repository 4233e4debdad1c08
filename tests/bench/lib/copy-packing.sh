# shellcheck shell=bash
# The cases about packing and differences: beside compression by SSH, and new versions of real packages.
# shellcheck disable=SC2034,SC2153 # CONTESTANTS is read in the other parts, and LINK and COUNT are set there

# Wheels from PyPI: two releases of two libraries, machine code and Python. NAME SHA-256 FOLDER-AND-FILE of each.
UPSTREAM_HOST=https://files.pythonhosted.org/packages
UPSTREAM=(
  "numpy-2.2.5 3a801fef99668f309b88640e28d261991bfad9617c27beda4a3aec4f217ea073 b0/d9/7c338b923c53d431bc837b5b787052fef9ae68a56fe91e325aac0d48226e"
  "numpy-2.2.6 fd83c01228a688733f1ded5201c678f0c53ecc1006ffbc404db9f7a899ac6249 8c/3d/1e1db36cfd41f895d266b103df00ca5b3cbe965184df824dec5c08c6b803"
  "scipy-1.15.2 2b871df1fe1a3ba85d90e22742b93584f8d2b8e6124f8372ab15c71b73e428b8 c0/53/eaada1a414c026673eb983f8b4a55fe5eb172725d33d62c1b21f63ff6ca4"
  "scipy-1.15.3 271e3713e645149ea5ea3e97b57fdab61ce61333f97cfae392c28ba786f9bb49 0b/1f/03f52c282437a168ee2c7c14a1a0d0781a9a4a8962d84ac05c06b4c5b555"
)
WHEEL=cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl

# Those of the goals: what phoenix takes, by what nix copy with compression does.
COMPRESSED_WALL=0.714 COMPRESSED_CPU=0.333
# And what goes over the wire, by what zstd -3 makes of it.
declare -A PACKING=([rebuild]=0.01 [bump]=0.125)

# Those of the case `compressed`.
COMPRESSED=(phoenix ssh-ng ssh-ng-compressed)

# Real packages that the hosts have nothing of, beside `nix copy` over an SSH connection that compresses, too.
case_compressed() {
  local CONTESTANTS=("${COMPRESSED[@]}")
  upstream_get
  systems_order 'version = "1.0"' "$(upstream_order numpy-2.2.6 scipy-1.15.3)"
  on_links compressed compressed
}

# compressed RUN CASE
compressed() {
  local key=$LINK.$2 what
  contest "$1" "$2"
  for what in wall cpu; do
    record "$key.$what-ratio" "$(quotient "$(latest "$key.phoenix.$what")" "$(latest "$key.ssh-ng-compressed.$what")")"
  done
}

# The hosts run a system with the older releases, and get the later ones.
case_bump() {
  upstream_get
  hosts_settle 'version = "1.0"' "$(upstream_order numpy-2.2.5 scipy-1.15.2)"
  systems_order 'version = "1.0"' "$(upstream_order numpy-2.2.6 scipy-1.15.3)"
  on_links_differences bump
}

# Has the releases in the store. Sets UPSTREAM_HASHES.
upstream_get() {
  local entry name sum folder wheel=$WORK/wheel tree
  declare -gA UPSTREAM_HASHES
  for entry in "${UPSTREAM[@]}"; do
    read -r name sum folder <<<"$entry"
    [[ -z ${UPSTREAM_HASHES[$name]-} ]] || continue
    curl -fsS --retry 3 -o "$wheel" "$UPSTREAM_HOST/$folder/$name-$WHEEL" || die "$name cannot be had from $UPSTREAM_HOST"
    sha256sum --quiet --check <<<"$sum  $wheel" || die "$name is another file than the one that was measured"
    tree=$WORK/upstream/$name
    mkdir -p "$tree"
    unzip -q "$wheel" -d "$tree"
    nix-store --add-fixed --recursive sha256 "$tree" >/dev/null
    UPSTREAM_HASHES[$name]=$(nix-hash --type sha256 "$tree")
    rm -rf "$tree"
  done
}

# upstream_order NAME…: what release.toml says of them.
upstream_order() {
  local name
  printf 'upstream = ['
  for name; do
    printf '{ name = "%s", hash = "%s" },' "$name" "${UPSTREAM_HASHES[$name]}"
  done
  printf ']\n'
}

# on_links_differences CASE: contests, and what went over the links by what zstd makes of the same paths, each by itself.
on_links_differences() {
  closures_note
  record "$1.zstd" "$(megabytes "$(($(packed_bytes "$(new_of "${HOSTS[0]}")") * COUNT))")"
  on_links "$1" differences
}

# differences RUN CASE
differences() {
  contest "$1" "$2"
  record "$LINK.$2.packing" "$(quotient "$(latest "$LINK.$2.phoenix.wire")" "$(latest "$2.zstd")" 4)"
}

# packed_bytes FILE: of the NARs of the paths in it, packed by zstd -3.
packed_bytes() {
  local path
  while read -r path; do
    nix-store --dump "$path" | zstd -3 -c -q | wc -c
  done <"$1" | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# latest KEY: the last sample.
latest() { awk -v count="$COUNT" -v key="$1" '$1 == count && $2 == key { value = $3 } END { print value }' "$RESULTS"; }

# copy_report_packing COUNT: what these cases came to.
copy_report_packing() {
  local count=$1
  ! wanted compressed || report_compressed "$count"
  if wanted rebuild || wanted bump; then
    report_differences "$count"
  fi
}

report_compressed() {
  local count=$1 link key CONTESTANTS=("${COMPRESSED[@]}")
  printf '\nNew packages; each cell: phoenix / nix copy over ssh-ng:// / the same with compress=true\n\n'
  printf '| link | seconds | CPU s, workstation | CPU s, hosts | on the wire, MB |\n|---|---|---|---|---|\n'
  for link in "${LINKS[@]}"; do
    key=$link.compressed
    printf '| %s | %s | %s | %s | %s |\n' "$(link_text "$link")" "$(of_each "$count" "$key" wall 2)" \
      "$(of_each "$count" "$key" cpu 2)" "$(of_each "$count" "$key" host-cpu 2)" "$(of_each "$count" "$key" wire 1)"
  done
  printf '\n| phoenix / nix copy with compression | measured | goal | every time |\n|---|---|---|---|\n'
  for link in "${LINKS[@]}"; do
    key=$link.compressed
    goal_row "$count" "seconds, $(link_text "$link")" "$key.wall-ratio" "$COMPRESSED_WALL" "" 3
    goal_row "$count" "CPU of the workstation, $(link_text "$link")" "$key.cpu-ratio" "$COMPRESSED_CPU" "" 3
  done
}

report_differences() {
  local count=$1 link case
  printf '\n| on the wire / zstd -3 of the same | measured | goal | every time |\n|---|---|---|---|\n'
  for case in rebuild bump; do
    wanted "$case" || continue
    for link in "${LINKS[@]}"; do
      goal_row "$count" "$(case_text "$case") ($(printf %.1f "$(median "$count" "$case.zstd")") MB by zstd), $(link_text "$link")" \
        "$link.$case.packing" "${PACKING[$case]}" "" 4
    done
  done
}
