#!/bin/sh
# Generates messages, services and descriptors from proto/ into the folder given (relative to this package).
set -eu
cd "$(dirname "$0")"
out=$1
rm -rf "$out"
mkdir -p "$out"
cd ../..
sed "s#packages/contracts/src/gen#packages/contracts/$out#" buf.gen.yaml >"packages/contracts/.buf.gen.tmp.yaml"
trap 'rm -f packages/contracts/.buf.gen.tmp.yaml' EXIT
npx --no-install buf generate --template packages/contracts/.buf.gen.tmp.yaml
npx --no-install buf build --exclude-source-info -o "packages/contracts/$out/descriptors.binpb"
