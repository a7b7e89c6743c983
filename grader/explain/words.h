/* SPDX-License-Identifier: MIT */
/* words: names of the outside world as they may stand in a sentence. */
#ifndef GRADER_EXPLAIN_WORDS_H
#define GRADER_EXPLAIN_WORDS_H

#include <stddef.h>

/* One printable line of at most 'max' bytes of it. The caller frees it. */
char *words_clean(const char *bytes, size_t n, size_t max);

#endif
