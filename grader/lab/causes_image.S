/* SPDX-License-Identifier: MIT */
/* causes.yaml inside the program. LAB_CAUSES is its path, quoted, from the Makefile. */
    .section .rodata
    .global lab_causes_image
lab_causes_image:
    .incbin LAB_CAUSES
    .byte 0
    .section .note.GNU-stack,"",%progbits
