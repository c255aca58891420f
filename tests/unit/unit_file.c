#include "tests/unit/unit.h"
#include "compiler/base/digest.h"
#include "compiler/base/file.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static char folder[] = "unit_file.XXXXXX";

static const char *in(const char *path)
{
	return file_join(&arena, folder, path);
}

static void write_text(const char *path, const char *text)
{
	assert_int_equal(file_mkdirs(file_dirname(&arena, in(path))), 0);
	assert_int_equal(file_write(in(path), text, strlen(text), NULL), 0);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	int err = file_remove_tree(folder);
	arena_finish(&arena);
	return err;
}

static void paths_are_joined_as_text(void **state)
{
	(void)state;
	static const char *const rows[][3] = {
		{"a", "b", "a/b"}, {"a/b", "../c", "a/c"}, {"a", "../..", ".."}, {"", "x", "x"}, {"", "", "."}, {"/", "../x", "/x"},
		{"/a/", "b/", "/a/b"}, {".", "./q/./r", "q/r"}, {"x", "/y//z/..", "/y"}, {"..", "../a", "../../a"}, {"a/..", "", "."},
		{"a", "b/../../c", "c"}, {"/", "", "/"}, {"a..b", "..c", "a..b/..c"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(file_join(&arena, rows[i][0], rows[i][1]), rows[i][2]);
	static const char *const parts[][3] = {
		{"a/b/", "a", "b"}, {"/a", "/", "a"}, {"/", "/", "/"}, {"x", ".", "x"}, {"a//b", "a", "b"}, {"", ".", "."}, {"//", "/", "/"},
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		assert_string_equal(file_dirname(&arena, parts[i][0]), parts[i][1]);
		assert_string_equal(file_basename(&arena, parts[i][0]), parts[i][2]);
	}
}

static void files_are_read_and_replaced(void **state)
{
	(void)state;
	char *text;
	size_t len;
	bool changed;
	write_text("r/one", "first");
	assert_int_equal(file_read(&arena, in("r/one"), 100, &text, &len), 0);
	assert_string_equal(text, "first");
	assert_int_equal(file_read(&arena, in("r/one"), 4, &text, &len), EFBIG);
	assert_int_equal(file_read(&arena, in("r"), 100, &text, &len), EISDIR);
	assert_int_equal(file_read(&arena, in("r/none"), 100, &text, &len), ENOENT);
	assert_int_equal(mkfifo(in("r/fifo"), 0600), 0);
	assert_int_equal(file_read(&arena, in("r/fifo"), 100, &text, &len), EINVAL);
	assert_int_equal(file_write(in("r/one"), "first", 5, &changed), 0);
	assert_false(changed);
	assert_int_equal(file_write(in("r/one"), "other", 5, &changed), 0);
	assert_true(changed);
	char **names;
	uint32_t n;
	assert_int_equal(file_list(&arena, in("r"), &names, &n), 0);
	assert_int_equal(n, 2); /* nothing is left beside it */
	assert_int_equal(file_write(in("none/x"), "", 0, NULL), ENOENT);
}

static void expect_glob(const char *pattern, const char *expected)
{
	char **paths;
	uint32_t n;
	struct buf b = {0};
	assert_int_equal(file_glob(&arena, in("g"), pattern, &paths, &n), 0);
	for (uint32_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i ? " " : "", paths[i]);
	expect_text(&b, expected);
}

static void globs_are_sorted_and_stay_inside(void **state)
{
	(void)state;
	write_text("g/b.txt", "");
	write_text("g/a.txt", "");
	write_text("g/B.txt", "");
	write_text("g/.hidden.txt", "");
	write_text("g/sub/c.txt", "");
	write_text("g/sub/deep/d.txt", "");
	write_text("outside.txt", "");
	assert_int_equal(symlink(".", in("g/loop")), 0);
	expect_glob("*.txt", "B.txt a.txt b.txt");
	expect_glob("**/*.txt", "B.txt a.txt b.txt sub/c.txt sub/deep/d.txt");
	expect_glob("sub/**", "sub/c.txt sub/deep sub/deep/d.txt");
	expect_glob("**/deep/**/*.txt", "sub/deep/d.txt");
	expect_glob("loop/sub/*.txt", "loop/sub/c.txt");
	expect_glob(".*", ".hidden.txt");
	expect_glob("[ab].txt", "a.txt b.txt");
	expect_glob("./sub//c.txt", "sub/c.txt");
	expect_glob("../*.txt", "");
	expect_glob("sub/../../*.txt", "");
	expect_glob("/etc/*", "");
	expect_glob("", "");
	char **paths;
	uint32_t n;
	assert_int_equal(file_glob(&arena, in("nowhere"), "*", &paths, &n), ENOENT);
}

static void trees_are_copied_and_removed(void **state)
{
	(void)state;
	struct digest_hex from, to;
	write_text("t/a/x", "one");
	write_text("t/a/run", "#!/bin/sh\n");
	assert_int_equal(chmod(in("t/a/run"), 0755), 0);
	assert_int_equal(symlink("x", in("t/a/link")), 0);
	assert_int_equal(symlink("../../r", in("t/out")), 0);
	assert_int_equal(file_mkdirs(in("t/empty")), 0);
	assert_int_equal(chmod(in("t/a"), 0555), 0);
	assert_int_equal(file_copy_tree(in("t"), in("copy")), 0);
	assert_int_equal(digest_tree(in("t"), &from), 0);
	assert_int_equal(digest_tree(in("copy"), &to), 0);
	assert_string_equal(from.text, to.text);
	assert_int_equal(file_copy_tree(in("t"), in("copy")), EEXIST);
	assert_int_equal(file_copy_tree(in("t"), in("t/inside")), EINVAL);
	assert_int_equal(chmod(in("copy/a"), 0755), 0);
	assert_int_equal(chmod(in("copy/a/run"), 0644), 0);
	assert_int_equal(digest_tree(in("copy"), &to), 0);
	assert_string_not_equal(from.text, to.text);
	assert_int_equal(file_remove_tree(in("t")), 0);
	assert_false(file_exists(in("t")));
	assert_true(file_exists(in("r/one"))); /* the link was not followed */
	assert_int_equal(file_remove_tree(in("t")), 0);
	assert_int_equal(file_remove_tree(in("copy/")), 0);
}

static void digests_of_files(void **state)
{
	(void)state;
	struct digest_hex hex;
	char sha1[41];
	uint64_t size;
	write_text("d", "abc");
	assert_int_equal(digest_file(in("d"), &hex), 0);
	assert_string_equal(hex.text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(digest_sha1_file(in("d"), sha1, &size), 0);
	assert_string_equal(sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_int_equal(size, 3);
	assert_int_equal(digest_file(in("none"), &hex), ENOENT);
	assert_int_equal(digest_file(in("."), &hex), EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_joined_as_text),
		cmocka_unit_test(files_are_read_and_replaced),
		cmocka_unit_test(globs_are_sorted_and_stay_inside),
		cmocka_unit_test(trees_are_copied_and_removed),
		cmocka_unit_test(digests_of_files),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
