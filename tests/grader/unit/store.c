/* SPDX-License-Identifier: MIT */
/* Unit tests of batch/store: the folder of --output. */
#include "unit.h"

#include <fcntl.h>

#include "batch/store.h"
#include "util/cleanup.h"
#include "util/digest.h"

static struct lab_config config = {.lab = "lab05-sockets"};
static const struct lab lab = {.config = &config};

static void open_store(struct store *s)
{
    CLEANUP(free_ptr) char *dir = unit_path("results");
    struct err err = {0};

    cr_assert_eq(store_open(dir, s, &err), 0, "%s", err.msg);
}

static bool exists(const char *name)
{
    CLEANUP(free_ptr) char *path = unit_path(name);

    return access(path, F_OK) == 0;
}

static char *text_of(const char *name)
{
    CLEANUP(free_ptr) char *path = unit_path(name);
    CLEANUP(fclose_file) FILE *f = fopen(path, "re");
    char *text = xcalloc(4096, 1);

    cr_assert(f && fread(text, 1, 4095, f) > 0, "'%s' cannot be read", path);
    return text;
}

static void fill(struct result *r, enum result_status status)
{
    result_init(r);
    r->lab = xstrdup("lab05-sockets");
    r->id = xstrdup("alice");
    r->digest = xstrdup("sha256:d");
    r->environment.fingerprint = xstrdup("sha256:f");
    r->status = status;
    r->score = 12.5;
}

static bool is_kept(const struct store *s, const char *digest, const char *fingerprint)
{
    struct result r;

    result_init(&r);
    const bool kept = store_kept(s, "alice", digest, fingerprint, &r);
    if (kept)
        SAME_NUMBER(12.5, r.score);
    result_release(&r);
    return kept;
}

UNIT(store, what_is_finished_is_kept_for_the_same_digest_and_fingerprint)
{
    static const struct { enum result_status status; bool deterministic, kept; } cases[] = {
        {STATUS_GRADED, false, true},  {STATUS_COMPILE_ERROR, false, true}, {STATUS_HELD, false, false},
        {STATUS_REJECTED, false, false}, {STATUS_GRADED, true, false},
    };
    struct store s = STORE_INIT;

    open_store(&s);
    cr_assert_not(is_kept(&s, "sha256:d", "sha256:f"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct result r;
        struct err err = {0};
        fill(&r, cases[i].status);
        cr_assert_eq(store_publish(&s, "alice", &r, cases[i].deterministic, &err), 0, "%s", err.msg);
        cr_assert_eq(is_kept(&s, "sha256:d", "sha256:f"), cases[i].kept, "case %zu", i);
        cr_assert_not(is_kept(&s, "sha256:e", "sha256:f"));
        cr_assert_not(is_kept(&s, "sha256:d", "sha256:g"));
        cr_assert_not(is_kept(&s, NULL, "sha256:f"));
        result_release(&r);
    }
    store_release(&s);
    unit_done();
}

UNIT(store, what_is_no_result_is_not_kept)
{
    struct store s = STORE_INIT;

    open_store(&s);
    unit_write("results/alice.json", "");
    cr_assert_not(is_kept(&s, "sha256:d", "sha256:f"));
    unit_write("results/alice.json", "{\"schema\": \"grader-result/1\"");
    cr_assert_not(is_kept(&s, "sha256:d", "sha256:f"));
    unit_write("results/alice.json", "[]");
    cr_assert_not(is_kept(&s, "sha256:d", "sha256:f"));
    store_release(&s);
    unit_done();
}

UNIT(store, a_verdict_is_in_the_journal_as_soon_as_it_is_there)
{
    struct submission submission = {.id = (char *)"alice", .digest = (char *)"sha256:d"};
    struct result_test test = {.name = (char *)"pairtalk", .verdict = VERDICT_TIMEOUT, .message = (char *)"a\nb"};
    struct store s = STORE_INIT;
    struct journal j = JOURNAL_INIT;
    struct result r;
    struct err err = {0};

    open_store(&s);
    cr_assert_eq(journal_begin(&s, "alice", &lab, &submission, "sha256:f", &j, &err), 0, "%s", err.msg);
    cr_assert_not(j.resumed);
    journal_test(&j, &test);
    CLEANUP(free_ptr) char *text = text_of("results/alice.journal");
    SAME("{\"lab\":\"lab05-sockets\",\"submission\":\"alice\",\"digest\":\"sha256:d\",\"fingerprint\":\"sha256:f\"}\n"
         "{\"test\":\"pairtalk\",\"verdict\":\"timeout\",\"duration_ms\":0,\"message\":\"a\\nb\"}\n", text);
    journal_release(&j);

    /* Interrupted, and begun again: what was known stays known. */
    cr_assert_eq(journal_begin(&s, "alice", &lab, &submission, "sha256:f", &j, &err), 0, "%s", err.msg);
    cr_assert(j.resumed);
    journal_release(&j);
    CLEANUP(free_ptr) char *again = text_of("results/alice.journal");
    HAS(again, "pairtalk");

    fill(&r, STATUS_GRADED);
    cr_assert_eq(store_publish(&s, "alice", &r, false, &err), 0, "%s", err.msg);
    cr_assert(exists("results/alice.json"));
    cr_assert_not(exists("results/alice.journal"));
    cr_assert_not(exists("results/alice.json.part"));
    result_release(&r);
    store_release(&s);
    unit_done();
}

UNIT(store, what_a_killed_grader_was_writing_goes_and_nothing_else)
{
    struct store s = STORE_INIT;

    unit_write("results/alice.json.part", "{");
    unit_write("results/notes.part", "mine");
    unit_write("results/bob.journal", "{}\n");
    open_store(&s);
    cr_assert_not(exists("results/alice.json.part"));
    cr_assert(exists("results/notes.part") && exists("results/bob.journal"));
    store_release(&s);
    unit_done();
}

UNIT(store, one_grader_at_a_time_writes_to_a_folder)
{
    CLEANUP(free_ptr) char *dir = unit_path("results");
    struct store s = STORE_INIT, other = STORE_INIT;
    struct err err = {0};

    open_store(&s);
    cr_assert_eq(store_open(dir, &other, &err), -1);
    HAS(err.msg, "another grader");
    store_release(&other);
    store_release(&s);
    open_store(&s);
    store_release(&s);
    unit_done();
}

UNIT(store, a_link_in_the_folder_is_not_written_through)
{
    struct submission submission = {.id = (char *)"alice", .digest = (char *)"sha256:d"};
    CLEANUP(free_ptr) char *elsewhere = unit_path("elsewhere"), *link = unit_path("results/alice.journal");
    struct store s = STORE_INIT;
    struct journal j = JOURNAL_INIT;
    struct err err = {0};

    unit_write("elsewhere", "mine");
    cr_assert_eq(symlink(elsewhere, link), 0);
    open_store(&s);
    cr_assert_eq(journal_begin(&s, "alice", &lab, &submission, "sha256:f", &j, &err), -1);
    CLEANUP(free_ptr) char *text = text_of("elsewhere");
    SAME("mine", text);
    journal_release(&j);
    store_release(&s);
    unit_done();
}

UNIT(store, names_stay_in_the_folder_and_differ)
{
    CLEANUP(strs_release) struct strs taken = {0};
    CLEANUP(free_ptr) char *long_id = xformat("%0198d\xc3\xa7\xc3\xa7", 7);
    const char *const ids[][2] = {
        {"alice", "alice"}, {"alice", "alice-2"},   {"alice-2", "alice-2-2"}, {"alice", "alice-3"}, {"../etc", "_._etc"},
        {".hidden", "_hidden"}, {"", "submission"}, {"a\nb", "a_b"},
    };

    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        CLEANUP(free_ptr) char *name = store_name(ids[i][0], &taken);
        SAME(ids[i][1], name);
    }
    CLEANUP(free_ptr) char *shortened = store_name(long_id, &taken);
    cr_assert_eq(strlen(shortened), 200, "%zu", strlen(shortened)); /* no half a character */
    unit_done();
}

static char *digest_of(const char *a, const char *b)
{
    struct err err = {0};
    struct digest *d = digest_new(&err);

    cr_assert(d && digest_text(d, a, &err) == 0 && digest_text(d, b, &err) == 0, "%s", err.msg);
    char *text = digest_end(d, &err);
    digest_free(d);
    return text;
}

UNIT(digest, texts_are_set_apart)
{
    CLEANUP(free_ptr) char *a = digest_of("ab", "c"), *b = digest_of("a", "bc"), *c = digest_of("ab", "c"),
                           *none = digest_of("ab", NULL), *empty = digest_of("ab", "");

    SAME(a, c);
    cr_assert(strcmp(a, b) != 0 && strcmp(none, empty) != 0);
}

UNIT(digest, a_folder_is_its_files_names_and_bytes)
{
    struct err err = {0};
    char *sums[3] = {NULL};
    CLEANUP(free_ptr) char *dir = unit_path("d");

    for (size_t i = 0; i < 3; i++) {
        struct digest *d = digest_new(&err);
        unit_write("d/a", i == 2 ? "other" : "one");
        unit_write("d/deeper/b", i == 1 ? "x" : "y"); /* not of this folder */
        cr_assert(digest_folder(d, dir, &err) == 0, "%s", err.msg);
        sums[i] = digest_end(d, &err);
        digest_free(d);
    }
    SAME(sums[0], sums[1]);
    cr_assert(strcmp(sums[0], sums[2]) != 0);
    for (size_t i = 0; i < 3; i++)
        free(sums[i]);
    unit_done();
}
