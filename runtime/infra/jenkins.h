/* Inside of the provider jenkins: how it is asked, what a job is. */
#ifndef TWINC_INFRA_JENKINS_H
#define TWINC_INFRA_JENKINS_H
#include "compiler/base/buf.h"
#include "compiler/base/map.h"
#include "compiler/base/vec.h"
#include "runtime/infra/provider.h"

#define JENKINS_START "TWINC_START" /* the parameter by which a build that we started is found again */

enum jenkins_phase {
	JENKINS_IDLE,    /* nothing of it is started, or all of it has ended */
	JENKINS_QUEUED,
	JENKINS_RUNNING,
};
struct jenkins_job {
	const struct infra_thing *thing;
	const char *path;        /* "team/forecast" */
	enum jenkins_phase phase;
	const char *there;       /* its config.xml as it is there, or NULL */
	bool differs, due;       /* due: a build is to be started */
	const char *start;       /* the name of the build that was started last, in its parameter */
	const char *told;        /* what that one was told */
	int64_t starts, queue, build;
	const char *result;      /* NULL: it is under way */
	int64_t since_ms, away_ms; /* away_ms: since when Jenkins does not answer; 0: it does */
	const char *said;        /* what was told last of what it waits for */
	struct map stages;       /* what was told of stages: id -> status */
	bool no_stages, no_log;
	struct buf log;          /* the end of its console */
	int64_t log_size;        /* up to where it was read */
};
struct jenkins {
	struct net *net;
	const char *authorization, *crumb, *cookie; /* headers, or NULL */
	bool has_crumb;          /* it was asked for one */
	struct jenkins_job *jobs; uint32_t n_jobs;
	bool removes, touched;   /* touched: something of ours may be there */
};

/* -- jenkins_ask.c */
struct jenkins_ask { const char *method, *path, *body; size_t len; const char *type; bool once; uint32_t patience_ms; };
enum { JENKINS_LOCATION, JENKINS_TEXT_SIZE, JENKINS_ERROR, JENKINS_COOKIE }; /* headers in `got` */
/* NULL: said why. */
struct jenkins *jenkins_reach(struct stack *s);
/* A request below the manager's address; what changes something bears the crumb and its session. */
struct net_answer jenkins_ask(struct stack *s, const struct jenkins_ask *q);
struct net_answer jenkins_get(struct stack *s, const char *path); /* tried for two seconds: whoever asks again and again */
enum infra_answer jenkins_nonsense(struct stack *s, struct span span, const char *what); /* an answer that cannot be understood is told */
/* An answer that is no good is told. */
enum infra_answer jenkins_refused(struct stack *s, struct span span, const struct net_answer *r, const char *what);
const char *jenkins_url(struct stack *s, const char *path); /* "/job/team/job/forecast" */
/* Text of HTML, entities and all; at most max bytes. */
const char *jenkins_plain(struct arena *a, const char *html, size_t max);
const char *jenkins_encoded(struct arena *a, const char *text); /* for a form */

/* -- jenkins_config.c */
const char *jenkins_path(struct stack *s, const struct infra_thing *t); /* of its job */
const char *jenkins_marker(struct stack *s, const char *thing);
/* Whether the text is the config.xml of a pipeline; *ret_ours: the marker is in its description. */
bool jenkins_is_pipeline(struct stack *s, const char *thing, const char *xml, bool *ret_ours);
/* The config.xml that there should be: a new one, or what is there with our parts put in. */
const char *jenkins_config(struct stack *s, const struct infra_thing *t, const char *there);
/* What differs from what there should be: a list of {"task", "before", "text"}. */
struct doc *jenkins_differences(struct stack *s, const struct infra_thing *t, const char *there);
/* What the build is told: "name=value&..." of the run; *ret_bad: an input that cannot be told, or NULL. */
const char *jenkins_parameters(struct stack *s, const struct infra_thing *t, const char **ret_bad);
const struct infra_file *jenkins_file(const struct stack *s);

/* -- jenkins_build.c */
/* Starts the build that is due, or finds again the one that was started. */
enum infra_answer jenkins_start(struct stack *s, struct jenkins_job *j);
enum infra_answer jenkins_follow(struct stack *s, struct jenkins_job *j); /* INFRA_OK: it ended well */
/* What the journal should know of all jobs, into s->live. */
void jenkins_note(struct stack *s);
#endif
