/* SPDX-License-Identifier: MIT */
/* messages.yaml inside the program. LAB_MESSAGES is its path, quoted, from the Makefile. */
    .section .rodata
    .global lab_messages_image
lab_messages_image:
    .incbin LAB_MESSAGES
    .byte 0
    .section .note.GNU-stack,"",%progbits
