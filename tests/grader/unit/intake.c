/* SPDX-License-Identifier: MIT */
/* Unit tests of intake: what students hand in, as it should be, a little wrong, and hostile. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "intake/archive.h"
#include "intake/class.h"
#include "intake/intake.h"
#include "intake/rules.h"
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
    rejects("alice", "'src/lab05.c': it is a link");
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

UNIT(intake, of_two_equally_near_neither_is_taken)
{
    unit_write("alice/old/src/lab05.c", "");
    unit_write("alice/very-new/src/lab05.c", "");
    rejects("alice", "more than one");
}

UNIT(intake, an_archive_within_is_not_opened)
{
    unit_write("alice/lab05.ZIP", "PK");
    rejects("alice", "'lab05.ZIP': an archive within");
}

UNIT(intake, a_link_where_the_sources_should_be_is_told)
{
    CLEANUP(free_ptr) char *path = unit_path("alice/src");

    cr_assert_eq(symlink("/etc", path), 0);
    rejects("alice", "'src': it is a link");
}

UNIT(intake, names_that_are_not_utf8_are_refused_where_they_stay)
{
    unit_write("jo\xe3o/src/lab05.c", "");
    takes("jo\xe3o", "src/lab05.c");
    unit_write("alice/src/lab05.c", "");
    unit_write("alice/src/fun\xe7\xe3o.c", "");
    rejects("alice", "'src/fun\\xe7\\xe3o.c': its name is not UTF-8");
}

static void notes(const char *text, size_t n, const char *expected)
{
    struct submission s = {0};
    struct buf b = {0};

    unit_write_bytes("alice/src/lab05.c", text, n);
    take("alice", &s);
    cr_assert_null(s.rejected, "rejected: %s", s.rejected);
    for (size_t i = 0; i < s.notes_n; i++)
        buf_printf(&b, "%s%s %s", i ? ", " : "", s.notes[i].file, s.notes[i].kind);
    CLEANUP(free_ptr) char *got = buf_steal(&b);
    SAME(expected, got);
    submission_release(&s);
    unit_done();
}

UNIT(intake, sources_as_windows_writes_them_are_taken_and_told)
{
    notes("int a;\r\n", 8, "src/lab05.c source.crlf");
    notes("\xef\xbb\xbfint a;\n", 10, "src/lab05.c source.bom");
    notes("/* \xe7 */\n", 8, "src/lab05.c source.not_utf8");
    notes("\xef\xbb\xbf/* \xe7 */\r\n", 12, "src/lab05.c source.bom, src/lab05.c source.crlf, src/lab05.c source.not_utf8");
    notes("/* \xc3\xa7 */\n", 9, "");
    notes("\0", 1, "");
}

UNIT(intake, utf16_is_refused)
{
    unit_write_bytes("a/src/lab05.c", "\xff\xfei\0n\0", 6);
    rejects("a", "UTF-16");
    unit_write_bytes("b/src/lab05.c", "\0i\0n\0t\0 ", 8);
    rejects("b", "UTF-16");
    unit_write_bytes("c/src/lab05.c", "", 0);
    unit_write_bytes("c/windows/resource.h", "\xff\xfei\0n\0", 6); /* nobody compiles it */
    takes("c", "src/lab05.c windows/resource.h");
}

/* What the unpacker says. ---------------------------------------------------------------------- */

static bool stream(const char *text, size_t n, struct submission *s)
{
    return archive_read_stream(text, n, s);
}

#define IS_STREAM(text, is)                                                                        \
    do {                                                                                           \
        struct submission s_ = {0};                                                                \
        cr_assert_eq(stream(text, sizeof(text) - 1, &s_), is, "%s", text);                         \
        submission_release(&s_);                                                                   \
    } while (0)

UNIT(intake, the_unpackers_words_are_believed_as_far_as_they_go)
{
    IS_STREAM("E\n", true);
    IS_STREAM("F 9 1\nsrc/a.b.cxE\n", true);
    IS_STREAM("F 5 1\na/b.cxR 1 1 0\na", true);
    IS_STREAM("", false);
    IS_STREAM("F 5 1\na/b.cx", false);              /* it broke off */
    IS_STREAM("F 5 9\na/b.cxE\n", false);           /* less than it says */
    IS_STREAM("F 5 1\na/b.cxE\nE\n", false);        /* more after the end */
    IS_STREAM("F 7 0\n../b.h/E\n", false);          /* names that it would have refused */
    IS_STREAM("F 6 0\n../b.cE\n", false);
    IS_STREAM("F 4 0\n/b.cE\n", false);
    IS_STREAM("F 5 0\na\0b.cE\n", false);
    IS_STREAM("F 6 0\na//b.cE\n", false);
    IS_STREAM("F 5 0\na/b.xE\n", false);
    IS_STREAM("F 5 4194305\na/b.cE\n", false);
    IS_STREAM("F 5 99999999999999999999\na/b.cE\n", false);
    IS_STREAM("F -5 1\na/b.cxE\n", false);
    IS_STREAM("R 0 0 0\n", false);                  /* reasons that there are not */
    IS_STREAM("R 999 0 0\n", false);
    IS_STREAM("R 1 2 0\na", false);
}

UNIT(intake, the_reasons_say_the_limits)
{
    struct { enum rejection_why why; unsigned long figure; } figures[] = {
        {WHY_LONG_NAME, INTAKE_NAME_MAX},   {WHY_LONG_NAME, INTAKE_PATH_MAX}, {WHY_DEEP, INTAKE_DEPTH_MAX},
        {WHY_ENTRIES, INTAKE_ENTRIES_MAX},  {WHY_LARGE, INTAKE_FILE_MAX >> 20}, {WHY_TOTAL, INTAKE_TOTAL_MAX >> 20},
        {WHY_RATIO, INTAKE_RATIO_MAX},      {WHY_BULK, INTAKE_BULK_MAX >> 20}, {WHY_ARCHIVE_LARGE, INTAKE_ARCHIVE_MAX >> 20},
    };

    for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
        CLEANUP(free_ptr) char *figure = xformat(" %lu ", figures[i].figure);
        HAS(rejection_texts[figures[i].why], figure);
    }
    for (int why = WHY_NONE; why < WHY_N; why++)
        cr_assert(rejection_names[why] && rejection_texts[why], "reason %d has no name or no text", why);
}

UNIT(intake, paths_are_made_clean_or_refused)
{
    static const struct { const char *path; enum rejection_why why; const char *clean; } cases[] = {
        {"src/a.c", WHY_NONE, "src/a.c"},  {"./src//./a.c", WHY_NONE, "src/a.c"}, {"src/", WHY_NONE, "src"},
        {"./", WHY_NONE, ""},              {"..a/b..c", WHY_NONE, "..a/b..c"},   {"", WHY_EMPTY_NAME, NULL},
        {"/etc/a.c", WHY_ABSOLUTE, NULL},  {"C:/a.c", WHY_ABSOLUTE, NULL},        {"c:a.c", WHY_ABSOLUTE, NULL},
        {"a/../b.c", WHY_OUTSIDE, NULL},   {"..", WHY_OUTSIDE, NULL},             {"a/..", WHY_OUTSIDE, NULL},
        {"a\\b.c", WHY_CONTROL, NULL},     {"a\nb.c", WHY_CONTROL, NULL},         {"a\x7f.c", WHY_CONTROL, NULL},
        {"a\xc2\x9b.c", WHY_CONTROL, NULL}, {"\xe2\x80\xae" "c.a", WHY_DIRECTION, NULL},
        {"\xe2\x81\xa7.c", WHY_DIRECTION, NULL}, {"\xe2\x80\x8f.c", WHY_DIRECTION, NULL}, {"\xe2", WHY_NONE, "\xe2"},
        {"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", WHY_NONE, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"},
        {"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", WHY_DEEP, NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char clean[INTAKE_PATH_MAX + 1];
        enum rejection_why why = rules_path(cases[i].path, clean);
        cr_assert_eq(why, cases[i].why, "%s: %s", cases[i].path, rejection_names[why]);
        if (cases[i].clean)
            SAME(cases[i].clean, clean);
    }
}

/* A class -------------------------------------------------------------------------------------- */

UNIT(class, folders_archives_and_files_are_submissions)
{
    static const struct { const char *path, *id; } expected[] = {
        {"Ana Silva_12_assignsubmission_file_/lab05.zip", "Ana Silva_12"},
        {"Bo_13_assignsubmission_file_lab05.zip", "Bo_13"},
        {"_assignsubmission_file_", "_assignsubmission_file_"},
        {"ann", "ann"},
        {"bob.tar.gz", "bob.tar.gz"},
        {"cid.c", "cid.c"},
        {"dan", "dan"},
        {"eve/lab05.c", "eve"},
    };
    CLEANUP(class_release) struct class_list c = {0};
    CLEANUP(free_ptr) char *folder = unit_path("class"), *empty = unit_path("class/dan");
    struct err err = {0};

    unit_write("class/Ana Silva_12_assignsubmission_file_/lab05.zip", "");
    unit_write("class/Ana Silva_12_assignsubmission_file_/.DS_Store", "");
    unit_write("class/Bo_13_assignsubmission_file_lab05.zip", "");
    unit_write("class/_assignsubmission_file_/a.c", "");
    unit_write("class/_assignsubmission_file_/b.c", "");
    unit_write("class/ann/src/lab05.c", "");
    unit_write("class/bob.tar.gz", "");
    unit_write("class/cid.c", "");
    unit_write("class/eve/lab05.c", "");
    unit_write("class/notes.txt", "");
    unit_write("class/.git/config", "");
    cr_assert_eq(mkdir(empty, 0777), 0);
    cr_assert_eq(class_read(folder, BOX_AUTO, &c, &err), 0, "%s", err.msg);
    cr_assert_eq(c.n, sizeof(expected) / sizeof(*expected), "%zu", c.n);
    for (size_t i = 0; i < c.n; i++) {
        SAME(expected[i].path, c.v[i].path + strlen(folder) + 1);
        SAME(expected[i].id, c.v[i].id);
    }
    cr_assert_eq(c.passed.n, 1);
    HAS(c.passed.v[0], "class/notes.txt");
    unit_done();
}

UNIT(class, a_folder_that_is_not_there)
{
    CLEANUP(class_release) struct class_list c = {0};
    struct err err = {0};

    cr_assert_eq(class_read("/absent/class", BOX_AUTO, &c, &err), 1);
    HAS(err.msg, "/absent/class");
}
