/* SPDX-License-Identifier: MIT */
#include "lab/kit.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/interrupt.h"

enum { LOCK_RETRY_MS = 20 };

extern char **environ;

static struct timespec newest; /* nftw has no argument for its function */

static int note_newest(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)path;
    (void)ftw;
    if (type == FTW_F && (st->st_mtim.tv_sec > newest.tv_sec ||
                          (st->st_mtim.tv_sec == newest.tv_sec && st->st_mtim.tv_nsec > newest.tv_nsec)))
        newest = st->st_mtim;
    return 0;
}

/* The build id of the C library, as a name below /usr/lib/debug (gdb's manual, "Separate Debug Files"). */
static int note_library(struct dl_phdr_info *info, size_t size, void *name)
{
    (void)size;
    for (int i = 0; strstr(info->dlpi_name, "/libc.so") && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const char *at = (const char *)info->dlpi_addr + p->p_vaddr; /* NOLINT(performance-no-int-to-ptr) */
        const char *end = at + (p->p_type == PT_NOTE ? p->p_memsz : 0);
        while (at + sizeof(ElfW(Nhdr)) <= end) { /* elf(5), "Notes" */
            const ElfW(Nhdr) *note = (const void *)at;
            const unsigned char *id = (const unsigned char *)(note + 1) + (note->n_namesz + 3U) / 4 * 4;
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(note + 1, "GNU", 4) == 0) {
                buf_puts(name, ".build-id/");
                for (unsigned k = 0; k < note->n_descsz; k++)
                    buf_printf(name, "%02x%s", id[k], k ? "" : "/");
                buf_puts(name, ".debug");
                return 1;
            }
            at = (const char *)id + (note->n_descsz + 3U) / 4 * 4;
        }
    }
    return 0;
}

/* Was the kit made before the debug files came, or for another C library? */
static bool lacks_debug(const char *kit)
{
    CLEANUP(buf_release) struct buf name = {0};

    if (!dl_iterate_phdr(note_library, &name))
        return false;
    CLEANUP(free_ptr) char *installed = xformat("/usr/lib/debug/%s", name.s);
    CLEANUP(free_ptr) char *slim = xformat("%s/debug/%s", kit, name.s);
    return access(installed, R_OK) == 0 && access(slim, R_OK) != 0;
}

/* Is there anything in the sources that is newer than the stamp? A look at some fifty files costs
 * less than a millisecond; asking make costs fifteen. */
static bool is_fresh(const struct lab *lab, const char *kit)
{
    struct stat st, one;
    CLEANUP(free_ptr) char *stamp = xformat("%s/stamp", kit);
    CLEANUP(free_ptr) char *harness = xformat("%s/tests/harness", lab->root);
    CLEANUP(free_ptr) char *shared = xformat("%s/grader/explain", lab->root);
    CLEANUP(free_ptr) char *headers = lab_path(lab, "templates", "include");
    CLEANUP(free_ptr) char *tests = lab_path(lab, "tests", NULL);
    CLEANUP(free_ptr) char *pattern = xformat("%s/*.[ch]", tests);
    glob_t g = {0};

    if (stat(stamp, &st) < 0 || lacks_debug(kit))
        return false;
    newest = (struct timespec){0};
    (void)nftw(harness, note_newest, 16, FTW_PHYS);
    (void)nftw(shared, note_newest, 16, FTW_PHYS);
    (void)nftw(headers, note_newest, 16, FTW_PHYS);
    if (glob(pattern, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++)
            if (stat(g.gl_pathv[i], &one) == 0)
                (void)note_newest(g.gl_pathv[i], &one, FTW_F, NULL);
    globfree(&g);
    if (stat(lab->yaml, &one) == 0)
        (void)note_newest(lab->yaml, &one, FTW_F, NULL);
    return newest.tv_sec < st.st_mtim.tv_sec ||
           (newest.tv_sec == st.st_mtim.tv_sec && newest.tv_nsec <= st.st_mtim.tv_nsec);
}

static int make_dirs(const char *path, struct err *err)
{
    CLEANUP(free_ptr) char *p = xstrdup(path);

    for (char *s = p + 1;; s++) {
        if (*s != '/' && *s != '\0')
            continue;
        const char was = *s;
        *s = '\0';
        if (mkdir(p, 0777) < 0 && errno != EEXIST)
            return err_errno(err, errno, N_("cannot make the folder '%s'"), p);
        *s = was;
        if (!was)
            return 0;
    }
}

/* Where a kit is, or is to be made. */
struct place {
    char *dir;  /* of the kit */
    char *base; /* where make works: the kit is base/kit, the course base/course */
    char *kit, *course;
};

static void place_release(struct place *p)
{
    free(p->dir);
    free(p->base);
    free(p->kit);
    free(p->course);
}

/* In the course's build/ if we may write there, or somebody who may has made it. Else in the user's
 * cache, in a folder for each course: there a link leads to the course, so that make sees no absolute
 * path, which may have a space in it. */
static int choose_place(const struct lab *lab, struct place *p, struct err *err)
{
    const char *name = lab->config->lab, *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    unsigned long long hash = 14695981039346656037ULL; /* FNV-1a: names a folder, no more */

    p->dir = lab_path(lab, "build/kit", NULL);
    p->base = xstrdup(lab->root);
    p->kit = xformat("build/kit/%s", name);
    p->course = xstrdup(".");
    CLEANUP(free_ptr) char *lock_path = xformat("%s.lock", p->dir);
    if (is_fresh(lab, p->dir) && access(lock_path, R_OK) == 0)
        return 0;
    if (make_dirs(p->dir, NULL) == 0 && access(p->dir, W_OK) == 0)
        return 0;
    CLEANUP(free_ptr) char *root = realpath(lab->root, NULL);
    if (!root)
        return err_errno(err, errno, N_("cannot find '%s'"), lab->root);
    for (const char *s = root; *s; s++)
        hash = (hash ^ (unsigned char)*s) * 1099511628211ULL;
    if ((!cache || cache[0] != '/') && (!home || home[0] != '/'))
        return err_set(err, N_("the tests of %s cannot be built in '%s', and there is no cache folder: set XDG_CACHE_HOME"), name, p->dir);
    place_release(p);
    p->base = cache && cache[0] == '/' ? xformat("%s/grader/%016llx", cache, hash) : xformat("%s/.cache/grader/%016llx", home, hash);
    p->dir = xformat("%s/%s", p->base, name);
    p->kit = xstrdup(name);
    p->course = xstrdup("course");
    CLEANUP(free_ptr) char *link = xformat("%s/course", p->base);
    if (make_dirs(p->base, err) < 0)
        return -1;
    if (symlink(root, link) < 0 && errno != EEXIST)
        return err_errno(err, errno, N_("cannot make '%s'"), link);
    return 0;
}

static int run_make(const struct lab *lab, const struct place *place, struct err *err)
{
    CLEANUP(free_ptr) char *log = xformat("%s/make.log", place->dir);
    CLEANUP(strs_release) struct strs argv = {0};
    struct buf programs = {0};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid;
    int status = 0;

    for (unsigned i = 0; i < lab->config->programs_count; i++)
        buf_printf(&programs, "%s%s", i ? " " : "", lab->config->programs[i]);
    strs_add(&argv, "make");
    strs_add(&argv, "--no-print-directory");
    strs_addf(&argv, "-j%ld", sysconf(_SC_NPROCESSORS_ONLN));
    strs_addf(&argv, "-C%s", place->base); /* names from there: its own path may have a space in it */
    strs_addf(&argv, "-f%s/tests/harness/kit.mk", place->course);
    strs_addf(&argv, "KIT=%s", place->kit);
    strs_addf(&argv, "CFLAGS=-O1 -g -ffile-prefix-map=%s/=", place->course);
    strs_addf(&argv, "LAB=%s", lab->config->lab);
    strs_addf(&argv, "PROGRAMS=%s", programs.s ? programs.s : "");
    buf_release(&programs);
    /* A make that runs us must not hand us its job server or its own variables. */
    (void)unsetenv("MAKEFLAGS");
    (void)unsetenv("MAKELEVEL");
    (void)unsetenv("MFLAGS");
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    (void)sigemptyset(&none); /* make can be interrupted, even if we hold the signals back */
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    int e = posix_spawnp(&pid, "make", &files, &attr, argv.v, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    if (e != 0)
        return err_errno(err, e, N_("cannot run make (is it installed? 'make deps')"));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_errno(err, errno, N_("cannot wait for make"));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(err, N_("the tests of %s do not build; see '%s'"), lab->config->lab, log);
    return 0;
}

/* flock, but an interruption ends it: our signals are blocked, and flock would not notice. */
static int lock(int fd, int how, const char *path, struct err *err)
{
    struct pollfd p = {.fd = interrupt_fd(), .events = POLLIN};

    while (flock(fd, how | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(err, errno, N_("cannot lock '%s'"), path);
        if (poll(&p, 1, LOCK_RETRY_MS) > 0)
            return err_errno(err, EINTR, N_("interrupted while another grader holds '%s'"), path);
    }
    return 0;
}

static int make_kit(const struct lab *lab, const struct place *place, struct err *err)
{
    /* Stamped with the time before make read the sources: a later edit makes it stale. */
    CLEANUP(free_ptr) char *stamp = xformat("%s/stamp", place->dir);
    CLEANUP(free_ptr) char *next = xformat("%s.next", stamp);
    CLEANUP(free_ptr) char *debug = xformat("%s/debug/list", place->dir);
    CLEANUP(close_fd) int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0)
        return err_errno(err, errno, N_("cannot write '%s'"), next);
    if (lacks_debug(place->dir))
        (void)unlink(debug); /* make does not see what is missing in there */
    if (run_make(lab, place, err) < 0)
        return -1;
    return rename(next, stamp) < 0 ? err_errno(err, errno, N_("cannot write '%s'"), stamp) : 0;
}

int kit_prepare(const struct lab *lab, struct kit *kit, struct err *err)
{
    CLEANUP(place_release) struct place place = {0};
    CLEANUP(close_fd) int fd = -1;

    if (choose_place(lab, &place, err) < 0)
        return -1;
    CLEANUP(free_ptr) char *path = xformat("%s.lock", place.dir);
    if (!is_fresh(lab, place.dir) && make_dirs(place.dir, err) < 0)
        return -1;
    fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return err_errno(err, errno, N_("cannot open '%s'"), path);
    if (lock(fd, LOCK_SH, path, err) < 0)
        return -1;
    if (!is_fresh(lab, place.dir) &&
        (lock(fd, LOCK_EX, path, err) < 0 || (!is_fresh(lab, place.dir) && make_kit(lab, &place, err) < 0) ||
         lock(fd, LOCK_SH, path, err) < 0))
        return -1;
    kit->dir = take_ptr(&place.dir);
    kit->lock_fd = take_fd(&fd);
    return 0;
}

void kit_release(struct kit *kit)
{
    close_fd(&kit->lock_fd);
    free(kit->dir);
    *kit = (struct kit)KIT_INIT;
}
