/* lab01; tests: io_eintr_partial; verdicts: pass; names: -fplugin=x.c @args.c -o.c $(touch x).c `id`.c a;b.c "q".c x,y.c -Wl,-Map=x.c --.c =.c | files whose names are options, commands and response files */
/* SPDX-License-Identifier: MIT */
