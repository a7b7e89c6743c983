/* lab01; tests: io_eintr_partial; verdicts: pass; finding: style.warning; stage: style<6 | a hundred thousand warnings */
/* SPDX-License-Identifier: MIT */
#define W { int x; }
#define A W W W W W W W W W W
#define B A A A A A A A A A A
#define C B B B B B B B B B B
void flood(void);
void flood(void) { C C C C C C C C C C C C C C C C C C C C }
