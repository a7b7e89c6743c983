/* SPDX-License-Identifier: MIT */
#include "explain/words.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"
#include "util/vec.h"

char *words_clean(const char *bytes, size_t n, size_t max)
{
    char *shown = text_printable(bytes, n < max ? n : max);

    for (char *p = shown; (p = strpbrk(p, "\t\n"));)
        *p = ' ';
    if (n > max) {
        char *cut = xformat("%s...", shown);
        free(shown);
        shown = cut;
    }
    return shown;
}
