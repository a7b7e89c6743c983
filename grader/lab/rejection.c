/* SPDX-License-Identifier: MIT */
#include "lab/rejection.h"

#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/text.h"
#include "util/vec.h"

/* The figures are those of intake/limits.h; a unit test compares them. */
const char *const rejection_names[WHY_N] = {
    [WHY_NONE] = "none",
    [WHY_LINK] = "link",
    [WHY_SPECIAL] = "special-file",
    [WHY_EMPTY_NAME] = "empty-name",
    [WHY_ABSOLUTE] = "absolute-name",
    [WHY_OUTSIDE] = "outside",
    [WHY_CONTROL] = "control-characters",
    [WHY_DIRECTION] = "text-direction",
    [WHY_LONG_NAME] = "long-name",
    [WHY_DEEP] = "too-deep",
    [WHY_NOT_UTF8] = "name-not-utf8",
    [WHY_TWICE] = "twice",
    [WHY_FILE_AND_FOLDER] = "file-and-folder",
    [WHY_ENTRIES] = "too-many",
    [WHY_LARGE] = "too-large",
    [WHY_TOTAL] = "too-large-together",
    [WHY_RATIO] = "bomb",
    [WHY_BULK] = "bulk",
    [WHY_ARCHIVE_LARGE] = "archive-too-large",
    [WHY_NO_ARCHIVE] = "no-archive",
    [WHY_ENCRYPTED] = "encrypted",
    [WHY_DAMAGED] = "damaged",
    [WHY_LIMITS] = "limits",
    [WHY_UNREADABLE] = "unreadable",
    [WHY_CHANGED] = "changed",
    [WHY_NO_SOURCE] = "no-source",
    [WHY_NESTED] = "nested-archive",
    [WHY_AMBIGUOUS] = "ambiguous",
    [WHY_UTF16] = "utf16",
};

const char *const rejection_texts[WHY_N] = {
    [WHY_NONE] = "",
    [WHY_LINK] = N_("it is a link; hand in the file itself"),
    [WHY_SPECIAL] = N_("it is a device, a FIFO or a socket, not a regular file"),
    [WHY_EMPTY_NAME] = N_("an entry has no name"),
    [WHY_ABSOLUTE] = N_("its name is absolute; names begin in the submission's folder"),
    [WHY_OUTSIDE] = N_("its name leads out of the submission's folder"),
    [WHY_CONTROL] = N_("its name has control characters or backslashes"),
    [WHY_DIRECTION] = N_("its name turns the direction of text"),
    [WHY_LONG_NAME] = N_("its name is too long: at most 255 bytes, and 512 with its folders"),
    [WHY_DEEP] = N_("folders are nested more than 16 deep"),
    [WHY_NOT_UTF8] = N_("its name is not UTF-8; rename it"),
    [WHY_TWICE] = N_("it is there twice, or another differs in upper and lower case alone: which one is meant?"),
    [WHY_FILE_AND_FOLDER] = N_("it is a file and a folder at once"),
    [WHY_ENTRIES] = N_("there are more than 2000 files and folders"),
    [WHY_LARGE] = N_("it is too large: more than 4 MiB"),
    [WHY_TOTAL] = N_("the sources are too large together: more than 32 MiB"),
    [WHY_RATIO] = N_("it unpacks to more than 200 times the archive's size"),
    [WHY_BULK] = N_("all that is in the archive is more than 512 MiB; leave out what was built"),
    [WHY_ARCHIVE_LARGE] = N_("the archive is too large: more than 64 MiB"),
    [WHY_NO_ARCHIVE] = N_("it is neither a folder nor an archive that can be read (zip, tar, 7z, rar)"),
    [WHY_ENCRYPTED] = N_("it is encrypted"),
    [WHY_DAMAGED] = N_("the archive is damaged"),
    [WHY_LIMITS] = N_("the archive cannot be unpacked within its limits"),
    [WHY_UNREADABLE] = N_("it cannot be read"),
    [WHY_CHANGED] = N_("it changed while it was read"),
    [WHY_NO_SOURCE] = N_("there is no C file in it; what is needed"),
    [WHY_NESTED] = N_("an archive within; hand in the files themselves"),
    [WHY_AMBIGUOUS] = N_("there is more than one of it: which one is meant?"),
    [WHY_UTF16] = N_("it is UTF-16 text; save it as UTF-8"),
};

char *rejection_sentence(const struct rejection *r, bool translated)
{
    const char *text = rejection_texts[r->why];
    CLEANUP(free_ptr) char *entry = r->entry ? text_printable(r->entry, strlen(r->entry)) : NULL;
    CLEANUP(free_ptr) char *detail = r->detail ? text_printable(r->detail, strlen(r->detail)) : NULL;

    return xformat("%s%s%s%s%s%s%s", entry ? "'" : "", entry ? entry : "", entry ? "': " : "",
                   translated && *text ? _(text) : text, detail ? " (" : "", detail ? detail : "", detail ? ")" : "");
}

void rejection_release(struct rejection *r)
{
    free(r->entry);
    free(r->detail);
    *r = (struct rejection){0};
}
