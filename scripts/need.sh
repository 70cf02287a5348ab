#!/usr/bin/env bash
# Checks that the system has what Make targets need, before anything is built:
#
#   need.sh test check      everything that these targets need; or single requirements: need.sh strace nginx
#   need.sh --check test    the same, without installing anything
#   need.sh --path firefox  prints where a program is
#
# One line names everything that is missing or too old. On Debian, root gets it installed instead, if Debian has all of it.
# scripts/packages.txt is the list. RELAY_CHROMIUM, RELAY_FIREFOX and RELAY_MINIBROWSER may name a browser in another place.
set -euo pipefail
list=${BASH_SOURCE[0]%/*}/packages.txt
read -ra cargo <<<"${CARGO:-cargo}"
read -ra python <<<"${PYTHON:-python3}"

# Where the browser of WebKitGTK's libraries is.
minibrowser() {
  local path
  for path in {/usr/libexec,/usr/lib/*}/{webkitgtk-6.0,webkit2gtk-4.1,webkit2gtk-4.0}/MiniBrowser; do
    [ ! -x "$path" ] || { echo "$path" && return; }
  done
}

# Tells whether a requirement without a program of its own is met.
works() {
  case "$1" in
    c-compiler) cc -fsyntax-only -xc - <<<'#include <stdlib.h>' ;;
    clippy) "${cargo[@]}" clippy --version ;;
    rustfmt) "${cargo[@]}" fmt --version ;;
    python-venv) "${python[@]}" -c 'import ensurepip, venv' ;;
    korean-font) [ -n "$(fc-list :lang=ko)" ] ;;
    *) return 1 ;;
  esac </dev/null >/dev/null 2>&1
}

# Prints the paths of a requirement's programs ($2, split by `|`). Not `command -v`, which finds the shell's own `kill`. Servers
# are in folders that not everybody's PATH has.
paths() {
  local names
  IFS='|' read -ra names <<<"$2"
  case "$1" in
    cargo) names=("${cargo[0]}") ;;
    python) names=("${python[0]}") ;;
    chromium) [ -z "${RELAY_CHROMIUM:-}" ] || names=("$RELAY_CHROMIUM") ;;
    firefox) [ -z "${RELAY_FIREFOX:-}" ] || names=("$RELAY_FIREFOX") ;;
    webkit-browser) names=("${RELAY_MINIBROWSER:-$(minibrowser)}") ;;
  esac
  PATH="$PATH:${RELAY_SBIN-/usr/sbin:/usr/local/sbin}" type -P "${names[@]}" || true
}

version_of() {
  [[ $("$1" --version </dev/null 2>/dev/null) =~ [0-9]+(\.[0-9]+)* ]] && echo "${BASH_REMATCH[0]}"
}

# Compares two versions, number by number.
at_least() {
  local one other at
  IFS=. read -ra one <<<"$1"
  IFS=. read -ra other <<<"$2"
  for at in "${!other[@]}"; do
    ((10#${one[at]:-0} <= 10#${other[at]})) || return 0
    ((10#${one[at]:-0} >= 10#${other[at]})) || return 1
  done
}

# Sets `path` to the program that meets a requirement, or `problem` to what is wrong.
check() {
  local name=$1 programs=$2 minimum=$3 candidate version
  path='' problem=$name
  if works "$name"; then
    problem=''
    return
  fi
  [ "$minimum" = - ] || problem="$name $minimum or newer"
  local wish=$problem
  while read -r candidate; do
    if [ "$minimum" != - ]; then
      version=$(version_of "$candidate") || { problem="$wish ($candidate has no version)" && continue; }
      at_least "$version" "$minimum" || { problem="$wish ($candidate is $version)" && continue; }
    fi
    path=$candidate problem=''
    return
  done < <(paths "$name" "$programs")
}

# Tells whether the caller asks for a requirement, by its own name or by a target's. Notes which arguments are known.
wanted() {
  local name=$1 targets=$2 given found=1
  shift 2
  for given in "$@"; do
    [[ $given == "$name" || ,$targets, == *,$given,* ]] || continue
    known+=" $given "
    found=0
  done
  return $found
}

# Installs Debian packages. The lists of packages on a fresh machine are old, and so would the packages be.
install() {
  echo "installing ${*} with apt-get" >&2
  # RUNLEVEL: no service is started.
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  apt-get update -qq >/dev/null || echo "apt-get update failed: the packages may be old" >&2
  apt-get install -y -qq "$@" >/dev/null
}

add_packages() {
  local package
  for package in "$@"; do
    [[ " ${packages[*]-} " == *" $package "* ]] || packages+=("$package")
  done
}

mode=install
case "${1:-}" in
  --check | --path) mode=${1#--} && shift ;;
esac
problems=() packages=() all_in_debian=yes known=''
while read -r name programs minimum targets from; do
  if [[ $name == \#* ]] || ! wanted "$name" "$targets" "$@"; then continue; fi
  check "$name" "$programs" "$minimum"
  if [ -z "$problem" ]; then
    [ "$mode" != path ] || echo "$path"
  elif [[ $from =~ ^https:|^rustup ]]; then
    problems+=("$problem [$from]")
    all_in_debian=no
  else
    problems+=("$problem")
    read -ra debian <<<"$from"
    add_packages "${debian[@]}"
  fi
done <"$list"
for given in "$@"; do
  [[ $known == *" $given "* ]] || { echo "need.sh: nothing in $list is named $given" >&2 && exit 2; }
done

[ ${#problems[@]} -gt 0 ] || exit 0
if [ "$mode" = install ] && [ $all_in_debian = yes ] && [ "$(id -u)" = 0 ] && type -P apt-get >/dev/null; then
  install "${packages[@]}"
  exec "${BASH_SOURCE[0]}" --check "$@"
fi
line="missing: $(printf '%s, ' "${problems[@]}")"
line=${line%, }
[ ${#packages[@]} -eq 0 ] || line+=". On Debian, as root: apt-get update && apt-get install ${packages[*]}"
echo "$line" >&2
exit 1
