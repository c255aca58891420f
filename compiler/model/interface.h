/* Steps whose inputs and outputs are read from a foreign file: one row a format in interface.c, named by a kind's
 * @interface(format: "..."). Private to this room. */
#ifndef TWINC_MODEL_INTERFACE_H
#define TWINC_MODEL_INTERFACE_H
#include "compiler/model/check.h"
void interface_read(struct checker *ck, struct module *m, struct model_thing *t);
/* interface_cwl.c: CWL v1.0 to v1.2; adds the fields to t. `path` is absolute, `shown` for messages. */
void interface_cwl(struct checker *ck, struct model_thing *t, const char *path, const char *shown, struct span span);
#endif
