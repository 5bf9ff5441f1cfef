#!/usr/bin/env bash
# The tests that need a browser: scripts/ci/browser.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
find_chromium || skip "Chromium is not installed, and cannot be"
find_fonts || skip "fonts-noto-cjk is not installed, and cannot be"
built || exit
if find_firefox; then
  browser_tests
else
  skipped "the stories in Firefox" "firefox-esr is not installed, and cannot be"
  browser_tests --exclude '**/firefox.test.ts'
fi
