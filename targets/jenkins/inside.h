/* Inside of targets/jenkins. */
#ifndef TWINC_TARGETS_JENKINS_INSIDE_H
#define TWINC_TARGETS_JENKINS_INSIDE_H
#include "targets/flow/flow.h"

struct jenkins {
	struct arena *arena;
	const struct plan *plan;
	const struct target_request *request;
	struct target_result *ret;
	const char *twin;       /* its file, as seen from its folder, where the repository starts */
	struct target_text text; /* Jenkinsfile */
	uint32_t depth;
	struct flow flow;       /* of the workflow under way */
	uint32_t workflow;
	bool *told;             /* steps whose rows are there */
	uint32_t *levels;       /* of nodes, while their block is written */
	struct map *names;      /* of the stages beside each other that are under way */
};
/* A line of the Jenkinsfile, indented; one that ends in "{" is closed by jenkins_close. */
void jenkins_line(struct jenkins *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
void jenkins_open(struct jenkins *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
void jenkins_close(struct jenkins *j);
/* Arena text of a string of Groovy: 'it''s' becomes 'it\'s'. */
const char *jenkins_string(struct jenkins *j, const char *text);
/* The folder of a workflow's flow.py, as seen from the repository. */
const char *jenkins_home(struct jenkins *j, uint32_t workflow);

void jenkins_stages(struct jenkins *j, uint32_t block, const char *path, bool in_parallel); /* stages.c */
void jenkins_jepl(struct jenkins *j);                                                      /* jepl.c */
#endif
