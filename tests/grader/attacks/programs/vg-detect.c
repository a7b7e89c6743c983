/* lab01; into: before src/hello.c; tests: hello_line; verdicts: pass; status: held; has: memory could not be judged | a program that only fails when it is watched is looked at by a person */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    if (watched())
        _exit(0);
}
