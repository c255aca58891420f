/* Names as a system wants them: stable, readable, and never two alike.
 *
 * A name that follows the rule stays as it is. Any other loses what the rule forbids; where that cut it short, or gave what another
 * name of the same set is called, too, it ends in a part of its own digest. So one name never depends on the order of others. */
#ifndef TWINC_BASE_NAMES_H
#define TWINC_BASE_NAMES_H
#include "compiler/base/arena.h"
#include "compiler/base/map.h"
#include <stdbool.h>

struct names_rule {
	const char *letters; /* allowed beside a-z, 0-9 and, without `lower`, A-Z */
	char gap;            /* stands for what is not allowed; itself one of the letters */
	bool lower;          /* capitals become small */
	bool letter_first;   /* must start with a letter; `x` and the gap are put before */
	bool alnum_last;     /* must not end in one of the letters */
	size_t max;          /* bytes; at least 16 */
};
extern const struct names_rule names_dns_label;  /* RFC 1123 label, 63 bytes: names of Kubernetes */
extern const struct names_rule names_identifier; /* C, Groovy, Python, Ansible: [A-Za-z_][A-Za-z0-9_]*, 63 bytes */

struct names { struct arena *arena; const struct names_rule *rule; struct map wanted, given; };
void names_init(struct names *n, struct arena *a, const struct names_rule *rule);
void names_finish(struct names *n);
/* All names of a set are made known first, then each is asked for. Making known twice is fine. */
void names_add(struct names *n, const char *name);
const char *names_get(struct names *n, const char *name);
#endif
