/* SPDX-License-Identifier: MIT */
/* new: start a lab from its template. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "lab/handout.h"
#include "util/cleanup.h"
#include "util/folder.h"
#include "util/i18n.h"

struct new_options {
    const char *lab, *dir;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct new_options *o = state->input;

    if (key == ARGP_KEY_ARG && !o->dir) {
        *(o->lab ? &o->dir : &o->lab) = arg;
        return 0;
    }
    if (key == ARGP_KEY_END && !o->lab)
        argp_error(state, _("which lab? 'grader list' names them"));
    return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

int cmd_new(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {NULL, parse, "LAB [DIR]",
                                     N_("Copies a lab's template into DIR, a new folder (default: the lab's name).") "\v"
                                     "  grader new lab05\n  cd lab05-sockets\n  grader check", NULL, NULL, NULL};
    CLEANUP(lab_release) struct lab lab = {0};
    struct new_options o = {0};

    cmd_parse(&argp, argc, argv, &o);
    int status = cmd_load_lab(g, o.lab, &lab, NULL, err);
    if (status != CMD_OK)
        return status;
    CLEANUP(free_ptr) char *from = lab_path(&lab, "templates", NULL);
    const char *dir = o.dir ? o.dir : lab.config->lab;
    if (mkdir(dir, 0777) < 0) { /* never into somebody's work */
        (void)err_errno(err, errno, _("cannot make the folder '%s'"), dir);
        return CMD_USAGE;
    }
    CLEANUP(close_fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || folder_give(fd, dir, err) < 0 || folder_copy(from, dir, err) < 0)
        return CMD_INTERNAL;
    CLEANUP(free_ptr) char *handout = handout_path(&lab, g->lang);
    printf("%s: %s\n%s: %s\n", dir, g->lang == LANG_PT_BR ? lab.config->title.pt_br : lab.config->title.en, _("handout"),
           handout);
    return CMD_OK;
}
