#!/usr/bin/env bash
# Runs `npm start` under a Node, then an import and some load: scripts/ci/start.sh NODE [new]
# `new` starts in a checkout that nothing is installed or built in. It measures what `npm start` installs, puts a minute of load on the server,
# changes a file while `npm run dev` serves, and packs the parts that `npm start` does not need.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
under "$@"
[ "${2-}" = new ] && is_new=true || is_new=false
export INVIGIL_PORT
INVIGIL_PORT=$(free_port)
base=http://127.0.0.1:$INVIGIL_PORT

# Starts a command in its own process group, so that a signal reaches all its processes, as Ctrl-C does: `start NAME COMMAND...`
start() {
  log=$tmp/$1.log
  INVIGIL_DATABASE_URL="file:$tmp/$1/invigil.db" setsid "${@:2}" >"$log" 2>&1 &
  group=$!
}
at_exit 'kill -KILL -- "-${group-}" 2>/dev/null'

# Ends the script: `fail WHY`
fail() {
  echo "$1"
  tail -n 30 "$log"
  exit 1
}

start start npm start
until_healthy "$base" "$group" 600 0.5 || fail "npm start does not work under Node $(node --version)"
kill -TERM -- "-$group"
wait "$group"
if $is_new && (($(du -sm node_modules | cut -f 1) > 256)); then
  fail "npm start installs $(du -sm node_modules | cut -f 1) MB, not 256 at most"
fi

$is_new || exec node scripts/smoke.mjs --people 2000 --seconds 10
node scripts/smoke.mjs --people 20000 --seconds 60 || exit

start dev npm run dev
printed() {
  for _ in {1..240}; do
    grep -q "$1" "$log" && return
    sleep 0.5
  done
  fail "npm run dev does not print \"$1\""
}
printed 'Ctrl-C stops'
page=packages/server/src/http/start-page.ts
at_exit "git -C '$PWD' checkout --quiet $page"
sed -i 's#<h1>Invigil</h1>#<h1>Changed</h1>#' "$page"
printed 'Serving again'
curl -sS "$base/" | grep -q '<h1>Changed</h1>' || fail "npm run dev serves what was there before the change"
kill -TERM -- "-$group"
wait "$group"

# `npm start` installs less than packing needs.
log=$tmp/tarballs.log
npm run tarballs -- "$tmp/tarballs" >"$log" 2>&1 || fail "npm run tarballs fails after npm start"
tar -tf "$tmp"/tarballs/invigil-react-*.tgz >"$log"
grep -q '^package/dist/index.js$' "$log" || fail "npm run tarballs packs the hooks without their code"
exit 0
