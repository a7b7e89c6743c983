/* SPDX-License-Identifier: MIT */
/* i18n: what people read is marked with _() and translated by gettext (grader/text/<lang>.po). What
 * programs read, JSON above all, is never translated. */
#ifndef GRADER_UTIL_I18N_H
#define GRADER_UTIL_I18N_H

#include <libintl.h>

#define GRADER_TEXT_DOMAIN "grader"

#define _(s) gettext(s)
#define N_(s) s /* a literal that is translated where it is printed; literals may stand beside it */

#endif
