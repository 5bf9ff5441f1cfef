#!/usr/bin/env bash
# A teacher's hour over REST. See README.md. TOKEN is the teacher's token, SERVER the server's address, by default that of the demo that runs
# in this folder.
set -euo pipefail
demo=${INVIGIL_DATA_DIR:-data}/demo.json
if [ -n "${SERVER-}" ]; then
  server=$SERVER
elif [ -e "$demo" ]; then
  server=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).url' "$demo")
else
  server=http://127.0.0.1:7001
fi

# Calls a path and prints the answer: get PATH [FIELD=VALUE...]
get() {
  local path=$1 fields=()
  for field in "${@:2}"; do fields+=(--data-urlencode "$field"); done
  curl -sS --fail-with-body --get "$server$path" -H "authorization: $TOKEN" "${fields[@]}"
}

# Calls a path with a JSON body and prints the answer: post PATH JSON
post() {
  curl -sS --fail-with-body "$server$1" -H "authorization: $TOKEN" -H 'content-type: application/json' -d "$2"
}

# Takes a value out of an answer: field .data.id
field() {
  node -p "JSON.parse(fs.readFileSync(0, 'utf8'))$1"
}

show() {
  printf '\n%s\n%s\n' "$1" "$2"
}

room=$(post /exam/v2/createRoom '{"name":"Algebra, group 2","imServer":["aliyun_new"]}')
show "A room" "$room"
roomId=$(field .data.id <<<"$room")

show "The same room, asked for" "$(get /exam/roomInfo "roomId=$roomId")"

people=$(get /exam/userList "roomId=$roomId")
show "Its candidates, with the URLs of their cameras" "$people"
examinee=$(field '.data[0].id' <<<"$people")

# `data` is the JSON text of an array: what detectors collect since they last called.
detections="[{\"userId\":\"$examinee\",\"isMainMonitor\":true,\"detectTime\":$(date +%s)000,\"detectType\":\"manyPeople\",\"extraInfo\":{\"count\":2}}]"
body=$(node -p 'JSON.stringify({ roomId: process.argv[1], data: process.argv[2] })' "$roomId" "$detections")
show "A detection" "$(post /exam/cheat/addCheatRecord "$body")"

records=$(post /exam/cheat/listCheatRecord "{\"roomId\":\"$roomId\"}")
show "What was detected in the room" "$records"

show "The end of the room" "$(post /exam/endRoom "{\"roomId\":\"$roomId\"}")"

printf '\n%s record of %s: %s\n' "$(field .data.cheatRecordEntitys.length <<<"$records")" \
  "$(field '.data.cheatRecordEntitys[0].userId' <<<"$records" | cut -d_ -f1)" \
  "$(field '.data.cheatRecordEntitys[0].detectType' <<<"$records")"
