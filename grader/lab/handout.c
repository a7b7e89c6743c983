/* SPDX-License-Identifier: MIT */
#include "lab/handout.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/vec.h"

char *handout_path(const struct lab *lab, enum lang lang)
{
    const char *dir = strncmp(lab->dir, "./", 2) == 0 ? lab->dir + 2 : lab->dir;

    return xformat("%s/%s", dir, lang == LANG_PT_BR ? "README.pt-BR.md" : "README.md");
}

unsigned handout_line(const struct lab *lab, enum lang lang, const char *demand)
{
    CLEANUP(free_ptr) char *path = handout_path(lab, lang);
    CLEANUP(free_ptr) char *line = NULL;
    CLEANUP(fclose_file) FILE *f = fopen(path, "re");
    const size_t length = strlen(demand);
    size_t room = 0;

    for (unsigned n = 1; f && getline(&line, &room, f) > 0; n++) {
        const char *text = line + strspn(line, " \t#*|>-");
        if (strncmp(text, demand, length) == 0 && !isalnum((unsigned char)text[length]))
            return n;
    }
    return 0;
}
