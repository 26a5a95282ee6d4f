#!/usr/bin/env bash
# Installs what the tests need and npm does not provide: real browsers and servers, from Debian packages. If it may not
# install, it names what is missing. Each line of the list: what to look for, and the package that provides it.
set -euo pipefail

needs() {
  cat <<'LIST'
command:script bsdutils
command:chromium chromium
command:firefox-esr firefox-esr
command:turnserver coturn
command:nats-server nats-server
command:haproxy haproxy
command:nginx nginx-light
command:caddy caddy
command:docker-compose docker-compose
command:openssl openssl
command:promtool prometheus
command:systemd-analyze systemd
python:aiortc python3-aiortc
python:websockets python3-websockets
LIST
}

# Python packages are looked up with the system's Python, which is the one that the tests run.
has() {
  local PATH="$PATH:/usr/sbin" # where Debian puts nats-server, and users do not look
  case "$1" in
    command:*) command -v "${1#command:}" >/dev/null ;;
    python:*) /usr/bin/python3 -c "import ${1#python:}" 2>/dev/null ;;
  esac
}

missing=()
while read -r need package; do
  has "$need" || missing+=("$package")
done < <(needs)
[ ${#missing[@]} -eq 0 ] && exit 0

install="apt-get install --yes --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need packages that are not installed here. On Debian: sudo $install" >&2
  exit 1
fi
echo "Installing what the tests need: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { apt-get update && $install; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "These could not be installed: ${missing[*]}" >&2
  exit 1
fi
