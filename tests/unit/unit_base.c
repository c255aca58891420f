#include "tests/unit/unit.h"
#include "compiler/base/arena.h"
#include "compiler/base/base64.h"
#include "compiler/base/digest.h"
#include "compiler/base/intern.h"
#include "compiler/base/map.h"
#include "compiler/base/number.h"
#include "compiler/base/utf8.h"
#include "compiler/base/vec.h"
#include <math.h>
#include <stdio.h>

static void arena_gives_zeroed_aligned_memory(void **state)
{
	(void)state;
	struct arena a = {0};
	char *before = NULL;
	for (size_t bytes = 0; bytes < 20000; bytes = bytes * 2 + 1) {
		char *p = arena_alloc(&a, bytes);
		assert_non_null(p);
		assert_ptr_not_equal(p, before);
		assert_int_equal((uintptr_t)p % _Alignof(uint64_t), 0);
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xAA, bytes);
		before = p;
	}
	assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	arena_finish(&a);
	arena_finish(&a);
	arena_finish(NULL);
}

static void arena_keeps_the_newest_block_behind_a_large_one(void **state)
{
	(void)state;
	struct arena a = {0};
	char *large = arena_alloc(&a, 100000), *small = arena_strdup(&a, "small");
	char *larger = arena_alloc(&a, 3000000), *other = arena_strdup(&a, "other");
	memset(large, 1, 100000);
	memset(larger, 2, 3000000);
	assert_string_equal(small, "small");
	assert_string_equal(other, "other");
	assert_true(a.used_bytes >= 3100000);
	arena_finish(&a);
}

static void map_finds_what_was_set(void **state)
{
	(void)state;
	struct arena a = {0};
	struct map m = {0};
	assert_null(map_get(&m, "x"));
	for (uintptr_t i = 1; i <= 5000; i++)
		assert_null(map_set(&m, arena_printf(&a, "key %lu", (unsigned long)i), (void *)i));
	assert_int_equal(m.len, 5000);
	for (uintptr_t i = 1; i <= 5000; i++) {
		char key[32];
		snprintf(key, sizeof key, "key %lu", (unsigned long)i);
		assert_int_equal((uintptr_t)map_get(&m, key), i);
	}
	assert_int_equal((uintptr_t)map_set(&m, "key 7", (void *)8), 7);
	assert_int_equal((uintptr_t)map_get_n(&m, "key 7 and more", 5), 8);
	assert_null(map_get(&m, ""));
	map_set(&m, "", (void *)9);
	assert_int_equal((uintptr_t)map_get(&m, ""), 9);
	assert_int_equal(m.len, 5001);
	map_finish(&m);
	arena_finish(&a);
}

static void interned_names_compare_by_address(void **state)
{
	(void)state;
	struct arena a = {0};
	struct intern in;
	intern_init(&in, &a);
	char text[] = "scene and tile";
	assert_ptr_equal(intern_n(&in, text, 5), intern_str(&in, "scene"));
	assert_ptr_not_equal(intern_n(&in, text, 5), intern_str(&in, "tile"));
	assert_ptr_not_equal(intern_str(&in, ""), NULL);
	intern_finish(&in);
	arena_finish(&a);
}

static void buf_is_always_terminated_and_bounded(void **state)
{
	(void)state;
	struct buf b = {0};
	assert_string_equal(buf_text(&b), "");
	buf_puts(&b, "a");
	buf_putc(&b, 'b');
	buf_printf(&b, "%03d", 7);
	assert_string_equal(buf_text(&b), "ab007");
	buf_ints(&b, ", ", (const uint32_t[]){0, 10, UINT32_MAX}, 3);
	buf_ints(&b, ", ", NULL, 0);
	assert_string_equal(buf_text(&b), "ab0070, 10, 4294967295");
	buf_clear(&b);
	buf_percent(&b, "aZ09 /%\xc3\xa9~", "/~");
	assert_string_equal(buf_text(&b), "aZ09%20/%25%C3%A9~");
	buf_clear(&b);
	assert_string_equal(buf_text(&b), "");
	buf_add(&b, "x\0y", 3);
	assert_int_equal(b.len, 3);
	buf_fill(&b, ' ', BUF_MAX_BYTES);
	assert_true(b.full);
	assert_int_equal(b.len, 3);
	buf_finish(&b);
}

static void base64_is_written_and_read(void **state) /* RFC 4648, section 10, and the alphabet of section 5 */
{
	static const struct { const char *text, *bytes; } known[] = {
		{ "", "" }, { "Zg==", "f" }, { "Zm8=", "fo" }, { "Zm9v", "foo" }, { "Zm9vYg", "foob" }, { "Zm9v\nYmFy\n", "foobar" }, { "-_-_", "\xfb\xff\xbf" },
		{ "+/+/", "\xfb\xff\xbf" }, { "Z", "" },
	};
	struct arena a = {0};
	struct buf b = {0};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		buf_clear(&b);
		base64_encode(&b, known[i].bytes, strlen(known[i].bytes));
		assert_string_equal(buf_text(&b), known[i].text);
	}
	buf_finish(&b);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		assert_string_equal(base64_decode(&a, known[i].text, strlen(known[i].text)), known[i].bytes);
	arena_finish(&a);
}

static void vec_grows(void **state)
{
	(void)state;
	VEC(uint64_t) v = {0};
	for (uint64_t i = 0; i < 1000; i++)
		*vec_push(&v) = i;
	assert_int_equal(v.len, 1000);
	assert_int_equal(v.at[999], 999);
	assert_int_equal(*vec_last(&v), 999);
	vec_pop(&v);
	assert_int_equal(v.len, 999);
	vec_finish(&v);
	assert_null(v.at);
}

static void numbers_are_written_as_ecmascript_does(void **state)
{
	(void)state;
	static const struct { double x; const char *text; } rows[] = {
		{0, "0"}, {-0.0, "0"}, {1, "1"}, {-1, "-1"}, {0.1, "0.1"}, {0.1 + 0.2, "0.30000000000000004"}, {100, "100"}, {1.5, "1.5"},
		{1e20, "100000000000000000000"}, {123456789012345680000.0, "123456789012345680000"}, {1e21, "1e+21"}, {1.5e21, "1.5e+21"},
		{0.000001, "0.000001"}, {1e-7, "1e-7"}, {1.25e-7, "1.25e-7"}, {123e-20, "1.23e-18"}, {5e-324, "5e-324"},
		{2.2250738585072014e-308, "2.2250738585072014e-308"}, {1.7976931348623157e308, "1.7976931348623157e+308"},
		{4294967296.0, "4294967296"}, {9007199254740993.0, "9007199254740992"}, {1.0 / 3, "0.3333333333333333"}, {-1e-7, "-1e-7"},
		{NAN, "NaN"}, {INFINITY, "Infinity"}, {-INFINITY, "-Infinity"}, {123456.789, "123456.789"}, {1e-5, "0.00001"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[NUMBER_TEXT_BYTES];
		number_text(rows[i].x, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void numbers_read_back(void **state)
{
	(void)state;
	uint64_t bits = 88172645463325252u;
	for (int i = 0; i < 20000; i++) {
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		double x;
		memcpy(&x, &bits, sizeof x);
		char text[NUMBER_TEXT_BYTES];
		number_text(x, text);
		if (isfinite(x))
			assert_true(strtod(text, NULL) == x);
	}
}

static void utf8_is_taken_apart(void **state)
{
	(void)state;
	uint32_t c;
	bool valid;
	assert_int_equal(utf8_decode("\xC3\xA9", 2, &c, &valid), 2);
	assert_int_equal(c, 0xE9);
	assert_int_equal(utf8_decode("\xF0\x9F\x98\x80", 4, &c, &valid), 4);
	assert_int_equal(c, 0x1F600);
	static const char *const wrong[] = {"\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80", "\xE0\x80\x80", "\xFF"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(utf8_decode(wrong[i], strlen(wrong[i]), &c, &valid), 1);
		assert_int_equal(c, UTF8_REPLACEMENT);
		assert_false(valid);
	}
	assert_int_equal(utf8_count("gr\xC3\xB6\xC3\x9F" "e", 7), 5);
	struct buf b = {0};
	utf8_encode(0x20AC, &b);
	utf8_encode(0xD800, &b);
	expect_text(&b, "\xE2\x82\xAC\xEF\xBF\xBD");
	assert_int_equal(utf8_width(0x6F22), 2);
	assert_int_equal(utf8_width(0x0301), 0);
	assert_true(utf8_is_control(0x202E));
}

static void digests_are_the_known_ones(void **state)
{
	(void)state;
	struct digest_hex hex;
	digest_bytes("abc", 3, &hex);
	assert_string_equal(hex.text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(arena_keeps_the_newest_block_behind_a_large_one),
		cmocka_unit_test(map_finds_what_was_set),
		cmocka_unit_test(interned_names_compare_by_address),
		cmocka_unit_test(buf_is_always_terminated_and_bounded),
		cmocka_unit_test(base64_is_written_and_read),
		cmocka_unit_test(vec_grows),
		cmocka_unit_test(numbers_are_written_as_ecmascript_does),
		cmocka_unit_test(numbers_read_back),
		cmocka_unit_test(utf8_is_taken_apart),
		cmocka_unit_test(digests_are_the_known_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
