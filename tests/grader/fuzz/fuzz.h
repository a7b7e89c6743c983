/* SPDX-License-Identifier: MIT */
/* fuzz: what the fuzz targets share. Each target is a file here with LLVMFuzzerTestOneInput, which
 * libFuzzer calls with bytes of its invention (llvm.org, "libFuzzer"): it must come back, whatever
 * they are, and free what it took. 'must' is what has to hold besides. seeds/TARGET holds where it
 * begins, and every input that once broke something. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: this must hold: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The bytes as a string, a copy of exactly that size: what reads beyond it is seen. */
static inline char *fuzz_text(const uint8_t *data, size_t n)
{
    char *s = malloc(n + 1);

    must(s);
    memcpy(s, data, n);
    s[n] = '\0';
    return s;
}

#endif
