/* SPDX-License-Identifier: MIT */
/* offers MODE: does a box of this mode open here? Exit status 0: yes; 1: no, and why. */
#include "box/box.h"
#include "util/err.h"

#include <stdio.h>

int main(int argc, char *argv[])
{
    struct box_spec spec = {.mode = BOX_AUTO};
    struct box *box;
    struct err err = {0};

    if (argc != 2 || box_mode_parse(argv[1], &spec.mode) < 0)
        return 2;
    if (box_open(&spec, &box, &err) < 0) {
        puts(err.msg);
        return 1;
    }
    box_close(box);
    return 0;
}
