#include "compiler/base/digest.h"
#include "compiler/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <nettle/hmac.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/version.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)1 << 16)

void digest_write_hex(const uint8_t *bytes, size_t len, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * len] = '\0';
}

static void end_sha256(struct sha256_ctx *ctx, struct digest_hex *ret)
{
	uint8_t bytes[SHA256_DIGEST_SIZE];
#if NETTLE_VERSION_MAJOR >= 4
	sha256_digest(ctx, bytes);
#else
	sha256_digest(ctx, sizeof bytes, bytes);
#endif
	digest_write_hex(bytes, sizeof bytes, ret->text);
}

static void end_sha1(struct sha1_ctx *ctx, char ret_hex[41])
{
	uint8_t bytes[SHA1_DIGEST_SIZE];
#if NETTLE_VERSION_MAJOR >= 4
	sha1_digest(ctx, bytes);
#else
	sha1_digest(ctx, sizeof bytes, bytes);
#endif
	digest_write_hex(bytes, sizeof bytes, ret_hex);
}

void digest_bytes(const void *bytes, size_t len, struct digest_hex *ret)
{
	struct sha256_ctx ctx;
	sha256_init(&ctx);
	sha256_update(&ctx, len, bytes);
	end_sha256(&ctx, ret);
}

void digest_hmac(const void *key, size_t key_len, const char *text, uint8_t ret[32])
{
	struct hmac_sha256_ctx ctx;
	hmac_sha256_set_key(&ctx, key_len, key);
	hmac_sha256_update(&ctx, strlen(text), (const uint8_t *)text);
#if NETTLE_VERSION_MAJOR >= 4
	hmac_sha256_digest(&ctx, ret);
#else
	hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, ret);
#endif
}

/* Feeds a regular file's content to one of the two. */
static int feed_file(const char *path, struct sha256_ctx *sha256, struct sha1_ctx *sha1, uint64_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno;
	struct stat st;
	uint8_t *chunk = malloc(CHUNK_BYTES);
	int err = !chunk ? ENOMEM : fstat(fd, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : !S_ISREG(st.st_mode) ? EINVAL : 0;
	uint64_t size = 0;
	while (!err) {
		ssize_t n = read(fd, chunk, CHUNK_BYTES);
		if (n == 0)
			break;
		if (n < 0) {
			if (errno != EINTR)
				err = errno;
			continue;
		}
		if (sha256)
			sha256_update(sha256, (size_t)n, chunk);
		if (sha1)
			sha1_update(sha1, (size_t)n, chunk);
		size += (uint64_t)n;
	}
	free(chunk);
	close(fd);
	if (!err)
		*ret_size = size;
	return err;
}

int digest_file(const char *path, struct digest_hex *ret)
{
	struct sha256_ctx ctx;
	sha256_init(&ctx);
	uint64_t size;
	int err = feed_file(path, &ctx, NULL, &size);
	if (!err)
		end_sha256(&ctx, ret);
	return err;
}

int digest_sha1_file(const char *path, char ret_hex[41], uint64_t *ret_size)
{
	struct sha1_ctx ctx;
	sha1_init(&ctx);
	int err = feed_file(path, NULL, &ctx, ret_size);
	if (!err)
		end_sha1(&ctx, ret_hex);
	return err;
}

/* One entry: its kind, name and content, each closed by a NUL, which no name and no digest contains. */
static void feed_entry(struct sha256_ctx *ctx, char kind, const char *name, const char *content)
{
	sha256_update(ctx, 1, (const uint8_t *)&kind);
	sha256_update(ctx, strlen(name) + 1, (const uint8_t *)name);
	sha256_update(ctx, strlen(content) + 1, (const uint8_t *)content);
}

static int feed_folder(struct arena *a, struct sha256_ctx *ctx, const char *folder, const char *below);

static int feed_node(struct arena *a, struct sha256_ctx *ctx, const char *folder, const char *name)
{
	char *path = arena_printf(a, "%s/%s", folder, name);
	struct stat st;
	if (lstat(path, &st) != 0)
		return errno;
	if (S_ISDIR(st.st_mode)) {
		feed_entry(ctx, 'd', name, "");
		return feed_folder(a, ctx, folder, name);
	}
	if (S_ISLNK(st.st_mode)) {
		char target[4096];
		ssize_t len = readlink(path, target, sizeof target - 1);
		if (len < 0)
			return errno;
		target[len] = '\0';
		feed_entry(ctx, 'l', name, target);
		return 0;
	}
	struct digest_hex hex;
	int err = digest_file(path, &hex);
	if (!err)
		feed_entry(ctx, st.st_mode & 0111 ? 'x' : 'f', name, hex.text);
	return err;
}

static int feed_folder(struct arena *a, struct sha256_ctx *ctx, const char *folder, const char *below)
{
	char **names;
	uint32_t n;
	int err = file_list(a, below[0] ? arena_printf(a, "%s/%s", folder, below) : folder, &names, &n);
	for (uint32_t i = 0; !err && i < n; i++)
		err = feed_node(a, ctx, folder, below[0] ? arena_printf(a, "%s/%s", below, names[i]) : names[i]);
	return err;
}

int digest_tree(const char *path, struct digest_hex *ret)
{
	struct arena a = {0};
	struct sha256_ctx ctx;
	sha256_init(&ctx);
	int err = feed_folder(&a, &ctx, path, "");
	if (!err)
		end_sha256(&ctx, ret);
	arena_finish(&a);
	return err;
}
