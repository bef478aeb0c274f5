/* Tables: units, owners and people, from JSON or CSV. Every fault of every row is told. */
#include "inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FAULTS_SHOWN 1000

struct wg_table {
    int refs;
    struct wg_arena *arena;
    struct wg_json *json;
};

struct checking {
    int collection;
    const struct wg_ground *ground; /* NULL: nothing else is asked */
    struct wg_table *t;
    struct wg_layer_faults *faults;
    size_t *line;                 /* of each row; NULL: the text was JSON */
    const struct wg_json **by_id; /* rows in the order of ids */
    size_t count;
};

/* ---- faults ---- */

/* The front of a text, at a whole character: messages are UTF-8. */
static struct wg_str cut(struct wg_str s)
{
    size_t n = s.n < 48 ? s.n : 48;
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return (struct wg_str){s.p, n};
}

static void fault(struct checking *c, size_t i, struct wg_str id, const char *member,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void fault(struct checking *c, size_t i, struct wg_str id, const char *member,
                  const char *fmt, ...)
{
    char text[400];
    va_list args;
    if (++c->faults->count > FAULTS_SHOWN)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (c->line)
        wg_buf_fmt(&c->faults->text, "line %zu", c->line[i]);
    else
        wg_buf_fmt(&c->faults->text, "%s[%zu].%s", wg_collection_name(c->collection), i, member);
    if (id.n)
        wg_buf_fmt(&c->faults->text, " (%.*s)", WG_PRI(cut(id)));
    if (c->line && member[0])
        wg_buf_fmt(&c->faults->text, ": column \"%s\"", member);
    wg_buf_fmt(&c->faults->text, ": %s\n", text);
}

static int fail_with_faults(const struct wg_layer_faults *f, struct wg_err *err)
{
    struct wg_str s = wg_buf_str(&f->text);
    const char *nl = s.n ? memchr(s.p, '\n', s.n) : NULL;
    if (!wg_buf_ok(&f->text) || !nl)
        return wg_fail(err, WG_ENOMEM, "out of memory");
    if (f->count == 1)
        return wg_fail(err, WG_EINVAL, "%.*s", (int)(nl - s.p), s.p);
    return wg_fail(err, WG_EINVAL, "%.*s\nand %zu more", (int)(nl - s.p), s.p, f->count - 1);
}

/* ---- CSV to the same tree as JSON ---- */

static struct wg_json *node(struct checking *c, struct wg_json *parent, struct wg_json **last,
                            enum wg_json_type type)
{
    struct wg_json *j = WG_NEW(c->t->arena, struct wg_json);
    if (!j)
        return NULL;
    j->type = type;
    if (*last)
        (*last)->next = j;
    else if (parent)
        parent->child = j;
    if (parent)
        parent->count++;
    *last = j;
    return j;
}

/* "collector; acceptor" as a list. */
static void add_words(struct checking *c, struct wg_json *list, struct wg_str s)
{
    struct wg_json *last = NULL;
    while (s.n) {
        size_t n = 0;
        while (n < s.n && !strchr(",; ", s.p[n]))
            n++;
        struct wg_json *j = n ? node(c, list, &last, WG_JSTR) : NULL;
        if (j)
            j->str = wg_arena_str(c->t->arena, (struct wg_str){s.p, n});
        n += n < s.n;
        s = (struct wg_str){s.p + n, s.n - n};
    }
}

static bool add_row(struct checking *c, const struct wg_csv *csv, const struct wg_str *head,
                    size_t heads, struct wg_json **last)
{
    struct wg_json *row = node(c, c->t->json, last, WG_JOBJ), *field = NULL;
    for (size_t i = 0; row && i < heads && i < csv->count; i++) {
        bool list = wg_str_is(head[i], "roles");
        if (!csv->field[i].n) /* an empty cell says nothing */
            continue;
        struct wg_json *j = node(c, row, &field, list ? WG_JARR : WG_JSTR);
        if (!j)
            return false;
        j->key = head[i];
        if (list)
            add_words(c, j, csv->field[i]);
        else
            j->str = wg_arena_str(c->t->arena, csv->field[i]);
    }
    return row != NULL;
}

static int read_head(struct checking *c, const struct wg_csv *csv, struct wg_str **head,
                     struct wg_err *err)
{
    if (!(*head = wg_arena_alloc(c->t->arena, csv->count * sizeof(**head))))
        return WG_ENOMEM;
    for (size_t i = 0; i < csv->count; i++) {
        (*head)[i] = wg_arena_str(c->t->arena, csv->field[i]);
        if (!(*head)[i].p)
            return WG_ENOMEM;
        for (size_t k = 0; k < i; k++)
            if (wg_str_eq((*head)[k], (*head)[i]))
                return wg_fail(err, WG_EINVAL, "line %zu: the column \"%.*s\" is there twice",
                               csv->line, WG_PRI(cut((*head)[i])));
    }
    return WG_OK;
}

static int read_rows(struct checking *c, struct wg_csv *csv, struct wg_err *err)
{
    struct wg_json *last = NULL;
    struct wg_str *head = NULL;
    size_t heads = 0, cap = 0;
    int rc;
    while ((rc = wg_csv_next(csv, err)) > 0) {
        if (!head) {
            heads = csv->count;
            if ((rc = read_head(c, csv, &head, err)) < 0)
                return rc;
            continue;
        }
        size_t i = c->t->json->count;
        if (i == cap) {
            size_t *more = realloc(c->line, (cap = cap ? 2 * cap : 256) * sizeof(*more));
            if (!more)
                return WG_ENOMEM;
            c->line = more;
        }
        c->line[i] = csv->line;
        if (!add_row(c, csv, head, heads, &last))
            return WG_ENOMEM;
        if (csv->count != heads)
            fault(c, i, (struct wg_str){NULL, 0}, "", "%zu fields, the first line has %zu",
                  csv->count, heads);
        __atomic_store_n(&c->faults->read.rows, i + 1, __ATOMIC_RELAXED);
        __atomic_store_n(&c->faults->read.bytes, csv->_at, __ATOMIC_RELAXED);
    }
    return rc < 0 || head ? rc
                          : wg_fail(err, WG_EINVAL,
                                    "the table is empty; its first line is "
                                    "id,name,…");
}

static int read_csv(struct checking *c, struct wg_str text, struct wg_err *err)
{
    struct wg_csv csv;
    struct wg_json *none = NULL;
    int rc = wg_csv_open(text, &csv);
    if (rc == WG_OK)
        rc = (c->t->json = node(c, NULL, &none, WG_JARR)) ? read_rows(c, &csv, err) : WG_ENOMEM;
    if (rc == WG_EINVAL && c->line && csv.count == 0) { /* told with what was found before it */
        c->faults->count++;
        wg_buf_fmt(&c->faults->text, "%s\n", err->text);
        rc = WG_OK;
    }
    wg_csv_close(&csv);
    return rc;
}

/* ---- rows of units and people ---- */

static int id_order(const void *x, const void *y)
{
    const struct wg_json *const *a = x, *const *b = y;
    return wg_str_cmp(wg_json_str(*a, "id"), wg_json_str(*b, "id"));
}

static const struct wg_json *row_of(const struct checking *c, struct wg_str id)
{
    size_t from = 0, to = c->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = wg_str_cmp(wg_json_str(c->by_id[middle], "id"), id);
        if (order == 0)
            return c->by_id[middle];
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

/* A member that must be a text where it is there; false: it is not there, or told. */
static bool text_member(struct checking *c, const struct wg_json *row, size_t i, const char *name,
                        size_t max, struct wg_str *out)
{
    const struct wg_json *j = wg_json_get(row, name);
    *out = (struct wg_str){NULL, 0};
    if (!j || j->type == WG_JNULL)
        return false;
    if (j->type == WG_JSTR && j->str.n && j->str.n <= max)
        *out = j->str;
    else
        fault(c, i, wg_json_str(row, "id"), name, "must be a text of 1 to %zu bytes", max);
    return out->n > 0;
}

static bool date_member(struct checking *c, const struct wg_json *row, size_t i, const char *name,
                        int64_t *day)
{
    struct wg_str s;
    struct wg_date d;
    if (!text_member(c, row, i, name, 10, &s))
        return false;
    if (wg_date_parse(s, &d) == WG_OK) {
        *day = wg_day_of(d);
        return true;
    }
    fault(c, i, wg_json_str(row, "id"), name, "must be a date like 2026-11-23");
    return false;
}

static void check_id(struct checking *c, const struct wg_json *row, size_t i)
{
    struct wg_str id = wg_json_str(row, "id"), name;
    bool bad = !id.n || id.n > 48;
    for (size_t k = 0; !bad && k < id.n; k++)
        bad = (unsigned char)id.p[k] <= ' ' || strchr("/\"\\:,;", id.p[k]);
    if (bad)
        fault(c, i, id, "id", "must be a text of 1 to 48 bytes without spaces, quotes, / : , or ;");
    if (!text_member(c, row, i, "name", 200, &name) && !wg_json_get(row, "name"))
        fault(c, i, id, "name", "is missing");
}

static void check_twins(struct checking *c, const struct wg_json *row, size_t i)
{
    struct wg_str id = wg_json_str(row, "id");
    /* Equal ids lie together in the order: the first of them in the text is the one that stays. */
    const struct wg_json *first = row_of(c, id);
    for (const struct wg_json *o = first ? c->t->json->child : NULL; o && o != row; o = o->next)
        if (wg_str_eq(wg_json_str(o, "id"), id)) {
            fault(c, i, id, "id", "is there already");
            return;
        }
}

static void check_parent(struct checking *c, const struct wg_json *row, size_t i)
{
    struct wg_str id = wg_json_str(row, "id"), parent;
    if (!text_member(c, row, i, "parent", 48, &parent))
        return;
    const struct wg_json *up = row_of(c, parent);
    if (!up) {
        fault(c, i, id, "parent", "there is no unit %.*s", WG_PRI(parent));
        return;
    }
    for (size_t steps = 0; up && steps <= c->count; steps++) {
        if (up == row) {
            fault(c, i, id, "parent", "%.*s leads back to this unit", WG_PRI(parent));
            return;
        }
        struct wg_str next = wg_json_str(up, "parent");
        up = next.n ? row_of(c, next) : NULL;
    }
}

static int64_t day_of(const struct wg_json *row, const char *name, int64_t none)
{
    struct wg_date d;
    return wg_date_parse(wg_json_str(row, name), &d) == WG_OK ? wg_day_of(d) : none;
}

static void check_period(struct checking *c, const struct wg_json *row, size_t i)
{
    struct wg_str id = wg_json_str(row, "id"), successor;
    int64_t from = INT64_MIN, to = INT64_MAX;
    bool ends;
    date_member(c, row, i, "from", &from);
    ends = date_member(c, row, i, "to", &to);
    if (from >= to)
        fault(c, i, id, "to", "must be later than from: it is the first day without the unit");
    if (!text_member(c, row, i, "successor", 48, &successor))
        return;
    const struct wg_json *s = row_of(c, successor);
    if (!ends)
        fault(c, i, id, "successor", "needs a date in to: the first day of the successor");
    else if (!s || s == row)
        fault(c, i, id, "successor", s ? "is this unit itself" : "there is no unit %.*s",
              WG_PRI(successor));
    else if (day_of(s, "from", INT64_MIN) > to || day_of(s, "to", INT64_MAX) <= to)
        fault(c, i, id, "successor", "%.*s is not there on %.*s", WG_PRI(successor),
              WG_PRI(wg_json_str(row, "to")));
}

static void check_posts(struct checking *c, const struct wg_json *row, size_t i)
{
    static const char *const texts[] = {"id", "name", "holder", "deputy"};
    const struct wg_json *posts = wg_json_get(row, "posts");
    struct wg_str id = wg_json_str(row, "id");
    if (!posts)
        return;
    if (posts->type != WG_JARR) {
        fault(c, i, id, "posts", "must be a list of {id, name, holder, deputy}");
        return;
    }
    for (const struct wg_json *p = posts->child; p; p = p->next) {
        for (size_t k = 0; k < 4; k++) {
            const struct wg_json *m = wg_json_get(p, texts[k]);
            if (m ? m->type != WG_JSTR && (k < 2 || m->type != WG_JNULL) : k < 2)
                fault(c, i, id, "posts", "%s of a post must be a text", texts[k]);
        }
        for (const struct wg_json *o = posts->child; o != p; o = o->next)
            if (wg_str_eq(wg_json_str(o, "id"), wg_json_str(p, "id")))
                fault(c, i, id, "posts", "%.*s is there already",
                      WG_PRI(cut(wg_json_str(p, "id"))));
    }
}

static void check_person(struct checking *c, const struct wg_json *row, size_t i)
{
    const struct wg_json *roles = wg_json_get(row, "roles");
    struct wg_str id = wg_json_str(row, "id"), unit, phone;
    bool of_unit = false;
    if (roles && roles->type != WG_JARR)
        fault(c, i, id, "roles", "must be a list of roles");
    for (const struct wg_json *r = roles && roles->type == WG_JARR ? roles->child : NULL; r;
         r = r->next) {
        uint32_t role = r->type == WG_JSTR ? wg_role_parse(r->str) : 0;
        of_unit |= role == WG_UNIT_ROLE;
        if (!role || role == WG_SYSTEM)
            fault(c, i, id, "roles", "%.*s is no role", WG_PRI(cut(r->str)));
    }
    bool has = text_member(c, row, i, "unit", 48, &unit);
    if (of_unit && !has && !wg_json_get(row, "unit"))
        fault(c, i, id, "unit", "the role unit needs its unit's id");
    if (has && c->ground && wg_table_json(c->ground->table[0]) && !wg_ground_unit(c->ground, unit))
        fault(c, i, id, "unit", "there is no unit %.*s", WG_PRI(unit));
    text_member(c, row, i, "phone", 40, &phone);
}

static int check_rows(struct checking *c, struct wg_err *err)
{
    const struct wg_json *j = c->t->json;
    size_t i = 0;
    if (j->type != WG_JARR)
        return wg_fail(err, WG_EINVAL, "%s: must be a list of {id, name, …}",
                       wg_collection_name(c->collection));
    if (!(c->by_id = calloc(j->count + 1, sizeof(*c->by_id))))
        return wg_fail(err, WG_ENOMEM, "out of memory");
    for (const struct wg_json *row = j->child; row; row = row->next)
        c->by_id[c->count++] = row;
    qsort(c->by_id, c->count, sizeof(*c->by_id), id_order);
    bool twins = false;
    for (size_t k = 1; k < c->count; k++)
        twins |= id_order(&c->by_id[k - 1], &c->by_id[k]) == 0;
    for (const struct wg_json *row = j->child; row; row = row->next, i++) {
        if (row->type != WG_JOBJ) {
            fault(c, i, (struct wg_str){NULL, 0}, "", "must be an object");
            continue;
        }
        check_id(c, row, i);
        if (twins)
            check_twins(c, row, i);
        if (c->collection == WG_PEOPLE) {
            check_person(c, row, i);
            continue;
        }
        check_parent(c, row, i);
        check_period(c, row, i);
        check_posts(c, row, i);
    }
    return WG_OK;
}

static int check_owners(const struct wg_json *j, struct wg_err *err)
{
    static const char *const kinds[] = {"part", "event"};
    for (size_t k = 0; k < 2; k++) {
        const struct wg_json *map = wg_json_get(j, kinds[k]);
        if (!map || map->type != WG_JOBJ)
            return wg_fail(err, WG_EINVAL, "owners.%s: must be a table of code prefix = unit",
                           kinds[k]);
        for (const struct wg_json *e = map->child; e; e = e->next)
            if (e->type != WG_JSTR || !e->str.n)
                return wg_fail(err, WG_EINVAL, "owners.%s.%.*s: must be a unit's id", kinds[k],
                               WG_PRI(e->key));
    }
    return WG_OK;
}

/* ---- made, kept, dropped ---- */

int wg_table_new(int collection, struct wg_str text, struct wg_str form,
                 const struct wg_ground *ground, struct wg_table **out,
                 struct wg_layer_faults *faults, struct wg_err *err)
{
    struct wg_layer_faults own = {0};
    struct wg_table *t = calloc(1, sizeof(*t));
    struct checking c = {collection, ground, t, faults ? faults : &own};
    int rc = WG_ENOMEM;
    *out = NULL;
    *c.faults = (struct wg_layer_faults){0};
    if (!t || !(t->arena = wg_arena_new(0)))
        goto out;
    t->refs = 1;
    if (wg_str_is(form, "csv") && collection == WG_OWNERS)
        rc = wg_fail(err, WG_EINVAL, "owners: come as JSON");
    else if (wg_str_is(form, "csv"))
        rc = read_csv(&c, text, err);
    else
        rc = wg_json_parse(t->arena, text, &t->json, err);
    if (rc == WG_OK)
        rc = collection == WG_OWNERS ? check_owners(t->json, err) : check_rows(&c, err);
    if (rc == WG_OK && c.faults->count)
        rc = fail_with_faults(c.faults, err);
    if (rc < 0)
        goto out;
    *out = t;
    t = NULL;
out:
    if (rc == WG_ENOMEM)
        wg_fail(err, rc, "out of memory");
    wg_table_drop(t);
    wg_buf_free(&own.text);
    free(c.by_id);
    free(c.line);
    return rc;
}

struct wg_table *wg_table_keep(struct wg_table *t)
{
    if (t)
        __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
    return t;
}

void wg_table_drop(struct wg_table *t)
{
    if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    wg_arena_free(t->arena);
    free(t);
}

const struct wg_json *wg_table_json(const struct wg_table *t)
{
    return t ? t->json : NULL;
}

/* Phones go to the vault: what stays, and {"id": phone, …}. */
void wg_table_split(const struct wg_table *t, struct wg_buf *rest, struct wg_buf *phones)
{
    wg_buf_char(rest, '[');
    wg_buf_char(phones, '{');
    for (const struct wg_json *row = t->json->child; row; row = row->next) {
        wg_json_sep(rest);
        wg_buf_char(rest, '{');
        for (const struct wg_json *m = row->child; m; m = m->next) {
            if (wg_str_is(m->key, "phone"))
                continue;
            wg_json_key_str(rest, m->key);
            wg_json_write(m, rest);
        }
        wg_buf_char(rest, '}');
        if (!wg_json_str(row, "phone").n)
            continue;
        wg_json_key_str(phones, wg_json_str(row, "id"));
        wg_buf_json(phones, wg_json_str(row, "phone"));
    }
    wg_buf_char(rest, ']');
    wg_buf_char(phones, '}');
}
