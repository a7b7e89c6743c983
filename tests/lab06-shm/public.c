/* SPDX-License-Identifier: MIT */
/* The public tests of lab06. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "shm.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* A. Regions ----------------------------------------------------------------------------------- */

LAB_TEST(public, region_lifecycle)
{
    enum { SIZE = 5000 }; /* no whole number of pages */
    const char *name = shm_name("/region");
    const char *fds;
    struct proc *p;

    clue("region-create");
    p = start("probe", "region", name, "fds", "create", text("%d", SIZE), "zero", "fds", "write",
              "hello", "detach", NULL);
    fds = next_line(p);
    step(p, text("create %d", SIZE), NULL, "region_create of a new name");
    step(p, "zero 1", NULL, "a new region is all zero (1: yes)");
    step(p, fds, "descriptor-kept", "open descriptors, after region_create as before it");
    step(p, "write 0", NULL, "writing into the region");
    step(p, "detach 0", "region-detach", "region_detach");
    run(p, 0);
    check_int((long long)shm_state(name).size, SIZE, NULL, "bytes of the object");
    check(shm_state(name).mode == 0600, "create-exclusive",
          "the object has mode %04o instead of 0600", (unsigned)shm_state(name).mode);

    p = start("probe", "region", name, "create", "100", "fds", "attach", "1", "read", "5", "fds",
              "write", "world", "detach", "attach", "0", "read", "5", "detach", NULL);
    step(p, "create -1 EEXIST", "create-exclusive", "region_create of a name that exists");
    fds = next_line(p);
    clue("attach-changes");
    step(p, text("attach %d", SIZE), NULL, "region_attach for writing");
    step(p, "read hello", NULL, "what another process had written");
    step(p, fds, "descriptor-kept", "open descriptors, after region_attach as before it");
    step(p, "write 0", NULL, "writing into the region");
    step(p, "detach 0", "region-detach", "region_detach");
    step(p, text("attach %d", SIZE), NULL, "region_attach for reading");
    step(p, "read world", NULL, "what had been written before");
    step(p, "detach 0", "region-detach", "region_detach of a read-only region");
    run(p, 0);
    check_int((long long)shm_state(name).size, SIZE, NULL,
              "bytes of the object after region_attach");

    if (!under_memcheck()) { /* valgrind would charge the very access that must fail */
        clue("attach-read-only");
        p = start("probe", "region", name, "attach", "0", "write", "x", NULL);
        step(p, text("attach %d", SIZE), NULL, "region_attach for reading");
        expect_killed_by(p, SIGSEGV);
    }

    clue("name-left");
    p = start("probe", "region", name, "attach", "1", "destroy", "read", "5", "detach", "attach",
              "0", "destroy", NULL);
    step(p, text("attach %d", SIZE), "attach-changes", "region_attach before region_destroy");
    step(p, "destroy 0", NULL, "region_destroy");
    step(p, "read world", NULL, "a region that is still attached after region_destroy");
    step(p, "detach 0", "region-detach", "region_detach after region_destroy");
    step(p, "attach -1 ENOENT", NULL, "region_attach after region_destroy");
    step(p, "destroy -1 ENOENT", NULL, "region_destroy of a name that is gone");
    run(p, 0);
    expect_shm_gone(name);
}

LAB_TEST(public, shmnote_roundtrip)
{
    const char *name = shm_name("/note"), *absent = shm_name("/absent");
    char *longest = bytes_of('x', NOTE_MAX + 2);
    const note_t *note;
    struct proc *p;

    clue("usage");
    expect_usage(start("shmnote", NULL));
    expect_usage(start("shmnote", "put", name, NULL));
    expect_usage(start("shmnote", "get", NULL));

    clue("note-format");
    p = start("shmnote", "put", name, "Operating Systems", "Is", "Fun!", NULL);
    run(p, 0);
    expect_output(p, "");
    note = map_shm(name, sizeof(*note));
    check(note->magic == NOTE_MAGIC, NULL, "the magic of the note is not there");
    check_int(note->len, strlen("Operating Systems Is Fun!"), NULL, "the length of the note");
    p = start("shmnote", "get", name, NULL);
    run(p, 0);
    expect_output(p, "Operating Systems Is Fun!\n");
    clue("reader-removes");
    p = start("shmnote", "get", name, NULL);
    run(p, 0);
    expect_output(p, "Operating Systems Is Fun!\n");
    clue("create-exclusive");
    expect_complaint(start("shmnote", "put", name, "again", NULL), 5);
    clue("note-format");
    p = start("shmnote", "get", name, NULL);
    run(p, 0);
    expect_output(p, "Operating Systems Is Fun!\n");
    run(start("shmnote", "rm", name, NULL), 0);
    clue("name-left");
    expect_shm_gone(name);
    clue("absent");
    expect_complaint(start("shmnote", "get", absent, NULL), 3);
    expect_complaint(start("shmnote", "rm", absent, NULL), 3);
    expect_shm_gone(absent);

    /* Not one byte is left for a NUL. */
    clue("note-no-nul");
    name = shm_name("/full");
    longest[NOTE_MAX] = '\0';
    run(start("shmnote", "put", name, longest, NULL), 0);
    p = start("shmnote", "get", name, NULL);
    run(p, 0);
    longest[NOTE_MAX] = '\n';
    expect_output_bytes(p, longest, NOTE_MAX + 1);
    run(start("shmnote", "rm", name, NULL), 0);
    longest[NOTE_MAX] = 'x';
    clue("note-format");
    expect_complaint(start("shmnote", "put", name, longest, NULL), 1);
    clue("name-left");
    expect_shm_gone(name);
}

/* B. Bounded buffer ---------------------------------------------------------------------------- */

LAB_TEST(public, ring_init_values)
{
    const char *name = shm_name("/ring"), *absent = shm_name("/absent");
    const ring_hdr *h;
    struct proc *p;

    clue("ring-header");
    p = start("probe", "ring", name, "create", "4", "32", "detach", "attach", "detach", NULL);
    step(p, "create 0", NULL, "ring_create");
    step(p, "detach 0", NULL, "region_detach of the ring's region");
    step(p, "attach 0", NULL, "ring_attach");
    step(p, "detach 0", NULL, "region_detach of the ring's region");
    run(p, 0);
    h = map_shm(name, sizeof(*h));
    check(h->magic == RING_MAGIC, NULL, "the magic is not there");
    check_int(h->capacity, 4, NULL, "capacity");
    check_int(h->slot_size, 32, NULL, "slot_size");
    check_int(h->closed, 0, NULL, "closed");
    check_int(h->head, 0, NULL, "head");
    check_int(h->tail, 0, NULL, "tail");
    check(h->slots_off >= sizeof(*h) && h->slots_off + 4 * RING_STRIDE(32) <= shm_state(name).size,
          NULL, "slots_off is %llu: the four slots are not inside the object of %zu bytes",
          (unsigned long long)h->slots_off, shm_state(name).size);
    check(sem_value(&h->mutex) || sem_value(&h->empty) || sem_value(&h->full),
          "sem-not-initialised", "all three semaphores have the value 0");
    check_int(sem_value(&h->mutex), 1, "sem-initial", "the value of 'mutex'");
    check_int(sem_value(&h->empty), 4, "sem-initial", "the value of 'empty'");
    check_int(sem_value(&h->full), 0, "sem-initial", "the value of 'full'");

    clue("create-exclusive");
    p = start("probe", "ring", name, "create", "4", "32", "destroy", NULL);
    step(p, "create -1 EEXIST", NULL, "ring_create of a name that exists");
    step(p, "destroy 0", "name-left", "region_destroy");
    run(p, 0);
    p = start("probe", "ring", absent, "attach", NULL);
    step(p, "attach -1 ENOENT", "absent", "ring_attach of a name that does not exist");
    run(p, 0);
}

LAB_TEST(public, ring_wrap_timeouts)
{
    enum { WAIT_MS = 50, CLOCKS_MAY_DIFFER_MS = 10 };
    const char *name = shm_name("/ring");
    const char *argv[64] = {"probe", "ring", name, "create", "3", "8"};
    int n = 6, waited;
    struct proc *p;

    p = start("probe", "ring", name, "create", "3", "8", "get", "0", "put", "a", FOREVER, "put",
              "bc", "0", "put", "12345678", "-1", "clock", "put", "late", text("%d", WAIT_MS),
              "clock", "put", "late", "0", "put", "123456789", "-1", "get", "-1", "get", FOREVER,
              "fit", "7", "0", "get", "0", "get", "0", "clock", "get", text("%d", WAIT_MS), "clock",
              "destroy", NULL);
    clue("sem-not-initialised");
    step(p, "create 0", NULL, "ring_create");
    step(p, "get -1 EAGAIN", "sem-initial", "ring_get without waiting on an empty ring");
    clue("sem-initial");
    step(p, "put 0", "wait-deadline",
         "the first ring_put into a ring for three, with a timeout of an hour");
    step(p, "put 0", NULL, "the second ring_put into a ring for three");
    step(p, "put 0", NULL, "the third ring_put into a ring for three");
    (void)next_line(p); /* the clock begins */
    step(p, "put -1 ETIMEDOUT", "ring-timeout",
         "the fourth ring_put into a ring for three, with a timeout");
    waited = atoi(next_line(p) + strlen("clock "));
    check(waited >= WAIT_MS - CLOCKS_MAY_DIFFER_MS, "wait-deadline",
          "ring_put with a timeout of %d ms has waited %d ms", WAIT_MS, waited);
    step(p, "put -1 EAGAIN", "ring-timeout", "ring_put without waiting into a full ring");
    step(p, "put -1 EMSGSIZE", "ring-bounds", "ring_put of an item larger than a slot");
    clue("ring-order");
    step(p, "get 1 a", NULL, "the first item");
    step(p, "get 2 bc", NULL, "the second item");
    step(p, "fit -1 EMSGSIZE", "item-too-long", "ring_get of eight bytes into memory for seven");
    step(p, "get 8 12345678", "item-too-long",
         "the third item, which ring_get had left in the ring");
    step(p, "get -1 EAGAIN", "ring-timeout",
         "ring_get without waiting when all items have been taken");
    (void)next_line(p);
    step(p, "get -1 ETIMEDOUT", "ring-timeout", "ring_get on an empty ring, with a timeout");
    waited = atoi(next_line(p) + strlen("clock "));
    check(waited >= WAIT_MS - CLOCKS_MAY_DIFFER_MS, "wait-deadline",
          "ring_get with a timeout of %d ms has waited %d ms", WAIT_MS, waited);
    step(p, "destroy 0", "name-left", "region_destroy");
    run(p, 0);

    /* Five rounds of two in a ring for three: the places come round, the order stays. */
    name = argv[2] = shm_name("/rounds");
    for (int i = 0; i < 10; i++) {
        argv[n++] = "put";
        argv[n++] = text("i%d", i);
        argv[n++] = "0";
        if (i % 2) {
            argv[n++] = "get";
            argv[n++] = "0";
            argv[n++] = "get";
            argv[n++] = "0";
        }
    }
    argv[n++] = "destroy";
    argv[n] = NULL;
    p = start_argv(NULL, argv);
    clue("slot-not-announced");
    step(p, "create 0", NULL, "ring_create");
    for (int i = 0; i < 10; i += 2) {
        step(p, "put 0", NULL, "ring_put without waiting into an empty ring");
        step(p, "put 0", NULL, "ring_put without waiting into a ring with one item of three");
        step(p, text("get 2 i%d", i), NULL, "the item put first");
        step(p, text("get 2 i%d", i + 1), NULL, "the item put second");
    }
    step(p, "destroy 0", "name-left", "region_destroy");
    run(p, 0);
}

/* What two programs do with a ring: 'items' are in it, and this one can do nothing more. */
struct ring_wait {
    const ring_hdr *h;
    struct proc *p;
    unsigned items;
};

static bool at_rest(void *arg)
{
    enum { MUCH_MS = 300 }; /* spins: that it should sleep is for another test */
    const struct ring_wait *w = arg;

    return w->h->tail - w->h->head == w->items &&
           (blocked_in(w->p, CALL_SEM) || cpu_ms(w->p) > MUCH_MS);
}

LAB_TEST(public, prod_cons_1x1)
{
    enum { ITEMS = 1000 };
    const char *name = shm_name("/ring"), *absent = shm_name("/absent");
    char *want = bytes_of(0, ITEMS * 8), *end = want;
    struct proc *producer, *consumer, *p;
    const ring_hdr *h;

    clue("usage");
    expect_usage(start("ringctl", "create", name, "4", NULL));
    expect_usage(start("producer", name, "p", NULL));
    expect_usage(start("consumer", NULL));
    clue("absent");
    expect_complaint(start("consumer", absent, NULL), 3);
    expect_complaint(start("producer", absent, "p", "1", NULL), 3);
    expect_complaint(start("ringctl", "stat", absent, NULL), 3);

    clue("ring-programs");
    h = new_ring(name, "4", "32");
    clue("create-exclusive");
    expect_complaint(start("ringctl", "create", name, "4", "32", NULL), 5);
    clue("ring-stuck");
    producer = start("producer", name, "p", text("%d", ITEMS), NULL);
    await(at_rest, &(struct ring_wait){h, producer, 4}, "a producer to fill the ring");
    clue("ring-stat");
    p = start("ringctl", "stat", name, NULL);
    run(p, 0);
    expect_output(p, "count=4 capacity=4 closed=0\n");
    clue("ring-stuck");
    consumer = start("consumer", name, NULL);
    run(producer, 0);
    await(at_rest, &(struct ring_wait){h, consumer, 0}, "a consumer to empty the ring");
    clue("ring-end");
    close_ring(name);
    run(consumer, 0);
    for (int i = 0; i < ITEMS; i++)
        end += sprintf(end, "p:%d\n", i);
    clue("ring-order");
    expect_output(consumer, want);
    clue("ring-stat");
    p = start("ringctl", "stat", name, NULL);
    run(p, 0);
    expect_output(p, "count=0 capacity=4 closed=1\n");
    clue("ring-end");
    expect_complaint(start("producer", name, "p", "1", NULL), 1);
    remove_ring(name);
}

/* C. Dictionary -------------------------------------------------------------------------------- */

LAB_TEST(public, kv_basic)
{
    const char *name = shm_name("/kv"), *absent = shm_name("/absent"), *got;
    struct proc *p;

    clue("kv-basic");
    p = start("probe", "kv", "4096", "put", "one", "1", "put", "two", "22", "put", "three", "333",
              "put", "four", "4444", "put", "five", "55555", "each", "put", "two", "another", "get",
              "two", "64", "get", "two", "4", "get", "tw", "64", "del", "one", "each", "del",
              "three", "each", "del", "five", "each", "del", "one", "del", "four", "del", "two",
              "each", "put", "six", "6", "each", NULL);
    step(p, "init 0", NULL, "kv_init of 4096 bytes");
    for (int i = 0; i < 5; i++)
        step(p, "put 0", NULL, "kv_put of a new key");
    step(p, "each 5 five=55555 four=4444 one=1 three=333 two=22", NULL, "kv_each, sorted");
    step(p, "put 0", NULL, "kv_put of a key that is there");
    step(p, "get 7 another", NULL, "kv_get of a value that was replaced");
    step(p, "get 7 ano", NULL, "kv_get into four bytes");
    step(p, "get -1 ENOENT", NULL, "kv_get of the beginning of a key");
    clue("kv-chain");
    step(p, "del 0", NULL, "kv_del of the first entry");
    step(p, "each 4 five=55555 four=4444 three=333 two=another", NULL,
         "kv_each after that, sorted");
    step(p, "del 0", NULL, "kv_del of an entry in the middle");
    step(p, "each 3 five=55555 four=4444 two=another", NULL, "kv_each after that, sorted");
    step(p, "del 0", NULL, "kv_del of the last entry");
    step(p, "each 2 four=4444 two=another", NULL, "kv_each after that, sorted");
    step(p, "del -1 ENOENT", NULL, "kv_del of a key that is gone");
    step(p, "del 0", NULL, "kv_del");
    step(p, "del 0", NULL, "kv_del of the only entry");
    step(p, "each 0", NULL, "kv_each of an empty dictionary");
    step(p, "put 0", NULL, "kv_put into a dictionary that is empty again");
    step(p, "each 1 six=6", NULL, "kv_each after that");
    run(p, 0);

    clue("usage");
    expect_usage(start("shmkv", NULL));
    expect_usage(start("shmkv", "put", name, "key", NULL));
    clue("shmkv");
    run(start("shmkv", "create", name, "4096", NULL), 0);
    expect_complaint(start("shmkv", "create", name, "4096", NULL), 5);
    run(start("shmkv", "put", name, "os", "fun", NULL), 0);
    run(start("shmkv", "put", name, "shm", "fast", NULL), 0);
    run(start("shmkv", "put", name, "os", "more fun", NULL), 0);
    p = start("shmkv", "get", name, "os", NULL);
    run(p, 0);
    expect_output(p, "more fun\n");
    expect_complaint(start("shmkv", "get", name, "nothing", NULL), 3);
    expect_complaint(start("shmkv", "del", name, "nothing", NULL), 3);
    p = start("shmkv", "list", name, NULL);
    run(p, 0);
    got = stdout_of(p);
    check(strcmp(got, "os=more fun\nshm=fast\n") == 0 ||
              strcmp(got, "shm=fast\nos=more fun\n") == 0,
          NULL, "shmkv list printed something else than the two entries");
    run(start("shmkv", "del", name, "os", NULL), 0);
    p = start("shmkv", "list", name, NULL);
    run(p, 0);
    expect_output(p, "shm=fast\n");
    run(start("shmkv", "rm", name, NULL), 0);
    shm_done(name);
    clue("absent");
    expect_complaint(start("shmkv", "get", absent, "shm", NULL), 3);
}

/* D. System V ---------------------------------------------------------------------------------- */

LAB_TEST(public, sysv_roundtrip)
{
    const char *const texts[] = {"Ol\xc3\xa1 Mundo!", "*star", "", text("%04000d", 7)};
    struct proc *sender, *receiver;
    key_t key = sysv_key();

    clue("usage");
    expect_usage(start("svsend", text("%d", (int)key), NULL));
    expect_usage(start("svsend", "x1", "text", NULL));
    expect_usage(start("svrecv", NULL));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *number;

        key = sysv_key();
        number = text("%d", (int)key);
        clue("flag-in-data");
        sender = start("svsend", "-t", FOREVER, number, texts[i], NULL);
        /* However it waits: that it sleeps, and in what, is for another test. */
        await_blocked(sender, CALL_SEM | CALL_SLEEP | CALL_POLL | CALL_PAUSE);
        check(sysv_exists(key), "fixed-key",
              "svsend waits, and there is no segment with the key of the command line");
        check(sysv_state(key).mode == 0600, "create-exclusive",
              "the segment has mode %04o instead of 0600", (unsigned)sysv_state(key).mode);
        clue("sysv-text");
        receiver = start("svrecv", number, NULL);
        run(receiver, 0);
        expect_output(receiver, text("%s\n", texts[i]));
        clue("flag-in-data");
        run(sender, 0);
        clue("segment-left");
        expect_sysv_gone(key);
    }
    clue("sysv-text");
    expect_complaint(start("svsend", text("%d", (int)key), text("%04001d", 7), NULL), 1);
}

/* E. Mapped file ------------------------------------------------------------------------------- */

LAB_TEST(public, mmap_persist)
{
    struct proc *p;

    clue("usage");
    expect_usage(start("button", NULL));
    expect_usage(start("led", NULL));
    clue("absent");
    expect_complaint(start("led", "nothing", NULL), 3);
    check(!exists("nothing"), "attach-changes", "led has created the file");
    clue("map-before-size");
    expected_file("button");
    for (int i = 0; i < 3; i++) {
        p = start("button", "button", NULL);
        run(p, 0);
        expect_output(p, "");
    }
    clue("map-private");
    p = start("led", "button", NULL);
    run(p, 0);
    expect_output(p, "LED on presses=3\n");
    run(start("button", "button", "5", NULL), 0);
    p = start("led", "button", NULL);
    run(p, 0);
    expect_output(p, "LED off presses=8\n");
    check(exists("button"), NULL, "the file is gone");
}
