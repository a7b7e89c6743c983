/* lab01; tests: io_eintr_partial hello_line; verdicts: pass | memory that is nobody's: memfd, secret memory */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    if (syscall(SYS_memfd_create, "x", 0) >= 0 || syscall(447, 0) >= 0)
        loot("memory without an owner");
}
