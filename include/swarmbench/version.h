/* Version of the library: of the headers by macro, of the library in use by call. */
#ifndef SWARMBENCH_VERSION_H
#define SWARMBENCH_VERSION_H

#include <swarmbench/export.h>

SWB_BEGIN_DECLS

#define SWB_VERSION_MAJOR 0
#define SWB_VERSION_MINOR 1
#define SWB_VERSION_PATCH 0
#define SWB_VERSION_STRING "0.1.0"

/** Version of the library that is loaded, as "MAJOR.MINOR.PATCH". Static, never freed. */
SWB_API const char *swb_version(void);

SWB_END_DECLS

#endif
