/* SPDX-License-Identifier: MIT */
#include "util/num.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int num_parse(const char *s, unsigned long min, unsigned long max, unsigned long *out)
{
    char *end;

    /* strtoul takes "-1" and " 1": neither is what somebody means here. */
    if (!*s || strspn(s, "0123456789") != strlen(s))
        return -1;
    errno = 0;
    unsigned long n = strtoul(s, &end, 10);
    if (errno || *end || n < min || n > max)
        return -1;
    *out = n;
    return 0;
}

int num_parse_double(const char *s, double min, double max, double *out)
{
    char *end;

    if (!*s || strspn(s, "0123456789.") != strlen(s))
        return -1;
    errno = 0;
    double d = strtod(s, &end);
    if (errno || *end || !isfinite(d) || d < min || d > max)
        return -1;
    *out = d;
    return 0;
}
