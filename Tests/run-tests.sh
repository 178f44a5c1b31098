#!/usr/bin/env bash
# Runs `swift test` with the given arguments and lets a failure speak last: who sees only the end of a long record
# (a CI's page, a terminal) sees which tests failed and where.
#
#     Tests/run-tests.sh [ARGUMENT...]     # of swift test
#
# Exit: swift test's own code.
set -euo pipefail

# Each test brings its own Redis: all at once they would starve each other on a small machine.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH="${SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH:-8}"

log=$(mktemp "${TMPDIR:-/tmp}/muster-run-tests.XXXXXX")
trap 'rm -f "$log"' EXIT

code=0
swift test "$@" 2>&1 | tee "$log" || code=${PIPESTATUS[0]}
[ "$code" -ne 0 ] || exit 0

# A test that began and never ended, in a run that never ended, is where a process crashed, or what hung until
# somebody ended it.
awk -v most=15 -v width=400 '
    function say(line) { if (++lines <= most) print substr(line, 1, width) }
    / recorded an issue|(^|: )error: / { failures[++count] = $0; isFailure = 1; next }
    isFailure && /^↳/ { failures[count] = failures[count] "  " $0 }
    { isFailure = 0 }
    /^(✔|✘) Test run with / { isOver = 1 }
    /^◇ Test run started/ { isOver = 0; delete begun; next }
    /^◇ Test case passing / { next }
    /^◇ Test .* started\.$/ { sub(/^◇ Test /, ""); sub(/ started\.$/, ""); begun[$0] = 1 }
    /^(✔|✘|➜) Test .* after / { sub(/^[^ ]+ Test /, ""); sub(/ (with .* )?(passed|failed) after .*/, ""); delete begun[$0] }
    END {
        print ""
        print "run-tests: failed:"
        for (i = 1; i <= count; i++) say(failures[i])
        if (!isOver) for (name in begun) say("began and did not end: " name)
        if (lines > most) print "... and " lines - most " more, see above"
        if (lines == 0) print "no test said why; see above"
    }' "$log"
exit "$code"
