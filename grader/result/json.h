/* SPDX-License-Identifier: MIT */
/* json: a result as a JSON document (docs/result.schema.json). What students wrote is data: bytes
 * that are not UTF-8 and control characters are shown as \xNN. */
#ifndef GRADER_RESULT_JSON_H
#define GRADER_RESULT_JSON_H

#include <jansson.h>

#include "result/result.h"
#include "util/err.h"

/* The document, which the caller decrefs. 'deterministic' leaves out what differs from run to run:
 * times, the environment, explanations (they have numbers of processes; their signature stays), and the
 * counts of coverage: who comes first in a race takes the one branch or the other. */
json_t *result_to_json(const struct result *r, bool deterministic);

/* Reads a document that result_to_json made into *r, which the caller has initialised and releases.
 * -1: it is not one (*err says what is missing); *r is to be released all the same. Points of
 * findings are taken over; what they are charged as is not in the document. */
int result_from_json(const json_t *j, struct result *r, struct err *err);

/* A JSON string of 's' made printable; json_null for NULL. */
json_t *json_text(const char *s);

#endif
