/* A role as a playbook in one file, which is what Infrastructure Manager takes: templates become contents. */
#include "targets/tosca/inside.h"
#include <string.h>

void tosca_put_file(struct tosca *s, const char *path, struct span from, struct doc *d)
{
	for (uint32_t i = 0; i < s->ret->files.len; i++)
		if (strcmp(s->ret->files.at[i].path, path) == 0)
			return;
	target_put_doc(s->ret, path, from, d);
}

/* `ansible.builtin.template: {src: x.j2, ...}` as `ansible.builtin.copy: {content: the text of x.j2, ...}`. */
static struct doc *task_of(struct tosca *s, const struct recipe *r, const struct doc *task)
{
	struct arena *a = s->arena;
	struct doc *ret = doc_map(a), *copy;

	for (doc_each(word, task)) {
		if (strcmp(word->key, "ansible.builtin.template") != 0) {
			doc_set(a, ret, word->key, doc_copy(a, word));
			continue;
		}
		copy = doc_map(a);
		for (doc_each(option, word)) {
			bool source = strcmp(option->key, "src") == 0;
			doc_set(a, copy, source ? "content" : option->key, doc_copy(a, source ? doc_get(r->templates, doc_text(option, "")) : option));
		}
		doc_set(a, ret, "ansible.builtin.copy", copy);
	}
	return ret;
}

const char *tosca_playbook(struct tosca *s, const struct recipe *r, struct span from)
{
	struct arena *a = s->arena;
	const char *path = arena_printf(a, "twin_%s.yml", r->role);
	struct doc *play = doc_map(a), *tasks = doc_list(a), *plays = doc_list(a);

	doc_set(a, play, "name", doc_string(a, r->summary));
	doc_set(a, play, "hosts", doc_string(a, "localhost")); /* Infrastructure Manager puts the machine there, and `become` */
	for (doc_each(task, r->tasks))
		doc_push(tasks, task_of(s, r, task));
	doc_set(a, play, "tasks", tasks);
	doc_set(a, play, "handlers", r->handlers);
	doc_push(plays, play);
	tosca_put_file(s, path, from, plays);
	return path;
}
