#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/grader/docs/topics.sh TABLE: what is wrong with a table of topics (docs/topics.md), a line each.
#
# It has three parts: topics 1 to 73, example programs 1 to 16, errors 1 to 58. Each row has a lab that exists, and
# tests, programs or functions of it that exist; who has none says why in parentheses, as "– (handout)". An error is
# named in the words of its handout.
set -u
cd "$(dirname "$0")/../../.." || exit 2
table=$1

rows_of() { # rows_of COLUMN: NUMBER|SUBJECT|LABS|WHAT for each row below a head whose second column is called so
    awk -F ' *[|] *' -v head="$1" '
        /^\| # / { on = $3 == head; next }
        !/^\|/ { on = 0 }
        on && !/^\| ---/ { print $2 "|" $3 "|" $4 "|" $5 }' "$table"
}

numbered() { # numbered COLUMN LAST: is every row there, once and in order?
    [ "$(rows_of "$1" | cut -d '|' -f 1 | tr '\n' ' ')" = "$(seq -s ' ' "$2") " ] || echo "$1: its rows are not 1 to $2"
}

absent() { # absent ROW LABS: says which of these labs is not there; fails if one is not
    [ -n "$2" ] || { echo "$1: no lab" && return 1; }
    for lab in $(echo "$2" | tr -d ,); do
        [ -e "labs/$lab/lab.yaml" ] || { echo "$1: there is no lab $lab" && return 1; }
    done
}

has() { # has LAB NAME: is this a program of the lab, or in its given header?
    { sed -n 's/^programs: *//p' "labs/$1/lab.yaml" && cat "templates/$1"/include/*.h; } | grep -qw -- "$2"
}

numbered topic 73
rows_of topic | while IFS='|' read -r number subject labs tests; do
    row="topic $number, $subject"
    case $labs in '– ('*')') continue ;; esac
    absent "$row" "$labs" || continue
    case $tests in '– ('*')') continue ;; '') echo "$row: no test" && continue ;; esac
    echo "$tests" | tr ',' '\n' | while read -r lab id; do
        grep -qsx "  - id: $id" labs/"$lab"-*/lab.yaml || { echo "$row: there is no test '$lab $id'" && continue; }
        case $labs in *"$lab"-*) ;; *) echo "$row: $lab has a test of it, and does not teach it" ;; esac
    done
done

numbered program 16
rows_of program | while IFS='|' read -r number subject labs names; do
    row="program $number, $subject"
    absent "$row" "$labs" || continue
    case $names in '– ('*')') continue ;; '') echo "$row: nothing of it lives" && continue ;; esac
    for name in $(echo "$names" | tr -d ,); do
        for lab in $(echo "$labs" | tr -d ,); do has "$lab" "$name" && continue 2; done
        echo "$row: there is no $name in $labs"
    done
    for lab in $(echo "$labs" | tr -d ,); do
        for name in $(echo "$names" | tr -d ,); do has "$lab" "$name" && continue 2; done
        echo "$row: $lab has none of $names"
    done
done

numbered 'said or done' 58
rows_of 'said or done' | while IFS='|' read -r number said labs _; do
    row="error $number"
    absent "$row" "$labs" || continue
    for lab in $(echo "$labs" | tr -d ,); do
        grep -qF -- "$said" "labs/$lab/README.md" || echo "$row: $lab does not say: $said"
    done
done
