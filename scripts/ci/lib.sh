# shellcheck shell=bash
# Shared functions of the scripts in this folder. Each script works from any folder, installs what it needs, and skips what this machine
# cannot run.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd) || exit
cd "$root" || exit
export CI=true

# A temporary folder. `at_exit COMMAND` adds a command to those that run at the end, the last one first.
tmp=$(mktemp -d)
exits=('rm -rf "$tmp"')
at_exit() { exits=("$1" "${exits[@]}"); }
leave() {
  local command
  for command in "${exits[@]}"; do eval "$command"; done
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command that installs something. `.ci/run` prints the time of these commands apart from that of their part.
installing() {
  local start=$SECONDS status
  "$@"
  status=$?
  echo $((SECONDS - start)) >>"${CI_FOLDER:-$tmp}/installing"
  return $status
}

# Makes sure that the checkout is set up and built. If it already is, this takes seconds.
built() {
  installing npm run --silent setup && npm run --silent build
}

tests() {
  node_modules/.bin/vitest run --config vitest.workspace.ts "$@"
}
browser_tests() {
  find_headless_shell
  CHROMIUM=$chromium FIREFOX=${firefox-} node_modules/.bin/vitest run --config vitest.browser.ts "$@"
}

# Runs a command and adds the counts of its last line. A command that fails without counts counts as one failure. What a command that
# fails says of its failures is kept for `close`.
passed=0 failed=0 failures=
count() {
  local status p=0 f=0
  "$@" 2>&1 | tee "$tmp/output"
  status=${PIPESTATUS[0]}
  read -r p _ f _ <<<"$(grep -oE '[0-9]+ passed, [0-9]+ failed$' "$tmp/output" | tail -n 1)"
  if ((status != 0 && ${f:-0} == 0)); then f=1; fi
  ((passed += p, failed += f))
  if ((status != 0 || f > 0)); then failures+="${*@Q}"$'\n'$(failures_of "$tmp/output")$'\n'; fi
}
# The lines of an output that say what failed, each test's once, or its last lines if there are none.
failures_of() {
  local found
  found=$(sed -E 's/\x1b\[[0-9;]*m//g' "$1" | grep -E -A 10 '^ ?(FAIL|failed|not ok) |^error: ' | head -n 40)
  if [ -n "$found" ]; then echo "$found"; else tail -n 20 "$1"; fi
}
# Prints what failed or was skipped once more, where a long log ends, and the sum as the last line. Fails if anything failed.
close() {
  if [ -e "$tmp/skipped" ]; then cat "$tmp/skipped"; fi
  if [ -n "$failures" ]; then printf 'What failed:\n%s\n' "$failures"; fi
  echo "$passed passed, $failed failed"
  ((failed == 0))
}

# Below the ports that the system gives to outgoing connections, which could take the port before its server listens.
free_port() {
  node -e '
    const pick = (port = 20000 + crypto.randomInt(12000)) =>
      net.createServer().on("error", () => pick()).listen(port, "127.0.0.1", function () { console.log(port); this.close(); });
    pick()'
}

healthy() {
  node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$1/health"
}

# Waits until the server of a process is healthy: `until_healthy URL PID TRIES PAUSE`. Fails if it never is, or if the process has ended.
until_healthy() {
  local try
  for ((try = 0; try < $3; try++)); do
    healthy "$1" && return
    kill -0 "$2" 2>/dev/null || return 1
    sleep "$4"
  done
  return 1
}

# Tells of something that cannot run on this machine: `skipped WHAT REASON`. The closing lines of `.ci/run` repeat it.
skipped() {
  echo "skipped: $1 ($2)" | tee -a "${CI_FOLDER:-$tmp}/skipped"
}

# Ends a script that cannot run on this machine: `skip REASON`.
skip() {
  skipped "$(basename "$0" .sh)" "$1"
  exit 0
}

# Installs a package of Debian, where that is possible.
install_package() {
  installing apt_install "$1" >/dev/null 2>&1
}
apt_install() {
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  "${install[@]}" update && "${install[@]}" install -y --no-install-recommends "$1"
}

# Sets `chromium` to Debian's Chromium, which is installed where it is missing and can be.
find_chromium() {
  command -v chromium >/dev/null || install_package chromium
  chromium=$(command -v chromium)
}

# Installs Chromium without its windows, where it is missing and can be. Where it is not, the tests take Chromium, and twice as long.
find_headless_shell() {
  command -v chromium-headless-shell >/dev/null || install_package chromium-headless-shell ||
    echo "The stories run in the whole of Chromium, which takes twice as long: chromium-headless-shell is not installed, and cannot be"
}

# Sets `firefox` to Debian's Firefox, which is installed where it is missing and can be.
find_firefox() {
  command -v firefox-esr >/dev/null || install_package firefox-esr
  firefox=$(command -v firefox-esr)
}

# Installs the one font of the pictures in docs/console.md, where it is missing and can be.
find_fonts() {
  local font=/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
  [ -e "$font" ] || install_package fonts-noto-cjk
  [ -e "$font" ]
}

# Makes sure that nginx is there. Fails otherwise.
find_nginx() {
  [ -x /usr/sbin/nginx ] || install_package nginx
  [ -x /usr/sbin/nginx ]
}

# Sets `promtool`. Debian's package of Prometheus starts a service when it is installed, so the program is only taken out of it. Older versions
# have it in the package `prometheus`.
find_promtool() {
  promtool=$(command -v promtool) && return
  (cd "$tmp" && { apt-get -qq update; apt-get -qq download promtool || apt-get -qq download prometheus; }) >/dev/null 2>&1
  dpkg -x "$tmp"/prom*.deb "$tmp/prometheus" 2>/dev/null
  promtool=$tmp/prometheus/usr/bin/promtool
  [ -x "$promtool" ]
}

# Sets `postgres_bin` to the programs of Debian's PostgreSQL, which is installed where it is missing and can be.
find_postgres() {
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || install_package postgresql
  postgres_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$postgres_bin" ] || skip "PostgreSQL is not installed, and cannot be"
}

# Starts Debian's PostgreSQL in a folder of its own until the script ends. Sets `postgres_port` and `postgres_url`.
start_postgres() {
  find_postgres
  # Not in `$tmp`, which only its owner can enter.
  postgres_data=$(mktemp -d /tmp/invigil-ci-postgres-XXXXXX)
  as_postgres=()
  # PostgreSQL refuses to run as root.
  if [ "$(id -u)" = 0 ]; then
    as_postgres=(runuser -u postgres --)
    chown postgres "$postgres_data"
  fi
  at_exit stop_postgres
  postgres_port=$(free_port)
  postgres_url=postgres://postgres@127.0.0.1:$postgres_port/postgres
  local settings="-p $postgres_port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400 -c fsync=off"
  (
    cd /tmp &&
      "${as_postgres[@]}" "$postgres_bin/initdb" -D "$postgres_data" --auth=trust --username=postgres --encoding=UTF8 --locale=C &&
      "${as_postgres[@]}" "$postgres_bin/pg_ctl" -D "$postgres_data" -w -l "$postgres_data/log" -o "$settings" start
  ) >/dev/null || exit
  echo "PostgreSQL $(cat "$postgres_data/PG_VERSION") at $postgres_url"
}
stop_postgres() {
  (cd /tmp && "${as_postgres[@]}" "$postgres_bin/pg_ctl" -D "$postgres_data" -m immediate stop >/dev/null 2>&1)
  rm -rf "$postgres_data"
}

# Puts a Node first on the PATH, and enters a checkout of HEAD that only this Node uses: `under 24 [new]`. The package is Node itself and needs
# no install script, which npm may hold back. It lies beside the checkout, not above it: npx puts every node_modules/.bin above the working
# folder first on the PATH. The checkout gets the build of this one, so that only what depends on the Node is built again. `new` gives it
# none, and is another one. Parts of one `.ci/run` share both in CI_FOLDER.
under() {
  local name folder=${CI_FOLDER:-$tmp} checkout part
  name=node-$(node -p 'process.platform + "-" + process.arch')
  installing npm install --silent --prefix "$folder/node$1" "$name@$1" || skip "Node $1 cannot be fetched"
  checkout=$folder/checkout$1${2:+-new}
  if [ ! -e "$checkout" ]; then
    git clone --quiet "$root" "$checkout" || exit
    if [ "${2-}" != new ]; then
      built || exit
      for part in packages/*/dist packages/*/node_modules/.cache/types node_modules/.cache/invigil-build; do
        mkdir -p "$checkout/$(dirname "$part")" && cp -a "$part" "$checkout/$part" || exit
      done
    fi
  fi
  export PATH="$folder/node$1/node_modules/$name/bin:$PATH"
  cd "$checkout" || exit
  echo "$(git log -1 --format=%h) under Node $(node --version)"
}
