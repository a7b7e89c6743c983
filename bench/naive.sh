#!/bin/sh
# SPDX-License-Identifier: MIT
# naive.sh LAB SUBMISSION: the stages of a grading as a plain shell script does them, one after the
# other: compile the programs and the tests, run the tests, run them again with valgrind in front of
# each program, lcov, genhtml. No box, no score: what `make bench` compares the grader with.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
lab=$1
submission=$(cd "$2" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

given=$root/templates/$lab/include
tests=$root/tests/$lab
cflags='-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -g -O0'
cd "$work"
mkdir native memcheck reports obj

# Build: every program, and the probe, each linked with the library.
library=$(basename "$given"/lab*.h .h)
gcc $cflags --coverage -I"$given" -I"$submission/src" -c "$submission/src/$library.c" -o obj/$library.o
for source in "$submission"/src/*.c; do
    name=$(basename "$source" .c)
    [ "$name" != "$library" ] || continue
    gcc $cflags --coverage -I"$given" -I"$submission/src" -c "$source" -o "obj/$name.o"
    gcc --coverage "obj/$name.o" obj/$library.o -o "native/$name"
done
gcc $cflags -I"$given" -I"$root/tests/harness" -c "$tests/probe.c" -o obj/probe.o
gcc --coverage obj/probe.o obj/$library.o -o native/probe

# The tests, compiled for this submission as for every other.
shared=$(make -s -f "$root/tests/harness/kit.mk" LAB=any shared-sources | grep '\.c$' | sed "s|^|$root/|")
gcc -std=c11 -D_GNU_SOURCE -g -O1 -I"$root/tests/harness" -I"$root/grader" -I"$given" -o tests \
    "$tests/public.c" "$tests/hidden.c" "$root"/tests/harness/*.c $shared \
    -lcriterion -ljansson
for peer in "$root"/tests/harness/peers/*.c; do
    mkdir -p peers
    gcc -std=c11 -D_GNU_SOURCE -g -O1 -o "peers/$(basename "$peer" .c)" "$peer"
done

# Behaviour.
LAB_PROGRAMS=$work/native LAB_PEERS=$work/peers ./tests --quiet || echo "naive: a test failed natively" >&2

# Memory: the tests that lab.yaml marks, with valgrind in front of each program.
for program in native/*; do
    name=$(basename "$program")
    printf '#!/bin/sh\nexec valgrind -q --leak-check=full --track-fds=yes --xml=yes --xml-file=%s/reports/%%p.xml --log-file=%s/reports/%%p.log %s/native/%s "$@"\n' \
        "$work" "$work" "$work" "$name" >"memcheck/$name"
    chmod +x "memcheck/$name"
done
marked=$(awk '/^ *- id:/ {name = ""} /^ *name:/ {name = $2} /memcheck: true/ {printf "%s%s", sep, name; sep = "|"}' \
    "$root/labs/$lab/lab.yaml")
LAB_PROGRAMS=$work/memcheck LAB_PEERS=$work/peers LAB_TIME_FACTOR=10 ./tests --quiet "--filter=*/@($marked)" ||
    echo "naive: a test failed under valgrind" >&2

# Coverage.
lcov --quiet --capture --directory obj --output-file coverage.info 2>/dev/null
lcov --quiet --extract coverage.info "$submission/*" --output-file student.info 2>/dev/null
genhtml --quiet --output-directory pages student.info
