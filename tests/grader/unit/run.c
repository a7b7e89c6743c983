/* SPDX-License-Identifier: MIT */
/* Unit tests of stage/run, in a real box: whose fault it is that a tool does not come to an end. */
#include "unit.h"

#include "stage/run.h"

/* 'sleep' as this uid, over its wall time. Its result is in *r. */
static int over_time(uid_t uid, struct run *r, struct err *err)
{
    struct box *box = NULL;

    if (box_open(NULL, &box, err) < 0)
        cr_skip_test("no box opens here");
    struct stage s = {.box = box};
    *r = (struct run){.out_fd = -1, .err_fd = -1, .cwd = "/", .uid = uid, .limits = {.wall_ms = 50, .cpu_s = 5}};
    strs_add(&r->argv, "sleep");
    strs_add(&r->argv, "1000");
    int status = run_all(&s, r, 1, 1, err);
    box_close(box);
    return status;
}

Test(run, a_tool_that_only_waits_is_not_the_students_fault)
{
    struct err err = {0};
    struct run r;

    cr_assert_eq(over_time(BOX_BUILDER, &r, &err), -1);
    HAS(err.msg, "sleep did not come to an end within");
    HAS(err.msg, "the machine is too busy");
    run_release(&r);
}

Test(run, a_program_of_theirs_may_wait)
{
    struct err err = {0};
    struct run r;

    cr_assert_eq(over_time(BOX_UID_LAST, &r, &err), 0, "%s", err.msg);
    cr_assert_eq(r.result.end, PROC_WALL);
    run_release(&r);
}
