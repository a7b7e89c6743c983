/* SPDX-License-Identifier: MIT */
#include "lab/submission.h"

#include <stdlib.h>
#include <string.h>

const struct submission_file *submission_file(const struct submission *s, const char *path)
{
    for (size_t i = 0; i < s->files_n; i++)
        if (strcmp(s->files[i].path, path) == 0)
            return &s->files[i];
    return NULL;
}

void submission_release(struct submission *s)
{
    for (size_t i = 0; i < s->files_n; i++) {
        free(s->files[i].path);
        free(s->files[i].data);
    }
    free(s->files);
    free(s->id);
    free(s->digest);
    free(s->rejected);
    rejection_release(&s->why);
    for (size_t i = 0; i < s->notes_n; i++)
        free(s->notes[i].file);
    free(s->notes);
    *s = (struct submission){0};
}
