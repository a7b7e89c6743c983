/* SPDX-License-Identifier: MIT */
/* pack: the archive to hand in, read back as the grader will read it. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "intake/intake.h"
#include "util/cleanup.h"
#include "util/folder.h"
#include "util/i18n.h"

struct pack_options {
    const char *lab, *dir, *output;
};

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, N_("the archive (default: <lab>.tar.gz)"), 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct pack_options *o = state->input;

    switch (key) {
    case 'o':
        o->output = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->dir)
            return ARGP_ERR_UNKNOWN;
        *(o->lab ? &o->dir : &o->lab) = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->lab)
            argp_error(state, _("which lab? 'grader list' names them"));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int write_archive(const char *path, const char *top, const struct submission *s, struct err *err)
{
    struct archive *a = archive_write_new();
    struct archive_entry *e = archive_entry_new();
    bool ok = a && e && archive_write_add_filter_gzip(a) == ARCHIVE_OK && archive_write_set_format_pax_restricted(a) == ARCHIVE_OK &&
              archive_write_open_filename(a, path) == ARCHIVE_OK;

    for (size_t i = 0; ok && i < s->files_n; i++) {
        const struct submission_file *f = &s->files[i];
        CLEANUP(free_ptr) char *name = xformat("%s/%s", top, f->path);
        archive_entry_clear(e);
        archive_entry_set_pathname(e, name);
        archive_entry_set_size(e, (la_int64_t)f->size);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0644);
        ok = archive_write_header(a, e) == ARCHIVE_OK && archive_write_data(a, f->data, f->size) == (la_ssize_t)f->size;
    }
    ok = ok && archive_write_close(a) == ARCHIVE_OK;
    if (!ok)
        (void)err_set(err, _("cannot write '%s': %s"), path, a && archive_error_string(a) ? archive_error_string(a) : _("out of memory"));
    archive_entry_free(e);
    archive_write_free(a);
    return ok ? 0 : -1;
}

int cmd_pack(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {options, parse, "LAB [DIR]",
                                     N_("Makes the archive to hand in from the sources in DIR or the folder you stand in, and reads it "
                                        "back as it will be read for grading."), NULL, NULL, NULL};
    CLEANUP(lab_release) struct lab lab = {0};
    CLEANUP(submission_release) struct submission mine = {0}, back = {0};
    struct pack_options o = {0};

    cmd_parse(&argp, argc, argv, &o);
    int status = cmd_load_lab(g, o.lab, &lab, NULL, err);
    if (status != CMD_OK)
        return status;
    CLEANUP(free_ptr) char *path = o.output ? xstrdup(o.output) : xformat("%s.tar.gz", lab.config->lab);
    const enum box_mode mode = cmd_student_mode();
    if (intake_read(o.dir ? o.dir : ".", &lab, mode, &mine, err) < 0)
        return CMD_USAGE;
    if (mine.rejected || !submission_file(&mine, lab.config->library[0])) {
        CLEANUP(free_ptr) char *why = mine.rejected ? rejection_sentence(&mine.why, true) : NULL;
        (void)err_set(err, _("nothing to hand in: %s"), why ? why : _("the lab's library is missing"));
        return CMD_HELD;
    }
    if (write_archive(path, lab.config->lab, &mine, err) < 0)
        return CMD_INTERNAL;
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || folder_give(fd, path, err) < 0)
        return CMD_INTERNAL;
    if (intake_read(path, &lab, mode, &back, err) < 0)
        return cmd_status_of(err);
    if (back.rejected || strcmp(back.digest, mine.digest) != 0) {
        CLEANUP(free_ptr) char *why = back.rejected ? rejection_sentence(&back.why, true) : NULL;
        (void)err_set(err, _("'%s' does not read back as it was written: %s"), path, why ? why : _("other files"));
        return CMD_INTERNAL;
    }
    printf(ngettext("%s: %zu file", "%s: %zu files", mine.files_n), path, mine.files_n);
    putchar('\n');
    for (unsigned i = 0; i < lab.config->programs_count; i++) {
        CLEANUP(free_ptr) char *source = xformat("src/%s.c", lab.config->programs[i]);
        if (!submission_file(&mine, source)) {
            printf("  ");
            printf(_("note: %s is not there"), source);
            putchar('\n');
        }
    }
    return CMD_OK;
}
