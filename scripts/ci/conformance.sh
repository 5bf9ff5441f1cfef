#!/usr/bin/env bash
# The conformance suite, if there is one beside this checkout: scripts/ci/conformance.sh [sqlite | postgres] On PostgreSQL, three servers
# take turns with the requests. One is connected directly. The others go through PgBouncer in transaction mode, as docs/deploy.md sets it up,
# with few connections; the last one prepares no statements by name, as poolers without support for them need it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
engine=${1:-sqlite}
check=$root/../shared/conformance/check.mjs
[ -e "$check" ] || skip "no conformance suite beside this checkout"

start_pooler() {
  command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || install_package pgbouncer
  pgbouncer=$(PATH=$PATH:/usr/sbin command -v pgbouncer) || skip "PgBouncer is not installed, and cannot be"
  local port prepared="max_prepared_statements = 500"
  if ! printf '1.21.0\n%s\n' "$("$pgbouncer" --version | grep -oEm 1 '[0-9.]+$')" | sort -VC; then
    skipped "prepared statements behind PgBouncer" "it keeps them since 1.21"
    prepared=
    pooled+=(INVIGIL_DATABASE_PREPARED=off)
  fi
  port=$(free_port)
  cat >"$postgres_data/pgbouncer.ini" <<-INI
	[databases]
	postgres = host=127.0.0.1 port=$postgres_port user=postgres
	[pgbouncer]
	listen_addr = 127.0.0.1
	listen_port = $port
	unix_socket_dir =
	auth_type = any
	pool_mode = transaction
	default_pool_size = 4
	$prepared
	logfile = $postgres_data/pgbouncer.log
	INI
  chmod a+r "$postgres_data/pgbouncer.ini"
  (cd /tmp && exec "${as_postgres[@]}" "$pgbouncer" --quiet "$postgres_data/pgbouncer.ini" 2>/dev/null) &
  pooler=$!
  at_exit 'kill "$pooler" 2>/dev/null'
  pooler_url=postgres://postgres@127.0.0.1:$port/postgres
  until "$postgres_bin/pg_isready" --quiet --host=127.0.0.1 --port="$port"; do
    kill -0 "$pooler" || exit
    sleep 0.1
  done
}

# Starts a server: `serve SETTING=VALUE...`
servers=() urls=()
serve() {
  local port
  port=$(free_port)
  env INVIGIL_PORT="$port" INVIGIL_DATA_DIR="$tmp/data${#servers[@]}" "$@" \
    node "$root/packages/server/dist/cli.js" serve >"server${#servers[@]}.log" 2>&1 &
  servers+=($!) urls+=("http://127.0.0.1:$port")
}

built || exit
cd "$tmp" || exit # where no .env lies
export INVIGIL_AUTH=required INVIGIL_DEMO_EXAMINEES=5 INVIGIL_TIME_ZONE=Asia/Shanghai
INVIGIL_AUTH_SECRET=$(node -p 'crypto.randomBytes(32).toString("hex")')
export INVIGIL_AUTH_SECRET
at_exit 'kill -KILL "${servers[@]}" 2>/dev/null; kill ${balancer-} 2>/dev/null'
if [ "$engine" = sqlite ]; then
  serve
  base=${urls[0]}
else
  start_postgres
  pooled=()
  start_pooler
  base=http://127.0.0.1:$(free_port)
  export INVIGIL_PUBLIC_URL=$base
  serve INVIGIL_DATABASE_URL="$postgres_url"
  pooled+=(INVIGIL_DATABASE_URL="$pooler_url" INVIGIL_DATABASE_DIRECT_URL="$postgres_url")
  serve "${pooled[@]}"
  serve "${pooled[@]}" INVIGIL_DATABASE_PREPARED=off
  node "$root/scripts/round-robin.mjs" "${base##*:}" "${urls[@]}" &
  balancer=$!
  until_healthy "$base" "$balancer" 150 0.1
fi
for n in "${!servers[@]}"; do until_healthy "${urls[n]}" "${servers[n]}" 150 0.1; done

node "$check" --base "$base" --secret "$INVIGIL_AUTH_SECRET"
status=$?
kill -TERM "${servers[@]}"
for server in "${servers[@]}"; do
  wait "$server" || {
    echo "on SIGTERM a server left with $?, not 0"
    status=1
  }
done
if ((status != 0)); then
  tail -n 20 server*.log
  exit 1
fi
