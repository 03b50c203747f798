#!/usr/bin/env bash
# Fetches llama.cpp's native library for the build: the npm package whose version and hash package-lock.json pins. What was
# fetched before is kept. Without npm or network the build goes on and says so; only the model server is missing then.
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
runtime="$1" # linux-x64 or linux-arm64
target="$2"  # the folder that receives the library

without() {
  printf 'AG4030: the library of the model server was not fetched: %s\n  what to do: %s\n' "$1" \
    "mend it and build again, or name a folder that holds llama.cpp's libraries in AGENTS_LLAMA_DIR; everything else works without" >&2
  exit 0
}

[[ -d "$here/$runtime" ]] || without "there is none for $runtime"
lock="$here/$runtime/package-lock.json"
[[ -f "$target/.complete" ]] && cmp -s "$lock" "$target/.complete" && exit 0
type -P npm >/dev/null || without "npm is not installed"

mkdir -p "$(dirname -- "$target")"
exec 9>"$target.lock"
flock 9 # two builds at once: the second finds what the first fetched
[[ -f "$target/.complete" ]] && cmp -s "$lock" "$target/.complete" && exit 0

work="$(mktemp -d "$target.XXXXXX")"
trap 'rm -rf "$work"' EXIT
cp "$here/$runtime/package.json" "$lock" "$work/"
if ! (cd "$work" && timeout 240 npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --force \
  --os=linux --cpu="${runtime#linux-}" >npm.log 2>&1); then
  without "$(grep -E 'npm (error|ERR)' "$work/npm.log" | head -n 3 | tr '\n' ' ' || true)"
fi

bins="$(ls -d "$work"/node_modules/@node-llama-cpp/*/bins/* | head -n 1)"
rm -f "$bins"/*.node "$bins"/libllama-common.so # what only its JavaScript side needs
rm -f "$bins"/libggml-cpu-sapphirerapids.so # cannot run Kimi K2's attention where it finds AMX, see MatrixUnit.cs; the next best can
cp "$work"/node_modules/@node-llama-cpp/*/LICENSE "$bins/LICENSE"
cp "$lock" "$bins/.complete"
rm -rf "$target"
mv "$bins" "$target"
printf 'model server: fetched llama.cpp for %s (%s)\n' "$runtime" "$(du -sh "$target" | cut -f1)"
