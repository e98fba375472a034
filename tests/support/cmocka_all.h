/* CMocka and what it wants included before it. */
#ifndef SWB_TESTS_CMOCKA_ALL_H
#define SWB_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
