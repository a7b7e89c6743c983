/* SPDX-License-Identifier: MIT */
/* messages.yaml inside the program. REPORT_MESSAGES is its path, quoted, from the Makefile. */
    .section .rodata
    .global report_messages_image
report_messages_image:
    .incbin REPORT_MESSAGES
    .byte 0
    .section .note.GNU-stack,"",%progbits
