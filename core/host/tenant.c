/* A county as a tenant: in which phase of its life, since when, and what it still lacks. */
#include "inside.h"

static const char *const phase_zh[WG_PHASES] = {"前期", "建设", "试运行", "正式", "扩面"};

static void refuse(struct call *call, int code, const char *pointer, const char *text)
{
    struct wg_err err = {0};
    wg_fail_at(&err, code, pointer, "%s", text);
    answer_err(call->req, code, &err, (struct wg_str){NULL, 0});
}

static bool is_tenant(struct call *call)
{
    if (!call->county->is_city)
        return true;
    refuse(call, WG_ENOENT, "", "the city is no tenant; ask for one of its counties");
    return false;
}

static void write_history(const struct wg_json *history, struct wg_buf *b)
{
    wg_json_key(b, "history");
    wg_buf_char(b, '[');
    for (const struct wg_json *h = history ? history->child : NULL; h; h = h->next) {
        wg_json_sep(b);
        wg_buf_char(b, '{');
        wg_json_kstr(b, "phase", wg_json_str(h, "phase"));
        wg_json_ktime(b, "since", wg_json_int(h, "since", 0));
        wg_json_kstr(b, "by", wg_json_str(h, "by"));
        wg_json_kstr(b, "note", wg_json_str(h, "note"));
        wg_buf_char(b, '}');
    }
    wg_buf_char(b, ']');
}

/* What a county needs before it takes reports: what is there, what is not, and the share. */
static void write_readiness(struct wg_county *c, struct wg_buf *b)
{
    static const int must[] = {WG_STREETS, WG_COMMUNITIES, WG_GRIDS,  WG_DUTIES,
                               WG_PARTS,   WG_UNITS,       WG_OWNERS, WG_COLLECTIONS};
    struct wg_force *f = wg_desk_force(c->desk);
    int done = 0, all = (int)(sizeof(must) / sizeof(must[0]));
    wg_json_key(b, "ready");
    wg_buf_char(b, '[');
    for (int i = 0; i < all; i++) {
        int k = must[i];
        bool has = k == WG_COLLECTIONS         ? f->pack != NULL
                   : wg_collection_is_layer(k) ? f->ground->layer[k] != NULL
                                               : f->ground->table[k - WG_UNITS] != NULL;
        wg_json_sep(b);
        wg_buf_char(b, '{');
        wg_json_kstr(b, "what", wg_str_of(k == WG_COLLECTIONS ? "rules" : wg_collection_name(k)));
        wg_json_kbool(b, "done", has);
        wg_buf_char(b, '}');
        done += has;
    }
    wg_buf_char(b, ']');
    wg_json_kint(b, "ready_percent", 100 * done / all);
    wg_force_drop(f);
}

void get_tenant(struct call *call)
{
    struct wg_txn *txn;
    struct wg_str json;
    struct wg_json *j = NULL;
    struct wg_buf b = WG_BUF_INIT;
    if (!is_tenant(call))
        return;
    if (reader_begin(call->county, &txn, NULL) == WG_OK) {
        if (wg_view_record(wg_desk_views(call->county->desk), txn, "tenant", WG_S("now"), &json) ==
            WG_OK)
            wg_json_parse(call->arena, json, &j, NULL);
        reader_end(call->county);
    }
    int phase = j ? wg_phase_parse(wg_json_str(j, "phase")) : WG_LIVE;
    wg_buf_char(&b, '{');
    wg_json_kstr(&b, "area", wg_str_of(call->county->area));
    wg_json_kstr(&b, "phase", wg_str_of(wg_phase_name(phase)));
    wg_json_kstr(&b, "name", phase >= 0 ? wg_str_of(phase_zh[phase]) : (struct wg_str){NULL, 0});
    wg_json_ktime(&b, "since", wg_json_int(j, "since", 0));
    write_history(wg_json_get(j, "history"), &b);
    write_readiness(call->county, &b);
    wg_buf_char(&b, '}');
    answer_json(call->req, 200, &b);
}

void post_tenant(struct call *call)
{
    struct wg_json *in;
    struct wg_buf b = WG_BUF_INIT;
    if (!is_tenant(call) || parse_body(call, true, &in) < 0)
        return;
    for (const struct wg_json *m = in->child; m; m = m->next)
        if (m->type != WG_JSTR || (!wg_str_is(m->key, "phase") && !wg_str_is(m->key, "note"))) {
            refuse(call, WG_EINVAL, "", "holds the texts phase and note and no more");
            return;
        }
    if (wg_json_str(in, "note").n > 2000) {
        refuse(call, WG_EINVAL, "/note", "must have at most 2000 bytes");
        return;
    }
    wg_json_write(in, &b);
    call->cmd.act = WG_S("keep");
    call->cmd.kind = WG_S("tenant");
    call->cmd.name = WG_S("now");
    call->cmd.value = wg_arena_str(call->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    call_submit(call);
}
