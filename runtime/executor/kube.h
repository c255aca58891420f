/* The API server of a Kubernetes cluster, found as kubectl finds it: KUBECONFIG or ~/.kube/config, else the account of the pod that
 * this runs in. Tokens, client certificates and credential plugins (client.authentication.k8s.io/v1, v1beta1); TLS is always verified. */
#ifndef TWINC_EXECUTOR_KUBE_H
#define TWINC_EXECUTOR_KUBE_H
#include "compiler/doc/doc.h"
#include "runtime/net/net.h"

struct kube;
/* context, namespace: NULL: the current one, its own. NULL and a message on failure. */
struct kube *kube_open(const char *context, const char *namespace, char *ret_error, size_t error_len);
void kube_close(struct kube *k); /* accepts NULL */
const char *kube_namespace(const struct kube *k);
/* Path behind the server's address; body: a document, or NULL. *ret: the answer as a document where it is one, else NULL. A success that names no kind
 * is none (API conventions, "Types"). once: as net_request says. PATCH: server-side apply. */
struct net_answer kube_ask(struct kube *k, struct arena *a, const char *method, const char *path, const struct doc *body, bool once, struct doc **ret);
/* A watch: each event goes to `event`; see net_watch. */
struct net_answer kube_watch(struct kube *k, struct arena *a, const char *path, uint32_t timeout_ms, int wake_fd, void (*event)(const struct doc *d, void *ctx), void *ctx);
/* What an answer that is no success says: the server's own message, or why there is none. */
const char *kube_error(struct arena *a, const struct net_answer *answer, const struct doc *d);
#endif
