#!/usr/bin/env bash
# Makes local stand-ins for the public base images, for a machine whose Docker cannot pull any:
#   debian:bookworm-slim     debootstrap of Debian's own packages
#   the image of NODE_IMAGE in infra/docker/Dockerfile: that, with this machine's node and npm
#   the image of redis in infra/compose.yaml: that, with Debian's redis-server (7.0)
# An image that is already there is left alone, so on a machine that has pulled the real ones this does nothing.
# Whatever a build needs to reach its package registries from inside (certificates, npm's and apt's configuration) is
# copied from this machine into the stand-ins only; the Dockerfiles of the product know nothing of it.
# Needs a running engine (.ci/start-docker.sh) and root for debootstrap.
set -euo pipefail

export DOCKER_BUILDKIT=0
infra="$(dirname "$0")/../infra"
node_image="$(sed -nE 's/^ARG NODE_IMAGE=//p' "$infra/docker/Dockerfile")"
redis_image="$(sed -nE 's/.*LABELFLEET_REDIS_IMAGE:-([^}]+)\}.*/\1/p' "$infra/compose.yaml")"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# copy_into ROOT FILE: the file at the same path under ROOT, links followed.
copy_into() {
  mkdir -p "$1$(dirname "$2")"
  cp -RL "$2" "$1$(dirname "$2")/"
}

make_debian() {
  has_image debian:bookworm-slim && return
  if ! command -v debootstrap >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap
  fi
  local root="$scratch/debian" mirror
  mirror="$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1 || true)"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "${mirror:-http://deb.debian.org/debian}" >"$scratch/debootstrap.log" ||
    { tail -n 20 "$scratch/debootstrap.log" >&2; return 1; }
  # How this machine's apt reaches its mirror (proxy, certificates) holds inside too.
  for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*proxy*; do
    if [ -f "$file" ]; then copy_into "$root" "$file"; fi
  done
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
  tar -C "$root" -c . | docker import --change 'CMD ["bash"]' - debian:bookworm-slim >/dev/null
}

make_node() {
  has_image "$node_image" && return
  local context="$scratch/node" prefix npm_root
  prefix="$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")"
  npm_root="$(npm root --global)/npm"
  mkdir -p "$context/root/usr/local/bin" "$context/root/usr/local/lib/node_modules"
  cp "$prefix/bin/node" "$context/root/usr/local/bin/node"
  cp -RL "$npm_root" "$context/root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$context/root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$context/root/usr/local/bin/npx"
  {
    echo "FROM debian:bookworm-slim"
    echo "COPY root/ /"
    echo "RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node"
    if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
      copy_into "$context/root" "$NODE_EXTRA_CA_CERTS"
      echo "ENV NODE_EXTRA_CA_CERTS=$NODE_EXTRA_CA_CERTS"
    fi
    npm_configuration "$context/root"
    echo 'CMD ["node"]'
  } >"$context/Dockerfile"
  docker build --quiet --tag "$node_image" "$context" >/dev/null
}

# npm_configuration ROOT: Dockerfile lines that give npm inside the registry and certificates it has here.
npm_configuration() {
  local registry cafile
  registry="$(cd / && npm config get registry)"
  cafile="$(cd / && npm config get cafile)"
  case "$registry" in http*) echo "ENV npm_config_registry=$registry" ;; esac
  if [ -f "$cafile" ]; then
    copy_into "$1" "$cafile"
    echo "ENV npm_config_cafile=$cafile"
  fi
}

make_redis() {
  has_image "$redis_image" && return
  local context="$scratch/redis"
  mkdir -p "$context"
  # As in the real image, a command that is only flags goes to redis-server, which then takes connections from outside.
  cat >"$context/docker-entrypoint.sh" <<'END'
#!/bin/sh
set -e
case "${1:-}" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ]; then set -- "$@" --protected-mode no; fi
exec "$@"
END
  chmod 755 "$context/docker-entrypoint.sh"
  cat >"$context/Dockerfile" <<'END'
FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/* \
  && mkdir -p /data && chown redis:redis /data
COPY docker-entrypoint.sh /usr/local/bin/
VOLUME /data
WORKDIR /data
USER redis
EXPOSE 6379
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["redis-server"]
END
  docker build --quiet --tag "$redis_image" "$context" >/dev/null
}

make_debian
make_node
make_redis
