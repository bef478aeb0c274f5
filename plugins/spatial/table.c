/* Where each property of each feature stands. Properties are our own JSON text, without a space, so
 * a walk over it needs no parser; places fit 16 bits, since longer texts are rare and are passed.
 */
#include "spatial.h"

#include <stdlib.h>

/* ---- walking ---- */

static const char *past_string(const char *p)
{
    for (p++; *p != '"'; p++)
        p += *p == '\\';
    return p + 1;
}

static const char *past_value(const char *p)
{
    int depth = 0;
    do {
        if (*p == '"') {
            p = past_string(p);
            continue;
        }
        if (*p == '{' || *p == '[')
            depth++;
        else if (*p == '}' || *p == ']')
            depth--;
        p++;
    } while (depth > 0 || (*p != ',' && *p != '}' && *p != ']'));
    return p;
}

struct walk {
    const char *p; /* at the next key's quote, or the closing brace */
    struct wg_str key, value;
};

static bool walk_next(struct walk *w)
{
    if (*w->p == '{' || *w->p == ',')
        w->p++;
    if (*w->p != '"')
        return false;
    const char *end = past_string(w->p);
    w->key = (struct wg_str){w->p + 1, (size_t)(end - w->p) - 2};
    w->p = past_value(end + 1);
    w->value = (struct wg_str){end + 1, (size_t)(w->p - end - 1)};
    return true;
}

/* ---- fields ---- */

static enum field_type type_of(struct wg_str v)
{
    switch (v.p[0]) {
    case '"':
        return FIELD_TEXT;
    case 't':
    case 'f':
        return FIELD_BOOL;
    case 'n':
        return FIELD_NONE;
    case '{':
    case '[':
        return FIELD_MIXED;
    default:
        for (size_t i = 0; i < v.n; i++)
            if (v.p[i] == '.' || v.p[i] == 'e' || v.p[i] == 'E')
                return FIELD_REAL;
        return FIELD_INT;
    }
}

static enum field_type both(enum field_type a, enum field_type b)
{
    if (a == b || b == FIELD_NONE)
        return a;
    if (a == FIELD_NONE)
        return b;
    return (a == FIELD_INT && b == FIELD_REAL) || (a == FIELD_REAL && b == FIELD_INT) ? FIELD_REAL
                                                                                      : FIELD_MIXED;
}

/* Records mostly have their keys in one order, so the guess is mostly right. */
static size_t find_field(const struct table *t, struct wg_str key, size_t guess)
{
    if (guess < t->fields && wg_str_eq(t->field[guess].key, key))
        return guess;
    for (size_t f = 1; f < t->fields; f++)
        if (wg_str_eq(t->field[f].key, key))
            return f;
    return FIELDS_MAX;
}

static void find_fields(struct table *t, const struct wg_layer *layer)
{
    size_t n = wg_layer_count(layer);
    struct wg_feature feature;
    t->field[0] = (struct field){WG_S("name"), FIELD_TEXT};
    t->fields = 1;
    t->uniform = true;
    for (size_t i = 0; i < n && wg_layer_at(layer, i, &feature); i++) {
        struct walk w = {.p = feature.props.p};
        size_t k = 1;
        for (; walk_next(&w); k++) {
            size_t f = find_field(t, w.key, k);
            if (f == FIELDS_MAX && t->fields < FIELDS_MAX && !wg_str_is(w.key, "name")) {
                f = t->fields++;
                t->field[f] = (struct field){w.key, FIELD_NONE};
                t->uniform &= i == 0;
            }
            t->uniform &= f == k;
            if (f < FIELDS_MAX)
                t->field[f].type = both(t->field[f].type, type_of(w.value));
        }
        t->uniform &= k == t->fields;
    }
}

static void find_places(struct table *t, const struct wg_layer *layer)
{
    size_t n = wg_layer_count(layer);
    struct wg_feature feature;
    for (size_t i = 0; i < n && wg_layer_at(layer, i, &feature); i++) {
        struct walk w = {.p = feature.props.p};
        for (size_t k = 1; walk_next(&w); k++) {
            size_t f = find_field(t, w.key, k), at = (size_t)(w.value.p - feature.props.p);
            if (f < FIELDS_MAX && at <= UINT16_MAX)
                t->at[i * t->fields + f] = (uint16_t)at;
        }
    }
}

struct wg_str table_value(const struct table *t, size_t i, size_t f)
{
    struct wg_feature feature;
    if (t->own) {
        size_t part = wg_layer_where(t->kept.layer, &i);
        int own = t->own[part][f];
        return own < 0 ? (struct wg_str){NULL, 0}
                       : table_value((const struct table *)t->kept.part[part], i, (size_t)own);
    }
    uint16_t at = t->at[i * t->fields + f];
    if (!at || !wg_layer_at(t->kept.layer, i, &feature))
        return (struct wg_str){NULL, 0};
    const char *p = feature.props.p + at;
    return (struct wg_str){p, (size_t)(past_value(p) - p)};
}

/* Where all have all in one order, a value ends before the comma and the key of the next. */
static void all_values(const struct table *t, size_t i, const struct wg_feature *feature,
                       struct wg_str *out)
{
    const uint16_t *at = t->at + i * t->fields;
    const char *p = feature->props.p;
    size_t last = t->fields - 1;
    out[0] = (struct wg_str){NULL, 0};
    if (!t->uniform || !at[last]) { /* too far in for 16 bits */
        for (size_t f = 1; f <= last; f++)
            out[f] = table_value(t, i, f);
        return;
    }
    for (size_t f = 1; f < last; f++)
        out[f] = (struct wg_str){p + at[f], at[f + 1] - at[f] - t->field[f + 1].key.n - 4};
    if (last)
        out[last] = (struct wg_str){p + at[last], feature->props.n - at[last] - 1};
}

/* ---- codes: a class, a state, a unit is one of few values; who writes a feature need not look at
 * its text again ---- */

#define CODES_MAX 4096 /* of a field */

struct coded {
    struct wg_str text;
    uint16_t code;
};

uint32_t text_hash(struct wg_str s)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ s.n, w = 0;
    size_t k = 0;
    for (; k + 8 <= s.n; k += 8) {
        memcpy(&w, s.p + k, 8);
        h = (h ^ w) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    if (k && k < s.n) { /* the last eight, some of them again */
        memcpy(&w, s.p + s.n - 8, 8);
    } else {
        w = 0;
        for (; k < s.n; k++)
            w = w << 8 | (unsigned char)s.p[k];
    }
    return (uint32_t)((h ^ w) * 0x9e3779b97f4a7c15u >> 32);
}

/* 0: there are too many. */
static uint16_t code_of(struct coded *slots, uint32_t *count, struct wg_str text)
{
    size_t s = text_hash(text) % (2 * CODES_MAX);
    for (; slots[s].code; s = (s + 1) % (2 * CODES_MAX))
        if (wg_str_eq(slots[s].text, text))
            return slots[s].code;
    if (++*count > CODES_MAX)
        return 0;
    slots[s] = (struct coded){text, (uint16_t)*count};
    return (uint16_t)*count;
}

static bool find_codes(struct table *t, const struct wg_layer *layer)
{
    size_t n = wg_layer_count(layer);
    struct coded *slots = calloc(t->fields * 2 * CODES_MAX, sizeof(*slots));
    uint32_t count[FIELDS_MAX] = {0};
    struct wg_feature feature;
    struct wg_str value[FIELDS_MAX];
    if (!slots || !(t->code = calloc(n * t->fields + 1, sizeof(*t->code)))) {
        free(slots);
        return false;
    }
    for (size_t i = 0; i < n && wg_layer_at(layer, i, &feature); i++) {
        all_values(t, i, &feature, value);
        value[0] = feature.name;
        for (size_t f = 0; f < t->fields; f++)
            if (count[f] <= CODES_MAX && value[f].n)
                t->code[i * t->fields + f] =
                    code_of(slots + f * 2 * CODES_MAX, &count[f], value[f]);
    }
    for (size_t f = 0; f < t->fields; f++) {
        t->codes[f + 1] = t->codes[f] + (count[f] <= CODES_MAX ? count[f] : 0);
        for (size_t i = 0; i < n && count[f] > CODES_MAX; i++)
            t->code[i * t->fields + f] = 0;
    }
    free(slots);
    return true;
}

static void table_free(struct kept *kept)
{
    struct table *t = (struct table *)kept;
    free(t->at);
    free(t->own);
    free(t->code);
    free(t);
}

static struct kept *table_make(const struct wg_layer *layer)
{
    struct table *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->kept.free = table_free;
    find_fields(t, layer);
    t->kept.layer = (struct wg_layer *)layer; /* kept_make takes it as an owner */
    if ((t->at = calloc(wg_layer_count(layer) * t->fields + 1, sizeof(*t->at)))) {
        find_places(t, layer);
        if (find_codes(t, layer))
            return &t->kept;
    }
    table_free(&t->kept);
    return NULL;
}

/* The fields of both, each once. */
static struct kept *table_join(struct kept *const part[2])
{
    struct table *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->kept.free = table_free;
    if (!(t->own = malloc(2 * sizeof(*t->own)))) {
        free(t);
        return NULL;
    }
    memset(t->own, 0xff, 2 * sizeof(*t->own));
    t->field[0] = (struct field){WG_S("name"), FIELD_TEXT};
    t->fields = 1;
    for (size_t p = 0; p < 2; p++) {
        const struct table *of = (const struct table *)part[p];
        for (size_t k = 0; k < of->fields; k++) {
            size_t f = k ? find_field(t, of->field[k].key, k) : 0;
            if (f == FIELDS_MAX && t->fields < FIELDS_MAX) {
                f = t->fields++;
                t->field[f] = of->field[k];
            } else if (f < FIELDS_MAX) {
                t->field[f].type = both(t->field[f].type, of->field[k].type);
            }
            if (f < FIELDS_MAX)
                t->own[p][f] = (int16_t)k;
        }
    }
    return &t->kept;
}

const struct kept_kind table_kind = {table_make, table_join};
