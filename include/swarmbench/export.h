/* Linkage and compiler attributes shared by all public headers. */
#ifndef SWARMBENCH_EXPORT_H
#define SWARMBENCH_EXPORT_H

#if defined(__GNUC__)
#define SWB_API __attribute__((visibility("default")))
#else
#define SWB_API
#endif

#ifdef __cplusplus
#define SWB_BEGIN_DECLS extern "C" {
#define SWB_END_DECLS }
#else
#define SWB_BEGIN_DECLS
#define SWB_END_DECLS
#endif

#endif
