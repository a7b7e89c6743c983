# SPDX-License-Identifier: MIT
# lib.sh: what the command line's tests are written with (bash). A file of tests sources nothing: the
# script "run" has done it. A test is
#
#     it 'says what it does, as a sentence' '
#         exits 0 grader list >out
#         has lab05 out
#     '
#
# Its commands run with "set -e" (so: no && between them, which would switch that off) in a folder of
# their own, with a space in its name. One that fails keeps its folder; the commands, what they wrote
# and what was in the files are its evidence.
#
#   grader ARGUMENT...      the grader under test, guarded: within 60 s, nothing left alive behind it
#   guarded OPTION... -- …  the same with guard's own options (guard.c), for signals at a moment
#   exits N COMMAND...      it ends with status N
#   same EXPECTED FILE      files are the same      is EXPECTED ACTUAL     texts are the same
#   has TEXT FILE           a line has the text     hasnt TEXT FILE        no line has it
#   empty FILE              nothing is in it        value FILE EXPRESSION  of a JSON document d, in Python
#   submission DIR [LAB]    a copy of the reference that the test may spoil
#   others_enter            as root: others may enter the folder of the project
#   skip REASON             this test cannot run here

export LC_ALL=C.UTF-8
unset NO_COLOR GRADER_COURSE LANGUAGE LANG MAKEFLAGS MAKELEVEL MFLAGS
umask 022

case_number=0
case_failed=0

grader() {
    guarded -- "$@"
}

guarded() { # guarded [GUARD OPTION...] -- [GRADER ARGUMENT...]
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    TMPDIR=$CASE_TMP GRADER_COURSE=${GRADER_COURSE-$COURSE} \
        "$GUARD" -t "$WALL_S" "${options[@]}" "$CASE_LOG" "$GRADER" "$@"
}

exits() {
    local expected=$1 status=0
    shift
    "$@" || status=$?
    if [ "$status" != "$expected" ]; then
        note "status $status instead of $expected: $*"
        return 1
    fi
}

note() {
    echo "$*" >>"$CASE_LOG"
}

same() {
    diff -u -- "$1" "$2" >>"$CASE_LOG" || {
        note "'$2' is not as '$1'"
        return 1
    }
}

is() {
    [ "$1" = "$2" ] || {
        note "expected: $1"
        note "got:      $2"
        return 1
    }
}

has() {
    grep -qF -- "$1" "$2" || {
        note "'$1' is not in '$2':"
        head -c 3000 -- "$2" >>"$CASE_LOG"
        return 1
    }
}

hasnt() {
    if grep -aF -- "$1" "$2" >>"$CASE_LOG"; then
        note "'$1' is in '$2'"
        return 1
    fi
}

empty() {
    [ ! -s "$1" ] || {
        note "'$1' is not empty:"
        head -c 3000 -- "$1" >>"$CASE_LOG"
        return 1
    }
}

value() {
    /usr/bin/python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
v = eval(sys.argv[2])
print(v if isinstance(v, str) else json.dumps(v))' "$1" "$2" 2>>"$CASE_LOG" || {
        note "no JSON, or no $2, in '$1':"
        head -c 1000 -- "$1" >>"$CASE_LOG"
        return 1
    }
}

submission() {
    mkdir -p "$1"
    cp -R "$COURSE/reference/${2:-lab05-sockets}/." "$1"
}

others_enter() { # as root: may other users enter the folder of the project? Not in /root.
    setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$GRADER"
}

skip() {
    echo "$*" >"$CASE_SKIP"
    exit 0
}

# Results that a test made, for the check against the schema at the end.
keep_results() { # keep_results SENTENCE
    local file
    find "$CASE" -type f \( -name '*.json' -o -name 'out*' \) -size -8M 2>/dev/null | while IFS= read -r file; do
        if [ "$(head -c 1 -- "$file")" = '{' ]; then
            local name="$AREA-$case_number-$(basename "$file" | tr ' ' _).json"
            cp -- "$file" "$RESULTS/$name"
            echo "$name $1" >>"$RESULTS/index"
        fi
    done
}

it() {
    local sentence="$AREA: $1" status
    [ -z "${ONLY:-}" ] || [[ $sentence =~ $ONLY ]] || return 0
    case_number=$((case_number + 1))
    CASE="$WORK/$AREA $case_number"
    CASE_LOG="$WORK/$AREA-$case_number.log" CASE_SKIP="$WORK/$AREA-$case_number.skip"
    CASE_TMP="$WORK/$AREA-$case_number.tmp"
    CASE_TRACE="$WORK/$AREA-$case_number.trace"
    mkdir -p "$CASE" "$CASE_TMP"
    (
        cd "$CASE" || exit 1
        exec 9>"$CASE_TRACE" </dev/null
        BASH_XTRACEFD=9
        PS4='+ '
        set -ex
        eval "$2"
    ) >"$CASE_TRACE.out" 2>&1
    status=$?
    if [ "$status" = 0 ] && [ -n "$(ls -A "$CASE_TMP")" ]; then
        note "left behind in TMPDIR: $(ls -A "$CASE_TMP")"
        status=1
    fi
    keep_results "$1"
    if [ "$status" = 0 ] && [ -f "$CASE_SKIP" ]; then
        echo "ok - $sentence # SKIP $(cat "$CASE_SKIP")"
    elif [ "$status" = 0 ]; then
        echo "ok - $sentence"
        rm -rf "$CASE" "$CASE_LOG" "$CASE_TMP" "$CASE_TRACE" "$CASE_TRACE.out"
    else
        case_failed=1
        echo "not ok - $sentence"
        echo "# status $status; its folder is kept: $CASE"
        tail -n 12 "$CASE_TRACE" | cut -c 1-400 | sed 's/^/# /'
        echo '# --'
        tail -n 40 "$CASE_LOG" 2>/dev/null | cut -c 1-400 | sed 's/^/# /'
        tail -n 10 "$CASE_TRACE.out" | cut -c 1-400 | sed 's/^/# /'
        (cd "$CASE" && for f in err*; do [ ! -s "$f" ] || { echo "# $f:"; tail -n 8 "$f" | cut -c 1-400 | sed 's/^/#   /'; }; done)
    fi
}
