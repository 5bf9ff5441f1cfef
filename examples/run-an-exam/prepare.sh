#!/usr/bin/env bash
# Prepares an exam in a folder of its own: prepare.sh FOLDER. See README.md.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:?say which folder: prepare.sh FOLDER}
invigil() { node "$here/../../packages/server/dist/cli.js" "$@"; }

mkdir -p "$folder"
cd "$folder"
if [ -e .env ]; then
  echo "$folder has been prepared before: take another folder, or remove it" >&2
  exit 1
fi
install -m 600 "$here/settings.env" .env

echo "Accounts, with their passwords:"
invigil account add admin1 --role admin --name "Administrator" --generate
invigil account add inspector1 --role inspector --name "Inspector" --generate

bell=$(invigil audio add "$here/../../packages/server/assets/audio/exam-notice.wav" --name "考试须知 Exam notice" -q)
exam=$(invigil exam create --name "代数 Algebra" --start "tomorrow 09:00" --end 11:00 --schedule "$bell@08:50" -q)

invigil roster import "$here/candidates.csv" --exam "$exam"
invigil exam plan "$exam" --room-size 8 --teachers "$here/teachers.csv" --shuffle 2026
invigil room links --exam "$exam" --format csv --output links.csv
invigil room links --exam "$exam" --format html --output cards.html
invigil doctor || echo "Before a real exam, replace the settings of the example in $folder/.env."
