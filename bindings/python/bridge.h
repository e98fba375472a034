/* Drivers that are written in Python: tables whose functions call into the interpreter. */
#ifndef SWB_PYTHON_BRIDGE_H
#define SWB_PYTHON_BRIDGE_H

#ifndef SWIG
#include <Python.h>

#include <swarmbench/sys/driver.h>

/* Made where SWIG's types are known; a new reference, or NULL with an exception set. */
PyObject *bridge_wrap_node(const swb_node *node);
PyObject *bridge_wrap_launch(swb_launch *launch);
PyObject *bridge_wrap_call(swb_call *call);
#endif

/*
 * Registers a driver for the life of the process. `driver` has the attributes that bridge.c reads
 * (see swarmbench/_bridge.py, class _Adapter) and the methods
 *     launch(node, launch) -> None, or (status, message) where it failed
 *     session(node) -> an object with step(operation, call) -> what an operation function returns
 *     frame(bytes) -> length of the first frame, 0 where more are needed, None: this is no frame
 * They are called with the GIL, from the thread that drives the runner.
 */
int bridge_register(PyObject *driver, swb_error *error);

/* Address of the table of a registered driver, for test suites in C; 0 where there is none. */
size_t bridge_address(const char *name);

#endif
