/* SPDX-License-Identifier: MIT */
#include "box/init.h"
int probe_main(int argc, char *argv[])
{
    (void)argc; (void)argv;
    return 0;
}
