/* SPDX-License-Identifier: MIT */
#include "util/digest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/vec.h"

struct digest {
    EVP_MD_CTX *ctx;
};

static int fail(struct err *err)
{
    return err_set(err, "libcrypto cannot compute SHA-256");
}

struct digest *digest_new(struct err *err)
{
    struct digest *d = xcalloc(1, sizeof(*d));

    d->ctx = EVP_MD_CTX_new();
    if (d->ctx && EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL))
        return d;
    (void)fail(err);
    digest_free(d);
    return NULL;
}

void digest_free(struct digest *d)
{
    if (d)
        EVP_MD_CTX_free(d->ctx);
    free(d);
}

int digest_text(struct digest *d, const char *text, struct err *err)
{
    CLEANUP(free_ptr) char *head = text ? xformat("%zu\n", strlen(text)) : xstrdup("-\n");

    return EVP_DigestUpdate(d->ctx, head, strlen(head)) && (!text || EVP_DigestUpdate(d->ctx, text, strlen(text)))
               ? 0
               : fail(err);
}

int digest_file(struct digest *d, const char *path, struct err *err)
{
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    CLEANUP(free_ptr) char *bytes = xcalloc(65536, 1);
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, N_("cannot open '%s'"), path);
    CLEANUP(free_ptr) char *head = xformat("%lld\n", (long long)st.st_size);
    if (!EVP_DigestUpdate(d->ctx, head, strlen(head)))
        return fail(err);
    while ((n = read(fd, bytes, 65536)) > 0)
        if (!EVP_DigestUpdate(d->ctx, bytes, (size_t)n))
            return fail(err);
    return n < 0 ? err_errno(err, errno, N_("cannot read '%s'"), path) : 0;
}

int digest_folder(struct digest *d, const char *path, struct err *err)
{
    struct dirent **entries = NULL;
    const int n = scandir(path, &entries, NULL, alphasort);
    int status = 0;

    if (n < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, N_("cannot read the folder '%s'"), path);
    for (int i = 0; i < n; i++) {
        CLEANUP(free_ptr) char *file = xformat("%s/%s", path, entries[i]->d_name);
        struct stat st;
        if (status == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode))
            status = digest_text(d, entries[i]->d_name, err) < 0 ? -1 : digest_file(d, file, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

char *digest_end(struct digest *d, struct err *err)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf b = {0};

    if (!EVP_DigestFinal_ex(d->ctx, sum, &n)) {
        (void)fail(err);
        return NULL;
    }
    buf_puts(&b, "sha256:");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "%02x", sum[i]);
    return buf_steal(&b);
}
