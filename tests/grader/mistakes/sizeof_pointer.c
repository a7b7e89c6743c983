/* SPDX-License-Identifier: MIT */
/* sizeof of a pointer instead of the length of the string.
 * lab: 01
 * output: a longer answer\n
 * signature: sizeof_pointer: wrong standard output
 * cause: eight-bytes */
#include <unistd.h>

int main(void)
{
    const char *text = "a longer answer\n";

    return write(1, text, sizeof(text)) < 0;
}
