#!/usr/bin/env bash
# Runs the main job on a shipped example: with Docker where an engine answers, else as plain processes.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x node_modules/.bin/node ] || [ ! -x node_modules/.bin/rolldown ]; then
  echo 'Installing packages (once) …'
  npm ci --no-audit --no-fund --loglevel=error
fi
export PATH="$PWD/node_modules/.bin:$PATH"
if [ ! -f dist/main.js ]; then npm run --silent build; fi
command -v git >/dev/null || { echo 'git is needed: apt-get install git' >&2; exit 6; }

# The example is copied out and made a repository of its own: agola runs a repository's tree.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R examples/quickstart/. "$work"
git -C "$work" init -q -b main

driver=host
image=busybox:stable-musl
if docker version >/dev/null 2>&1; then
  if docker image inspect "$image" >/dev/null 2>&1 || docker pull -q "$image" >/dev/null 2>&1; then
    driver=docker
  else
    echo "Docker answers, but $image cannot be pulled: running without containers."
  fi
else
  echo 'No Docker engine answers: running without containers.'
fi
cd "$work"
node "$OLDPWD/bin/run.js" directrun start --driver "$driver"
