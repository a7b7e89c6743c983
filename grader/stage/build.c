/* SPDX-License-Identifier: MIT */
/* build: one compilation of the student's code serves behaviour, memory and coverage; the warnings
 * come from the same run. Every program and the lab's probe become one image (docs/internals.md).
 *
 * What does not compile costs what depends on it, and nothing else: a program whose own file is
 * broken or missing is left out of the image and says "not built"; without the library there is
 * nothing to run. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stage/gcc_report.h"
#include "stage/run.h"
#include "stage/stage.h"
#include "util/cleanup.h"
#include "util/text.h"

enum {
    OWN_TESTS_MAX = 8,           /* as many places there are in the image (tests/harness/kit.mk) */
    LOG_MAX = 256 * 1024,        /* bytes of a compiler's messages that are read */
    NM_MAX = 32 << 20,           /* bytes of the list of symbols: as many as nm may write */
    COV_BYTES = 1 << 20,         /* room for the counters; covmap.c grows the file if it must */
    IMAGE_MAX = 64 * 1024 * 1024, /* bytes of the linked image */
    BUDGET_MS = 30000            /* of the processor, for compiling all files of a submission */
};

static const struct proc_limits compile_limits = {
    .wall_ms = RUN_TOOL_WALL_MS, .cpu_s = RUN_TOOL_CPU_S, .nproc = 64, .fsize_bytes = 32ULL << 20, .as_bytes = 2ULL << 30,
};

/* One source of the submission and the object that it becomes. */
struct unit {
    const char *path;    /* "src/chatd.c" */
    const char *program; /* NULL: part of the library */
    char own_test[16];   /* "own_test_1": a test that the student wrote, and 'program' points here; "" */
    char *object;        /* "obj/3.o" */
    bool ok;             /* compiled, and can be linked */
    bool late;           /* the files before it took too long */
    bool refused;        /* it compiled, and is not linked */
};

struct units {
    struct unit *v;
    size_t n;
};

static void units_release(struct units *u)
{
    for (size_t i = 0; i < u->n; i++)
        free(u->v[i].object);
    free(u->v);
}

/* Into the box -------------------------------------------------------------------------------- */

static bool is_given(const struct lab *lab, const char *path)
{
    for (unsigned i = 0; i < lab->config->headers_count; i++)
        if (strcmp(lab->config->headers[i], path) == 0)
            return true;
    return false;
}

static int make_parents(struct box *box, const char *path, struct strs *made, struct err *err)
{
    for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
        char *dir = xstrndup(path, (size_t)(slash - path));
        if (!strs_has(made, dir)) {
            CLEANUP(free_ptr) char *full = xformat(SUB_DIR "/%s", dir);
            if (box_mkdir(box, full, 0755, BOX_JUDGE, err) < 0) {
                free(dir);
                return -1;
            }
            strs_add(made, dir);
        }
        free(dir);
    }
    return 0;
}

static int put_sources(struct stage *s, struct err *err)
{
    CLEANUP(strs_release) struct strs made = {0};

    for (size_t i = 0; i < s->submission->files_n; i++) {
        const struct submission_file *f = &s->submission->files[i];
        CLEANUP(free_ptr) char *to = xformat(SUB_DIR "/%s", f->path);
        const bool wanted = strncmp(f->path, "src/", 4) == 0 || strncmp(f->path, "include/", 8) == 0 ||
                            strncmp(f->path, "tests/", 6) == 0;
        if (!wanted || is_given(s->lab, f->path))
            continue;
        if (make_parents(s->box, f->path, &made, err) < 0 ||
            box_put_mem(s->box, to, f->data, f->size, 0644, BOX_JUDGE, err) < 0)
            return -1;
    }
    for (unsigned i = 0; i < s->lab->config->headers_count; i++) {
        const char *header = s->lab->config->headers[i];
        CLEANUP(free_ptr) char *to = xformat(SUB_DIR "/%s", header);
        CLEANUP(free_ptr) char *from = lab_path(s->lab, "templates", header);
        if (make_parents(s->box, header, &made, err) < 0 || put_file(s->box, from, to, 0644, BOX_JUDGE, err) < 0)
            return -1;
    }
    return box_mkdir(s->box, SUB_OBJ, 0755, BOX_BUILDER, err) < 0 || box_mkdir(s->box, SUB_BIN, 0755, BOX_JUDGE, err) < 0
               ? -1
               : 0;
}

/* Compiling ----------------------------------------------------------------------------------- */

/* "src/chatd.c" is the program chatd if lab.yaml lists it. */
static const char *program_of(const struct lab *lab, const char *path)
{
    for (unsigned i = 0; i < lab->config->programs_count; i++) {
        const char *p = lab->config->programs[i];
        size_t n = strlen(p);
        if (strncmp(path, "src/", 4) == 0 && strncmp(path + 4, p, n) == 0 && strcmp(path + 4 + n, ".c") == 0)
            return p;
    }
    return NULL;
}

/* tests/NAME_test.c: a test of the student's own. Its runs count for coverage, and nothing else of it. */
static bool is_own_test(const char *path)
{
    size_t n = strlen(path);

    return strncmp(path, "tests/", 6) == 0 && n > 7 && strcmp(path + n - 7, "_test.c") == 0;
}

static void list_units(const struct stage *s, struct units *units)
{
    unsigned own_tests = 0;

    for (size_t i = 0; i < s->submission->files_n; i++) {
        const char *path = s->submission->files[i].path;
        size_t n = strlen(path);
        const bool own = is_own_test(path) && own_tests < OWN_TESTS_MAX;
        /* As the Makefile of the template: what lies deeper is not compiled. */
        if (!own && (strncmp(path, "src/", 4) != 0 || strchr(path + 4, '/') || strcmp(path + n - 2, ".c") != 0))
            continue;
        struct unit *u = VEC_ADD(&units->v, &units->n);
        u->path = path;
        u->program = program_of(s->lab, path);
        if (own)
            (void)snprintf(u->own_test, sizeof(u->own_test), "own_test_%u", ++own_tests);
        u->object = xformat("obj/%zu.o", units->n - 1);
    }
    for (size_t i = 0; i < units->n; i++) /* now that they do not move any more */
        if (units->v[i].own_test[0])
            units->v[i].program = units->v[i].own_test;
}

/* What gcc said, as findings. False: it said nothing that could be read. */
static bool read_diagnostics(struct stage *s, const struct unit *u, const char *text)
{
    json_t *all = gcc_read_diagnostics(text), *one;
    const bool read = all != NULL;
    size_t i;

    json_array_foreach(all, i, one) {
        const char *kind = json_string_value(json_object_get(one, "kind"));
        const char *message = json_string_value(json_object_get(one, "message"));
        const char *option = json_string_value(json_object_get(one, "option"));
        json_t *caret = json_object_get(json_array_get(json_object_get(one, "locations"), 0), "caret");
        const char *file = json_string_value(json_object_get(caret, "file"));
        int line = (int)json_integer_value(json_object_get(caret, "line"));
        const bool warning = kind && strcmp(kind, "warning") == 0;
        struct finding *f = NULL;
        if (!kind || !message || strcmp(kind, "note") == 0)
            continue;
        CLEANUP(free_ptr) char *what = warning && option ? xformat("%s [%s]", message, option) : xstrdup(message);
        for (size_t k = 0; k < s->result->findings_n && !f; k++) {
            struct finding *g = &s->result->findings[k]; /* a warning of a header comes from each file */
            if (g->line == line && g->file && strcmp(g->file, file ? file : u->path) == 0 && strcmp(g->message, what) == 0)
                f = g;
        }
        if (f) {
            f->count++;
            continue;
        }
        f = result_finding(s->result, warning ? STAGE_STYLE : STAGE_BUILD, warning ? CHARGE_WARNING : CHARGE_NONE,
                           warning ? "style.warning" : "build.error");
        f->file = xstrdup(file ? file : u->path);
        f->line = line;
        f->message = xstrdup(what);
        f->count = 1;
        f->hint_key = xstrdup(lab_hint_for_finding(s->lab, f->kind, f->message));
    }
    json_decref(all);
    return read;
}

static void build_finding(struct stage *s, const char *kind, const char *file, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void build_finding(struct stage *s, const char *kind, const char *file, const char *fmt, ...)
{
    struct finding *f = result_finding(s->result, STAGE_BUILD, CHARGE_NONE, kind);
    va_list ap;

    va_start(ap, fmt);
    f->message = xvformat(fmt, ap);
    va_end(ap);
    f->file = xstrdup(file);
}

/* Objects name the folder as it is, whatever the box calls it. */
static const char same_folder[] = "-fdebug-prefix-map=" SUB_DIR "=" SUB_DIR;

static void compile_argv(const struct stage *s, const struct unit *u, struct strs *argv)
{
    strs_add(argv, "gcc");
    for (unsigned i = 0; i < s->lab->config->cflags_count; i++)
        strs_add(argv, s->lab->config->cflags[i]);
    static const char *const ours[] = {
        "-g", "-O0", "-fprofile-arcs", "-ftest-coverage", "-fprofile-info-section=lab_gcov", "-fdata-sections",
        "-fdiagnostics-format=json", same_folder, "-pipe", "-Iinclude", "-Isrc", "-c",
    };
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        strs_add(argv, ours[i]);
    strs_add(argv, u->path);
    strs_add(argv, "-o");
    strs_add(argv, u->object);
}

static void init_run(struct run *r, const char *cwd, uid_t uid)
{
    *r = (struct run)RUN_INIT;
    r->cwd = cwd;
    r->uid = uid;
    r->limits = compile_limits;
}

static void runs_release(struct run *runs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        run_release(&runs[i]);
    free(runs);
}

/* What became of one compilation. */
static int judge_compilation(struct stage *s, struct unit *u, const struct run *r, struct err *err)
{
    CLEANUP(free_ptr) char *log = run_text(r->err_fd, LOG_MAX);
    const bool own = u->own_test[0] != '\0';
    const bool read = own || read_diagnostics(s, u, log);

    u->ok = run_ok(r);
    if (r->result.end == PROC_EXEC_FAILED)
        return err_set(err, "cannot run gcc in the box: %s (make deps installs it)", strerrordesc_np(r->result.code));
    if (own && !u->ok) {
        build_finding(s, "build.own_test", u->path, "this test of your own does not compile, so it does not count for coverage");
    } else if (!u->ok && !read) {
        char how[128];
        proc_describe(&r->result, how, sizeof(how));
        build_finding(s, "build.compiler_stopped", u->path, "the compiler did not come to an end: %s%s%.*s", how,
                      *log ? ": " : "", (int)strcspn(log, "\n"), log);
    }
    return 0;
}

/* A few files at a time, and no more of them when the time for all is used up: each file has a limit
 * of its own, but there may be hundreds. */
static int compile(struct stage *s, struct units *units, struct err *err)
{
    const unsigned parallel = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    const size_t few = parallel * 4UL;
    struct run *runs = xcalloc(few, sizeof(*runs));
    long left_ms = BUDGET_MS;
    int status = 0;

    for (size_t at = 0, n, done = 0; at < units->n && status == 0; at += done) {
        n = units->n - at < few ? units->n - at : few;
        for (size_t i = 0; i < n; i++) {
            init_run(&runs[i], SUB_DIR, BOX_BUILDER);
            compile_argv(s, &units->v[at + i], &runs[i].argv);
        }
        status = run_within(s, runs, n, parallel, &left_ms, &done, err);
        for (size_t i = 0; i < n; i++) {
            if (status == 0 && i < done)
                status = judge_compilation(s, &units->v[at + i], &runs[i], err);
            run_release(&runs[i]);
        }
        if (status == 0 && done < n) {
            build_finding(s, "build.compiler_stopped", units->v[at + done].path, "this file and those after it are not compiled: "
                          "those before it took the compiler %ld seconds", (BUDGET_MS - left_ms) / 1000);
            for (at += done, done = 0; at < units->n; at++)
                units->v[at].late = true;
        }
    }
    free(runs);
    return status;
}

/* Each program's main gets a name of its own, and its other symbols become local. */
static int rename_mains(struct stage *s, struct units *units, struct err *err)
{
    struct run *runs = xcalloc(units->n, sizeof(*runs));
    struct unit **of = xcalloc(units->n, sizeof(struct unit *));
    size_t n = 0;
    int status;

    for (size_t i = 0; i < units->n; i++) {
        struct unit *u = &units->v[i];
        if (!u->ok || !u->program)
            continue;
        init_run(&runs[n], SUB_DIR, BOX_BUILDER);
        strs_add(&runs[n].argv, "objcopy");
        strs_addf(&runs[n].argv, "--redefine-sym=main=lab_main_%s", u->program);
        strs_addf(&runs[n].argv, "--keep-global-symbol=lab_main_%s", u->program);
        strs_add(&runs[n].argv, u->object);
        of[n++] = u;
    }
    status = run_all(s, runs, n, (unsigned)sysconf(_SC_NPROCESSORS_ONLN), err);
    for (size_t i = 0; status == 0 && i < n; i++) {
        if (runs[i].result.end == PROC_EXEC_FAILED) {
            status = err_set(err, "cannot run objcopy in the box: %s (make deps installs it)", strerrordesc_np(runs[i].result.code));
        } else if (!run_ok(&runs[i])) { /* the assembler can be told to write odd objects */
            of[i]->ok = false;
            build_finding(s, "build.link", of[i]->path, "what this file is compiled to cannot be linked: objcopy refuses it");
        }
    }
    runs_release(runs, units->n);
    free(of);
    return status;
}

/* Linking ------------------------------------------------------------------------------------- */

static void add_objects(const struct units *units, const char *only, struct strs *argv)
{
    for (size_t i = 0; i < units->n; i++) {
        const struct unit *u = &units->v[i];
        if (u->ok && (!u->program || !only || strcmp(u->program, only) == 0))
            strs_add(argv, u->object);
    }
}

static void image_command(const struct stage *s, const struct units *units, const char *only, struct run *r)
{
    static const char *const ours[] = {"image_main.o", "covmap.o", "forkserver.o", "probe.o"};

    init_run(r, SUB_DIR, BOX_BUILDER);
    strs_add(&r->argv, "gcc");
    /* An object that says it is to be optimised at link time brings options for another compilation. */
    strs_add(&r->argv, "-fno-use-linker-plugin");
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        if (strcmp(ours[i], "probe.o") != 0 || !only)
            strs_addf(&r->argv, "kit/%s", ours[i]);
    add_objects(units, only, &r->argv);
    if (s->lab->config->wrap_count)
        strs_add(&r->argv, "kit/wrap.o");
    for (unsigned i = 0; i < s->lab->config->wrap_count; i++)
        strs_addf(&r->argv, "-Wl,--wrap=%s", s->lab->config->wrap[i]);
    strs_add(&r->argv, "-Wl,-T,kit/covmap.ld");
    strs_add(&r->argv, "-lgcov");
    for (unsigned i = 0; i < s->lab->config->libs_count; i++)
        strs_add(&r->argv, s->lab->config->libs[i]);
    strs_add(&r->argv, "-o");
    strs_add(&r->argv, "obj/image");
}

/* What reads the counters of this image (tests/harness/image/covdump.c). */
static void covdump_command(const struct units *units, struct run *r)
{
    static const char *const options[] = {
        "gcc", "-fno-use-linker-plugin", "-static", "-nostdlib", "-no-pie", "-Wl,-e,lab_covdump_start", "-Wl,-z,muldefs",
        "-Wl,--unresolved-symbols=ignore-all", "-Wl,-T,kit/covmap.ld", "kit/covdump.o",
    };

    init_run(r, SUB_DIR, BOX_BUILDER);
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
        strs_add(&r->argv, options[i]);
    add_objects(units, NULL, &r->argv);
    strs_add(&r->argv, "-lgcov");
    strs_add(&r->argv, "-o");
    strs_add(&r->argv, "obj/covdump");
}

/* What the linker complains about, without its own boilerplate: "undefined reference to `x'". */
static char *linker_message(const struct run *r)
{
    CLEANUP(free_ptr) char *log = run_text(r->err_fd, LOG_MAX);
    struct buf b = {0};
    char *save = NULL;

    for (char *line = strtok_r(log, "\n", &save); line && b.n < 600; line = strtok_r(NULL, "\n", &save)) {
        const char *at = strstr(line, "undefined reference");
        if (!at)
            at = strstr(line, "multiple definition");
        if (at && (!b.s || !strstr(b.s, at)))
            buf_printf(&b, "%s%s", b.n ? "; " : "", at);
    }
    return b.n ? buf_steal(&b) : xstrdup("the linker failed");
}

/* The image, of all programs or the named one. That of all comes with its covdump; if that alone cannot be linked, there
 * is no coverage. 1: the image is there; 0: *why, which the caller frees, says what is wrong, and *ended whether the linker
 * came to its end. */
static int link_units(struct stage *s, const struct units *units, const char *only, char **why, bool *ended, struct err *err)
{
    struct run runs[2] = {RUN_INIT, RUN_INIT};
    const size_t n = only ? 1 : 2;
    int status;

    image_command(s, units, only, &runs[0]);
    if (!only)
        covdump_command(units, &runs[1]);
    status = run_all(s, runs, n, (unsigned)n, err);
    if (status == 0)
        status = run_ok(&runs[0]);
    if (status == 0) {
        *why = linker_message(&runs[0]);
        *ended = runs[0].result.end == PROC_EXITED;
    }
    for (size_t i = 0; i < n; i++)
        run_release(&runs[i]);
    return status;
}

/* The image of all, or, if that cannot be linked, of those programs that can. 1: there is one. */
static int link_image(struct stage *s, struct units *units, struct err *err)
{
    CLEANUP(free_ptr) char *whole = NULL;
    bool dropped = false, ended = false;
    int status = link_units(s, units, NULL, &whole, &ended, err);

    if (status != 0)
        return status;
    for (size_t i = 0; i < units->n && ended; i++) { /* or it takes as long with each program */
        CLEANUP(free_ptr) char *why = NULL;
        bool one_ended;
        struct unit *u = &units->v[i];
        if (!u->ok || !u->program)
            continue;
        status = link_units(s, units, u->program, &why, &one_ended, err);
        if (status < 0)
            return -1;
        if (status == 0) {
            build_finding(s, "build.link", u->path, "%s cannot be linked: %s", u->program, why);
            u->ok = false;
            dropped = true;
        }
    }
    if (dropped) {
        free(whole);
        whole = NULL;
        status = link_units(s, units, NULL, &whole, &ended, err);
        if (status != 0)
            return status;
    }
    build_finding(s, "build.link", NULL, "the programs cannot be linked: %s", whole);
    return 0;
}

/* Symbols --------------------------------------------------------------------------------------- */

/* What of the lab's names the student's objects refer to: text can lie. */
struct symbols {
    bool *forbidden; /* as in lab.yaml */
    bool **needs;    /* of each part */
};

static void symbols_release(struct symbols *sy, const struct lab *lab)
{
    for (unsigned i = 0; sy->needs && i < lab->config->parts_count; i++)
        free(sy->needs[i]);
    free(sy->needs);
    free(sy->forbidden);
}

/* Names of what the grader links around the student's objects: who has them could write to the coverage
 * counters, go round what stands between the student and the kernel, or play another program. What gcc
 * itself makes of fork and exec, and of its counters, is none of the student's. */
static bool is_reserved(const char *name, bool refers)
{
    static const char *const ours[] = {"lab_cov_", "lab_covdump_", "lab_main_", "lab_fork_serve", "__gcov_", "__real_", "__wrap_",
                                       "__start_lab_gcov", "__stop_lab_gcov"};
    static const char *const gcc[] = {"__gcov_fork", "__gcov_exec", "__gcov_merge_"};

    for (size_t i = 0; refers && i < sizeof(gcc) / sizeof(*gcc); i++)
        if (strncmp(name, gcc[i], strlen(gcc[i])) == 0)
            return false;
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        if (strncmp(name, ours[i], strlen(ours[i])) == 0)
            return true;
    return false;
}

/* Is 'name' one of "read|readv"? */
static bool is_one_of(const char *names, const char *name)
{
    const size_t n = strlen(name);

    for (const char *p = names; *p;) {
        const size_t one = strcspn(p, "|");
        if (one == n && memcmp(p, name, n) == 0)
            return true;
        p += one + (p[one] == '|');
    }
    return false;
}

static void take_symbol(struct stage *s, struct symbols *sy, struct unit *u, const char *name, char type)
{
    const struct lab_config *c = s->lab->config;
    const bool refers = type == 'U' || type == 'w' || type == 'v';

    if (u->ok && (refers || (type >= 'A' && type <= 'Z')) && is_reserved(name, refers)) {
        u->ok = false;
        u->refused = true;
        build_finding(s, "build.reserved", u->path, "the file uses the name %.80s, which is the grader's own: it is not linked", name);
    }
    for (unsigned i = 0; refers && !u->own_test[0] && i < c->forbidden_count; i++)
        sy->forbidden[i] |= strcmp(name, c->forbidden[i]) == 0;
    for (unsigned i = 0; refers && !u->own_test[0] && i < c->parts_count; i++)
        for (unsigned k = 0; k < c->parts[i].needs_count; k++)
            sy->needs[i][k] |= is_one_of(c->parts[i].needs[k], name);
}

/* One line of nm's: "obj/0.o: socket U         ". */
static void take_line(struct stage *s, struct symbols *sy, struct units *units, char *line)
{
    static const char dir[] = "obj/", mid[] = ".o: ";
    char *end, *space;

    if (strncmp(line, dir, strlen(dir)) != 0)
        return;
    const unsigned long i = strtoul(line + strlen(dir), &end, 10);
    if (i >= units->n || strncmp(end, mid, strlen(mid)) != 0)
        return;
    char *name = end + strlen(mid);
    space = strchr(name, ' ');
    if (!space || !space[1])
        return;
    *space = '\0';
    take_symbol(s, sy, &units->v[i], name, space[1]);
}

static int read_symbols(struct stage *s, struct units *units, struct symbols *sy, struct err *err)
{
    const struct lab_config *c = s->lab->config;
    struct run r;
    size_t n = 0;
    int status = 0;

    sy->forbidden = xcalloc(c->forbidden_count + 1, sizeof(*sy->forbidden));
    sy->needs = xcalloc(c->parts_count + 1, sizeof(*sy->needs));
    for (unsigned i = 0; i < c->parts_count; i++)
        sy->needs[i] = xcalloc(c->parts[i].needs_count + 1, sizeof(**sy->needs));
    init_run(&r, SUB_DIR, BOX_BUILDER);
    strs_add(&r.argv, "nm");
    strs_add(&r.argv, "-AP");
    for (size_t i = 0; i < units->n; i++)
        if (units->v[i].ok && ++n)
            strs_add(&r.argv, units->v[i].object);
    if (n)
        status = run_all(s, &r, 1, 1, err);
    if (status == 0 && n && r.result.end == PROC_EXEC_FAILED)
        status = err_set(err, "cannot run nm in the box: %s (make deps installs it)", strerrordesc_np(r.result.code));
    if (status == 0 && n && !run_ok(&r)) { /* nobody knows what is in them: none is linked */
        build_finding(s, "build.link", NULL, "the symbols of what was compiled cannot be read");
        for (size_t i = 0; i < units->n; i++) {
            units->v[i].refused = units->v[i].ok;
            units->v[i].ok = false;
        }
    }
    CLEANUP(free_ptr) char *nm = status == 0 && n ? run_text(r.out_fd, NM_MAX) : NULL;
    run_release(&r);
    char *save = NULL;
    for (char *line = nm ? strtok_r(nm, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
        take_line(s, sy, units, line);
    return status;
}

/* The tests of a part that does not use its mechanism are not run. */
static void void_part(struct stage *s, const char *part, const char *missing)
{
    for (size_t i = 0; i < s->result->tests_n; i++) {
        struct result_test *t = &s->result->tests[i];
        if (strcmp(lab_test(s->lab, t->name)->part, part) != 0)
            continue;
        t->message = xformat("not run: part %s needs %s, and nothing in it calls that", part, missing);
        t->kind = xstrdup("mechanism");
        t->signature = xformat("mechanism %s", missing);
    }
}

/* Forbidden calls and required mechanisms. */
static void judge_symbols(struct stage *s, const struct symbols *sy)
{
    for (unsigned i = 0; i < s->lab->config->forbidden_count; i++) {
        if (!sy->forbidden[i])
            continue;
        struct finding *f = result_finding(s->result, STAGE_STYLE, CHARGE_FORBIDDEN, "style.forbidden");
        f->message = xformat("%s() is used, which the handout forbids", s->lab->config->forbidden[i]);
        f->hint_key = xstrdup(lab_hint_for_finding(s->lab, f->kind, f->message));
    }
    for (unsigned i = 0; i < s->lab->config->parts_count; i++) {
        const struct lab_part *part = &s->lab->config->parts[i];
        struct buf missing = {0};
        for (unsigned k = 0; k < part->needs_count; k++)
            if (!sy->needs[i][k])
                /* of several that would do, the usual one */
                buf_printf(&missing, "%s%.*s()", missing.n ? ", " : "", (int)strcspn(part->needs[k], "|"), part->needs[k]);
        if (missing.n) {
            build_finding(s, "build.mechanism", NULL, "part %s is void: nothing in it calls %s", part->key, missing.s);
            void_part(s, part->key, missing.s);
        }
        buf_release(&missing);
    }
}

/* The stage -------------------------------------------------------------------------------------- */

static int put_kit(struct stage *s, struct err *err)
{
    static const char *const names[] = {"image_main.o", "covmap.o", "covdump.o", "forkserver.o", "probe.o", "covmap.ld", "wrap.o"};
    const size_t n = sizeof(names) / sizeof(*names) - (s->lab->config->wrap_count ? 0 : 1);
    CLEANUP(free_ptr) char *counters = xcalloc(COV_BYTES, 1);

    /* The counters have their room before the compiler can fill the folder. */
    if (box_put_mem(s->box, SUB_IMAGE ".cov", counters, COV_BYTES, 0666, BOX_JUDGE, err) < 0)
        return -1;
    if (box_mkdir(s->box, SUB_DIR "/kit", 0755, BOX_JUDGE, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        CLEANUP(free_ptr) char *from = xformat("%s/%s", s->kit->dir, names[i]);
        CLEANUP(free_ptr) char *to = xformat(SUB_DIR "/kit/%s", names[i]);
        if (put_file(s->box, from, to, 0644, BOX_JUDGE, err) < 0)
            return -1;
    }
    return 0;
}

static int link_name(struct stage *s, const char *program, struct err *err)
{
    CLEANUP(free_ptr) char *path = xformat(SUB_BIN "/%s", program);

    return box_symlink(s->box, "../image", path, err);
}

/* 1: it is there. 0: there is no room for it, because the objects are so large. */
static int install_image(struct stage *s, const struct units *units, struct err *err)
{
    CLEANUP(close_fd) int image = -1;
    unsigned killed;
    struct err why = {.plain = err && err->plain};

    /* Nothing of the compiler's user may be left to change what was built. */
    if (box_kill_uid(s->box, BOX_BUILDER, &killed, err) < 0)
        return -1;
    if (box_get(s->box, SUB_OBJ "/image", IMAGE_MAX, &image, &why) < 0 ||
        box_put(s->box, SUB_IMAGE, image, 0755, BOX_JUDGE, &why) < 0) {
        if (why.code == ENOSPC || why.code == EFBIG)
            return 0;
        *err = why;
        return -1;
    }
    for (unsigned i = 0; i < s->lab->config->programs_count; i++)
        if (link_name(s, s->lab->config->programs[i], err) < 0)
            return -1;
    for (size_t i = 0; i < units->n; i++)
        if (units->v[i].ok && units->v[i].own_test[0] && link_name(s, units->v[i].own_test, err) < 0)
            return -1;
    return link_name(s, "probe", err) < 0 ? -1 : 1;
}

static void compile_error(struct stage *s, const char *why)
{
    s->result->status = STATUS_COMPILE_ERROR;
    s->result->message = xstrdup(why);
}

/* Is there anything that could have the library's functions? They may lie in files of other names. */
static bool has_other_library(const struct units *units)
{
    for (size_t i = 0; i < units->n; i++)
        if (!units->v[i].program && !units->v[i].own_test[0])
            return true;
    return false;
}

/* What of the lab's files is missing or did not compile. True: there is enough to go on. */
static bool check_units(struct stage *s, const struct units *units)
{
    const struct lab_config *c = s->lab->config;
    bool enough = true;

    for (unsigned i = 0; i < c->library_count && enough; i++) {
        const struct unit *found = NULL;
        for (size_t k = 0; k < units->n; k++)
            if (strcmp(units->v[k].path, c->library[i]) == 0)
                found = &units->v[k];
        if (!found && has_other_library(units)) {
            continue;
        } else if (!found) {
            build_finding(s, "build.missing_file", c->library[i], "the file is missing");
            CLEANUP(free_ptr) char *why = xformat("%s is missing: without it nothing can be run", c->library[i]);
            compile_error(s, why);
            enough = false;
        } else if (!found->ok) {
            CLEANUP(free_ptr) char *why = xformat("%s %s: without it nothing can be run", c->library[i],
                                                  found->late ? "was not compiled" : found->refused ? "is not linked" : "does not compile");
            compile_error(s, why);
            enough = false;
        }
    }
    for (unsigned i = 0; i < c->programs_count; i++) {
        bool found = false;
        for (size_t k = 0; k < units->n; k++)
            found |= units->v[k].program && strcmp(units->v[k].program, c->programs[i]) == 0;
        if (!found)
            build_finding(s, "build.missing_file", NULL, "src/%s.c is missing: %s cannot be run", c->programs[i],
                          c->programs[i]);
    }
    return enough;
}

int stage_build(struct stage *s, struct err *err)
{
    CLEANUP(units_release) struct units units = {0};

    struct symbols symbols = {0};
    int status;

    list_units(s, &units);
    if (put_sources(s, err) < 0 || put_kit(s, err) < 0 || compile(s, &units, err) < 0)
        return -1;
    struct result_stage *stage = &s->result->stages[STAGE_BUILD];
    stage->ran = true;
    status = read_symbols(s, &units, &symbols, err);
    if (status == 0 && check_units(s, &units)) {
        judge_symbols(s, &symbols);
        status = rename_mains(s, &units, err) < 0 ? -1 : link_image(s, &units, err);
        if (status == 0)
            compile_error(s, "the programs cannot be linked");
        if (status == 1 && (status = install_image(s, &units, err)) == 0)
            compile_error(s, "what the compiler makes of the files is too large");
    }
    symbols_release(&symbols, s->lab);
    return status < 0 ? -1 : 0;
}
