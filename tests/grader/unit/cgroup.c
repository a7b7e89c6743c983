/* SPDX-License-Identifier: MIT */
/* Unit tests of box/cgroup: where a group for memory is made, by what the kernel tells. */
#include "unit.h"

#include "box/cgroup.h"

#define V1 "34 30 0:31 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
#define PIDS "38 30 0:35 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
#define UNIFIED "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
#define V2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define ROOT "23 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"

static void is_at(const char *mountinfo, const char *self, bool v2, const char *dir)
{
    struct cgroup_place place = {0};

    cr_assert(cgroup_place(mountinfo, self, &place));
    SAME(dir, place.dir);
    cr_assert_eq(place.v2, v2);
}

UNIT(cgroup, version_1_has_it_below_us)
{
    is_at(ROOT PIDS V1, "8:pids:/\n4:memory:/user/7\n0::/\n", false, "/sys/fs/cgroup/memory/user/7");
    is_at(V1, "4:hugetlb,memory:/\n", false, "/sys/fs/cgroup/memory");
}

UNIT(cgroup, version_1_is_taken_where_both_are_mounted)
{
    is_at(V1 UNIFIED, "4:memory:/a\n0::/b\n", false, "/sys/fs/cgroup/memory/a");
    is_at(UNIFIED V1, "0::/b\n4:memory:/a\n", false, "/sys/fs/cgroup/memory/a");
}

UNIT(cgroup, version_2_has_it_beside_us)
{
    is_at(ROOT V2, "0::/user.slice/user-0.slice/session-3.scope\n", true, "/sys/fs/cgroup/user.slice/user-0.slice");
    is_at(V2, "0::/\n", true, "/sys/fs/cgroup");
}

UNIT(cgroup, in_a_container_the_mount_begins_at_our_group)
{
    is_at("34 30 0:31 /docker/1a2b /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n", "4:memory:/docker/1a2b\n", false,
          "/sys/fs/cgroup/memory");
}

UNIT(cgroup, nowhere)
{
    struct cgroup_place place;

    cr_assert_not(cgroup_place(ROOT PIDS, "8:pids:/\n", &place));
    cr_assert_not(cgroup_place("", "", &place));
    cr_assert_not(cgroup_place(V1, "8:pids:/\n:\nmemory\n", &place));
    cr_assert_not(cgroup_place("- cgroup\n34 - cgroup2\n", "0::/\n", &place));
}
