#!/bin/sh
# Compares a running `relay serve --mock` with its OpenAPI description, with all of schemathesis's checks. Makes a folder of its own
# for the store and the keys, and ends the server that it started.
#   run.sh PROGRAM [ARGUMENTS OF SCHEMATHESIS…]
set -eu
program=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' HUP INT TERM

member() { python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

RELAY_KEY=$("$program" init --json --listen 127.0.0.1:0 --dir "$folder" | member relayKey)
export RELAY_KEY
# One address makes all the mistakes, and one project asks for all the tokens.
RELAY_MOCK=true RELAY_LOG_FORMAT=json RELAY_SERVER_TRUSTED_PROXIES=127.0.0.1 RELAY_QUOTA_TOKENS_PER_MINUTE=1000000 "$program" serve --config "$folder/relay.toml" > "$folder/log" &
server=$!
url=
while [ -z "$url" ]; do
    kill -0 "$server" || exit 1
    sleep 0.1
    url=$(sed -n 's/.*"message":"serving","listen":"\([^"]*\)".*/http:\/\/\1/p' "$folder/log")
done

token() {
    curl -fsS "$url/v1/registration-tokens" -H "authorization: Bearer $RELAY_KEY" -H 'content-type: application/json' \
        -d "{\"user\":\"$1\",\"expiresInSeconds\":3600}" | member registrationToken
}
# A user with a key, so that calls get answers.
curl -fsS "$url/v1/registration" -H "authorization: Bearer $(token ana)" -H 'content-type: application/json' \
    -d '{"provider":"openai","apiKey":"sk-mock-good-000000000ana"}' > /dev/null
RELAY_TOKEN=$(token bo)
export RELAY_TOKEN

cd "$here"
schemathesis run "$url/openapi.json" --checks all "$@"
