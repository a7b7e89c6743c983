/* SPDX-License-Identifier: MIT */
/* version: what this program calls itself. */
#ifndef GRADER_UTIL_VERSION_H
#define GRADER_UTIL_VERSION_H

#define GRADER_VERSION "0.1.0"

#endif
