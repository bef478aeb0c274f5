/* What a pack says that can't be meant. Here: names that nothing answers to; the rows and the Lua
 * texts have files of their own. */
#include "workshop/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void lint_say(struct lint *l, enum wg_severity severity, const char *check, const char *where,
              const char *needle, const char *right, const char *text, ...)
{
    struct wg_str folder[3] = {wg_bundle_area(l->bundle), wg_bundle_city(l->bundle), WG_S("std")};
    struct wg_finding one = {.severity = severity,
                             .check = check,
                             .where = wg_str_of(where),
                             .file = {NULL, 0},
                             .right = right};
    char line[512];
    va_list ap;
    va_start(ap, text);
    vsnprintf(line, sizeof(line), text, ap);
    va_end(ap);
    one.text = line;
    for (int i = 0; needle && i < 3; i++)
        if (wg_bundle_spot(l->bundle, folder[i], needle, &one.file, &one.line))
            break;
    wg_find(l->found, &one);
}

/* What the county took over as it is can't be mended there. */
static enum wg_severity of_table(const struct lint *l, const char *name, enum wg_severity own)
{
    const struct wg_json *here = wg_json_get(l->tables, name),
                         *there = wg_json_get(l->base_tables, name);
    struct wg_buf a = WG_BUF_INIT, b = WG_BUF_INIT;
    if (!here || !there)
        return own;
    wg_json_write(here, &a);
    wg_json_write(there, &b);
    bool same = wg_str_eq(wg_buf_str(&a), wg_buf_str(&b));
    wg_buf_free(&a);
    wg_buf_free(&b);
    return same ? WG_REMARK : own;
}

/* ---- events ---- */

static void lint_event(void *arg, const struct wg_handler *h)
{
    struct lint *l = arg;
    char where[80];
    if (strcmp(h->event, "time") == 0 || wg_flow_knows(&l->pack->flow, wg_str_of(h->event)))
        return;
    snprintf(where, sizeof(where), "on.%s", h->event);
    wg_find(l->found,
            &(struct wg_finding){.severity = WG_FAULT,
                                 .check = "unknown_event",
                                 .where = wg_str_of(where),
                                 .file = h->file,
                                 .line = h->line,
                                 .text = "流程中没有这个动作，此函数永远不会被调用",
                                 .right = "动作名称见 std/flow.lua 和本县 steps；或为 time"});
}

/* ---- tables ---- */

static void lint_deferral(struct lint *l)
{
    const struct wg_json *rows = wg_json_get(l->tables, "deferral");
    int i = 0;
    for (const struct wg_json *m = rows ? rows->child : NULL; m; m = m->next) {
        struct wg_str by = wg_json_str(m, "by");
        char where[48];
        snprintf(where, sizeof(where), "tables.deferral 第%d行", ++i);
        if (!(wg_role_parse(by) & (WG_DISPATCHER | WG_CHIEF | WG_LEADER)))
            lint_say(l, of_table(l, "deferral", WG_FAULT), "unknown_role", where, "deferral",
                     "dispatcher、chief 或 leader", "延期审批人“%.*s”不能审批延期", WG_PRI(by));
    }
}

static void lint_ladder(struct lint *l)
{
    const struct wg_json *rows = wg_json_get(l->tables, "ladder");
    int i = 0;
    for (const struct wg_json *m = rows ? rows->child : NULL; m; m = m->next) {
        struct wg_str to = wg_json_str(m, "to");
        char where[48];
        snprintf(where, sizeof(where), "tables.ladder 第%d级", ++i);
        if (!to.n)
            lint_say(l, of_table(l, "ladder", WG_FAULT), "ladder_without_to", where, "ladder",
                     "to = 角色、单位或人员", "这一级没有说报给谁");
        else if (!wg_role_parse(to))
            lint_say(l, of_table(l, "ladder", WG_DOUBT), "unknown_role", where, "ladder",
                     "角色名称，或基础数据中的单位、人员编号", "“%.*s”不是角色", WG_PRI(to));
        if (i > 1 && !wg_json_get(m, "after"))
            lint_say(l, of_table(l, "ladder", WG_FAULT), "ladder_without_after", where, "ladder",
                     "after = { 4, \"work_hour\" }", "第一级之后的各级须写明相隔多久");
        if (i == 1 && wg_json_get(m, "after"))
            lint_say(l, of_table(l, "ladder", WG_REMARK), "ladder_first_after", where, "ladder",
                     NULL, "第一级在超期时立即上报，after 不起作用");
    }
}

static void lint_stages(struct lint *l)
{
    static const int posts[] = {WG_REPORTED, WG_VERIFYING, WG_ACCEPTED, WG_FILED,  WG_RETURNED,
                                WG_DISPUTED, WG_DISPOSED,  WG_CHECKING, WG_CHECKED};
    for (size_t i = 0; i < sizeof(posts) / sizeof(posts[0]); i++) {
        char where[48];
        if (l->pack->clocks.stage[posts[i]].n_milli)
            continue;
        snprintf(where, sizeof(where), "tables.stages.%s", wg_state_name(posts[i]));
        lint_say(l, of_table(l, "stages", WG_DOUBT), "stage_without_limit", where, "stages",
                 "如 { 0.5, \"work_hour\" }", "这一环节有岗位负责，却没有环节时限");
    }
}

/* ---- the documents that rows cite ---- */

struct cited {
    struct wg_str id, example;
    size_t rows;
    bool own; /* a row that the county says itself */
};

static const char *day_text(int64_t ms, char out[16])
{
    struct wg_date d = wg_date_of(wg_local_day(ms, NULL));
    snprintf(out, 16, "%04d-%02d-%02d", d.year, d.month, d.day);
    return out;
}

static void lint_cited(struct lint *l, const struct cited *c)
{
    const struct wg_legal *doc = wg_pack_legal(l->pack, c->id);
    enum wg_severity severity = c->own ? WG_DOUBT : WG_REMARK;
    char where[240], day[16];
    snprintf(where, sizeof(where), "依据“%.*s”", (int)(c->id.n < 200 ? c->id.n : 200), c->id.p);
    if (!doc)
        lint_say(l, severity, "unknown_source", where, c->id.p, "在 sources 中登记此文件",
                 "sources 中没有这份文件；%zu 条立案条件引用它，如%.*s", c->rows,
                 WG_PRI(c->example));
    else if (doc->to_ms <= l->now_ms)
        lint_say(l, severity, "expired_source", where, c->id.p, "换用现行文件，或更正 to",
                 "此文件自%s起失效；%zu 条立案条件引用它，如%.*s", day_text(doc->to_ms, day),
                 c->rows, WG_PRI(c->example));
    else if (doc->from_ms > l->now_ms)
        lint_say(l, severity, "future_source", where, c->id.p, NULL,
                 "此文件%s起才施行；%zu 条立案条件引用它，如%.*s", day_text(doc->from_ms, day),
                 c->rows, WG_PRI(c->example));
}

static int lint_sources(struct lint *l)
{
    size_t count = 0, rows = 0;
    for (size_t i = 0; i < l->pack->class_count; i++)
        rows += l->pack->classes[i].conditions;
    struct cited *cited = wg_arena_alloc(l->arena, (rows + 1) * sizeof(*cited));
    for (size_t i = 0; cited && i < l->pack->class_count; i++) {
        const struct wg_class *c = &l->pack->classes[i];
        for (size_t k = 0; k < c->conditions; k++) {
            size_t at = 0;
            if (!c->condition[k].source.n)
                continue;
            while (at < count && !wg_str_eq(cited[at].id, c->condition[k].source))
                at++;
            if (at == count)
                cited[count++] =
                    (struct cited){.id = c->condition[k].source,
                                   .example = wg_arena_fmt(
                                       l->arena, "%s.%.*s 条件%.*s", wg_kind_name((int)c->kind),
                                       WG_PRI(c->code), WG_PRI(c->condition[k].id))};
            cited[at].rows++;
            cited[at].own |=
                !l->base || !wg_pack_row_known(l->base, (int)c->kind, c->code, &c->condition[k]);
        }
    }
    for (size_t i = 0; i < count; i++)
        lint_cited(l, &cited[i]);
    return cited ? WG_OK : WG_ENOMEM;
}

/* ---- all of it ---- */

static int read_trees(struct lint *l)
{
    struct wg_json *tables, *messages, *base = NULL;
    int rc = wg_json_parse(l->arena, l->pack->tables, &tables, NULL);
    if (rc == WG_OK)
        rc = wg_json_parse(l->arena, l->pack->messages, &messages, NULL);
    if (rc == WG_OK && l->base)
        rc = wg_json_parse(l->arena, l->base->tables, &base, NULL);
    if (rc < 0)
        return rc;
    l->tables = tables;
    l->messages = messages;
    l->base_tables = base;
    return WG_OK;
}

int wg_lint(struct wg_rules *r, const struct wg_bundle *b, const struct wg_pack *base,
            int64_t now_ms, struct wg_findings *f, struct wg_err *err)
{
    struct lint l = {.bundle = b,
                     .pack = wg_rules_pack(r),
                     .base = wg_str_eq(wg_bundle_area(b), wg_bundle_city(b)) ? NULL : base,
                     .now_ms = now_ms,
                     .arena = wg_arena_new(0),
                     .found = f};
    int rc = l.arena ? read_trees(&l) : WG_ENOMEM;
    if (rc == WG_OK) {
        wg_rules_handlers(r, lint_event, &l);
        lint_deferral(&l);
        lint_ladder(&l);
        lint_stages(&l);
        rc = lint_sources(&l);
    }
    if (rc == WG_OK) {
        lint_rows(&l);
        lint_texts(&l);
    }
    if (rc == WG_OK && !wg_buf_ok(&f->items))
        rc = WG_ENOMEM;
    wg_arena_free(l.arena);
    return rc < 0 ? wg_fail(err, rc, "out of memory") : WG_OK;
}
