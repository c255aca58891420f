/* Digests (nettle): SHA-256 for the cache, SHA-1 because CWL's output objects carry it. Lower-case hexadecimal. */
#ifndef TWINC_BASE_DIGEST_H
#define TWINC_BASE_DIGEST_H
#include <stddef.h>
#include <stdint.h>
#define DIGEST_HEX_LEN 64
struct digest_hex { char text[DIGEST_HEX_LEN + 1]; };
void digest_bytes(const void *bytes, size_t len, struct digest_hex *ret);
/* HMAC-SHA-256 (RFC 2104): 32 bytes, which may be the next one's key. */
void digest_hmac(const void *key, size_t key_len, const char *text, uint8_t ret[32]);
void digest_write_hex(const uint8_t *bytes, size_t len, char *ret); /* 2 * len digits and a NUL */
/* SHA-256 of a file's content; errno on failure. */
int digest_file(const char *path, struct digest_hex *ret);
/* A folder: digest over its sorted relative names, kinds, execute bits, link targets and file digests. */
int digest_tree(const char *path, struct digest_hex *ret);
/* SHA-1 of a file's content (40 digits) and its size. */
int digest_sha1_file(const char *path, char ret_hex[41], uint64_t *ret_size);
#endif
