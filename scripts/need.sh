#!/usr/bin/env bash
# Makes sure that system programs are there: `need.sh strace nginx`. Installs them if root and on Debian, else says what to install.
set -euo pipefail
missing=()
for program in "$@"; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing+=("$program")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  packages=("${missing[@]/#nginx/nginx-light}")
  apt-get install -y -qq "${packages[@]}" >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq "${packages[@]}" >/dev/null; }
else
  echo "missing: ${missing[*]}. Install them with your system's package manager (Debian: sudo apt-get install ${missing[*]})." >&2
  exit 1
fi
