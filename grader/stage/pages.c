/* SPDX-License-Identifier: MIT */
#include "stage/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stage/run.h"
#include "util/cleanup.h"
#include "util/folder.h"

enum { PAGE_MAX = 16 << 20, PAGES_MAX = 4096, PAGES_DEPTH = 8 };

static const struct proc_limits limits = {.wall_ms = RUN_TOOL_WALL_MS, .cpu_s = 60, .fsize_bytes = 64ULL << 20};

static int run_tool(struct stage *s, const char *const argv[], struct err *err)
{
    struct run r = RUN_INIT;

    for (size_t i = 0; argv[i]; i++)
        strs_add(&r.argv, argv[i]);
    r.cwd = SUB_DIR;
    r.uid = BOX_BUILDER;
    r.limits = limits;
    int status = run_all(s, &r, 1, 1, err);
    if (status == 0 && !run_ok(&r)) {
        CLEANUP(free_ptr) char *log = run_text(r.err_fd, 400);
        status = err_set(err, "%s failed: %s", argv[0], *log ? log : "no reason given ('make deps' installs lcov)");
    }
    run_release(&r);
    return status;
}

static int copy_out(struct box *box, const char *from, const char *to, struct err *err)
{
    CLEANUP(close_fd) int in = -1;
    CLEANUP(close_fd) int out = -1;
    char block[65536];

    if (box_get(box, from, PAGE_MAX, &in, err) < 0)
        return -1;
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (out < 0)
        return err_errno(err, errno, "cannot write '%s'", to);
    if (folder_give(out, to, err) < 0)
        return -1;
    for (ssize_t n; (n = read(in, block, sizeof(block))) != 0;)
        if (n < 0 || write(out, block, (size_t)n) != n)
            return err_errno(err, errno, "cannot write '%s'", to);
    return 0;
}

/* Everything below 'from' in the box into 'to'. A name that is no file is a folder, or is left. */
static int copy_tree(struct box *box, const char *from, const char *to, int depth, struct err *err)
{
    CLEANUP(box_names_release) struct box_names names = {0};

    if (folder_make(to, err) < 0)
        return -1;
    if (box_list(box, from, PAGES_MAX, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        CLEANUP(free_ptr) char *a = xformat("%s/%s", from, names.names[i]);
        CLEANUP(free_ptr) char *b = xformat("%s/%s", to, names.names[i]);
        struct err why = {.plain = err && err->plain};
        if (copy_out(box, a, b, &why) == 0)
            continue;
        if (why.code != EINVAL || depth >= PAGES_DEPTH) {
            *err = why;
            return -1;
        }
        if (copy_tree(box, a, b, depth + 1, err) < 0)
            return -1;
    }
    return 0;
}

int pages_make(struct stage *s, const char *dir, struct err *err)
{
    static const char own[] = SUB_DIR "/src/*"; /* not the headers that the lab gives */
    const char *const capture[] = {"lcov", "--quiet", "--capture", "--rc", "lcov_branch_coverage=1", "--directory", "obj",
                                   "--base-directory", ".", "--no-external", "--include", own,
                                   "--output-file", "obj/coverage.info", NULL};
    const char *const pages[] = {"genhtml", "--quiet", "--branch-coverage", "--title", s->lab->config->lab,
                                 "--prefix", SUB_DIR, "--ignore-errors", "source", "--output-directory", "obj/pages", "obj/coverage.info", NULL};
    CLEANUP(free_ptr) char *info = xformat("%s/coverage.info", dir);

    if (!s->result->stages[STAGE_COVERAGE].ran)
        return 0;
    if (run_tool(s, capture, err) < 0 || run_tool(s, pages, err) < 0 ||
        copy_tree(s->box, SUB_OBJ "/pages", dir, 0, err) < 0)
        return err_wrap(err, "coverage pages");
    return copy_out(s->box, SUB_OBJ "/coverage.info", info, err);
}
