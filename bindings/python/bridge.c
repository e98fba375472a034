/*
 * A driver's functions are given no pointer to the driver, so each registered driver gets a set of
 * functions of its own: slot 0, 1, ... up to as many as the library registers.
 *
 * The slots are the one writable global here. They are written with the GIL held, each once, and
 * stay for the life of the process, as the library asks of a driver.
 */
#define PY_SSIZE_T_CLEAN
#include "bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX 32

typedef struct slot {
    PyObject *driver;
    swb_driver table;
} slot;

static slot slots[SLOTS_MAX];
static size_t slot_count;

/* Memory of a node, between its operations. */
typedef struct session {
    PyObject *object;
} session;

/* An exception that Python's side let through; returns the status that stands for it. A signal may
 * strike in any line there: an interrupt is meant for whoever drives the runner, and so comes again
 * once the library returns to it. Anything else is a defect: it is told, not lost. */
static int take_unexpected(PyObject *driver)
{
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
        PyErr_Clear();
        PyErr_SetInterrupt();
        return SWB_EINTERRUPTED;
    }
    PyErr_WriteUnraisable(driver);
    return SWB_EINVAL;
}

static const char *words_of(int status)
{
    return status == SWB_EINTERRUPTED ? "interrupted" : "the driver failed; see the error output";
}

/* ---- Called by the library ---- */

static int fail_launch(swb_error *error, int status, const char *message)
{
    if (error != NULL) {
        error->status = status;
        snprintf(error->message, sizeof error->message, "%s", message);
    }
    return status;
}

static int launch_answer(PyObject *driver, PyObject *answer, swb_error *error)
{
    int status = SWB_EINVAL;
    const char *message;
    if (answer == Py_None) {
        return SWB_OK;
    }
    if (answer == NULL || !PyArg_ParseTuple(answer, "is", &status, &message)) {
        status = take_unexpected(driver);
        message = words_of(status);
    }
    return fail_launch(error, status < 0 ? status : SWB_EINVAL, message);
}

static int launch(size_t at, const swb_node *node, swb_launch *launch, swb_error *error)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *driver = slots[at].driver;
    PyObject *answer = PyObject_CallMethod(driver, "launch", "NN", bridge_wrap_node(node),
                                           bridge_wrap_launch(launch));
    int status = launch_answer(driver, answer, error);
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    return status;
}

static int operate(size_t at, swb_operation operation, swb_call *call)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *driver = slots[at].driver;
    session *memory = swb_call_session(call);
    PyObject *answer = NULL;
    long status = -1;
    if (memory->object == NULL) {
        memory->object =
            PyObject_CallMethod(driver, "session", "N", bridge_wrap_node(swb_call_node(call)));
    }
    if (memory->object != NULL) {
        answer = PyObject_CallMethod(memory->object, "step", "iN", (int)operation,
                                     bridge_wrap_call(call));
    }
    if (answer != NULL) {
        status = PyLong_AsLong(answer);
    }
    if (PyErr_Occurred() != NULL) {
        int why = take_unexpected(driver);
        status = swb_call_fail(call, why, why == SWB_EINTERRUPTED, words_of(why));
    }
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    return (int)status;
}

static int frame(size_t at, size_t *length_out, const uint8_t *bytes, size_t length)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    int status = SWB_EPROTO;
    PyObject *answer = PyObject_CallMethod(slots[at].driver, "frame", "y#", (const char *)bytes,
                                           (Py_ssize_t)length);
    size_t found = answer != NULL && answer != Py_None ? PyLong_AsSize_t(answer) : 0;
    if (PyErr_Occurred() != NULL) {
        take_unexpected(slots[at].driver);
    } else if (answer != Py_None) {
        *length_out = found;
        status = SWB_OK;
    }
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    return status;
}

/* The interpreter may have ended before the last runner. */
static void session_finish(void *memory)
{
    session *ended = memory;
    if (ended->object != NULL && Py_IsInitialized()) {
        PyGILState_STATE gil = PyGILState_Ensure();
        Py_CLEAR(ended->object);
        PyGILState_Release(gil);
    }
}

#define OPERATION(at, name, operation)                                                             \
    static int name##_##at(swb_call *call)                                                         \
    {                                                                                              \
        return operate(at, operation, call);                                                       \
    }

#define SLOT(at)                                                                                   \
    static int launch_##at(const swb_node *node, swb_launch *out, swb_error *error)                \
    {                                                                                              \
        return launch(at, node, out, error);                                                       \
    }                                                                                              \
    static int frame_##at(size_t *length_out, const uint8_t *bytes, size_t length)                 \
    {                                                                                              \
        return frame(at, length_out, bytes, length);                                               \
    }                                                                                              \
    OPERATION(at, ready, SWB_OP_READY)                                                             \
    OPERATION(at, version, SWB_OP_VERSION)                                                         \
    OPERATION(at, seed, SWB_OP_SEED)                                                               \
    OPERATION(at, leech, SWB_OP_LEECH)                                                             \
    OPERATION(at, status, SWB_OP_STATUS)                                                           \
    OPERATION(at, remove, SWB_OP_REMOVE)                                                           \
    OPERATION(at, peers, SWB_OP_PEERS)                                                             \
    OPERATION(at, stop, SWB_OP_STOP)                                                               \
    OPERATION(at, read, SWB_OP_READ)                                                               \
    OPERATION(at, able, SWB_OP_ABLE)                                                               \
    OPERATION(at, code, SWB_OP_CODE)

/* clang-format off */
#define FOR_EACH_SLOT(X)                                                                           \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)          \
    X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)

FOR_EACH_SLOT(SLOT)

typedef struct functions {
    int (*launch)(const swb_node *node, swb_launch *launch, swb_error *error);
    int (*frame)(size_t *length_out, const uint8_t *bytes, size_t length);
    int (*operations[SWB_OP_COUNT])(swb_call *call);
} functions;

#define FUNCTIONS(at)                                                                              \
    {launch_##at, frame_##at,                                                                      \
     {ready_##at, version_##at, seed_##at, leech_##at, status_##at, remove_##at, peers_##at,       \
      stop_##at, read_##at, able_##at, code_##at}},

static const functions functions_of[SLOTS_MAX] = {FOR_EACH_SLOT(FUNCTIONS)};
/* clang-format on */

/* ---- Called by Python ---- */

static PyObject *attribute(PyObject *object, const char *name)
{
    return PyErr_Occurred() == NULL ? PyObject_GetAttrString(object, name) : NULL;
}

/* A copy of a str that lives as long as the process; NULL for None. */
static char *take_text(PyObject *object, const char *name)
{
    PyObject *value = attribute(object, name);
    const char *text = value == NULL || value == Py_None ? NULL : PyUnicode_AsUTF8(value);
    char *copy = text != NULL ? strdup(text) : NULL;
    if (text != NULL && copy == NULL) {
        PyErr_NoMemory();
    }
    Py_XDECREF(value);
    return copy;
}

static unsigned long long take_number(PyObject *object, const char *name)
{
    PyObject *value = attribute(object, name);
    unsigned long long number = value == NULL ? 0 : PyLong_AsUnsignedLongLong(value);
    Py_XDECREF(value);
    return PyErr_Occurred() == NULL ? number : 0;
}

static void take_option(swb_option *out, PyObject *row)
{
    out->name = take_text(row, "name");
    out->type = (swb_option_type)take_number(row, "code");
    out->fallback = take_text(row, "written");
    out->choices = take_text(row, "names");
    out->description = take_text(row, "description");
    PyObject *minimum = attribute(row, "least");
    PyObject *maximum = attribute(row, "most");
    out->minimum = minimum != NULL ? PyFloat_AsDouble(minimum) : 0;
    out->maximum = maximum != NULL ? PyFloat_AsDouble(maximum) : 0;
    Py_XDECREF(minimum);
    Py_XDECREF(maximum);
}

static void take_options(swb_driver *table, PyObject *driver)
{
    PyObject *rows = attribute(driver, "options");
    Py_ssize_t count = rows != NULL ? PySequence_Size(rows) : -1;
    swb_option *options = count >= 0 ? calloc((size_t)count + 1, sizeof *options) : NULL;
    if (count >= 0 && options == NULL) {
        PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; options != NULL && i < count && PyErr_Occurred() == NULL; i++) {
        PyObject *row = PySequence_GetItem(rows, i);
        if (row != NULL) {
            take_option(&options[i], row);
        }
        Py_XDECREF(row);
    }
    table->options = options;
    table->option_count = count > 0 ? (size_t)count : 0;
    Py_XDECREF(rows);
}

static void take_operations(swb_driver *table, PyObject *driver, const functions *own)
{
    char name[32];
    for (int i = 0; i < SWB_OP_COUNT && PyErr_Occurred() == NULL; i++) {
        snprintf(name, sizeof name, "has_%s", swb_operation_name((swb_operation)i));
        table->operations[i] = take_number(driver, name) != 0 ? own->operations[i] : NULL;
        snprintf(name, sizeof name, "timeout_%s", swb_operation_name((swb_operation)i));
        table->timeout_ns[i] = take_number(driver, name);
    }
}

static void take_table(swb_driver *table, PyObject *driver, const functions *own)
{
    *table = (swb_driver){.api_version = SWB_DRIVER_API_VERSION,
                          .session_bytes = sizeof(session),
                          .session_finish = session_finish,
                          .launch = own->launch};
    table->name = take_text(driver, "name");
    table->description = take_text(driver, "description");
    table->program = take_text(driver, "program");
    table->program_env = take_text(driver, "program_env");
    table->package = take_text(driver, "package");
    table->service = take_text(driver, "service");
    table->transport = (swb_transport)take_number(driver, "transport");
    table->frame = table->transport == SWB_TRANSPORT_TLS ? own->frame : NULL;
    table->kind = (swb_driver_kind)take_number(driver, "kind");
    table->codes = take_number(driver, "codes") != 0;
    table->counts_node = take_number(driver, "counts_node") != 0;
    table->needs_bootstrap = take_number(driver, "needs_bootstrap") != 0;
    table->node_memory_bytes = take_number(driver, "node_memory_bytes");
    table->counter_lag_ns = take_number(driver, "counter_lag_ns");
    take_options(table, driver);
    take_operations(table, driver, own);
}

static void free_table(swb_driver *table)
{
    for (size_t i = 0; table->options != NULL && i < table->option_count; i++) {
        const swb_option *option = &table->options[i];
        free((void *)option->name);
        free((void *)option->fallback);
        free((void *)option->choices);
        free((void *)option->description);
    }
    free((void *)table->options);
    free((void *)table->name);
    free((void *)table->description);
    free((void *)table->program);
    free((void *)table->program_env);
    free((void *)table->package);
    free((void *)table->service);
    memset(table, 0, sizeof *table);
}

/* A status, or SWB_ECANCELED with a Python exception set. */
int bridge_register(PyObject *driver, swb_error *error)
{
    if (slot_count == SLOTS_MAX) {
        return fail_launch(error, SWB_ENOSPACE, "more than 32 drivers written in Python");
    }
    slot *free_slot = &slots[slot_count];
    take_table(&free_slot->table, driver, &functions_of[slot_count]);
    if (PyErr_Occurred() != NULL) {
        free_table(&free_slot->table);
        return SWB_ECANCELED;
    }
    int status = swb_driver_register(&free_slot->table, error);
    if (status != SWB_OK) {
        free_table(&free_slot->table);
        return status;
    }
    Py_INCREF(driver);
    free_slot->driver = driver;
    slot_count++;
    return SWB_OK;
}

size_t bridge_address(const char *name)
{
    for (size_t i = 0; i < slot_count; i++) {
        if (strcmp(slots[i].table.name, name) == 0) {
            return (size_t)(uintptr_t)&slots[i].table;
        }
    }
    return 0;
}
