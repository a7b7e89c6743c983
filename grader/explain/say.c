/* SPDX-License-Identifier: MIT */
/* Records as sentences, and as a signature. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/vec.h"

enum { SHOWN = 4 }; /* of a list, in a sentence */

static const char *string(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

static long number(const json_t *o, const char *key)
{
    return (long)json_integer_value(json_object_get(o, key));
}

static bool has(const json_t *o, const char *key)
{
    return json_object_get(o, key) != NULL;
}

static bool is(const json_t *o, const char *key, const char *value)
{
    return strcmp(string(o, key), value) == 0;
}

/* Adds 'item' to a list in one string, and not twice if 'once'. Takes item. */
static void join(struct buf *list, const char *separator, char *item, bool once)
{
    const size_t size = strlen(item), gap = strlen(separator);
    bool there = false;

    for (const char *at = list->s; once && size && at && (at = strstr(at, item)) && !there; at += size)
        there = (at == list->s || ((size_t)(at - list->s) >= gap && strncmp(at - gap, separator, gap) == 0))
                && (!at[size] || strncmp(at + size, separator, gap) == 0);
    if (!there)
        buf_printf(list, "%s%s", list->n ? separator : "", item);
    free(item);
}

/* Who ------------------------------------------------------------------------------------------- */

char *explain_name(const char *name)
{
    static const char child[] = "a child of ";

    if (strncmp(name, child, sizeof(child) - 1) == 0)
        return xformat(_("a child of %s"), name + sizeof(child) - 1);
    if (strcmp(name, "the test itself") == 0)
        return xstrdup(_("the test itself"));
    if (strcmp(name, "itself") == 0)
        return xstrdup(_("itself"));
    if (strcmp(name, "somebody") == 0)
        return xstrdup(_("somebody"));
    return xstrdup(name);
}

/* As in signatures. */
static char *plain_name(const json_t *who)
{
    if (has(who, "judge"))
        return xstrdup("the test itself");
    if (has(who, "self"))
        return xstrdup("itself");
    if (!has(who, "process"))
        return xstrdup("somebody");
    return xformat("%s%s", has(who, "child") ? "a child of " : "", string(who, "process"));
}

static char *say_who(const json_t *who)
{
    CLEANUP(free_ptr) char *plain = plain_name(who);
    CLEANUP(free_ptr) char *name = explain_name(plain);

    if (has(who, "judge") || has(who, "self"))
        return take_ptr(&name);
    return xformat(_("%s (pid %ld)"), name, number(who, "pid"));
}

/* "sort (pid 13, descriptors 4 and 5)" */
static char *say_holder(const json_t *who)
{
    CLEANUP(free_ptr) char *plain = plain_name(who);
    CLEANUP(free_ptr) char *name = explain_name(plain);
    const json_t *fds = json_object_get(who, "fds");
    const size_t n = json_array_size(fds);
    const bool numbered = !has(who, "judge") && !has(who, "self");
    struct buf b = {0};

    if (!n)
        return say_who(who);
    for (size_t i = 0; i < n && i < SHOWN; i++)
        buf_printf(&b, "%s%lld", i == 0 ? "" : i + 1 == n ? _(" and ") : ", ", (long long)json_integer_value(json_array_get(fds, i)));
    CLEANUP(free_ptr) char *list = buf_steal(&b);
    if (numbered)
        return xformat(ngettext("%s (pid %ld, descriptor %s)", "%s (pid %ld, descriptors %s)", n), name, number(who, "pid"), list);
    return xformat(ngettext("%s (descriptor %s)", "%s (descriptors %s)", n), name, list);
}

static char *say_list(const json_t *list, long more, char *(*one)(const json_t *))
{
    const size_t n = json_array_size(list);
    struct buf b = {0};
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item) {
        if (i < SHOWN)
            join(&b, more <= 0 && i + 1 == n ? _(" and ") : ", ", one(item), false);
        else
            more++;
    }
    if (more > 0)
        join(&b, ", ", xformat(_("and %ld more"), more), false);
    return buf_steal(&b);
}

static char *say_holders(const json_t *o)
{
    return say_list(json_object_get(o, "holders"), number(o, "holders_more"), say_holder);
}

static char *say_word(const json_t *word)
{
    const char *s = json_string_value(word);

    return xstrdup(s ? s : "");
}

static char *sign_holders(const json_t *o, const char *key)
{
    struct buf b = {0};
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(o, key), i, one)
        join(&b, "+", plain_name(one), true);
    return buf_steal(&b);
}

/* What is waited for -------------------------------------------------------------------------------- */

static char *say_pipe(const json_t *on)
{
    CLEANUP(free_ptr) char *people = say_holders(on);
    CLEANUP(free_ptr) char *what = is(on, "is", "fifo") ? xformat(_("the FIFO '%s'"), string(on, "name")) : xstrdup(_("a pipe"));
    const bool write = is(on, "end", "write");

    if (!*people)
        return xformat(write ? _("%s whose write end nobody holds") : _("%s whose read end nobody holds"), what);
    return xformat(write ? _("%s whose write end is held by %s") : _("%s whose read end is held by %s"), what, people);
}

static char *say_socket(const json_t *on)
{
    CLEANUP(free_ptr) char *people = say_holders(on);
    const char *family = string(on, "family"), *name = string(on, "name");
    const bool tcp = strcmp(family, "TCP") == 0;

    if (!*family)
        return xstrdup(_("a socket"));
    if (has(on, "to")) {
        if (*people)
            return xformat(_("a %s socket that connects to '%s', where %s listens"), family, string(on, "to"), people);
        return xformat(_("a %s socket that connects to '%s', where nobody listens"), family, string(on, "to"));
    }
    if (is(on, "role", "listening"))
        return xformat(tcp ? _("a listening %s socket of port %s") : *name ? _("a listening %s socket '%s'") : _("a listening %s socket%s"),
                       family, name);
    if (is(on, "role", "datagram"))
        return *name ? xformat(_("a Unix datagram socket '%s'"), name) : xstrdup(_("a Unix datagram socket"));
    if (is(on, "role", "unaccepted"))
        return *people ? xformat(_("a %s socket whose connection %s has not accepted yet"), family, people)
                       : xformat(_("a %s socket whose connection nobody has accepted yet"), family);
    if (is(on, "role", "unconnected"))
        return xformat(_("a %s socket that is not connected any more"), family);
    if (!*people)
        return xformat(_("a %s socket whose other end nobody holds"), family);
    return xformat(_("a %s socket whose other end is held by %s"), family, people);
}

static char *say_queue(const json_t *on)
{
    CLEANUP(free_ptr) char *people = say_holders(on);
    CLEANUP(free_ptr) char *fill = has(on, "messages") ? xformat(_("with %ld of %ld messages"), number(on, "messages"), number(on, "room"))
                                   : has(on, "unlinked") ? xstrdup(_("whose name is gone")) : xstrdup("");
    CLEANUP(free_ptr) char *what = xformat(_("the message queue '%s' %s"), string(on, "name"), fill);

    if (!*people)
        return xformat(_("%s, which nobody else has open"), what);
    return xformat(_("%s, which is open in %s, too"), what, people);
}

static char *say_file(const json_t *on)
{
    CLEANUP(free_ptr) char *people = say_holders(on);

    if (!*people)
        return xformat(_("the file '%s'"), string(on, "name"));
    return xformat(_("the file '%s', locked by %s"), string(on, "name"), people);
}

static char *say_anonymous(const json_t *on)
{
    CLEANUP(free_ptr) char *list = say_list(json_object_get(on, "signals"), 0, say_word);
    CLEANUP(free_ptr) char *of = has(on, "of") ? say_who(json_object_get(on, "of")) : NULL;

    if (is(on, "is", "eventfd"))
        return xformat(_("an eventfd whose counter is %ld"), number(on, "value"));
    if (is(on, "is", "signalfd"))
        return xformat(_("a signalfd for %s"), list);
    if (is(on, "is", "timerfd"))
        return xstrdup(_("a timer"));
    if (is(on, "is", "eventpoll"))
        return xstrdup(_("an epoll"));
    if (is(on, "is", "inotify"))
        return xstrdup(_("an inotify watch"));
    if (of)
        return xformat(_("a pidfd of %s"), of);
    return xstrdup(string(on, "name"));
}

static char *say_place(const json_t *on)
{
    const char *name = string(on, "name");

    if (is(on, "place", "named"))
        return xformat("'%s'", name);
    if (is(on, "place", "object"))
        return xformat(_("in the shared memory object '%s'"), name);
    if (is(on, "place", "segment"))
        return xstrdup(_("in a System V segment"));
    if (is(on, "place", "memory"))
        return xstrdup(_("in shared memory without a name"));
    if (is(on, "place", "file"))
        return xformat(_("in the mapped file '%s'"), name);
    if (is(on, "place", "library"))
        return xstrdup(_("of the C library"));
    if (is(on, "place", "private"))
        return xstrdup(_("in memory that no other process has"));
    return xstrdup(_("in memory"));
}

static char *say_semaphore(const json_t *on)
{
    CLEANUP(free_ptr) char *people = say_holders(on);
    CLEANUP(free_ptr) char *place = say_place(on);
    CLEANUP(free_ptr) char *owner = has(on, "owner") ? say_who(json_object_get(on, "owner")) : NULL;
    CLEANUP(free_ptr) char *what = NULL;

    if (is(on, "is", "sysv_semaphore"))
        return xformat(_("semaphore %ld of the System V set %s, whose value is %ld"), number(on, "number"), string(on, "name"),
                       number(on, "value"));
    if (is(on, "is", "semaphore"))
        what = xformat(has(on, "unshared") ? _("a semaphore %s, made for the threads of one process, with the value %ld")
                                           : _("the semaphore %s with the value %ld"),
                       place, number(on, "value"));
    else if (is(on, "is", "lock"))
        what = is(on, "place", "library") ? xformat(_("a lock %s"), place) : owner ? xformat(_("a mutex %s, held by %s"), place, owner) : xformat(_("a mutex %s, whose owner is gone"), place);
    else
        what = xformat(_("a semaphore or lock %s"), place);
    return *people ? xformat(_("%s, which is mapped in %s, too"), what, people) : take_ptr(&what);
}

static char *say_sysv_queue(const json_t *on)
{
    if (has(on, "wants"))
        return xformat(_("the System V queue %s with %ld messages, for a message of type %ld"), string(on, "name"),
                       number(on, "messages"), number(on, "wants"));
    return xformat(_("the System V queue %s with %ld messages"), string(on, "name"), number(on, "messages"));
}

static char *say_thing(const json_t *on)
{
    static const struct {
        const char *is;
        char *(*say)(const json_t *on);
    } kinds[] = {
        {"pipe", say_pipe},        {"fifo", say_pipe},           {"socket", say_socket},
        {"queue", say_queue},      {"file", say_file},           {"semaphore", say_semaphore},
        {"lock", say_semaphore},   {"futex", say_semaphore},     {"sysv_semaphore", say_semaphore},
        {"sysv_queue", say_sysv_queue},
    };

    if (is(on, "is", "closed"))
        return xstrdup(_("which is not open"));
    if (is(on, "is", "device"))
        return xformat(_("the device %s"), string(on, "name"));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (is(on, "is", kinds[i].is))
            return kinds[i].say(on);
    return say_anonymous(on);
}

static char *say_on(const json_t *on)
{
    CLEANUP(free_ptr) char *thing = say_thing(on);

    return has(on, "fd") ? xformat(_("descriptor %ld, %s"), number(on, "fd"), thing) : take_ptr(&thing);
}

/* "sem_wait" for what the kernel calls a futex. */
static const char *call_of(const json_t *record)
{
    const json_t *on = json_array_get(json_object_get(record, "on"), 0);

    if (is(on, "is", "semaphore"))
        return "sem_wait";
    if (is(on, "is", "lock"))
        return is(on, "place", "library") ? "the C library" : "pthread_mutex_lock";
    return string(record, "call");
}

static char *say_blocked(const json_t *r, const char *name)
{
    const json_t *on = json_object_get(r, "on");
    const char *call = call_of(r);
    struct buf list = {0};
    long more = number(r, "on_more");
    json_t *one;
    size_t i;

    if (has(r, "children")) {
        CLEANUP(free_ptr) char *children = say_list(json_object_get(r, "children"), number(r, "children_more"), say_who);
        return *children ? xformat(_("%s waits for a child to end: %s"), name, children)
                         : xformat(_("%s waits for a child to end, and has none"), name);
    }
    if (has(r, "opens"))
        return xformat(is(r, "opens", "write") ? _("%s waits in open of '%s' for writing until somebody opens it for reading")
                                               : _("%s waits in open of '%s' for reading until somebody opens it for writing"),
                       name, string(r, "path"));
    if (json_array_size(on) == 0) {
        CLEANUP(free_ptr) char *handles = say_list(json_object_get(r, "handles"), 0, say_word);
        if (*handles)
            return xformat(_("%s waits in %s for a signal; it has handlers for %s"), name, call, handles);
        return has(r, "handles") ? xformat(_("%s waits in %s for a signal; it has no handler for any"), name, call)
                                 : xformat(_("%s waits in %s"), name, call);
    }
    json_array_foreach(on, i, one) {
        if (i < SHOWN)
            join(&list, "; ", say_on(one), false);
        else
            more++;
    }
    if (more > 0)
        join(&list, "; ", xformat(_("and %ld more"), more), false);
    CLEANUP(free_ptr) char *things = buf_steal(&list);
    return xformat(_("%s waits in %s on %s"), name, call, things);
}

static bool is_stopped(const json_t *r)
{
    return is(r, "state", "stopped") || is(r, "state", "frozen");
}

char *explain_say(const json_t *r)
{
    CLEANUP(free_ptr) char *name = say_who(r);
    CLEANUP(free_ptr) char *pending = say_list(json_object_get(r, "pending"), 0, say_word);
    CLEANUP(free_ptr) char *line = NULL;

    if (is(r, "state", "zombie")) {
        CLEANUP(free_ptr) char *parent = say_who(json_object_get(r, "parent"));
        line = xformat(_("%s has ended, and %s has not waited for it"), name, parent);
    } else if (is(r, "state", "stopped")) {
        line = xformat(_("%s is stopped by a signal"), name);
    } else if (is(r, "state", "frozen")) {
        line = xformat(_("%s is held back by the test"), name);
    } else if (is(r, "state", "running")) {
        line = xformat(_("%s is running; it has used %.1f s of processor time"), name, json_number_value(json_object_get(r, "cpu_s")));
    } else if (is(r, "state", "blocked")) {
        line = say_blocked(r, name);
    } else {
        line = xformat(_("%s is asleep"), name);
    }
    if (!*pending)
        return take_ptr(&line);
    return xformat(is_stopped(r) ? _("%s; %s is pending") : _("%s; %s is pending, and blocked"), line, pending);
}

/* Signatures ------------------------------------------------------------------------------------------ */

static char *sign_socket(const json_t *on)
{
    CLEANUP(free_ptr) char *people = sign_holders(on, "holders");
    const char *family = string(on, "family");

    if (!*family)
        return xstrdup("socket");
    if (has(on, "to"))
        return xformat(*people ? "%s socket of %s" : "%s socket of nobody", family, people);
    if (is(on, "role", "listening"))
        return xformat("listening %s socket", family);
    if (is(on, "role", "datagram"))
        return xstrdup("datagram socket");
    if (is(on, "role", "unaccepted"))
        return xformat("%s socket that %s has not accepted", family, *people ? people : "nobody");
    return *people ? xformat("%s socket to %s", family, people) : xformat("%s socket without other end", family);
}

static char *sign_queue(const json_t *on)
{
    CLEANUP(free_ptr) char *people = sign_holders(on, "holders");
    const char *fill = !has(on, "messages") ? "" : number(on, "messages") == 0 ? "empty "
                       : number(on, "messages") >= number(on, "room") ? "full " : "";

    return *people ? xformat("%squeue shared with %s", fill, people) : xformat("%squeue", fill);
}

static char *sign_on(const json_t *on)
{
    CLEANUP(free_ptr) char *people = sign_holders(on, "holders");
    const char *kind = string(on, "is");
    const bool fifo = strcmp(kind, "fifo") == 0;

    if (fifo || strcmp(kind, "pipe") == 0)
        return *people ? xformat("%s %s %s", fifo ? "FIFO" : "pipe", is(on, "end", "write") ? "from" : "to", people)
                       : xformat("%s without other end", fifo ? "FIFO" : "pipe");
    if (strcmp(kind, "socket") == 0)
        return sign_socket(on);
    if (strcmp(kind, "queue") == 0)
        return sign_queue(on);
    if (strcmp(kind, "sysv_queue") == 0)
        return xformat("%sSystem V queue", has(on, "messages") && number(on, "messages") == 0 ? "empty " : "");
    if (strcmp(kind, "closed") == 0)
        return xstrdup("closed descriptor");
    if (strcmp(kind, "semaphore") == 0 || strcmp(kind, "sysv_semaphore") == 0) {
        const char *what = has(on, "unshared") ? "unshared semaphore" : is(on, "place", "private") ? "private semaphore" : "semaphore";
        return number(on, "nth") > 1 ? xformat("%s %ld", what, number(on, "nth")) : xstrdup(what);
    }
    if (strcmp(kind, "lock") == 0 && is(on, "place", "library"))
        return xstrdup("lock of the C library");
    if (strcmp(kind, "lock") == 0) {
        CLEANUP(free_ptr) char *owner = has(on, "owner") ? plain_name(json_object_get(on, "owner")) : xstrdup("nobody");
        return xformat("mutex of %s", owner);
    }
    if (strcmp(kind, "file") == 0)
        return *people ? xformat("file locked by %s", people) : xstrdup("file");
    return xstrdup(kind);
}

static char *sign_blocked(const json_t *r, const char *name)
{
    struct buf b = {0};
    json_t *one;
    size_t i;

    if (has(r, "children")) {
        CLEANUP(free_ptr) char *children = sign_holders(r, "children");
        return xformat("%s: wait(%s)", name, children);
    }
    if (has(r, "opens"))
        return xformat(has(r, "fifo") ? "%s: open(FIFO to %s)" : "%s: open(file to %s)", name, string(r, "opens"));
    json_array_foreach(json_object_get(r, "on"), i, one)
        join(&b, ", ", sign_on(one), true);
    CLEANUP(free_ptr) char *things = buf_steal(&b);
    return xformat("%s: %s(%s)", name, call_of(r), things);
}

static char *sign(const json_t *r)
{
    CLEANUP(free_ptr) char *name = plain_name(r);
    CLEANUP(free_ptr) char *part = NULL;
    struct buf pending = {0};
    json_t *one;
    size_t i;

    if (is(r, "state", "blocked"))
        part = sign_blocked(r, name);
    else
        part = xformat("%s: %s", name, string(r, "state"));
    if (is_stopped(r))
        return take_ptr(&part);
    json_array_foreach(json_object_get(r, "pending"), i, one)
        join(&pending, ", ", say_word(one), true);
    CLEANUP(free_ptr) char *list = buf_steal(&pending);
    return *list ? xformat("%s [%s pending and blocked]", part, list) : take_ptr(&part);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *explain_signature(const json_t *records)
{
    const size_t n = json_array_size(records);
    char **parts = xcalloc(n, sizeof(char *));
    struct buf b = {0};

    for (size_t i = 0; i < n; i++)
        parts[i] = sign(json_array_get(records, i));
    if (n)
        qsort(parts, n, sizeof(*parts), by_text);
    for (size_t i = 0; i < n; i++)
        join(&b, "; ", parts[i], true);
    free(parts);
    return b.n ? buf_steal(&b) : xstrdup("no process is left");
}
