#!/usr/bin/env bash
# Makes sure that a Docker engine answers: installs Debian's where there is none, starts dockerd by hand where nothing
# runs it, and waits until it is ready. Prints dockerd's process id when this script started it, else nothing, so that
# the caller knows what to stop: `kill "$pid"`. Needs root only when something has to be installed or started.
set -euo pipefail

ready_timeout_s=60
log="${TMPDIR:-/tmp}/labelfleet-dockerd.log"

if ! docker info >/dev/null 2>&1; then
  if ! command -v dockerd >/dev/null; then
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iptables >&2
  fi
  # A dockerd that was killed leaves its pid file behind, and the next one refuses to start over it.
  if [ -f /var/run/docker.pid ] && ! kill -0 "$(cat /var/run/docker.pid)" 2>/dev/null; then rm -f /var/run/docker.pid; fi
  setsid dockerd --storage-driver overlay2 </dev/null >"$log" 2>&1 &
  pid=$!
  for _ in $(seq "$ready_timeout_s"); do
    if docker info >/dev/null 2>&1; then
      echo "$pid"
      exit 0
    fi
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 1
  done
  echo "dockerd did not become ready, its last lines:" >&2
  tail -n 15 "$log" >&2
  exit 1
fi
