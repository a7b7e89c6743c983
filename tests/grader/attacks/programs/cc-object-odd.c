/* lab01; into: append src/hello.c; tests: io_eintr_partial; verdicts: pass; finding: coverage.tampered | an object that tools may stumble over: groups, notes, odd names, versions */
/* SPDX-License-Identifier: MIT */
__asm__(".globl \"a\\nobj/0.o: socket U \"\n\"a\\nobj/0.o: socket U \": .byte 0\n"
        ".section \"=x y\",\"a\",@note\n.byte 0\n.section .group.x,\"aG\",@progbits,grp,comdat\n.byte 1\n"
        ".symver main,main@@V1\n.section .gnu.warning.main\n.ascii \"a warning\"\n.text\n");
