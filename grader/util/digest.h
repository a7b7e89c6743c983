/* SPDX-License-Identifier: MIT */
/* digest: SHA-256 of texts and files, one after the other. */
#ifndef GRADER_UTIL_DIGEST_H
#define GRADER_UTIL_DIGEST_H

#include "util/err.h"

struct digest; /* of libcrypto */

struct digest *digest_new(struct err *err); /* NULL: libcrypto cannot (*err) */
void digest_free(struct digest *d);

/* Each is set apart from the next: "ab", "c" is not "a", "bc". NULL is not "". */
int digest_text(struct digest *d, const char *text, struct err *err);
int digest_file(struct digest *d, const char *path, struct err *err); /* the bytes in it */

/* All regular files directly in a folder, with their names, in order of these. A folder that is not
 * there has none. */
int digest_folder(struct digest *d, const char *path, struct err *err);

/* "sha256:…"; the caller frees it. NULL: *err. 'd' can only be freed afterwards. */
char *digest_end(struct digest *d, struct err *err);

#endif
