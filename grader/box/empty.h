/* SPDX-License-Identifier: MIT */
/* empty: removes what is in a folder, however deep students made it; used by grader and init. */
#ifndef BOX_EMPTY_H
#define BOX_EMPTY_H

/* Links are removed, not followed. What cannot be removed stays. The descriptor stays open. */
void empty_folder(int folder);

#endif
