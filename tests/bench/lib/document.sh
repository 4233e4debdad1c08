# shellcheck shell=bash
# docs/benchmarks.md: most of it is one measurement's, and a marked section of it another's. Neither writes over the other.

DOCUMENT=docs/benchmarks.md
COPY_BEGIN='<!-- tests/bench/copy writes from here -->'
COPY_END='<!-- to here -->'

# The section, with its marks; nothing when there is none.
document_section() { sed -n "\|^$COPY_BEGIN\$|,\|^$COPY_END\$|p" "$ROOT/$DOCUMENT"; }

# document_write FILE: all but the section.
document_write() {
  local section
  section=$(document_section)
  cp "$1" "$ROOT/$DOCUMENT"
  [[ -z $section ]] || printf '\n%s\n' "$section" >>"$ROOT/$DOCUMENT"
}

# document_write_section FILE: the section alone, at the end.
document_write_section() {
  local rest
  rest=$(sed "\|^$COPY_BEGIN\$|,\|^$COPY_END\$|d" "$ROOT/$DOCUMENT")
  printf '%s\n\n%s\n%s\n%s\n' "$rest" "$COPY_BEGIN" "$(<"$1")" "$COPY_END" >"$ROOT/$DOCUMENT"
}
