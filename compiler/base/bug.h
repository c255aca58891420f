/* The third kind of trouble: we are wrong. Prints what to report and exits 70, in release builds too. */
#ifndef TWINC_BASE_BUG_H
#define TWINC_BASE_BUG_H
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void bug_at(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Out of memory: says so and exits 70. */
_Noreturn void bug_out_of_memory(void);
#endif
