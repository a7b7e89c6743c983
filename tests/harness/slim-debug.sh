#!/bin/sh
# SPDX-License-Identifier: MIT
# slim-debug.sh DIR: copies of the debug files of the C library and the dynamic loader with nothing
# but their symbols, as DIR/.build-id/xx/yyy.debug, and their names in DIR/list. For valgrind they
# take the place of /usr/lib/debug.
set -eu
dir=$1

rm -rf "$dir"
mkdir -p "$dir"
for program in /bin/sh "$(command -v cc)"; do
    ldd "$program" 2>/dev/null
done | awk '$3 ~ /^\// {print $3} $1 ~ /^\/.*ld-/ {print $1}' | sort -u |
    grep -E '/(libc|libm|libpthread|librt|ld-linux[^/]*)\.so' |
while read -r library; do
    id=$(readelf -n "$library" | awk '/Build ID:/ {print $3}')
    file=.build-id/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-).debug
    if [ -n "$id" ] && [ -e "/usr/lib/debug/$file" ]; then
        mkdir -p "$dir/$(dirname "$file")"
        objcopy -g "/usr/lib/debug/$file" "$dir/$file"
        echo "$file"
    fi
done >"$dir/list.new"
mv "$dir/list.new" "$dir/list"
