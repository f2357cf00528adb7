#!/usr/bin/env bash
# Repeats the end-to-end suite until the given number of seconds has passed.
set -euo pipefail
cd "$(dirname "$0")/.."
end=$((SECONDS + ${1:-3600}))
rounds=0
while ((SECONDS < end)); do
  go test -timeout 20m -count=1 ./test/e2e
  rounds=$((rounds + 1))
done
echo "$rounds rounds passed"
