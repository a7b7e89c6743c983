/* SPDX-License-Identifier: MIT */
/* What failed is used all the same.
 * lab: 06
 * ends: 0
 * signature: memory_fault: SIGSEGV
 * cause: memory-fault
 * process: memory_fault */
#include <fcntl.h>
#include <sys/mman.h>

int main(void)
{
    char *p = mmap((void *)0, 4096, PROT_READ, MAP_SHARED, open("absent", O_RDONLY), 0);

    return p[0];
}
