/* SPDX-License-Identifier: MIT */
#include "inside.h"
json_t *explain(char **signature) { *signature = copy_text("hang"); return json_array(); }
