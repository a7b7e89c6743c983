/* SPDX-License-Identifier: MIT */
/* score: turns verdicts and findings into points. Pure arithmetic on a lab's rubric: no file, no
 * clock, no process. Every point of a score can be told from the result alone. */
#ifndef GRADER_RESULT_SCORE_H
#define GRADER_RESULT_SCORE_H

#include "lab/lab.h"
#include "result/result.h"

/* Fills in the points of each test, finding and stage, the behaviour factor, and the total.
 *
 * Behaviour is the sum of passed tests. Each quality stage starts from its full points, loses what
 * its findings cost (one class once; warnings one by one up to a cap), and is multiplied by
 * min(1, behaviour / scale_at); a stage that did not run has no points. Stage scores are rounded
 * to tenths, and the total is their sum. A submission that is not graded has 0 points. */
void score_result(const struct lab *lab, struct result *r);

#endif
