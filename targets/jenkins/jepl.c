/* The configuration of the Jenkins Pipeline Library: .sqa/config.yml by its schema of 2.x, and the compose file of its containers. */
#include "targets/jenkins/inside.h"
#include "compiler/doc/quote.h"
#include <string.h>

#define FOLDER "/sqaaas-build" /* where the repository is seen in the container; commands start from / */

static struct doc *command(struct jenkins *j, const char *verb)
{
	struct buf b = { 0 };
	struct doc *d;

	buf_printf(&b, "cd " FOLDER " && twinc %s ", verb);
	quote_sh(j->twin, strlen(j->twin), &b);
	d = doc_string_n(j->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return d;
}

static void criterion(struct jenkins *j, struct doc *criteria, const char *name, const char *const *verbs)
{
	struct doc *d = doc_map(j->arena), *commands = doc_list(j->arena);

	for (; *verbs; verbs++)
		doc_push(commands, command(j, *verbs));
	doc_set(j->arena, d, "container", doc_string(j->arena, "twin"));
	doc_set(j->arena, d, "commands", commands);
	doc_set(j->arena, criteria, name, d);
}

static void put_config(struct jenkins *j)
{
	static const char *const style[] = { "fmt --check", "lint", NULL }, *const functional[] = { "check", "build", NULL };
	struct doc *d = doc_map(j->arena), *config = doc_map(j->arena), *criteria = doc_map(j->arena), *environment = doc_map(j->arena);

	doc_set(j->arena, config, "deploy_template", doc_string(j->arena, ".sqa/docker-compose.yml"));
	doc_set(j->arena, d, "config", config);
	criterion(j, criteria, "QC.Sty", style);
	criterion(j, criteria, "QC.Fun", functional);
	doc_set(j->arena, d, "sqa_criteria", criteria);
	doc_set(j->arena, environment, "LC_ALL", doc_string(j->arena, "C.UTF-8"));
	doc_set(j->arena, d, "environment", environment);
	doc_set(j->arena, d, "timeout", doc_int(j->arena, 600));
	target_put_doc(j->ret, ".sqa/config.yml", j->plan->workflows[0].span, d);
}

static void put_compose(struct jenkins *j)
{
	struct doc *d = doc_map(j->arena), *services = doc_map(j->arena), *twin = doc_map(j->arena), *volumes = doc_list(j->arena), *volume = doc_map(j->arena);

	doc_set(j->arena, d, "version", doc_string(j->arena, "3.6"));
	doc_set(j->arena, twin, "image", doc_string(j->arena, "${TWINC_IMAGE:?an image that has twinc}"));
	doc_set(j->arena, twin, "working_dir", doc_string(j->arena, FOLDER));
	doc_set(j->arena, volume, "type", doc_string(j->arena, "bind"));
	doc_set(j->arena, volume, "source", doc_string(j->arena, "./"));
	doc_set(j->arena, volume, "target", doc_string(j->arena, FOLDER));
	doc_push(volumes, volume);
	doc_set(j->arena, twin, "volumes", volumes);
	doc_set(j->arena, twin, "command", doc_string(j->arena, "sleep 86400"));
	doc_set(j->arena, services, "twin", twin);
	doc_set(j->arena, d, "services", services);
	target_put_doc(j->ret, ".sqa/docker-compose.yml", j->plan->workflows[0].span, d);
}

void jenkins_jepl(struct jenkins *j)
{
	put_config(j);
	put_compose(j);
}
