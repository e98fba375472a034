#include "spec/document.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "spec/value.h"

/* No experiment nests deeper; a file without aliases cannot have more values than bytes. */
#define DEPTH_MAX 16
#define VALUES_MAX SWB__TEXT_MAX_BYTES

swb__place swb__place_of(const yaml_node_t *node)
{
    swb__place place = {(uint32_t)node->start_mark.line + 1, (uint32_t)node->start_mark.column + 1};
    return place;
}

static swb__place place_of_mark(yaml_mark_t mark)
{
    swb__place place = {(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
    return place;
}

/* libyaml tells no line for bytes that are no text: it stops before it counts them. */
static swb__place place_of_byte(const char *text, size_t offset)
{
    swb__place place = {1, 1};
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            place.line++;
            place.column = 1;
        } else {
            place.column += ((unsigned char)text[i] & 0xc0) != 0x80;
        }
    }
    return place;
}

static int refuse_syntax(swb__reader *reader, const yaml_parser_t *parser, const char *text,
                         size_t length)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        return swb__fail_nomem(reader->error);
    }
    if (parser->error == YAML_READER_ERROR) {
        size_t offset = parser->problem_offset < length ? parser->problem_offset : length;
        swb__place place = place_of_byte(text, offset);
        if (parser->problem_value >= 0) {
            return swb__refuse_place(reader, place, "%s (0x%02x); write the file as UTF-8 text",
                                     parser->problem, (unsigned)parser->problem_value);
        }
        return swb__refuse_place(reader, place, "%s; write the file as UTF-8 text",
                                 parser->problem);
    }
    /* A key without ':' is noticed a line later. */
    bool key = parser->context != NULL && strstr(parser->context, "simple key") != NULL;
    swb__place place = place_of_mark(key ? parser->context_mark : parser->problem_mark);
    const char *problem = parser->problem == NULL ? "unknown mistake" : parser->problem;
    if (parser->context == NULL) {
        return swb__refuse_place(reader, place, "not valid YAML: %s", problem);
    }
    return swb__refuse_place(reader, place, "not valid YAML: %s %s (which began in line %zu)",
                             problem, parser->context, parser->context_mark.line + 1);
}

typedef struct walker {
    swb__reader *reader;
    const yaml_node_t *path[DEPTH_MAX];
    size_t depth;
    size_t values;
} walker;

typedef struct key_at {
    const yaml_node_t *node;
    size_t index;
} key_at;

static int compare_keys(const void *a, const void *b)
{
    const key_at *left = a;
    const key_at *right = b;
    int order = strcmp(swb__node_text(left->node), swb__node_text(right->node));
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static int refuse_duplicate(swb__reader *reader, const key_at *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const char *text = swb__node_text(keys[i].node);
        if (strcmp(text, swb__node_text(keys[i - 1].node)) == 0) {
            char shown[SWB__EXCERPT_BYTES];
            return swb__refuse(
                reader, keys[i].node, "duplicate key '%s'; it stands already in line %u",
                swb__excerpt(shown, sizeof shown, text), swb__place_of(keys[i - 1].node).line);
        }
    }
    return SWB_OK;
}

static int check_keys(swb__reader *reader, const yaml_node_t *mapping)
{
    size_t count = swb__member_count(mapping);
    key_at *keys = calloc(count + 1, sizeof *keys);
    if (keys == NULL) {
        return swb__fail_nomem(reader->error);
    }
    int status = SWB_OK;
    size_t used = 0;
    for (swb__member m = swb__members(reader, mapping); swb__next_member(&m);) {
        if (m.key->type != YAML_SCALAR_NODE) {
            status = swb__refuse(reader, m.key, "a key must be a plain name");
            goto out;
        }
        keys[used] = (key_at){m.key, used};
        used++;
    }
    qsort(keys, used, sizeof *keys, compare_keys);
    status = refuse_duplicate(reader, keys, used);
out:
    free(keys);
    return status;
}

static int check_scalar(swb__reader *reader, const yaml_node_t *node)
{
    if (memchr(node->data.scalar.value, '\0', node->data.scalar.length) != NULL) {
        return swb__refuse(reader, node, "a NUL character has no place in a value");
    }
    return SWB_OK;
}

static int check_tag(swb__reader *reader, const yaml_node_t *node)
{
    static const char *const usual[] = {YAML_STR_TAG, YAML_SEQ_TAG, YAML_MAP_TAG};
    const char *tag = (const char *)node->tag;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (strcmp(tag, usual[i]) == 0) {
            return SWB_OK;
        }
    }
    char shown[SWB__EXCERPT_BYTES];
    return swb__refuse(reader, node, "the tag '%s' has no meaning here; leave it out",
                       swb__excerpt(shown, sizeof shown, tag));
}

static int check_size(walker *walk, const yaml_node_t *node)
{
    for (size_t i = 0; i < walk->depth; i++) {
        if (walk->path[i] == node) {
            return swb__refuse(walk->reader, node, "this value contains itself by an alias");
        }
    }
    if (walk->depth == DEPTH_MAX) {
        return swb__refuse(walk->reader, node, "nested deeper than %d levels", DEPTH_MAX);
    }
    if (++walk->values > VALUES_MAX) {
        return swb__refuse(walk->reader, node, "aliases repeat values more than %zu times",
                           VALUES_MAX);
    }
    return SWB_OK;
}

static int check_node(walker *walk, const yaml_node_t *node)
{
    int status = check_size(walk, node);
    if (status == SWB_OK) {
        status = check_tag(walk->reader, node);
    }
    if (status != SWB_OK || node->type == YAML_SCALAR_NODE) {
        return status != SWB_OK ? status : check_scalar(walk->reader, node);
    }
    walk->path[walk->depth++] = node;
    for (swb__member m = swb__members(walk->reader, node); swb__next_member(&m);) {
        status = m.key != NULL ? check_node(walk, m.key) : SWB_OK;
        if (status == SWB_OK) {
            status = check_node(walk, m.value);
        }
        if (status != SWB_OK) {
            return status;
        }
    }
    walk->depth--;
    return node->type == YAML_MAPPING_NODE ? check_keys(walk->reader, node) : SWB_OK;
}

static int check_document(swb__reader *reader)
{
    static const swb__place top = {1, 1};
    const yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    if (root == NULL) {
        return swb__refuse_place(reader, top,
                                 "the file is empty; an experiment begins with 'swarmbench: 1'");
    }
    walker walk = {reader, {NULL}, 0, 0};
    int status = check_node(&walk, root);
    if (status == SWB_OK) {
        status = swb__expect(reader, root, YAML_MAPPING_NODE, "an experiment", "swarmbench: 1");
    }
    return status;
}

static int refuse_second(swb__reader *reader, yaml_parser_t *parser, const char *text,
                         size_t length)
{
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second)) {
        return refuse_syntax(reader, parser, text, length);
    }
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    int status = SWB_OK;
    if (root != NULL) {
        status = swb__refuse_place(reader, place_of_mark(second.start_mark),
                                   "a second document begins; a file holds one experiment");
    }
    yaml_document_delete(&second);
    return status;
}

/* libyaml's own loader has no bound on nesting: the events are looked at before. */
static int refuse_depth(swb__reader *reader, const char *text, size_t length)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return swb__fail_nomem(reader->error);
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    int status = SWB_OK;
    int depth = 0;
    bool ended = false;
    while (status == SWB_OK && !ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = refuse_syntax(reader, &parser, text, length);
            break;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        depth += event.type == YAML_MAPPING_START_EVENT || event.type == YAML_SEQUENCE_START_EVENT;
        depth -= event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT;
        if (depth > DEPTH_MAX) {
            status = swb__refuse_place(reader, place_of_mark(event.start_mark),
                                       "nested deeper than %d levels", DEPTH_MAX);
        }
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}

int swb__document_load(swb__reader *reader, const char *text, size_t length)
{
    static const swb__place top = {1, 1};
    if (length > SWB__TEXT_MAX_BYTES) {
        return swb__refuse_place(reader, top, "the file is longer than 1 MiB");
    }
    int status = refuse_depth(reader, text, length);
    if (status != SWB_OK) {
        return status;
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return swb__fail_nomem(reader->error);
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    if (!yaml_parser_load(&parser, &reader->document)) {
        status = refuse_syntax(reader, &parser, text, length);
        goto out;
    }
    status = check_document(reader);
    if (status == SWB_OK) {
        status = refuse_second(reader, &parser, text, length);
    }
    if (status != SWB_OK) {
        swb__document_unload(reader);
    }
out:
    yaml_parser_delete(&parser);
    return status;
}

void swb__document_unload(swb__reader *reader)
{
    yaml_document_delete(&reader->document);
}

yaml_node_t *swb__document_root(swb__reader *reader)
{
    return yaml_document_get_root_node(&reader->document);
}

const char *swb__node_text(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

swb__member swb__members(swb__reader *reader, const yaml_node_t *parent)
{
    swb__member member = {&reader->document, parent, 0, NULL, NULL};
    return member;
}

size_t swb__member_count(const yaml_node_t *parent)
{
    if (parent->type == YAML_MAPPING_NODE) {
        return (size_t)(parent->data.mapping.pairs.top - parent->data.mapping.pairs.start);
    }
    return (size_t)(parent->data.sequence.items.top - parent->data.sequence.items.start);
}

bool swb__next_member(swb__member *member)
{
    if (member->index == swb__member_count(member->parent)) {
        return false;
    }
    if (member->parent->type == YAML_MAPPING_NODE) {
        yaml_node_pair_t pair = member->parent->data.mapping.pairs.start[member->index];
        member->key = yaml_document_get_node(member->document, pair.key);
        member->value = yaml_document_get_node(member->document, pair.value);
    } else {
        yaml_node_item_t item = member->parent->data.sequence.items.start[member->index];
        member->value = yaml_document_get_node(member->document, item);
    }
    member->index++;
    return true;
}

yaml_node_t *swb__mapping_get(swb__reader *reader, const yaml_node_t *mapping, const char *key)
{
    for (swb__member m = swb__members(reader, mapping); swb__next_member(&m);) {
        if (strcmp(swb__node_text(m.key), key) == 0) {
            return m.value;
        }
    }
    return NULL;
}

bool swb__node_is_null(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    const char *text = swb__node_text(node);
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

int swb__refuse_unknown(swb__reader *reader, const yaml_node_t *node, const char *what,
                        const swb__names *known)
{
    char shown[SWB__EXCERPT_BYTES];
    char hint[640];
    const char *text = swb__node_text(node);
    return swb__refuse(reader, node, "unknown %s '%s'; %s", what,
                       swb__excerpt(shown, sizeof shown, text),
                       swb__names_hint(hint, sizeof hint, known, text));
}

int swb__expect(swb__reader *reader, const yaml_node_t *node, yaml_node_type_t type,
                const char *what, const char *example)
{
    static const char *const names[] = {
        [YAML_NO_NODE] = "nothing",
        [YAML_SCALAR_NODE] = "a single value",
        [YAML_SEQUENCE_NODE] = "a list",
        [YAML_MAPPING_NODE] = "a mapping",
    };
    if (node->type == type) {
        return SWB_OK;
    }
    return swb__refuse(reader, node, "%s must be %s, not %s; for example: %s", what, names[type],
                       names[swb__node_is_null(node) ? YAML_NO_NODE : node->type], example);
}
