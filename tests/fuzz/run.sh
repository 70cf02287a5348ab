#!/usr/bin/env bash
# Runs the fuzzer on each target (or those named as arguments) for FUZZ_SECONDS, FUZZ_JOBS at a time, and says how it went.
# Corpora, logs and what crashed are kept in FUZZ_DIR. FUZZ_MORE may name a folder of more inputs, one subfolder a target.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${FUZZ_SECONDS:-600}
dir=${FUZZ_DIR:-$PWD/corpus}
export RUSTC_BOOTSTRAP=1 # the coverage flags are not stable; the code is
cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
cargo fuzz build --fuzz-dir . --sanitizer none translation
target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
cargo build --quiet --release --bin seeds
fuzzer=$(echo "$target"/*/release/translation)
mkdir -p "$dir"
"$target/release/seeds" "$dir"

one() {
    mkdir -p "$dir/$1" "$dir/crashes"
    # Inputs are short, so memory that is not bounded by them shows: 256 MB in all, 64 MB at once.
    RELAY_FUZZ_TARGET=$1 nice -n 10 "$fuzzer" "$dir/$1" ${FUZZ_MORE:+"$FUZZ_MORE/$1"} -max_total_time="$seconds" -max_len=16384 \
        -rss_limit_mb=256 -malloc_limit_mb=64 -timeout=10 -print_final_stats=1 -artifact_prefix="$dir/crashes/$1-" \
        >"$dir/$1.log" 2>&1 || echo "$1 FAILED: see $dir/$1.log"
    # Coverage at the start (INITED) and at the end, executions, the highest resident size.
    echo "$1: $(grep -aoE '(INITED|DONE) +cov: [0-9]+' "$dir/$1.log" | tr -s ' ' | paste -sd' ')" \
        "$(grep -aE 'number_of_executed_units|peak_rss_mb' "$dir/$1.log" | sed 's/stat:://' | tr -s ' ' | paste -sd' ')"
}
export -f one
export fuzzer dir seconds
printf '%s\n' "${@:-$("$target/release/seeds")}" | xargs -P "${FUZZ_JOBS:-2}" -I{} bash -c 'one {}'
! ls "$dir"/crashes/* >/dev/null 2>&1
