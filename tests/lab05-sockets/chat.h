/* SPDX-License-Identifier: MIT */
/* chat: what the public and the hidden tests of the chat have in common.
 *
 * Failures name the line of the test, not one of this file: a function in parentheses is called
 * without the macro that notes the line, and the macros below note it once for all.
 *
 * Whether a server sends a message back to its own sender is judged in one test (chat_two_clients).
 * Everywhere else such an echo is skipped, so that one mistake costs one test. */
#ifndef LAB05_CHAT_H
#define LAB05_CHAT_H

#include "harness.h"

#include <string.h>

/* A chat client that the test plays. */
struct client {
    struct sock *sock;
    const char *nick;
};

/* A server on one UNIX name that can serve. */
static inline struct proc *chat_server(const char *name)
{
    struct proc *d = (start)("chatd", "-u", name, NULL);

    (await_line)(d, "READY");
    return d;
}

/* Ends a server whose end is not what the test is about. */
static inline void chat_end(struct proc *d)
{
    (send_signal)(d, SIGTERM);
    (void)(await_exit)(d);
}

/* The next line that is not an echo of what this client said. */
static inline const char *chat_hear(const struct client *c)
{
    size_t n = strlen(c->nick);
    const char *line;

    do
        line = (receive_line)(c->sock);
    while (n > 0 && strncmp(line, c->nick, n) == 0 && line[n] == ':');
    return line;
}

/* Its next line is this one. */
static inline void chat_expect(const struct client *c, const char *line)
{
    (check_str)(chat_hear(c), line, NULL, text("the next line for %s", c->nick));
}

/* Its next lines are these, in any order; NULL at the end. At most 16. */
static inline void chat_expect_all(const struct client *c, const char *const lines[])
{
    bool seen[16] = {false};
    size_t n = 0;

    while (lines[n])
        n++;
    for (size_t k = 0; k < n; k++) {
        const char *line = chat_hear(c);
        size_t i = 0;

        while (i < n && (seen[i] || strcmp(lines[i], line) != 0))
            i++;
        if (i == n) { /* quote one that is missing */
            for (i = 0; seen[i]; i++)
                ;
            (check_str)(line, lines[i], NULL, text("one of the next lines for %s", c->nick));
        }
        seen[i] = true;
    }
}

/* Connects and takes a nick. */
static inline struct client chat_join(const char *address, const char *nick)
{
    struct client c = {.sock = (connect_to)(address), .nick = nick};

    (send_line)(c.sock, "NICK %s", nick);
    chat_expect(&c, "OK");
    return c;
}

/* One command and the line that must come next. */
static inline void chat_ask(const struct client *c, const char *command, const char *answer)
{
    (send_line)(c->sock, "%s", command);
    chat_expect(c, answer);
}

/* A client without a nick gets an answer: the server serves it, and nothing else is said to it. */
static inline void chat_ask_nameless(struct sock *s)
{
    (send_line)(s, "WHO");
    (expect_line)(s, "ERR nick");
}

#define chat_server(...) (HERE, chat_server(__VA_ARGS__))
#define chat_end(...) (HERE, chat_end(__VA_ARGS__))
#define chat_hear(...) (HERE, chat_hear(__VA_ARGS__))
#define chat_expect(...) (HERE, chat_expect(__VA_ARGS__))
#define chat_expect_all(...) (HERE, chat_expect_all(__VA_ARGS__))
#define chat_join(...) (HERE, chat_join(__VA_ARGS__))
#define chat_ask(...) (HERE, chat_ask(__VA_ARGS__))
#define chat_ask_nameless(...) (HERE, chat_ask_nameless(__VA_ARGS__))

#endif
