/* SPDX-License-Identifier: MIT */
/* init's program inside the grader's. BOX_INIT is its path, quoted, from the Makefile. */
    .section .rodata
    .global box_init_image
    .global box_init_image_end
    .balign 16
box_init_image:
    .incbin BOX_INIT
box_init_image_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
