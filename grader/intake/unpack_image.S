/* SPDX-License-Identifier: MIT */
/* unpack's program inside the grader's. INTAKE_UNPACK is its path, quoted, from the Makefile. */
    .section .rodata
    .global intake_unpack_image
    .global intake_unpack_image_end
    .balign 16
intake_unpack_image:
    .incbin INTAKE_UNPACK
intake_unpack_image_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
