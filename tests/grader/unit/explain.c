/* SPDX-License-Identifier: MIT */
/* Unit tests of what is said of processes: sentences and signatures of records, causes of signatures,
 * processes of this test's own; messages in Portuguese. */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>

#include "explain/explain.h"
#include "lab/causes.h"
#include "lab/messages.h"
#include "util/cleanup.h"

static const char blocked[] =
    "{\"process\": \"sort\", \"child\": true, \"pid\": 13, \"state\": \"blocked\", \"call\": \"read\", \"on\": ["
    "{\"fd\": 0, \"is\": \"pipe\", \"end\": \"write\", \"holders\": [{\"process\": \"sort\", \"pid\": 12, \"fds\": [4, 5]}, "
    "{\"process\": \"sort\", \"child\": true, \"pid\": 13, \"self\": true, \"fds\": [4]}, {\"judge\": true}]}], "
    "\"pending\": [\"SIGUSR1\"]}";

static json_t *record(const char *text)
{
    json_error_t why;
    json_t *j = json_loads(text, 0, &why);

    cr_assert(j, "%s", why.text);
    return j;
}

#define SAYS(text, want)                                      \
    do {                                                      \
        json_t *said_of = record(text);                       \
        CLEANUP(free_ptr) char *said = explain_say(said_of);  \
        SAME(want, said);                                     \
        json_decref(said_of);                                 \
    } while (0)

Test(explain, a_record_is_a_sentence)
{
    SAYS(blocked, "a child of sort (pid 13) waits in read on descriptor 0, a pipe whose write end is held by sort (pid 12, "
                  "descriptors 4 and 5), itself (descriptor 4) and the test itself; SIGUSR1 is pending, and blocked");
    SAYS("{\"process\": \"d\", \"pid\": 1, \"state\": \"zombie\", \"parent\": {\"pid\": 7}}", "d (pid 1) has ended, and somebody (pid 7) has not waited for it");
    SAYS("{\"process\": \"d\", \"pid\": 1, \"state\": \"blocked\", \"call\": \"wait\", \"children\": []}", "d (pid 1) waits for a child to end, and has none");
    SAYS("{\"process\": \"d\", \"pid\": 1, \"state\": \"blocked\", \"call\": \"pause\", \"handles\": [\"SIGINT\", \"SIGTERM\"]}",
         "d (pid 1) waits in pause for a signal; it has handlers for SIGINT and SIGTERM");
}

Test(explain, a_record_is_whatever_a_file_says)
{
    static const char *const odd[] = {
        "{}", "{\"state\": 3, \"pid\": \"x\"}", "{\"state\": \"blocked\"}", "{\"state\": \"blocked\", \"on\": [{}, 3, null]}",
        "{\"state\": \"blocked\", \"on\": [{\"is\": \"pipe\", \"holders\": [4]}], \"children\": 3}", "{\"state\": \"zombie\"}",
        "{\"state\": \"blocked\", \"on\": [{\"is\": \"signalfd\", \"signals\": [1, {}]}], \"pending\": [null]}", "[]", "\"x\"",
    };

    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        json_t *j = json_loads(odd[i], JSON_DECODE_ANY, NULL), *list = json_pack("[O]", j);
        CLEANUP(free_ptr) char *said = explain_say(j);
        CLEANUP(free_ptr) char *signature = explain_signature(list);
        cr_assert(*said && *signature, "%s", odd[i]);
        json_decref(list);
        json_decref(j);
    }
}

Test(explain, a_signature_has_no_numbers_and_one_order)
{
    json_t *a = record(blocked), *b = record("{\"process\": \"head\", \"pid\": 99, \"state\": \"running\", \"cpu_s\": 1.5}");
    json_t *one = json_pack("[O, O, O]", a, b, b), *two = json_pack("[O, O]", b, a), *none = json_array();
    CLEANUP(free_ptr) char *first = explain_signature(one);
    CLEANUP(free_ptr) char *second = explain_signature(two);
    CLEANUP(free_ptr) char *third = explain_signature(none);

    SAME("a child of sort: read(pipe from sort+itself+the test itself) [SIGUSR1 pending and blocked]; head: running", first);
    SAME(first, second);
    SAME("no process is left", third);
    json_decref(a);
    json_decref(b);
    json_decref(one);
    json_decref(two);
    json_decref(none);
}

Test(explain, processes_are_looked_at_without_being_disturbed)
{
    struct explain_person *people;
    pid_t pid = fork();
    bool there = false;
    int status;

    if (pid == 0)
        for (;;)
            (void)pause();
    const size_t n = explain_tree(pid, &people);
    json_t *records = explain_look(&(struct explain_scene){.access = &explain_direct, .people = people, .count = n});
    cr_assert_eq(json_array_size(records), 1); /* its own family, nobody else's */
    there = json_integer_value(json_object_get(json_array_get(records, 0), "pid")) == pid;
    cr_assert(there);
    json_decref(records);
    for (size_t i = 0; i < n; i++)
        free((char *)people[i].name);
    free(people);
    cr_assert_eq(waitpid(pid, &status, WNOHANG), 0);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(explain_tree(pid, &people), 0);
}

#define CAUSE(want, signature, message)                                        \
    do {                                                                       \
        const struct known_cause *found = causes_of_test(signature, message);  \
        SAME(want, found ? found->hint.key : NULL);                            \
    } while (0)

Test(causes, they_fit_together)
{
    CLEANUP(strs_release) struct strs problems = {0};

    causes_check(&problems);
    cr_assert_eq(problems.n, 0, "%s", problems.v[0]);
}

Test(causes, pairs_are_found_in_both_orders)
{
    CAUSE("wait-before-close", "a: wait(b); b: read(pipe from a)", NULL);
    CAUSE("wait-before-close", "a: read(pipe from b); b: wait(a)", NULL);
    CAUSE("wait-before-close", "a: read(pipe from c); b: asleep; c: wait(a+b)", NULL);
    CAUSE("wait-before-read", "a: write(pipe to b+c); b: wait(a)", NULL);
    CAUSE("both-read", "coproc: poll(Unix socket to sort); sort: read(Unix socket to coproc)", NULL);
    CAUSE("write-end-elsewhere", "a: read(pipe from b); b: poll()", NULL);
    CAUSE("sigpipe", "a: SIGPIPE", "a was ended by SIGPIPE");
    CAUSE(NULL, "the answer is wrong", "a long story");
    CAUSE(NULL, NULL, NULL);
}

Test(causes, the_process_is_named)
{
    const char *signature = "a child of sort: read(pipe from sort); sort: wait(a child of sort)";
    const struct known_cause *c = causes_of_test(signature, NULL);
    CLEANUP(free_ptr) char *who = causes_process(c, signature);
    CLEANUP(free_ptr) char *en = causes_say(c, signature, LANG_EN, NULL);
    CLEANUP(free_ptr) char *pt = causes_say(c, signature, LANG_PT_BR, NULL);

    SAME("sort", who);
    SAME("sort waits for a child that waits for the end of a pipe, and sort itself holds the write end of that pipe.", en);
    SAME("sort espera um filho que espera o fim de um pipe, e a ponta de escrita desse pipe está com o próprio sort.", pt);
}

#define IN_PORTUGUESE(english, want)                                    \
    do {                                                                \
        CLEANUP(free_ptr) char *said_ = messages_in(NULL, LANG_PT_BR, english); \
        SAME(want, said_);                                              \
    } while (0)

Test(messages, they_fit_together)
{
    CLEANUP(strs_release) struct strs problems = {0};

    messages_check(NULL, &problems);
    cr_assert_eq(problems.n, 0, "%s", problems.v[0]);
}

Test(messages, are_said_in_portuguese_with_names_and_bytes_as_they_are)
{
    CLEANUP(free_ptr) char *english = messages_in(NULL, LANG_EN, "wrong line");

    SAME("wrong line", english);
    IN_PORTUGUESE("nothing more happened while the test waited for coproc to end", "nada mais aconteceu enquanto o teste esperava coproc terminar");
    IN_PORTUGUESE("chatd ended with exit code 1 instead of 0; it said 'chatd: bind: File exists\\n'",
                  "chatd terminou com o código de saída 1 em vez de 0; disse 'chatd: bind: File exists\\n'");
    IN_PORTUGUESE("fifosend was ended by SIGPIPE instead of ending with exit code 3", "fifosend foi encerrado por SIGPIPE em vez de terminar com o código de saída 3");
    IN_PORTUGUESE("standard output of hello: nothing instead of 'x to end'", "saída padrão de hello: nada em vez de 'x to end'");
    IN_PORTUGUESE("chatd left the socket 'room'", "chatd deixou o socket 'room'");
    IN_PORTUGUESE("something that only this lab says", "something that only this lab says");
    IN_PORTUGUESE("the names in the folder: 'a' instead of 'a\\nb'", "the names in the folder: 'a' em vez de 'a\\nb'");
    IN_PORTUGUESE("jobs: 3 instead of 2", "jobs: 3 em vez de 2");
    IN_PORTUGUESE("Invalid write of size 1 (0 bytes after a block of size 512 alloc'd, src/lab05.c:495 in conn_new)",
                  "escrita inválida de tamanho 1 (0 bytes depois de um bloco de 512 bytes alocado, src/lab05.c:495 em conn_new)");
    IN_PORTUGUESE("Invalid free() / delete / delete[] / realloc() (4 bytes inside a block of size 8 free'd)",
                  "free() ou realloc() inválido (4 bytes dentro de um bloco de 8 bytes já liberado)");
    IN_PORTUGUESE("Syscall param write(buf) points to uninitialised byte(s)",
                  "o argumento write(buf) da chamada de sistema aponta para bytes não inicializados");
    IN_PORTUGUESE("Open pipe 11, made here, is still open when the program ends",
                  "pipe 11, criado aqui, continua aberto quando o programa termina");
    IN_PORTUGUESE("12 bytes in 1 blocks are definitely lost", "12 bytes em 1 bloco(s) definitivamente perdidos");
}

/* What a lab's messages.yaml says of 'english', in Portuguese. */
#define LAB_SAYS(lab, english, want)                                    \
    do {                                                                \
        CLEANUP(free_ptr) char *said_ = messages_in(lab, LANG_PT_BR, english); \
        SAME(want, said_);                                              \
    } while (0)

Test(messages, a_lab_has_its_own_and_they_come_first)
{
    struct lab lab = {.dir = (char *)unit_dir()};
    struct err err = {0};
    CLEANUP(free_ptr) char *path = xformat("%s/messages.yaml", lab.dir);
    CLEANUP(strs_release) struct strs said = {0};
    CLEANUP(strs_release) struct strs problems = {0};

    unit_write("messages.yaml", "messages:\n"
                                "  - {en: 'the tower of (.*)', pt_BR: 'a torre de {1}'}\n"
                                "  - {en: '([0-9]+) pigeons are late', pt_BR: '{1} pombos estão atrasados'}\n"
                                "  - {en: 'no flight is alike', pt_BR: '{1} e {2}'}\n"
                                "  - {en: 'wrong line', pt_BR: 'fila errada'}\n");
    cr_assert_eq(messages_read(&lab, path, &err), 0, "%s", err.msg);
    LAB_SAYS(&lab, "the tower of Pisa: nothing instead of 'coo'", "a torre de Pisa: nada em vez de 'coo'");
    LAB_SAYS(&lab, "3 pigeons are late", "3 pombos estão atrasados");
    LAB_SAYS(&lab, "wrong line", "fila errada");
    LAB_SAYS(&lab, "no FIFO", "não há FIFO");

    messages_check(&lab, &problems);
    cr_assert_eq(problems.n, 2, "%zu problems", problems.n);
    HAS(problems.v[0], "'no flight is alike' has no group 1");
    strs_release(&problems);

    strs_add(&said, "tests/x/public.c:7:%d pigeons are late");
    strs_add(&said, "tests/x/public.c:8:the tower of %s");
    strs_add(&said, "tests/x/public.c:9:roost_open");
    strs_add(&said, "tests/x/public.c:10:the cat has eaten %zu%% of them");
    messages_check_said(&lab, &said, &problems);
    cr_assert_eq(problems.n, 1, "%zu problems", problems.n);
    HAS(problems.v[0], "tests/x/public.c:10: ");
    HAS(problems.v[0], "does not know the message 'the cat has eaten %zu%% of them'");
    messages_free(lab.messages);
    unit_done();
}
