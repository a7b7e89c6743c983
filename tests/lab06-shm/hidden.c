/* SPDX-License-Identifier: MIT */
/* The hidden tests of lab06. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "shm.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* A program that stops itself at a write into this object; where, wrap.c knows. */
static struct proc *start_stopping(const char *where, const char *name, const char *const argv[])
{
    const char *const env[] = {text("LAB_STOP_AT=%s:%s", where, name), NULL};

    return start_argv(&(struct start){.env = env}, argv);
}

/* It can go no further, however it waits, or has ended. That it should sleep is for other tests. */
static bool waits_or_has_ended(void *arg)
{
    enum { MUCH_MS = 300, ANY_CALL = ~0 };
    struct proc *p = arg;

    return has_ended(p) || blocked_in(p, ANY_CALL) || cpu_ms(p) > MUCH_MS;
}

/* Both run this program; they meet in the middle of it, and not by luck. */
static void meet(const char *where, const char *name, const char *const first[],
                 const char *const second[])
{
    struct proc *p = start_stopping(where, name, first), *rival;

    if (await_stop(p)) {
        rival = start_argv(NULL, second);
        await(waits_or_has_ended, rival, "a program to end, or to wait for another one");
        thaw(p);
    } else {
        rival = start_argv(NULL, second);
    }
    run(rival, 0);
    run(p, 0);
}

/* B. Bounded buffer ---------------------------------------------------------------------------- */

LAB_TEST(hidden, ring_mutex_protocol)
{
    const char *name = shm_name("/ring");
    const char *magic = text("%zu=%u", offsetof(ring_hdr, magic), (unsigned)RING_MAGIC);
    struct proc *producer, *consumer, *p;
    bool complete;
    ring_hdr *h;

    /* Whoever sees the magic sees a ring that is ready. */
    clue("ring-programs");
    p = start_stopping(magic, name,
                       (const char *const[]){"ringctl", "create", name, "2", "32", NULL});
    if (await_stop(p)) {
        clue("magic-last");
        h = map_shm(name, sizeof(*h));
        complete = h->capacity == 2 && h->slot_size == 32 && h->slots_off >= sizeof(*h);
        check(complete, NULL, "the magic is there, and the header is not complete");
        complete = sem_value(&h->mutex) == 1 && sem_value(&h->empty) == 2;
        check(complete, NULL, "the magic is there, and the semaphores do not have their values");
        thaw(p);
    }
    clue("ring-programs");
    run(p, 0);
    h = map_shm(name, sizeof(*h));
    clue("busy-ring");
    producer = start("producer", name, "p", "3", NULL);
    await_blocked(producer, CALL_SEM);
    expect_idle(producer);
    check_int(h->tail - h->head, 2, "sem-not-initialised",
              "items in a ring for two, when the producer waits");
    check_int(sem_value(&h->mutex), 1, "mutex-first",
              "the value of 'mutex' while the producer waits for room");

    clue("no-mutex");
    hold_sem(&h->mutex);
    consumer = start("consumer", name, NULL);
    await_blocked(consumer, CALL_SEM);
    expect_idle(consumer);
    expect_idle(producer);
    check_int(h->head, 0, NULL, "items taken while somebody else holds 'mutex'");
    check_int(h->tail, 2, NULL, "items put while somebody else holds 'mutex'");
    clue("not-pshared");
    release_sem(&h->mutex);
    expect_next_line(consumer, "p:0");
    expect_next_line(consumer, "p:1");
    clue("slot-not-announced");
    expect_next_line(consumer, "p:2");
    run(producer, 0);

    clue("busy-ring");
    expect_idle(consumer);
    check_int(sem_value(&h->mutex), 1, "mutex-first",
              "the value of 'mutex' while the consumer waits for an item");
    clue("no-mutex");
    hold_sem(&h->mutex);
    producer = start("producer", name, "q", "1", NULL);
    await_blocked(producer, CALL_SEM);
    check_int(h->tail, 3, NULL, "items put while somebody else holds 'mutex'");
    release_sem(&h->mutex);
    run(producer, 0);
    expect_next_line(consumer, "q:0");
    clue("ring-end");
    close_ring(name);
    run(consumer, 0);
    remove_ring(name);
}

enum { PRODUCERS = 4, CONSUMERS = 3, ITEMS = 5000 };

/* Each line of each output is an item; every item once, and those of one producer in order within
 * one output. */
static void check_items(const char *const outputs[CONSUMERS])
{
    static unsigned char seen[PRODUCERS][ITEMS];

    for (int c = 0; c < CONSUMERS; c++) {
        long last[PRODUCERS] = {-1, -1, -1, -1};

        for (const char *line = outputs[c], *lf; *line; line = lf + 1) {
            char *end;
            long i;
            int p;

            lf = strchr(line, '\n');
            check(lf, "ring-order", "the last line of a consumer does not end");
            if (strncmp(line, "x:", 2) == 0 || strncmp(line, "y:", 2) == 0)
                continue; /* of the two that met before */
            p = line[0] - 'a';
            check(p >= 0 && p < PRODUCERS && line[1] == ':', "no-mutex",
                  "a consumer printed what nobody put");
            i = strtol(line + 2, &end, 10);
            check(end == lf && i >= 0 && i < ITEMS, "no-mutex",
                  "a consumer printed what nobody put");
            check(!seen[p][i]++, "no-mutex", "an item was delivered twice");
            check(i > last[p], "ring-order",
                  "the items of one producer reached a consumer out of order");
            last[p] = i;
        }
    }
    for (int p = 0; p < PRODUCERS; p++)
        for (int i = 0; i < ITEMS; i++)
            check(seen[p][i], "no-mutex", "an item was lost");
}

static bool is_empty(void *header)
{
    const ring_hdr *h = header;

    return h->head == h->tail;
}

LAB_TEST(hidden, ring_nxm)
{
    const char *name = shm_name("/ring"), *outputs[CONSUMERS];
    struct proc *producers[PRODUCERS], *consumers[CONSUMERS], *x, *y;
    ring_hdr *h;

    clue("ring-programs");
    h = new_ring(name, "8", "16");

    /* Two producers meet in the middle of ring_put, and not by luck. */
    clue("no-mutex");
    x = start_stopping(text("%zu", offsetof(ring_hdr, tail)), name,
                       (const char *const[]){"producer", name, "x", "1", NULL});
    if (await_stop(x)) {
        y = start("producer", name, "y", "1", NULL);
        (void)await_blocked_or_end(y, CALL_SEM);
        thaw(x);
        run(y, 0);
    } else {
        run(start("producer", name, "y", "1", NULL), 0);
    }
    run(x, 0);
    check_int(h->tail, 2, NULL,
              "'tail' after two producers have put one item each, at the same time");

    clue("ring-stuck");
    for (int i = 0; i < CONSUMERS; i++)
        consumers[i] = start("consumer", name, NULL);
    for (int i = 0; i < CONSUMERS; i++)
        await_blocked(consumers[i], CALL_SEM);
    clue("busy-ring");
    for (int i = 0; i < CONSUMERS; i++)
        expect_idle(consumers[i]);
    clue("ring-stuck");
    for (int i = 0; i < PRODUCERS; i++)
        producers[i] = start("producer", name, text("%c", 'a' + i), text("%d", ITEMS), NULL);
    for (int i = 0; i < PRODUCERS; i++)
        run(producers[i], 0);
    await(is_empty, h, "the consumers to empty the ring");
    for (int i = 0; i < CONSUMERS; i++)
        await_blocked(consumers[i], CALL_SEM);
    clue("one-woken");
    close_ring(name);
    for (int i = 0; i < CONSUMERS; i++) {
        run(consumers[i], 0);
        outputs[i] = stdout_of(consumers[i]);
    }
    check_items(outputs);
    remove_ring(name);
}

/* A probe that is asleep in a call of the ring gets a signal, and goes on sleeping. */
static void interrupt_it(struct proc *p)
{
    await_blocked(p, CALL_SEM);
    send_signal(p, SIGUSR1);
    await_line(p, "signal");
    await_blocked(p, CALL_SEM);
}

LAB_TEST(hidden, ring_eintr_close)
{
    enum { WAIT_MS = 300, CLOCKS_MAY_DIFFER_MS = 10 };
    const char *name = shm_name("/ring"), *other = shm_name("/full"), *idle = shm_name("/rounds");
    struct proc *get, *put, *gets[2], *p, *ticked;
    int waited, least = WAIT_MS - CLOCKS_MAY_DIFFER_MS;

    /* Many signals come while this one waits; the others do not wait for it. */
    clue("ring-programs");
    (void)new_ring(idle, "2", "32");
    ticked = start("probe", "ring", idle, "attach", "ticks", "clock", "get", text("%d", WAIT_MS),
                   "clock", NULL);

    (void)new_ring(name, "2", "32");
    clue("eintr");
    get = start("probe", "ring", name, "attach", "get", FOREVER, "get", "-1", NULL);
    step(get, "attach 0", "ring-programs", "ring_attach");
    interrupt_it(get);
    clue("ring-programs");
    run(start("producer", name, "p", "1", NULL), 0);
    step(get, "get 3 p:0", "eintr", "ring_get that a signal had interrupted, when an item comes");
    clue("eintr");
    interrupt_it(get);
    clue("ring-programs");
    run(start("producer", name, "q", "1", NULL), 0);
    step(get, "get 3 q:0", "eintr",
         "ring_get for ever that a signal had interrupted, when an item comes");
    run(get, 0);

    run(start("producer", name, "p", "2", NULL), 0);
    clue("eintr");
    put = start("probe", "ring", name, "attach", "put", "late", FOREVER, NULL);
    step(put, "attach 0", "ring-programs", "ring_attach");
    interrupt_it(put);
    p = start("probe", "ring", name, "attach", "get", "0", NULL);
    step(p, "attach 0", "ring-programs", "ring_attach");
    step(p, "get 3 p:0", "eintr", "ring_get while a producer waits for room");
    run(p, 0);
    step(put, "put 0", "eintr", "ring_put that a signal had interrupted, when there is room");
    run(put, 0);

    /* Full: one producer asleep. Another ring, empty: two consumers asleep. */
    clue("one-woken");
    put = start("probe", "ring", name, "attach", "put", "never", FOREVER, NULL);
    step(put, "attach 0", "ring-programs", "ring_attach");
    await_blocked(put, CALL_SEM);
    (void)new_ring(other, "2", "32");
    for (int i = 0; i < 2; i++)
        gets[i] = start("probe", "ring", other, "attach", "get", i ? "-1" : FOREVER, NULL);
    for (int i = 0; i < 2; i++) {
        step(gets[i], "attach 0", "ring-programs", "ring_attach");
        await_blocked(gets[i], CALL_SEM);
    }
    close_ring(other);
    for (int i = 0; i < 2; i++) {
        step(gets[i], "get -1 EPIPE", NULL, "a sleeping ring_get when the ring is closed");
        run(gets[i], 0);
    }
    close_ring(name);
    step(put, "put -1 EPIPE", NULL, "a sleeping ring_put when the ring is closed");
    run(put, 0);

    clue("close-drops");
    p = start("probe", "ring", name, "attach", "put", "more", "-1", "get", "-1", "get", "-1", "get",
              "-1", "get", "0", "put", "more", "0", NULL);
    step(p, "attach 0", "ring-programs", "ring_attach of a closed ring");
    step(p, "put -1 EPIPE", "ring-end", "ring_put after ring_close");
    step(p, "get 3 p:1", NULL, "an item that was stored before ring_close");
    step(p, "get 4 late", NULL, "the last item that was stored before ring_close");
    step(p, "get -1 EPIPE", "ring-end", "ring_get when a closed ring is empty");
    step(p, "get -1 EPIPE", "ring-end", "ring_get once more when a closed ring is empty");
    step(p, "put -1 EPIPE", "ring-end", "ring_put into a closed ring that is empty");
    run(p, 0);
    remove_ring(name);
    remove_ring(other);

    clue("eintr");
    step(ticked, "attach 0", "ring-programs", "ring_attach");
    (void)next_line(ticked);
    (void)next_line(ticked); /* the clock begins */
    step(ticked, "get -1 ETIMEDOUT", NULL, "ring_get with a timeout, while signals come");
    waited = atoi(next_line(ticked) + strlen("clock "));
    check(waited >= least, NULL,
          "ring_get with a timeout has waited less than that, while signals came");
    run(ticked, 0);
    remove_ring(idle);
}

/* A. Regions ----------------------------------------------------------------------------------- */

/* None of the programs can do anything with this object, and none changes it. */
static void refused(const char *name, size_t size, bool ring)
{
    static const char *const notes[] = {"shmnote", "get", NULL};
    static const char *const stats[] = {"ringctl", "stat", NULL};
    static const char *const closes[] = {"ringctl", "close", NULL};
    static const char *const eats[] = {"consumer", NULL};
    static const char *const lists[] = {"shmkv", "list", NULL};
    const char *const *const programs[] = {stats, closes, eats, notes, lists};
    void *before = bytes_of(0, size);

    if (size)
        (void)memcpy(before, map_shm(name, size), size);
    for (size_t i = 0; i < (ring ? 3U : 5U); i++) {
        const char *argv[4];
        int n = 0;

        for (; programs[i][n]; n++)
            argv[n] = programs[i][n];
        argv[n++] = name;
        argv[n] = NULL;
        expect_complaint(start_argv(NULL, argv), 1);
    }
    check_int((long long)shm_state(name).size, (long long)size, "attach-changes",
              "bytes of an object that nobody may change");
    if (size)
        check_bytes(map_shm(name, size), size, before, size, "attach-changes",
                    "an object that nobody may change");
    remove_shm(name);
}

LAB_TEST(hidden, attach_hostile)
{
    enum { PAGES = 8192 };
    const char *name = shm_name("/ring");
    ring_hdr h = {.magic = RING_MAGIC, .capacity = 4, .slot_size = 32, .slots_off = sizeof(h)};
    unsigned char *bytes = bytes_of(0x5a, PAGES);
    const char *line, *env[] = {NULL, NULL};
    struct proc *p;
    bool failed;

    clue("size-unchecked");
    make_shm(name, NULL, 0, 0);
    refused(name, 0, false);
    make_shm(name, NULL, 0, 0);
    p = start("probe", "region", name, "attach", "0", "attach", "1", NULL);
    step(p, "attach -1 ENODATA", "map-failed", "region_attach of an object without bytes");
    step(p, "attach -1 ENODATA", "map-failed",
         "region_attach of an object without bytes, for writing");
    run(p, 0);
    remove_shm(name);

    make_shm(name, "0123456789", 10, 10);
    p = start("probe", "ring", name, "attach", NULL);
    step(p, "attach -1 EPROTO", NULL, "ring_attach of an object that is too short for a ring");
    run(p, 0);
    refused(name, 10, false);

    clue("magic-unchecked");
    make_shm(name, bytes, PAGES, PAGES);
    p = start("probe", "ring", name, "attach", NULL);
    step(p, "attach -1 EPROTO", NULL, "ring_attach of an object with another magic");
    run(p, 0);
    refused(name, PAGES, false);

    /* Headers that promise more than there is. */
    clue("ring-bounds");
    h.capacity = 0x40000000;
    make_shm(name, &h, sizeof(h), PAGES);
    p = start("probe", "ring", name, "attach", NULL);
    step(p, "attach -1 EPROTO", NULL, "ring_attach where the capacity is larger than the object");
    run(p, 0);
    refused(name, PAGES, true);
    h.capacity = 0;
    make_shm(name, &h, sizeof(h), PAGES);
    refused(name, PAGES, true);
    h.capacity = 4;
    h.slots_off = UINT64_C(0x10000000000);
    make_shm(name, &h, sizeof(h), PAGES);
    refused(name, PAGES, true);

    clue("note-no-nul");
    (void)memset(bytes, 0, PAGES);
    *(note_t *)(void *)bytes = (note_t){.magic = NOTE_MAGIC, .len = 0x7fffffff};
    make_shm(name, bytes, sizeof(note_t), sizeof(note_t));
    expect_complaint(start("shmnote", "get", name, NULL), 1);
    remove_shm(name);

    /* All goes well, and in the end there is no memory for the mapping. */
    clue("create-undone");
    env[0] = text("LAB_MAP_FAILS=%s", name);
    p = start_with(&(struct start){.env = env}, "probe", "region", name, "fds", "create", "5000",
                   "fds", "zero", NULL);
    line = next_line(p);
    failed = strncmp(next_line(p), "create -1", strlen("create -1")) == 0;
    step(p, line, "descriptor-kept", "open descriptors, after a region_create that failed");
    clue("map-failed");
    run(p, 0); /* it looks at a region that it was told to have */
    clue("create-undone");
    if (failed)
        check(!shm_exists(name), NULL,
              "region_create has failed, and the name is there all the same");
    remove_shm(name);
}

/* C. Dictionary -------------------------------------------------------------------------------- */

LAB_TEST(hidden, kv_relocatable)
{
    const char *name = shm_name("/kv");
    struct proc *p;
    const char *line;
    bool both;

    clue("kv-pointers");
    p = start("probe", "kv", "2048", "fill", "key", "12", "put", "key3", "another", "put", "last",
              "one", "pointers", "move", "get", "key0", "64", "get", "key3", "64", "get", "last",
              "64", "get", "nothing", "64", "put", "new", "here", "each", NULL);
    step(p, "init 0", "kv-basic", "kv_init");
    step(p, "fill 12 then 0", "kv-basic", "new keys, one after the other");
    step(p, "put 0", "kv-basic", "kv_put of a key that is there");
    step(p, "put 0", "kv-basic", "kv_put of a new key");
    line = next_line(p);
    check_str(line, "pointers 0", NULL,
              "addresses inside the region that are stored in the region");
    step(p, "get 4 key0", NULL, "kv_get from a copy at another address");
    step(p, "get 7 another", NULL, "kv_get of a replaced value from a copy");
    step(p, "get 3 one", NULL, "kv_get of the last key from a copy");
    step(p, "get -1 ENOENT", NULL, "kv_get of an unknown key from a copy");
    step(p, "put 0", NULL, "kv_put into a copy");
    step(p,
         "each 14 key0=key0 key10=key10 key11=key11 key1=key1 key2=key2 key3=another key4=key4 "
         "key5=key5 "
         "key6=key6 key7=key7 key8=key8 key9=key9 last=one new=here",
         NULL, "kv_each of a copy, sorted");
    run(p, 0);

    clue("kv-full");
    p = start("probe", "kv", "512", "fill", "key1", "100", "get", "key10", "64", "again", "put",
              "key12", text("%0400d", 0), "get", "key12", "64", NULL);
    step(p, "init 0", "kv-basic", "kv_init");
    line = next_line(p);
    check(strstr(line, "then -1 ENOSPC"), NULL,
          "kv_put into a full region did not end with ENOSPC");
    check(atoi(line + strlen("fill ")) >= 4, NULL,
          "there is no room for a few small entries in a small region");
    step(p, "get 5 key10", NULL, "kv_get of the first key of a full dictionary");
    step(p, "del 0", NULL, "kv_del in a full dictionary");
    step(p, "put 0", NULL, "kv_put of the same key again: the room is free");
    step(p, "put -1 ENOSPC", NULL, "kv_put of a value that is too long for a key that is there");
    step(p, "get 5 key12", NULL, "kv_get after a kv_put that failed: the old value");
    run(p, 0);

    run(start("shmkv", "create", name, "4096", NULL), 0);
    run(start("shmkv", "put", name, "short", "value", NULL), 0);
    expect_complaint(start("shmkv", "put", name, "long", text("%05000d", 0), NULL), 1);
    p = start("shmkv", "list", name, NULL);
    run(p, 0);
    expect_output(p, "short=value\n");
    clue("kv-lock");
    meet("#2", name, (const char *const[]){"shmkv", "put", name, "one", "first", NULL},
         (const char *const[]){"shmkv", "put", name, "two", "second", NULL});
    p = start("shmkv", "list", name, NULL);
    run(p, 0);
    both = strstr(stdout_of(p), "one=first\n") && strstr(stdout_of(p), "two=second\n");
    check(both, NULL,
          "two processes put a key each at the same time, and one of the keys was lost");
    clue("shmkv");
    run(start("shmkv", "rm", name, NULL), 0);
    shm_done(name);
}

/* D. System V ---------------------------------------------------------------------------------- */

LAB_TEST(hidden, sysv_cleanup)
{
    enum { SIZE = 8192 };
    key_t key = sysv_key(), taken = sysv_key(), bare = sysv_key();
    const char *number = text("%d", (int)key);
    struct proc *p;
    char *theirs;

    clue("fixed-key");
    p = start("svsend", "-t", FOREVER, number, "nobody comes", NULL);
    (void)await_blocked_or_end(p, CALL_SEM | CALL_SLEEP | CALL_POLL | CALL_PAUSE);
    check(sysv_exists(key), NULL,
          "svsend waits, and there is no segment with the key of the command line");
    clue("polling");
    expect_idle(p);
    await_blocked(p, CALL_SEM);
    clue("segment-left");
    send_signal(p, SIGTERM);
    (void)await_exit(p);
    expect_sysv_gone(key);

    clue("sysv-timeout");
    expect_complaint(start("svsend", "-t", "50", number, "nobody comes", NULL), 4);
    clue("segment-left");
    expect_sysv_gone(key);

    clue("absent-segment");
    expect_complaint(start("svrecv", number, NULL), 3);
    p = start("probe", "sv", "attach", "-1", NULL);
    step(p, "attach NULL", NULL, "sv_attach of an id that does not exist");
    run(p, 0);
    (void)make_sysv(bare, SIZE);
    expect_complaint(start("svrecv", text("%d", (int)bare), NULL), 3);

    clue("sysv-exclusive");
    theirs = make_sysv(taken, SIZE);
    (void)memset(theirs, 't', SIZE);
    expect_complaint(start("svsend", "-t", "1000", text("%d", (int)taken), "mine", NULL), 5);
    check(sysv_exists(taken), NULL, "svsend has removed a segment of somebody else");
    check_bytes(theirs, SIZE, bytes_of('t', SIZE), SIZE, NULL, "the segment of somebody else");
}

/* E. Mapped file ------------------------------------------------------------------------------- */

/* This file is no button: both say so, and neither changes it. */
static void foreign(const char *path, const char *bytes, size_t size)
{
    const char *after;
    size_t now;

    make_file(path, bytes, size);
    expect_complaint(start("led", path, NULL), 1);
    if (size) { /* an empty one becomes a button */
        expect_complaint(start("button", path, NULL), 1);
        after = file_text(path, &now);
        check_bytes(after, now, bytes, size, "attach-changes", "a file that is no button");
    }
}

LAB_TEST(hidden, mmap_concurrent)
{
    enum { BUTTONS = 8 };
    const struct {
        button_file file;
        char more[8];
    } longer = {.file = {.magic = BUTTON_MAGIC, .presses = 3}};
    struct proc *buttons[BUTTONS], *p;

    clue("map-before-size");
    foreign("short", "abc", 3);
    foreign("empty", "", 0);
    foreign("other", "0123456789abcdef", 16);
    clue("file-size");
    foreign("cut", (const char *)&longer, sizeof(button_file) - 4);
    foreign("longer", (const char *)&longer, sizeof(longer));

    expected_file("led");
    run(start("button", "led", NULL), 0);

    /* Two meet between reading and writing. */
    clue("lost-presses");
    meet(text("%zu", offsetof(button_file, presses)), "led",
         (const char *const[]){"button", "led", NULL},
         (const char *const[]){"button", "led", NULL});
    clue("map-private");
    p = start("led", "led", NULL);
    run(p, 0);
    check(strcmp(stdout_of(p), "LED off presses=2\n") != 0, "lost-presses",
          "two buttons at once, and one of the presses was lost");
    expect_output(p, "LED on presses=3\n");

    /* All begin at once, in a new file. */
    clue("lost-presses");
    expected_file("many");
    for (int i = 0; i < BUTTONS; i++)
        buttons[i] = start("button", "many", "1000", NULL);
    for (int i = 0; i < BUTTONS; i++)
        run(buttons[i], 0);
    p = start("led", "many", NULL);
    run(p, 0);
    expect_output(p, "LED off presses=8000\n");
}
