/* SPDX-License-Identifier: MIT */
/* pattern: bytes that the tests and the probe both know how to make and to check, so that large
 * contents need not travel: a block of a size, and a sum by which it is recognised. */
#ifndef LAB01_PATTERN_H
#define LAB01_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Byte i of a block of 'size' bytes: other in every size, and without a short period. */
static inline unsigned char pattern_byte(size_t i, size_t size)
{
    return (unsigned char)((i * 7 + i / 251 + size) % 253);
}

static inline void pattern_fill(void *block, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)block)[i] = pattern_byte(i, size);
}

/* FNV-1a. */
static inline uint32_t pattern_sum(const void *block, size_t size)
{
    uint32_t sum = 2166136261U;

    for (size_t i = 0; i < size; i++)
        sum = (sum ^ ((const unsigned char *)block)[i]) * 16777619U;
    return sum;
}

#endif
