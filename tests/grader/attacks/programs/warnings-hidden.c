/* lab01; tests: io_eintr_partial; verdicts: pass; finding: style.warning; stage: style<6 | noise after which no warning is read any more */
/* SPDX-License-Identifier: MIT */
__asm__(".warning \"\"\n.print \"[\"\n.warning \"}]\"\n.warning \"\\001\\002\"");
static int unused_1, unused_2;
static int shadow(int x) { { int x = 1; return x; } }
