#!/usr/bin/env bash
# Installs what the tests need and passes all of them. For a fresh Debian or Ubuntu machine, as root or with sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() {
  local wanted=()
  command -v git >/dev/null || wanted+=(git)
  # An engine that answers, or a dockerd that the tests can start, is enough whoever made it.
  docker version >/dev/null 2>&1 || command -v dockerd >/dev/null || [ -x /usr/sbin/dockerd ] || wanted+=(docker.io)
  command -v etcd >/dev/null || wanted+=(etcd-server)
  [ -x /bin/busybox ] && [ "$(dpkg-query -W -f '${Status}' busybox-static 2>/dev/null || true)" = 'install ok installed' ] || wanted+=(busybox-static)
  command -v podman >/dev/null || wanted+=(podman)
  # What engines of users without privileges need.
  command -v rootlesskit >/dev/null || wanted+=(rootlesskit)
  command -v newuidmap >/dev/null || wanted+=(uidmap)
  command -v slirp4netns >/dev/null || wanted+=(slirp4netns)
  command -v fuse-overlayfs >/dev/null || wanted+=(fuse-overlayfs)
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || wanted+=(chromium)
  command -v jsonnet >/dev/null || wanted+=(jsonnet)
  command -v openssl >/dev/null || wanted+=(openssl)
  # Completion is tried in each of its shells.
  command -v zsh >/dev/null || wanted+=(zsh)
  command -v fish >/dev/null || wanted+=(fish)
  command -v iptables >/dev/null || [ -x /usr/sbin/iptables ] || wanted+=(iptables)
  [ ${#wanted[@]} = 0 ] && return
  say "Installing ${wanted[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${wanted[@]}" >/dev/null
}

command -v apt-get >/dev/null && install_packages

say 'Installing the packages of this project'
npm ci --no-audit --no-fund --loglevel=error

say 'Types and style'
npm run --silent typecheck
npm run --silent lint

say 'Build'
npm run --silent build

say 'Tests'
# A user outside the docker group reaches the engine as root only.
if [ "$(id -u)" != 0 ] && ! docker version >/dev/null 2>&1; then
  as_root env "PATH=$PWD/node_modules/.bin:$PATH" npm test
else
  npm test
fi
