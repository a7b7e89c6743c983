/* SPDX-License-Identifier: MIT */
/* The whole array is sent, with its zero bytes.
 * lab: 01
 * output: short\n
 * signature: nul_sent: wrong standard output
 * cause: zero-byte */
#include <unistd.h>

int main(void)
{
    char text[16] = "short\n";

    return write(1, text, sizeof(text)) < 0;
}
