#!/usr/bin/env bash
# Makes sure that system programs are there: `need.sh strace nginx`. Installs them if root and on Debian, else says what to install.
# `korean-font` is no program, but pictures of the widget need one.
set -euo pipefail

there() {
  case "$1" in
    korean-font) command -v fc-list >/dev/null && fc-list :lang=ko | grep -q . ;;
    *) command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] ;;
  esac
}

# Debian's package for a program.
package() {
  case "$1" in
    nginx) echo nginx-light ;;
    WebKitWebDriver) echo webkit2gtk-driver ;;
    Xvfb) echo xvfb ;;
    korean-font) echo fontconfig fonts-noto-cjk ;;
    *) echo "$1" ;;
  esac
}

packages=()
for program in "$@"; do
  # shellcheck disable=SC2207 # one name may be two packages
  there "$program" || packages+=($(package "$program"))
done
[ ${#packages[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get install -y -qq "${packages[@]}" >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq "${packages[@]}" >/dev/null; }
else
  echo "missing: ${packages[*]}. Install them with your system's package manager (Debian: sudo apt-get install ${packages[*]})." >&2
  exit 1
fi
