#!/usr/bin/env bash
# Makes an image with bash, git, Node and npm from this machine's own files, under the name given: for running this project's own
# config where the real image cannot be pulled. Usage: scripts/stand-in-image.sh node:24-bookworm
set -euo pipefail
name=${1:?name of the image, such as node:24-bookworm}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

programs=(bash sh env git tar gzip ls cat cp mv rm mkdir rmdir ln chmod chown touch sort head tail cut wc tr uname id whoami date sleep
  sha256sum md5sum mktemp dirname basename readlink realpath tee printf echo true false test expr find grep sed awk xargs diff ps df du
  nproc timeout uniq stat mkfifo)

# As distributions lay it out today: /bin, /lib and the like are links into /usr.
mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
for name_of_link in bin sbin lib lib64; do ln -s "usr/$name_of_link" "$root/$name_of_link"; done

# A file, what it links to, and every library it needs, at the same places.
add() {
  local path=$1 target
  [ -e "$root$path" ] && return
  mkdir -p "$root$(dirname "$path")"
  target=$(readlink -f "$path")
  cp -L "$target" "$root$path"
  add_libraries "$target"
}

add_libraries() {
  local library
  for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true); do add "$library"; done
}

for program in "${programs[@]}"; do
  path=$(type -P "$program") && add "$path"
done
add /usr/lib/git-core/git-remote-https 2>/dev/null || true
mkdir -p "$root/usr/lib/git-core" "$root/usr/share" "$root/tmp" "$root/root" "$root/etc/ssl" "$root/opt"
cp -a /usr/lib/git-core/. "$root/usr/lib/git-core/"
cp -a /usr/share/git-core "$root/usr/share/"
cp -aL /etc/ssl/certs "$root/etc/ssl/" 2>/dev/null || true
# Loaded by name, so that no program says it needs them: name resolution, and what native packages of npm link to.
for library in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2 libgcc_s.so.1 libstdc++.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1; do
  [ -e "/lib/$(uname -m)-linux-gnu/$library" ] && add "/lib/$(uname -m)-linux-gnu/$library"
done
chmod 1777 "$root/tmp"
printf 'root:x:0:0:root:/root:/bin/bash\nnode:x:1000:1000:node:/home/node:/bin/bash\n' >"$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' >"$root/etc/group"

node=$(readlink -f "$(PATH="$PWD/node_modules/.bin:$PATH" type -P node)")
npm=$(dirname "$(dirname "$(readlink -f "$(type -P npm)")")")
wanted=$(sed -n 's/.*"node": ">=\([0-9]*\)".*/\1/p' package.json)
if [ "$("$node" -p 'process.versions.node.split(".")[0]')" -lt "$wanted" ]; then
  echo "the first node found is $("$node" --version); this project needs $wanted or newer: run \`npm ci\`, which brings one" >&2
  exit 1
fi
mkdir -p "$root/usr/local/bin"
cp "$node" "$root/usr/local/bin/node"
add_libraries "$node"
cp -a "$npm" "$root/opt/npm"
ln -s /opt/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s /opt/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
[ -f "$HOME/.npmrc" ] && cp "$HOME/.npmrc" "$root/root/.npmrc"

tar -c -C "$root" . | docker import \
  -c 'ENV PATH=/usr/local/bin:/usr/bin:/bin' -c 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' -c 'CMD ["node"]' - "$name" >/dev/null
echo "made $name from this machine's files"
