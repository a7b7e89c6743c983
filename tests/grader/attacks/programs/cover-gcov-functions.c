/* lab01; tests: io_eintr_partial; status: compile_error; score: 0; finding: build.reserved | libgcov's functions in the student's own words */
/* SPDX-License-Identifier: MIT */
void __gcov_info_to_gcda(const void *info, void (*name)(const char *, void *), void (*data)(const void *, unsigned, void *),
                         void *(*memory)(unsigned, void *), void *arg);
void __gcov_info_to_gcda(const void *info, void (*name)(const char *, void *), void (*data)(const void *, unsigned, void *),
                         void *(*memory)(unsigned, void *), void *arg)
{
    (void)info, (void)data, (void)memory;
    name("/sub/obj/x.gcda", arg);
}
