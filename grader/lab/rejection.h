/* SPDX-License-Identifier: MIT */
/* rejection: why something that was handed in is no submission. The reasons are known by number, so
 * that the unpacker can name one, a program can read one, and a report can say it in its language. */
#ifndef GRADER_LAB_REJECTION_H
#define GRADER_LAB_REJECTION_H

#include <stdbool.h>

enum rejection_why {
    WHY_NONE, /* it is a submission */
    /* An entry's kind and name */
    WHY_LINK,
    WHY_SPECIAL,
    WHY_EMPTY_NAME,
    WHY_ABSOLUTE,
    WHY_OUTSIDE,
    WHY_CONTROL,
    WHY_DIRECTION,
    WHY_LONG_NAME,
    WHY_DEEP,
    WHY_NOT_UTF8,
    WHY_TWICE,
    WHY_FILE_AND_FOLDER,
    /* How much there is */
    WHY_ENTRIES,
    WHY_LARGE,
    WHY_TOTAL,
    WHY_RATIO,
    WHY_BULK,
    WHY_ARCHIVE_LARGE,
    /* Reading */
    WHY_NO_ARCHIVE,
    WHY_ENCRYPTED,
    WHY_DAMAGED,
    WHY_LIMITS,
    WHY_UNREADABLE,
    WHY_CHANGED,
    /* What is in it */
    WHY_NO_SOURCE,
    WHY_NESTED,
    WHY_AMBIGUOUS,
    WHY_UTF16,
    WHY_N
};

struct rejection {
    enum rejection_why why;
    char *entry;  /* the file or folder in question; NULL: the whole */
    char *detail; /* more, from who knows it: an error's text; NULL */
};

/* One word for each, for programs; and a sentence for people, in English (gettext translates it). */
extern const char *const rejection_names[WHY_N], *const rejection_texts[WHY_N];

/* "'src/lab05.c': it is a link; hand in the file itself". What it quotes is printable. The caller
 * frees it. */
char *rejection_sentence(const struct rejection *r, bool translated);

void rejection_release(struct rejection *r);

#endif
