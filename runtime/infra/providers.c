/* The table. */
#include "runtime/infra/provider.h"

const struct provider *const providers[] = { &provider_im, &provider_ansible, &provider_kubernetes, &provider_jenkins, NULL };
