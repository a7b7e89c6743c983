/* SPDX-License-Identifier: MIT */
#include "util/text.h"

#include <stdint.h>
#include <string.h>

#include "util/vec.h"

/* Length of the UTF-8 sequence at s (at most n bytes) and its code point; 0: not UTF-8 (RFC 3629). */
static size_t decode(const unsigned char *s, size_t n, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;

    if (len == 0 || len > n)
        return 0;
    *code = len == 1 ? s[0] : s[0] & (0x7f >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (s[i] & 0x3f);
    }
    return *code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff) ? 0 : len;
}

bool text_is_utf8(const char *s, size_t n)
{
    uint32_t code = 0;

    for (size_t i = 0; i < n;) {
        const size_t len = decode((const unsigned char *)s + i, n - i, &code);
        if (!len)
            return false;
        i += len;
    }
    return true;
}

/* Control characters (a terminal obeys them) and what turns the direction of text around. */
static bool is_unsafe(uint32_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

char *text_printable(const char *s, size_t n)
{
    struct buf b = {0};
    uint32_t code = 0;

    for (size_t i = 0; i < n;) {
        size_t len = decode((const unsigned char *)s + i, n - i, &code);
        if (len && !is_unsafe(code)) {
            buf_add(&b, s + i, len);
            i += len;
            continue;
        }
        for (size_t end = i + (len ? len : 1); i < end; i++)
            buf_printf(&b, "\\x%02x", (unsigned char)s[i]);
    }
    return buf_steal(&b);
}

size_t text_conversion(const char *s)
{
    size_t n = 1;

    if (*s != '%')
        return 0;
    n += strspn(s + n, "-+ #0123456789.*hljztL");
    return s[n] ? n + 1 : n;
}
