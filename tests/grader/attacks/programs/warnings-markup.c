/* lab01; tests: io_eintr_partial; verdicts: pass; finding: style.warning; stage: style<6 | the same by way of the compiler's messages */
/* SPDX-License-Identifier: MIT */
#warning "]]> <script>alert(1)</script> [2J ]0;owned =HYPERLINK(1) ::error::x `id` $(id) ‮"
#pragma message "{\"kind\": \"note\"}]"
__asm__(".warning \"]]>, [{\\\"kind\\\": \\\"note\\\"}] \\033[31m\"");
static int unused_variable_\u00e9;
