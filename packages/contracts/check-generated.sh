#!/bin/sh
# Fails when src/gen is not what proto/ generates now.
set -eu
cd "$(dirname "$0")"
trap 'rm -rf gen-check' EXIT
sh generate.sh gen-check
diff -r src/gen gen-check || {
  echo "packages/contracts/src/gen differs from what proto/ generates: run npm run generate and commit the result" >&2
  exit 1
}
