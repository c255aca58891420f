/* generate COUNT [SEED]: makes whole twins by a grammar of types and checks each: no crash, no hang, and whatever is accepted
 * lowers to a plan that loads again and stays the same, and is built for every target. One in four is spoilt on purpose, to see
 * errors through, too. */
#include "compiler/base/file.h"
#include "compiler/compile.h"
#include "compiler/cwl/cwl.h"
#include "compiler/model/model.h"
#include "compiler/plan/lower.h"
#include "compiler/show/show.h"
#include "targets/target.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { INT, KELVIN, TEXT, TRUTH, CSV, CSVS, INTS, N_KINDS };
static const char *const type_names[] = {"int", "float<K>", "string", "bool", "file<csv>", "list<file<csv>>", "list<int>"};

struct name { char text[24]; enum kind kind; };
struct step { uint32_t n_inputs; enum kind inputs[4]; bool many, metrics; };
struct maker {
	struct buf out;
	uint64_t seed;
	struct name names[400]; uint32_t n_names; /* in scope */
	struct step steps[12]; uint32_t n_steps, n_results, depth, indent;
	bool spoil, file_ok;                      /* file_ok: files stand in scope */
};

static uint32_t pick(struct maker *m, uint32_t n)
{
	m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(m->seed >> 33) % n;
}

static void add_name(struct maker *m, enum kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add_name(struct maker *m, enum kind kind, const char *format, ...)
{
	if (m->n_names == sizeof m->names / sizeof *m->names)
		return;
	struct name *n = &m->names[m->n_names++];
	va_list args;
	va_start(args, format);
	vsnprintf(n->text, sizeof n->text, format, args);
	va_end(args);
	n->kind = kind;
}

/* A name of the kind, or NULL. */
static const char *find(struct maker *m, enum kind kind)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < m->n_names; i++)
		n += m->names[i].kind == kind;
	if (!n)
		return NULL;
	n = pick(m, n);
	for (uint32_t i = 0; i < m->n_names; i++)
		if (m->names[i].kind == kind && n-- == 0)
			return m->names[i].text;
	return NULL;
}

static void put(struct maker *m, enum kind kind);

static void put_two(struct maker *m, const char *before, enum kind a, const char *between, enum kind b, const char *after)
{
	buf_puts(&m->out, before);
	put(m, a);
	buf_puts(&m->out, between);
	put(m, b);
	buf_puts(&m->out, after);
}

static void put_one(struct maker *m, const char *before, enum kind a, const char *after)
{
	buf_puts(&m->out, before);
	put(m, a);
	buf_puts(&m->out, after);
}

static void put_literal(struct maker *m, enum kind kind)
{
	static const char *const texts[] = {"\"a b\"", "\"~~{x}\"", "\"\\u{e9}\\n\"", "\"\"", "\"$(id)\""};
	switch (kind) {
	case INT: buf_printf(&m->out, "%u", pick(m, 100) + 1); break;
	case KELVIN: buf_printf(&m->out, "%u%s", pick(m, 400) + 1, pick(m, 2) ? "K" : "mK"); break;
	case TEXT: buf_puts(&m->out, texts[pick(m, 5)]); break;
	case TRUTH: buf_puts(&m->out, pick(m, 2) ? "true" : "false"); break;
	case CSV: buf_puts(&m->out, "\"data.csv\""); break;
	case CSVS: buf_puts(&m->out, "[]"); break;
	case INTS: buf_printf(&m->out, "[%u, %u]", pick(m, 9), pick(m, 9)); break;
	case N_KINDS: break;
	}
}

static void put_compound(struct maker *m, enum kind kind)
{
	static const char *const compare[] = {" < ", " <= ", " > ", " >= ", " == ", " != "};
	uint32_t way = pick(m, 6);
	switch (kind) {
	case INT:
		if (way == 0) put_two(m, "(", INT, " + ", INT, ")");
		else if (way == 1) put_one(m, "len(", INTS, ")");
		else if (way == 2) put_two(m, "max(", INT, ", ", INT, ")");
		else if (way == 3) { put_two(m, "(", TRUTH, " ? ", INT, " : "); put_one(m, "", INT, ")"); }
		else if (way == 4) put_one(m, "sum(", INTS, ")");
		else put_two(m, "(", INT, " * ", INT, ")");
		break;
	case KELVIN:
		if (way < 2) put_two(m, "(", KELVIN, " + ", KELVIN, ")");
		else if (way < 4) put_two(m, "(", KELVIN, " * ", INT, ")");
		else put_two(m, "min(", KELVIN, ", ", KELVIN, ")");
		break;
	case TEXT:
		if (way < 2) put_two(m, "\"x ~{", INT, "} ~{", TEXT, "}\"");
		else if (way < 4) put_one(m, "upper(", TEXT, ")");
		else put_one(m, "\"~{", KELVIN, " as K}\"");
		break;
	case TRUTH:
		if (way < 2) put_two(m, "(", INT, compare[pick(m, 6)], INT, ")");
		else if (way < 4) put_two(m, "(", KELVIN, compare[pick(m, 6)], KELVIN, ")");
		else if (way == 4) put_two(m, "(", TRUTH, " && ", TRUTH, ")");
		else put_one(m, "!", TRUTH, "");
		break;
	case INTS:
		if (way < 2) put_two(m, "[for v in ", INTS, " if v > ", INT, " -> v + 1]");
		else if (way < 4) put_two(m, "[", INT, ", ", INT, "]");
		else put_one(m, "sort(", INTS, ")");
		break;
	case CSVS: put_two(m, "[", CSV, ", ", CSV, "]"); break;
	case CSV: case N_KINDS: put_literal(m, kind); break;
	}
}

static void put(struct maker *m, enum kind kind)
{
	if (m->spoil && pick(m, 30) == 0)
		kind = (enum kind)pick(m, N_KINDS);
	const char *name = pick(m, 3) ? find(m, kind) : NULL;
	m->depth++;
	if (name)
		buf_puts(&m->out, name);
	else if (m->depth > 5 || pick(m, 2) || kind == CSV)
		put_literal(m, kind);
	else
		put_compound(m, kind);
	m->depth--;
}

static void line(struct maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(struct maker *m, const char *format, ...)
{
	buf_printf(&m->out, "%*s", (int)m->indent * 2, "");
	va_list args;
	va_start(args, format);
	buf_vprintf(&m->out, format, args);
	va_end(args);
}

static void put_step(struct maker *m)
{
	struct step *s = &m->steps[m->n_steps];
	*s = (struct step){.n_inputs = 1 + pick(m, 4), .many = pick(m, 3) == 0, .metrics = pick(m, 2)};
	line(m, "step s%u {\n", m->n_steps);
	for (uint32_t i = 0; i < s->n_inputs; i++) {
		s->inputs[i] = (enum kind)pick(m, N_KINDS);
		line(m, "  input i%u: %s\n", i, type_names[s->inputs[i]]);
	}
	line(m, s->many ? "  output out: list<file<csv>> = glob(\"*.csv\")\n" : "  output out: file<csv> = \"out.csv\"\n");
	if (s->metrics)
		line(m, "  metric n: int in 0..1000\n  metric t: float<K> in 0K..1000K\n  metrics = \"m.json\"\n");
	line(m, "  command = \"\"\"\n    run");
	for (uint32_t i = 0; i < s->n_inputs; i++)
		if (s->inputs[i] != TRUTH)
			buf_printf(&m->out, " ~{i%u%s}", i, s->inputs[i] == KELVIN ? " as mK" : "");
	buf_puts(&m->out, "\n    \"\"\"\n}\n");
	m->n_steps++;
}

static void put_items(struct maker *m, uint32_t n, uint32_t level);

static void put_call(struct maker *m)
{
	uint32_t at = pick(m, m->n_steps), id = m->n_results++;
	const struct step *s = &m->steps[at];
	line(m, "r%u = s%u(", id, at);
	for (uint32_t i = 0; i < s->n_inputs; i++) {
		if (m->spoil && pick(m, 25) == 0)
			continue;
		buf_printf(&m->out, "%si%u: ", i ? ", " : "", i);
		put(m, s->inputs[i]);
	}
	buf_puts(&m->out, ")\n");
	add_name(m, s->many ? CSVS : CSV, "r%u.out", id);
	if (s->metrics) {
		add_name(m, INT, "r%u.n", id);
		add_name(m, KELVIN, "r%u.t", id);
		if (pick(m, 3) == 0)
			line(m, "gate g%u { of = r%u, require q = r%u.n > %u }\n", id, id, id, pick(m, 900) + 1);
	}
}

/* A construct around some items; what is named inside goes out of scope, since outside it has another type. */
static void put_around(struct maker *m, const char *head, uint32_t level)
{
	uint32_t names = m->n_names;
	line(m, "%s", head);
	if (strstr(head, "for x"))
		add_name(m, INT, "x");
	m->indent++;
	put_items(m, 1 + pick(m, 3), level + 1);
	m->indent--;
	line(m, "}\n");
	m->n_names = names;
}

static void put_repeat(struct maker *m)
{
	uint32_t id = m->n_results++;
	line(m, "repeat {\n");
	line(m, "  max = %u\n", pick(m, 9) + 1);
	line(m, "  v%u = (previous(v%u) ?? 0) + 1\n", id, id);
	line(m, "  until = v%u > %u\n", id, pick(m, 5));
	line(m, "}\n");
	add_name(m, INT, "v%u", id);
}

static void put_items(struct maker *m, uint32_t n, uint32_t level)
{
	struct buf head = {0};
	for (uint32_t i = 0; i < n && m->out.len < 60000; i++) {
		uint32_t way = pick(m, 12);
		if (way < 7 || level > 3) {
			put_call(m);
		} else if (way == 7) {
			put_repeat(m);
		} else if (way == 8) {
			uint32_t id = m->n_results++;
			enum kind kind = (enum kind)pick(m, CSV);
			line(m, "w%u = ", id);
			put(m, kind);
			buf_putc(&m->out, '\n');
		} else {
			struct buf saved = m->out;
			m->out = (struct buf){0};
			put_one(m, way < 11 ? "for x in " : "if ", way < 11 ? INTS : TRUTH, " {\n");
			buf_clear(&head);
			buf_puts(&head, buf_text(&m->out));
			buf_finish(&m->out);
			m->out = saved;
			put_around(m, buf_text(&head), level);
		}
	}
	buf_finish(&head);
}

static void make(struct maker *m)
{
	buf_puts(&m->out, "twin made { edition = 2026 }\n");
	for (uint32_t i = 0; i < 1 + pick(m, 4); i++) {
		enum kind kind = (enum kind)pick(m, CSV);
		line(m, "param p%u: %s = ", i, type_names[kind]);
		put(m, kind);
		buf_putc(&m->out, '\n');
		add_name(m, kind, "p%u", i);
	}
	for (uint32_t n = 1 + pick(m, 6); n; n--)
		put_step(m);
	buf_puts(&m->out, "workflow main {\n");
	m->indent = 1;
	line(m, "input data: file<csv> = \"data.csv\"\n");
	add_name(m, CSV, "data");
	put_items(m, 2 + pick(m, 8), 0);
	line(m, "output o = ");
	put(m, (enum kind)pick(m, N_KINDS));
	buf_puts(&m->out, "\n}\n");
}

/* -- judging -------------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/twinc-generate-XXXXXX";

static bool survives(struct arena *a, const struct plan *p)
{
	char error[300] = "";
	struct buf text = {0};
	struct doc *d;
	char *why;
	plan_save(p, true, &text);
	struct plan *again = doc_json_read(a, buf_text(&text), text.len, &d, &why) ? plan_load(d, error, sizeof error) : NULL;
	buf_finish(&text);
	bool good = again && doc_equal(plan_dump(a, p), plan_dump(a, again));
	if (!good)
		fprintf(stderr, "its plan changes: %s\n", error);
	plan_destroy(again);
	return good;
}

static bool refused(const char *target, const char *path, const char *why)
{
	fprintf(stderr, "%s writes a %s that is wrong: %s\n", target, path, why);
	return false;
}

/* What was written is read by the readers of the compiler, CWL by its own. */
static bool file_reads(struct arena *a, const char *target, const struct target_file *f)
{
	struct buf storage = {0};
	struct lines lines = {0};
	struct doc *again;
	struct cwl_error error = {0};
	char *why = NULL;
	size_t n = strlen(f->path), text_len;
	bool json = n > 5 && strcmp(f->path + n - 5, ".json") == 0, good = true;
	const char *text = target_file_text(f, &storage, &lines, &text_len);
	lines_finish(&lines);
	/* of a stream, each document by itself */
	for (const char *part = text, *end = part + text_len, *next; f->doc && good && part < end; part = next) {
		const char *mark = f->several ? strstr(part, "\n---\n") : NULL;
		size_t len = mark ? (size_t)(mark - part) + 1 : (size_t)(end - part);
		next = mark ? mark + strlen("\n---\n") : end;
		if (!(json ? doc_json_read : doc_yaml_read)(a, part, len, &again, &why))
			good = refused(target, f->path, why);
	}
	const char *path = file_join(a, file_join(a, folder, target), f->path);
	int e = file_mkdirs(file_dirname(a, path));
	if (!e)
		e = file_write(path, text, text_len, NULL);
	if (e)
		good = refused(target, path, strerror(e));
	if (good && n > 4 && strcmp(f->path + n - 4, ".cwl") == 0 && text_len < 1 << 20)
		good = (again = cwl_read(a, path, &error)) && cwl_load(a, again, &error) ? true : refused(target, f->path, error.message);
	buf_finish(&storage);
	return good;
}

/* Each target writes something, or says of each thing why not. */
static bool builds(struct arena *a, const struct plan *p)
{
	bool good = true;
	for (uint32_t i = 0; targets[i] && good; i++) {
		struct target_result r;
		struct target_request request = {.target = targets[i], .plan = p, .workflow = PLAN_NONE, .folder = arena_printf(a, "%s/%s", folder, targets[i]->name), .here = folder};
		target_result_init(&r, a);
		targets[i]->emit(&request, &r);
		if (r.error)
			good = refused(targets[i]->name, "", r.error);
		for (uint32_t k = 0; k < r.rows.len; k++)
			if (r.rows.at[k].level != TARGET_SUPPORTED && !r.rows.at[k].reason)
				good = refused(targets[i]->name, r.rows.at[k].subject, "left out without a reason");
		if (r.files.len == 0 && r.rows.len == 0 && !r.note)
			good = refused(targets[i]->name, "", "nothing, and no word why");
		for (uint32_t k = r.files.len; k-- > 0 && good;) /* the last are tools, which workflows read */
			good = file_reads(a, targets[i]->name, &r.files.at[k]);
		target_result_finish(&r);
	}
	return good;
}

/* 1: accepted, 0: errors, -1: accepted, and then not as it should be. */
static int judge(const struct maker *m)
{
	struct compile c;
	struct buf shown = {0};
	compile_init(&c);
	compile_parse_text(&c, "made.twin", m->out.text, m->out.len);
	int result = compile_check(&c);
	if (result) {
		struct arena a = {0};
		compile_lint(&c);
		struct plan *p = plan_lower(c.model);
		if (!survives(&a, p) || !builds(&a, p))
			result = -1;
		plan_destroy(p);
		arena_finish(&a);
	}
	diags_sort(&c.diags);
	show_text(&c.diags, false, &shown);
	if (!m->spoil && result == 0 && getenv("SHOW"))
		fprintf(stderr, "%s\n%s\n", m->out.text, buf_text(&shown));
	buf_finish(&shown);
	compile_finish(&c);
	return result;
}

int main(int argc, char **argv)
{
	uint32_t count = argc > 1 ? (uint32_t)atoi(argv[1]) : 300, accepted = 0, whole = 0;
	uint64_t seed = argc > 2 ? (uint64_t)atoll(argv[2]) : 1;
	if (!mkdtemp(folder))
		return 1;
	for (uint32_t i = 0; i < count; i++) {
		struct maker *m = calloc(1, sizeof *m);
		m->seed = (seed << 20) + i;
		m->spoil = i % 4 == 3;
		make(m);
		int result = judge(m);
		if (result < 0) {
			fprintf(stderr, "twin %u of seed %llu:\n%s", i, (unsigned long long)seed, m->out.text);
			return 1;
		}
		accepted += result == 1;
		whole += !m->spoil;
		buf_finish(&m->out);
		free(m);
	}
	file_remove_tree(folder);
	printf("%u twins made, %u of them not spoilt, %u accepted\n", count, whole, accepted);
	return accepted * 2 < whole; /* a generator whose twins are refused tests nothing */
}
