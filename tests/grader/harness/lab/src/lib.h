/* SPDX-License-Identifier: MIT */
#ifndef LIB_H
#define LIB_H

int twice(int n);
int never(int n);

#endif
