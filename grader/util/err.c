/* SPDX-License-Identifier: MIT */
/* err: messages that grow from the inside out. */
#define _GNU_SOURCE 1
#include "util/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/i18n.h"

const char *err_text(const struct err *err, const char *text)
{
    return err && err->plain ? text : gettext(text);
}

static void format(struct err *err, const char *fmt, va_list ap)
{
    /* A message that is too long is cut: better a short reason than none. */
    if (vsnprintf(err->msg, sizeof(err->msg), err_text(err, fmt), ap) < 0)
        err->msg[0] = '\0';
}

int (err_set)(struct err *err, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return -1;
    va_start(ap, fmt);
    format(err, fmt, ap);
    va_end(ap);
    err->code = 0;
    return -1;
}

int (err_errno)(struct err *err, int errnum, const char *fmt, ...)
{
    char buffer[128];
    va_list ap;
    size_t used;

    if (!err)
        return -1;
    va_start(ap, fmt);
    format(err, fmt, ap);
    va_end(ap);
    err->code = errnum;
    used = strlen(err->msg);
    const char *why = err->plain ? strerrordesc_np(errnum) : NULL;
    (void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s",
                   why ? why : strerror_r(errnum, buffer, sizeof(buffer)));
    return -1;
}

int (err_wrap)(struct err *err, const char *fmt, ...)
{
    char inner[sizeof(err->msg)];
    va_list ap;
    size_t used;

    if (!err)
        return -1;
    memcpy(inner, err->msg, sizeof(inner));
    va_start(ap, fmt);
    format(err, fmt, ap);
    va_end(ap);
    used = strlen(err->msg);
    (void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", inner);
    return -1;
}
