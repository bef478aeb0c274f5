#!/bin/sh
# Every #include against the order of the layers; each violation as file:line. Exit 1 where there is one.
#   main, tools/wangge > host > workshop > desk > rules > case > geo, store > base     host > net > base     plugins > wg.h
# A layer's front door is x/x.h and what x/x.h itself includes of its own folder. Others may include no more of it.
# Inside a layer all is allowed. A test may include every front door, and inner headers of one layer or plugin: the one it
# tests.
set -eu
cd "$(dirname "$0")/.."

find core plugins tools/wangge tests \( -name '*.c' -o -name '*.h' \) | LC_ALL=C sort | xargs awk '
BEGIN {
    below["base"] = ""
    below["geo"] = below["store"] = below["net"] = " base "
    below["case"] = " geo store base "
    below["rules"] = " case geo store base "
    below["desk"] = " rules case geo store base "
    below["workshop"] = " desk rules case geo store base "
    below["host"] = " net workshop desk rules case geo store base "
    below["top"] = " host" below["host"] # main.c, tools/wangge
    for (layer in below)
        if (layer != "top")
            read_door(layer)
    door["wg.h"] = "wg"
}

# x/x.h and the headers of its own folder that it includes.
function read_door(layer,    file, text, name) {
    door[layer "/" layer ".h"] = layer
    file = "core/" layer "/" layer ".h"
    while ((getline text < file) > 0)
        if (match(text, "^#include \"" layer "/[a-z_0-9]+\\.h\"")) {
            name = substr(text, 11, RLENGTH - 11)
            door[name] = layer
        }
    close(file)
}

function exists(path,    text, rc) {
    rc = (getline text < path)
    close(path)
    return rc >= 0
}

function bad(why) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, name, why
    faults++
}

FNR == 1 {
    n = split(FILENAME, at, "/")
    dir = substr(FILENAME, 1, length(FILENAME) - length(at[n]))
    kind = at[1] == "tools" || FILENAME == "core/main.c" ? "top" : at[1] == "core" ? at[2] : at[1]
    inner = ""
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    name = quoted[2]
    layer = name
    sub("/.*", "", layer)
    if (name ~ /\.\.\//)
        bad("names a way up; headers are named from core/")
    else if (FILENAME == "core/wg.h")
        bad("wg.h stands alone")
    else if (name == "wg.h" || (index(name, "/") == 0 && exists(dir name)))
        next
    else if (kind == "plugins")
        bad("a plugin includes wg.h and its own headers only")
    else if (kind == "tests" && (exists("tests/" name) || exists("plugins/" name)))
        next
    else if (index(name, "/") == 0 || !exists("core/" name))
        bad("there is no such header here")
    else if (kind == layer)
        next
    else if (kind == "tests") {
        if (name in door)
            next
        if (inner != "" && inner != layer)
            bad("a test looks behind one front door, not also that of " layer)
        inner = layer
    } else if (index(below[kind], " " layer " ") == 0)
        bad((kind == "top" ? "this" : kind) " may not include " layer)
    else if (!(name in door))
        bad("lies behind the front door " layer "/" layer ".h")
}

END { exit faults > 0 }
'
