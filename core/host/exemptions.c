/* Exemptions 豁免: what the city lets a county do otherwise, for a while. Its approver signs them,
 * the city keeps them, the guard cites them. */
#include "inside.h"

#include <stdio.h>

struct exempting {
    struct wg_buf *b;
    struct wg_str front; /* "341824." */
};

static int list_exemption(void *arg, struct wg_str name, struct wg_str json)
{
    struct exempting *x = arg;
    if (name.n <= x->front.n || memcmp(name.p, x->front.p, x->front.n) != 0)
        return WG_OK;
    wg_json_sep(x->b);
    wg_buf_str_add(x->b, json);
    return WG_OK;
}

void exemptions_write(struct wg_county *c, struct wg_buf *b)
{
    struct wg_county *city = c->host->city;
    struct wg_txn *txn;
    char front[16];
    snprintf(front, sizeof(front), "%s.", c->area);
    struct exempting x = {b, wg_str_of(front)};
    wg_buf_char(b, '[');
    if (reader_begin(city, &txn, NULL) == WG_OK) {
        wg_view_records(wg_desk_views(city->desk), txn, "exemption", list_exemption, &x);
        reader_end(city);
    }
    wg_buf_char(b, ']');
}

void get_exemptions(struct call *call)
{
    struct wg_buf b = WG_BUF_INIT;
    wg_buf_lit(&b, "{\"exemptions\":");
    exemptions_write(call->county, &b);
    wg_buf_char(&b, '}');
    answer_json(call->req, 200, &b);
}

/* For the county of the address, by the city's approver; kept by the city. */
void post_exemption(struct call *call)
{
    static const char *const must[] = {"number", "reason", "until", "check", "where"};
    struct wg_json *body;
    struct wg_err err = {0};
    struct wg_date d;
    struct wg_buf b = WG_BUF_INIT;
    char pointer[20];
    if (parse_body(call, true, &body) < 0)
        return;
    wg_buf_char(&b, '{');
    for (size_t i = 0; i < 5 && !err.code; i++) {
        struct wg_str v = wg_json_str(body, must[i]);
        snprintf(pointer, sizeof(pointer), "/%s", must[i]);
        if (!v.n || v.n > 500)
            wg_fail_at(&err, WG_EINVAL, pointer, "%s is missing: a text of at most 500 bytes",
                       must[i]);
        wg_json_kstr(&b, must[i], v);
    }
    if (!err.code && wg_date_parse(wg_json_str(body, "until"), &d) < 0)
        wg_fail_at(&err, WG_EINVAL, "/until", "must be its last day, like 2027-06-30");
    if (!err.code && call->county->is_city)
        wg_fail(&err, WG_EINVAL, "an exemption is for a county: POST it to the county's address");
    if (err.code) {
        wg_buf_free(&b);
        answer_err(call->req, err.code, &err, (struct wg_str){NULL, 0});
        return;
    }
    wg_json_kstr(&b, "signer", wg_str_of(call->session->user));
    wg_buf_char(&b, '}');
    call->cmd.act = WG_S("keep");
    call->cmd.kind = WG_S("exemption");
    call->cmd.name = wg_arena_fmt(call->arena, "%s.%.*s", call->county->area,
                                  WG_PRI(wg_json_str(body, "number")));
    call->cmd.value = wg_arena_str(call->arena, wg_buf_str(&b));
    wg_buf_free(&b);
    call->county = call->host->city;
    call->status = 201;
    call_submit(call);
}
