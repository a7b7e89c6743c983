/* SPDX-License-Identifier: MIT */
/* Unit tests of intake: what students hand in, as it should be, a little wrong, and hostile. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "intake/intake.h"
#include "util/cleanup.h"

static char *library[] = {"src/lab05.c"};
static struct lab_config config = {.lab = "lab05-sockets", .library = library, .library_count = 1};
static const struct lab lab = {.config = &config};

static void take(const char *name, struct submission *s)
{
    struct err err = {0};
    CLEANUP(free_ptr) char *path = unit_path(name);

    cr_assert_eq(intake_read(path, &lab, BOX_AUTO, s, &err), 0, "%s", err.msg);
}

/* The files that were taken, one after the other. */
static char *names(const struct submission *s)
{
    struct buf b = {0};

    for (size_t i = 0; i < s->files_n; i++)
        buf_printf(&b, "%s%s", i ? " " : "", s->files[i].path);
    return buf_steal(&b);
}

static void takes(const char *name, const char *expected)
{
    struct submission s = {0};

    take(name, &s);
    cr_assert_null(s.rejected, "rejected: %s", s.rejected);
    CLEANUP(free_ptr) char *got = names(&s);
    SAME(expected, got);
    cr_assert(s.digest && strncmp(s.digest, "sha256:", 7) == 0 && strlen(s.digest) == 7 + 64, "%s", s.digest);
    submission_release(&s);
    unit_done();
}

static void rejects(const char *name, const char *why)
{
    struct submission s = {0};

    take(name, &s);
    HAS(s.rejected, why);
    submission_release(&s);
    unit_done();
}

UNIT(intake, a_whole_submission)
{
    unit_write("alice/src/lab05.c", "int a;\n");
    unit_write("alice/src/chatd.c", "");
    unit_write("alice/src/own.h", "");
    unit_write("alice/include/more.h", "");
    unit_write("alice/tests/my_test.c", "");
    takes("alice", "include/more.h src/chatd.c src/lab05.c src/own.h tests/my_test.c");
}

UNIT(intake, contents_are_the_bytes_of_the_file)
{
    struct submission s = {0};

    unit_write_bytes("alice/src/lab05.c", "a\0b\xff", 4);
    take("alice", &s);
    const struct submission_file *f = submission_file(&s, "src/lab05.c");
    cr_assert(f && f->size == 4 && memcmp(f->data, "a\0b\xff", 4) == 0);
    SAME("alice", s.id);
    cr_assert_null(submission_file(&s, "src/other.c"));
    submission_release(&s);
    unit_done();
}

UNIT(intake, what_is_no_source_is_not_read)
{
    unit_write("alice/src/lab05.c", "");
    unit_write("alice/Makefile", "");
    unit_write("alice/build/chatd", "");
    unit_write("alice/src/lab05.c~", "");
    unit_write("alice/src/lab05.o", "");
    unit_write("alice/src/.hidden.c", "");
    unit_write("alice/.git/src/lab05.c", "");
    unit_write("alice/__MACOSX/src/._lab05.c", "");
    unit_write("alice/.c", "");
    takes("alice", "src/lab05.c");
}

UNIT(intake, a_top_folder_too_many)
{
    unit_write("alice/alice-lab05/src/lab05.c", "");
    unit_write("alice/alice-lab05/src/chatd.c", "");
    takes("alice", "src/chatd.c src/lab05.c");
}

UNIT(intake, several_top_folders_too_many)
{
    unit_write("alice/home/me/course/lab/src/lab05.c", "");
    takes("alice", "src/lab05.c");
}

UNIT(intake, of_two_copies_the_outer_one)
{
    unit_write("alice/src/lab05.c", "outer");
    unit_write("alice/old/src/lab05.c", "inner");
    struct submission s = {0};
    take("alice", &s);
    cr_assert_eq(submission_file(&s, "src/lab05.c")->size, 5);
    SAME("outer", submission_file(&s, "src/lab05.c")->data);
    submission_release(&s);
    unit_done();
}

UNIT(intake, files_without_a_folder)
{
    unit_write("alice/lab05.c", "");
    unit_write("alice/chatd.c", "");
    unit_write("alice/deeper/other.c", "");
    takes("alice", "src/chatd.c src/lab05.c");
}

UNIT(intake, files_without_a_folder_one_folder_too_deep)
{
    unit_write("alice/my work/lab05.c", "");
    unit_write("alice/my work/chatd.c", "");
    takes("alice", "src/chatd.c src/lab05.c");
}

UNIT(intake, a_name_that_only_ends_like_the_library)
{
    unit_write("alice/src/mylab05.c", "");
    takes("alice", "src/mylab05.c"); /* the build says what is missing */
}

UNIT(intake, an_empty_folder)
{
    CLEANUP(free_ptr) char *path = unit_path("alice");

    cr_assert_eq(mkdir(path, 0777), 0);
    rejects("alice", "no C file");
}

UNIT(intake, a_file_instead_of_a_folder)
{
    unit_write("alice", "x");
    rejects("alice", "neither a folder nor an archive");
}

UNIT(intake, what_is_not_there_is_a_fault_of_whoever_asks)
{
    struct submission s = {0};
    struct err err = {0};

    cr_assert_eq(intake_read("/absent/alice", &lab, BOX_AUTO, &s, &err), -1);
    HAS(err.msg, "/absent/alice");
}

UNIT(intake, the_folder_itself_may_be_a_link)
{
    CLEANUP(free_ptr) char *real = unit_path("real");
    CLEANUP(free_ptr) char *alias = unit_path("alias");

    unit_write("real/src/lab05.c", "");
    cr_assert_eq(symlink(real, alias), 0);
    takes("alias", "src/lab05.c");
}

UNIT(intake, a_link_inside_is_never_followed)
{
    CLEANUP(free_ptr) char *path = unit_path("alice/src/lab05.c");

    cr_assert_eq(symlink("/etc/passwd", path), 0);
    rejects("alice", "symbolic link");
}

UNIT(intake, a_folder_that_is_a_link_is_never_entered)
{
    CLEANUP(free_ptr) char *path = unit_path("alice/more");

    unit_write("alice/src/lab05.c", "");
    unit_write("other/secret.c", "");
    cr_assert_eq(symlink("../other", path), 0);
    takes("alice", "src/lab05.c");
}

UNIT(intake, a_link_round_in_a_circle)
{
    CLEANUP(free_ptr) char *path = unit_path("alice/loop");

    unit_write("alice/src/lab05.c", "");
    cr_assert_eq(symlink(".", path), 0);
    takes("alice", "src/lab05.c");
}

UNIT(intake, a_fifo_that_is_named_like_a_source)
{
    CLEANUP(free_ptr) char *path = unit_path("alice/src/lab05.c");

    cr_assert_eq(mkfifo(path, 0666), 0);
    rejects("alice", "not a regular file");
}

UNIT(intake, a_socket_that_is_named_like_a_source)
{
    CLEANUP(free_ptr) char *path = unit_path("alice/src/lab05.c");
    CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    cr_assert_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    rejects("alice", "src/lab05.c");
}

UNIT(intake, a_folder_that_is_named_like_a_source)
{
    unit_write("alice/src/lab05.c/x.c", "");
    struct submission s = {0};
    take("alice", &s);
    cr_assert_null(s.rejected);
    cr_assert_null(submission_file(&s, "src/lab05.c"));
    submission_release(&s);
    unit_done();
}

UNIT(intake, a_file_that_is_too_large)
{
    CLEANUP(free_ptr) char *path = unit_path("alice/src/lab05.c");
    CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    cr_assert(fd >= 0 && ftruncate(fd, INTAKE_FILE_MAX + 1L) == 0);
    rejects("alice", "too large");
}

UNIT(intake, a_file_that_just_fits)
{
    CLEANUP(free_ptr) char *path = unit_path("alice/src/lab05.c");
    CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    cr_assert(fd >= 0 && ftruncate(fd, INTAKE_FILE_MAX) == 0);
    takes("alice", "src/lab05.c");
}

UNIT(intake, files_that_are_too_large_together)
{
    for (int i = 0; i <= INTAKE_TOTAL_MAX / INTAKE_FILE_MAX; i++) {
        CLEANUP(free_ptr) char *name = xformat("alice/src/%d.c", i);
        CLEANUP(free_ptr) char *path = unit_path(name);
        CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        cr_assert(fd >= 0 && ftruncate(fd, INTAKE_FILE_MAX) == 0);
    }
    rejects("alice", "too large");
}

UNIT(intake, a_huge_file_that_is_no_source_is_nobodys_business)
{
    CLEANUP(free_ptr) char *path = unit_path("alice/core");
    CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    cr_assert(fd >= 0 && ftruncate(fd, 1L << 40) == 0);
    unit_write("alice/src/lab05.c", "");
    takes("alice", "src/lab05.c");
}

UNIT(intake, folders_nested_too_deep)
{
    struct buf b = {0};

    buf_puts(&b, "alice");
    for (int i = 0; i < 40; i++)
        buf_puts(&b, "/d");
    buf_puts(&b, "/x.c");
    CLEANUP(free_ptr) char *name = buf_steal(&b);
    unit_write(name, "");
    rejects("alice", "nested");
}

UNIT(intake, too_many_files)
{
    for (int i = 0; i <= INTAKE_ENTRIES_MAX; i++) {
        CLEANUP(free_ptr) char *name = xformat("alice/src/%d.txt", i);
        unit_write(name, "");
    }
    rejects("alice", "more than 2000");
}

/* Root reads everything, so for a moment this is somebody else. */
static void rejects_as_somebody(const char *closed)
{
    CLEANUP(free_ptr) char *path = unit_path(closed);
    struct submission s = {0};
    const bool root = geteuid() == 0;

    cr_assert(chmod(unit_dir(), 0755) == 0 && chmod(path, 0) == 0);
    cr_assert(!root || seteuid(65534) == 0);
    take("alice", &s);
    cr_assert(!root || seteuid(0) == 0);
    cr_assert_eq(chmod(path, 0700), 0);
    HAS(s.rejected, "Permission denied");
    submission_release(&s);
    unit_done();
}

UNIT(intake, a_file_that_cannot_be_read)
{
    unit_write("alice/src/lab05.c", "");
    rejects_as_somebody("alice/src/lab05.c");
}

UNIT(intake, a_folder_that_cannot_be_read)
{
    unit_write("alice/src/lab05.c", "");
    rejects_as_somebody("alice/src");
}

UNIT(intake, names_with_control_characters_are_shown_and_refused)
{
    struct submission s = {0};

    unit_write("alice/src/lab05.c", "");
    unit_write("alice/src/\033[2Jx.c", "");
    take("alice", &s);
    HAS(s.rejected, "\\x1b[2Jx.c");
    cr_assert_null(strchr(s.rejected, '\033'));
    submission_release(&s);
    unit_done();
}

UNIT(intake, names_with_spaces_and_accents_are_fine)
{
    unit_write("joão silva/src/lab05.c", "");
    unit_write("joão silva/src/uma função.c", "");
    takes("joão silva", "src/lab05.c src/uma função.c");
}

static char *digest_of(const char *name)
{
    struct submission s = {0};

    take(name, &s);
    cr_assert(s.digest);
    char *digest = xstrdup(s.digest);
    submission_release(&s);
    return digest;
}

UNIT(intake, the_digest_is_of_names_and_bytes_alone)
{
    unit_write("a/src/lab05.c", "int a;\n");
    unit_write("a/src/x.c", "12");
    unit_write("b/top/src/x.c", "12");
    unit_write("b/top/src/lab05.c", "int a;\n");
    unit_write("b/top/README", "another");
    unit_write("c/src/lab05.c", "int b;\n");
    unit_write("c/src/x.c", "12");
    unit_write("d/src/lab05.c", "int a;\n");
    unit_write("d/src/y.c", "12");
    CLEANUP(free_ptr) char *a = digest_of("a"), *b = digest_of("b"), *c = digest_of("c"), *d = digest_of("d");
    SAME(a, b);
    cr_assert(strcmp(a, c) != 0 && strcmp(a, d) != 0);
    unit_done();
}

UNIT(intake, the_digest_tells_where_a_file_ends)
{
    unit_write("a/src/lab05.c", "x");
    unit_write("a/src/m.c", "src/n.c\n1\ny");
    unit_write("b/src/lab05.c", "x");
    unit_write("b/src/m.c", "");
    unit_write("b/src/n.c", "y");
    CLEANUP(free_ptr) char *a = digest_of("a"), *b = digest_of("b");
    cr_assert(strcmp(a, b) != 0);
    unit_done();
}
