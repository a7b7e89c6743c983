/* SPDX-License-Identifier: MIT */
/* text: showing bytes that somebody else wrote. */
#ifndef GRADER_UTIL_TEXT_H
#define GRADER_UTIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

bool text_is_utf8(const char *s, size_t n); /* as RFC 3629 has it */

/* A copy of n bytes that is valid UTF-8 without control characters: those, bidirectional overrides
 * and broken sequences are shown as \xNN, a tab and a newline stay. The caller frees it. */
char *text_printable(const char *s, size_t n);

/* The length of the conversion of printf(3) at s ("%-5d", "%%"); 0: there is none. */
size_t text_conversion(const char *s);

#endif
