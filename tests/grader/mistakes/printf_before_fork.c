/* SPDX-License-Identifier: MIT */
/* What is in the buffer when the process forks comes out twice.
 * lab: 01
 * output: begin\nend\n
 * signature: printf_before_fork: wrong standard output
 * cause: printf-before-fork */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    printf("begin\n");
    if (fork() == 0)
        exit(0);
    (void)wait(NULL);
    printf("end\n");
    return 0;
}
