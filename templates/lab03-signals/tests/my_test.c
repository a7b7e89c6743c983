/* SPDX-License-Identifier: MIT */
/* An example of a test of your own. Every file of this folder whose name ends in _test.c is a
 * program linked with your library: it exits with 0 if all is well and says on stderr what is not.
 * Its runs count for coverage.
 *
 * This one looks at one signal. It says "skipped" while sig_number is a stub. */
#include "lab03.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char label[SIG_LABEL_MAX] = "";
    int signo = sig_number("SIGTERM");

    if (signo < 0 && errno == ENOSYS) {
        fprintf(stderr, "my_test: skipped, sig_number is not implemented\n");
        return 0;
    }
    if (signo != SIGTERM) {
        fprintf(stderr, "my_test: SIGTERM is %d\n", signo);
        return 1;
    }
    if (sig_label(signo, label, sizeof(label)) != (int)strlen("TERM")
        || strcmp(label, "TERM") != 0) {
        fprintf(stderr, "my_test: its label is '%s'\n", label);
        return 1;
    }
    return 0;
}
