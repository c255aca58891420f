#include "tests/unit/unit.h"
#include "runtime/net/s3.h"
#include <string.h>

/* The example of "Authenticating requests: using query parameters" in the reference of Amazon S3: there the bucket is in the host's name. */
static void a_url_is_signed_as_the_reference_does(void **state)
{
	struct arena a = { 0 };
	struct s3 s = { .origin = "https://examplebucket.s3.amazonaws.com", .host = "examplebucket.s3.amazonaws.com", .name = "test.txt", .prefix = "", .region = "us-east-1",
			.access = "AKIAIOSFODNN7EXAMPLE", .secret = "AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
	(void)state;
	assert_string_equal(s3_url(&s, &a, "GET", NULL, NULL, 1369353600, 86400),
			    "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
			    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
			    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
	arena_finish(&a);
}

static void a_place_is_read_or_refused(void **state)
{
	static const struct { const char *bucket, *endpoint, *region, *refused; } cases[] = {
		{ "s3://store/a/b/", "https://s3.example.org:8443/", "eu-west-1", NULL },
		{ "s3://store", "http://127.0.0.1:9000", NULL, NULL },
		{ "s3://store", "http://[::1]:9000", NULL, NULL },
		{ "s3://store", "http://127.0.0.1.example.org", NULL, "is not reached by https" },
		{ "s3://store", "http://localhost.example.org", NULL, "is not reached by https" },
		{ "s3://store", "https://user@example.org", NULL, "is not of the form https://" },
		{ "s3://store", "https://example.org/path", NULL, "is not of the form https://" },
		{ "s3://store", "ftp://example.org", NULL, "is not of the form https://" },
		{ "s3://st", "https://example.org", NULL, "is not of the form s3://" },
		{ "s3://Store", "https://example.org", NULL, "is not of the form s3://" },
		{ "s3://store/../x", "https://example.org", NULL, "is not of the form s3://" },
		{ "s3://store/a b", "https://example.org", NULL, "is not of the form s3://" },
		{ "s3://store", "https://example.org", "Eu/x", "is no name of a region" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = { 0 };
		struct s3 s;
		char error[300] = "";
		bool good = s3_init(&s, &a, &(struct s3_place){ .bucket = cases[i].bucket, .endpoint = cases[i].endpoint, .region = cases[i].region, .access = "a", .secret = "b" }, error, sizeof error);
		assert_int_equal(good, !cases[i].refused);
		if (cases[i].refused)
			assert_non_null(strstr(error, cases[i].refused));
		if (i == 0) {
			assert_string_equal(s.prefix, "a/b/");
			assert_string_equal(s.host, "s3.example.org:8443");
			assert_non_null(strstr(s3_url(&s, &a, "PUT", "content/x", NULL, 0, 60), "https://s3.example.org:8443/store/a/b/content/x?X-Amz-"));
		}
		arena_finish(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_url_is_signed_as_the_reference_does), cmocka_unit_test(a_place_is_read_or_refused) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
