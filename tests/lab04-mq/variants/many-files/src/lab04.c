/* SPDX-License-Identifier: MIT */
/* lab04: the library is in the files beside this one. */
#include "lab04.h"
