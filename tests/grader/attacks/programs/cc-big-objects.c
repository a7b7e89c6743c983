/* lab01; tests: io_eintr_partial; status: compile_error; score: 0; copies: 4; only: full | objects that fill the folder, and are not linked */
/* SPDX-License-Identifier: MIT */
__asm__(".section bomb,\"e\"\n.fill 30000000\n.text\n");
