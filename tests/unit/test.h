/** TEST and CHECK_*: two macros over cmocka. A test's name is a sentence; its body is given, when,
 * then. RUN_ALL at the end of the file lists nothing: tests register themselves. */
#ifndef WG_TEST_H
#define WG_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TEST_MAX 256
static struct CMUnitTest test_list[TEST_MAX];
static size_t test_count;

/* Constructors run in the order of the file, so tests run as they are written. */
#define TEST(name)                                                                        \
    static void name(void **state);                                                       \
    __attribute__((constructor)) static void add_##name(void)                             \
    {                                                                                     \
        if (test_count < TEST_MAX)                                                        \
            test_list[test_count++] = (struct CMUnitTest){#name, name, NULL, NULL, NULL}; \
    }                                                                                     \
    static void name(void **state __attribute__((unused)))

#define CHECK(cond) assert_true(cond)
#define CHECK_INT(got, want) assert_int_equal((intmax_t)(got), (intmax_t)(want))
#define CHECK_TEXT(got, want) assert_string_equal((got), (want))
#define CHECK_STR(got, want)                     \
    do {                                         \
        struct wg_str s_ = (got);                \
        assert_int_equal(s_.n, strlen(want));    \
        assert_memory_equal(s_.p, (want), s_.n); \
    } while (0)

#define RUN_ALL(group)                                                            \
    int main(void)                                                                \
    {                                                                             \
        return _cmocka_run_group_tests(group, test_list, test_count, NULL, NULL); \
    }

#endif
