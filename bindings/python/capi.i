/*
 * The C API for Python, thin: a call raises instead of returning a negative status, gives its
 * outputs instead of taking their addresses, and refuses None for what it needs. All else is
 * Python, in swarmbench/.
 *
 * Features bind only to declarations that are parsed after them, hence the headers come last.
 */
%module(package="swarmbench") _capi

%begin %{
#define PY_SSIZE_T_CLEAN
%}

%{
#include <swarmbench/swarmbench.h>
#include <swarmbench/sys/driver.h>

#include "bridge.h"

/* Sets the exception that stands for a failed call; which one is Python's to say. */
static void raise_status(int status, const swb_error *error)
{
    PyObject *made = NULL;
    if (PyErr_Occurred() != NULL) {
        return; /* Python code that the call ran has said it */
    }
    PyObject *errors = PyImport_ImportModule("swarmbench.errors");
    if (errors != NULL) {
        made = PyObject_CallMethod(errors, "from_status", "issII", status,
                                   error != NULL ? error->message : "",
                                   error != NULL ? error->file : "",
                                   error != NULL ? error->line : 0u,
                                   error != NULL ? error->column : 0u);
    }
    if (made != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(made), made);
    }
    Py_XDECREF(made);
    Py_XDECREF(errors);
}

static PyObject *list_of_rows(swb_summary_row *rows, size_t count);
%}

%include <stdint.i>

/* ---- Failures ---- */

%typemap(in, numinputs=0, noblock=1) swb_error *error (swb_error failure = SWB_ERROR_INIT) {
    $1 = &failure;
}
%typemap(argout) swb_error *error {
    if (result < 0) {
        raise_status(result, $1);
        SWIG_fail;
    }
}

/* For calls that tell a status only. */
%define %raises(FUNCTION)
%exception FUNCTION {
    $action
    if (result < 0) {
        raise_status(result, NULL);
        SWIG_fail;
    }
}
%enddef
%raises(swb_plan_cell)
%raises(swb_plan_run)
%raises(swb_plan_estimate)
%raises(swb_runner_poll)
%raises(swb_runner_step)

/* ---- Objects: outputs are owned by their Python object, inputs may not be None. ---- */

%define %handle(TYPE, DESTROY)
%nodefaultctor TYPE;
%delobject DESTROY;
typedef struct TYPE {} TYPE;
%extend TYPE {
    ~TYPE() {
        DESTROY($self);
    }
}
%typemap(in, numinputs=0, noblock=1) TYPE **out (TYPE *made = NULL) {
    $1 = &made;
}
%typemap(argout) TYPE **out {
    if (result >= 0) {
        Py_XDECREF($result);
        $result = SWIG_NewPointerObj(*$1, $descriptor(TYPE *), SWIG_POINTER_OWN);
    }
}
%needed(TYPE)
%enddef

%define %needed(TYPE)
%typemap(check) TYPE *, const TYPE * {
    if ($1 == NULL) {
        SWIG_exception_fail(SWIG_ValueError, "in $symname: the object is closed, or None");
    }
}
%enddef

/* A plain row that a call fills. */
%define %row(TYPE)
%typemap(in, numinputs=0, noblock=1) TYPE *out (TYPE filled) {
    memset(&filled, 0, sizeof filled);
    $1 = &filled;
}
%typemap(argout) TYPE *out {
    if (result >= 0) {
        TYPE *copy = malloc(sizeof *copy);
        if (copy == NULL) {
            PyErr_NoMemory();
            SWIG_fail;
        }
        *copy = *$1;
        Py_XDECREF($result);
        $result = SWIG_NewPointerObj(copy, $descriptor(TYPE *), SWIG_POINTER_OWN);
    }
}
%typemap(check) TYPE *out ""
%enddef

%row(swb_cell)
%row(swb_planned_run)
%row(swb_estimate)
%row(swb_progress)
%row(swb_clean_report)
%row(swb_event)

/* No event is None. */
%typemap(argout) swb_event *out {
    Py_XDECREF($result);
    if (result == 1) {
        swb_event *copy = malloc(sizeof *copy);
        if (copy == NULL) {
            PyErr_NoMemory();
            SWIG_fail;
        }
        *copy = *$1;
        $result = SWIG_NewPointerObj(copy, $descriptor(swb_event *), SWIG_POINTER_OWN);
    } else {
        $result = SWIG_Py_Void();
    }
}

/* Text as YAML or JSON: a str, and its length in bytes. */
%typemap(in) (const char *text, size_t length) {
    Py_ssize_t size = 0;
    $1 = PyUnicode_Check($input) ? (char *)PyUnicode_AsUTF8AndSize($input, &size) : NULL;
    if ($1 == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_TypeError, "in $symname: the text must be a str");
        }
        SWIG_fail;
    }
    $2 = (size_t)size;
}
%typemap(in) (const void *bytes, size_t length) {
    char *bytes = NULL;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize($input, &bytes, &size) < 0) {
        SWIG_fail;
    }
    $1 = bytes;
    $2 = (size_t)size;
}
%typemap(check) const char *path, const char *name, const char *results_path, const char *table,
                const char *chart {
    if ($1 == NULL) {
        SWIG_exception_fail(SWIG_TypeError, "in $symname: $1_name must be a str, not None");
    }
}

/* ---- The GIL is released in the calls that may take long, and in no others. ---- */

%nothread;
%thread swb_plan_write;
%thread swb_runner_poll;
%thread swb_runner_step;
%thread swb_runner_destroy;
%thread swb_runner::~swb_runner;
%thread runner_create;
%thread swb_results_open;
%thread swb_results_close;
%thread swb_results_summary;
%thread swb_results_report;
%thread swb_results_export;
%thread results_chart;
%thread results_compare;
%thread swb_doctor;
%thread swb_clean;

%handle(swb_experiment, swb_experiment_destroy)
%handle(swb_plan, swb_plan_destroy)
%handle(swb_runner, swb_runner_destroy)
%handle(swb_results, swb_results_close)
%needed(swb_call)
%needed(swb_launch)
%needed(swb_node)

%typemap(in, numinputs=0, noblock=1) (swb_summary_row **rows_out, size_t *count_out)
    (swb_summary_row *rows = NULL, size_t count = 0) {
    $1 = &rows;
    $2 = &count;
}
%typemap(argout) (swb_summary_row **rows_out, size_t *count_out) {
    if (result >= 0) {
        Py_XDECREF($result);
        $result = list_of_rows(*$1, *$2);
        swb_results_free_summary(*$1);
        if ($result == NULL) {
            SWIG_fail;
        }
    }
}

%immutable;
%ignore swb_error;
%ignore swb_results_free_summary;
%ignore swb_runner_options;
%ignore swb_runner_create;
%ignore swb_chart_options;
%ignore swb_results_chart;
%ignore swb_compare_options;
%ignore swb_results_compare;

#define SWB_API
#define SWB_BEGIN_DECLS
#define SWB_END_DECLS
%include <swarmbench/status.h>
%include <swarmbench/version.h>
%include <swarmbench/experiment.h>
%include <swarmbench/runner.h>
%include <swarmbench/results.h>
%include <swarmbench/environment.h>

%inline %{
static int runner_create(swb_runner **out, const swb_experiment *experiment,
                         const char *results_path, const char *work_dir, const char *on,
                         const char *only, int resume, int keep_data, swb_error *error)
{
    swb_runner_options options = SWB_RUNNER_OPTIONS_INIT;
    options.results_path = results_path;
    options.work_dir = work_dir;
    options.on = on;
    options.only = only;
    options.resume = resume;
    options.keep_data = keep_data;
    return swb_runner_create(out, experiment, &options, error);
}

static int results_chart(swb_results *results, const char *chart, const char *experiment,
                         const char *cell, const char *modes, unsigned rows_max, unsigned width_px,
                         int fd, swb_error *error)
{
    swb_chart_options options = SWB_CHART_OPTIONS_INIT;
    options.experiment = experiment;
    options.cell = cell;
    options.modes = modes;
    options.rows_max = rows_max;
    options.width_px = width_px;
    return swb_results_chart(results, chart, &options, fd, error);
}

static int results_compare(swb_results *before, swb_results *after, const char *experiment,
                           double margin, double confidence, swb_format format, int fd,
                           swb_error *error)
{
    swb_compare_options options = SWB_COMPARE_OPTIONS_INIT;
    options.experiment = experiment;
    options.margin = margin;
    options.confidence = confidence;
    return swb_results_compare(NULL, before, after, &options, format, fd, error);
}
%}

/* ---- Drivers that are written in Python: what swarmbench/_bridge.py needs of their contract. ---- */

%ignore swb_driver;
%ignore swb_driver_register;
%ignore swb_driver_find;
%ignore swb_driver_at;
%ignore swb_driver_program;
%ignore swb_call_session;
%ignore swb_call_step;
%ignore swb_call_set_step;
%ignore swb_launch_arg2;
%ignore swb_reply::body;
%ignore swb_reply::length;
%ignore swb_command::metainfo;
%ignore swb_command::metainfo_length;
%ignore swb_command::peers;
%ignore swb_command::content;
%ignore swb_node::options;
%ignore swb_node::infohashes;
%nodefaultctor swb_call;
%nodefaultctor swb_launch;

%extend swb_reply {
    PyObject *data() {
        return PyBytes_FromStringAndSize((const char *)$self->body, (Py_ssize_t)$self->length);
    }
}
%extend swb_command {
    PyObject *torrent() {
        return PyBytes_FromStringAndSize((const char *)$self->metainfo,
                                         (Py_ssize_t)$self->metainfo_length);
    }
    PyObject *peer(size_t index) {
        if (index >= $self->peer_count) {
            Py_RETURN_NONE;
        }
        return Py_BuildValue("(sH)", $self->peers[index].address, $self->peers[index].port);
    }
}
%extend swb_node {
    PyObject *torrents() {
        PyObject *list = PyList_New(0);
        for (const char *const *at = $self->infohashes; at != NULL && *at != NULL; at++) {
            PyObject *text = PyUnicode_FromString(*at);
            if (text == NULL || list == NULL || PyList_Append(list, text) < 0) {
                Py_CLEAR(list);
            }
            Py_XDECREF(text);
        }
        return list;
    }
    PyObject *option(size_t index) {
        const swb_option_value *value = &$self->options[index];
        return Py_BuildValue("(Ldz)", (long long)value->integer, value->number, value->string);
    }
}
/* Results are filled in; nothing else is written to. */
%mutable;

%include <swarmbench/sys/option.h>
%include <swarmbench/sys/driver.h>
%include "bridge.h"

%wrapper %{
static PyObject *list_of_rows(swb_summary_row *rows, size_t count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        swb_summary_row *copy = malloc(sizeof *copy);
        if (copy == NULL) {
            Py_DECREF(list);
            return PyErr_NoMemory();
        }
        *copy = rows[i];
        PyList_SET_ITEM(list, (Py_ssize_t)i,
                        SWIG_NewPointerObj(copy, SWIGTYPE_p_swb_summary_row, SWIG_POINTER_OWN));
    }
    return list;
}

/* What the bridge hands to Python is borrowed for the length of a call. */
PyObject *bridge_wrap_node(const swb_node *node)
{
    return SWIG_NewPointerObj((void *)node, SWIGTYPE_p_swb_node, 0);
}

PyObject *bridge_wrap_launch(swb_launch *launch)
{
    return SWIG_NewPointerObj(launch, SWIGTYPE_p_swb_launch, 0);
}

PyObject *bridge_wrap_call(swb_call *call)
{
    return SWIG_NewPointerObj(call, SWIGTYPE_p_swb_call, 0);
}
%}
