/* What the checks have to say, in one form. */
#include "workshop/workshop.h"

#include <stdio.h>

const char *wg_severity_name(int s)
{
    static const char *const names[WG_SEVERITIES] = {"remark", "doubt", "fault"};
    return s >= 0 && s < WG_SEVERITIES ? names[s] : "?";
}

void wg_find(struct wg_findings *f, const struct wg_finding *one)
{
    struct wg_buf *b = &f->items;
    wg_json_sep(b);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "severity", wg_str_of(wg_severity_name(one->severity)));
    wg_json_kstr(b, "check", wg_str_of(one->check));
    wg_json_kstr(b, "where", one->where);
    wg_json_kstr(b, "file", one->file);
    wg_json_kint(b, "line", one->line);
    wg_json_kstr(b, "text", wg_str_of(one->text));
    if (one->right)
        wg_json_kstr(b, "right", wg_str_of(one->right));
    wg_buf_char(b, '}');
    f->count[one->severity]++;
}

void wg_findings_soften(struct wg_findings *f, const char *check)
{
    char hard[80];
    static const char doubt[] = "doubt";
    size_t n =
        (size_t)snprintf(hard, sizeof(hard), "\"severity\":\"fault\"%s%s%s",
                         check ? ",\"check\":\"" : "", check ? check : "", check ? "\"" : "");
    char *end = f->items.p + f->items.n;
    for (char *at = f->items.p; at && (at = memmem(at, (size_t)(end - at), hard, n)); at += n) {
        memcpy(at + strlen("\"severity\":\""), doubt, sizeof(doubt) - 1); /* as long as fault */
        f->count[WG_DOUBT]++;
        f->count[WG_FAULT]--;
    }
}

void wg_findings_free(struct wg_findings *f)
{
    wg_buf_free(&f->items);
    *f = (struct wg_findings){.items = WG_BUF_INIT};
}

const struct wg_json *wg_findings_list(const struct wg_findings *f, struct wg_arena *a)
{
    struct wg_str text = wg_arena_fmt(a, "[%.*s]", (int)f->items.n, f->items.p ? f->items.p : "");
    struct wg_json *list = NULL;
    return text.p && wg_json_parse(a, text, &list, NULL) == WG_OK ? list : NULL;
}

void wg_findings_write(const struct wg_findings *f, struct wg_buf *out)
{
    wg_buf_char(out, '{');
    wg_json_kint(out, "faults", (int64_t)f->count[WG_FAULT]);
    wg_json_kint(out, "doubts", (int64_t)f->count[WG_DOUBT]);
    wg_json_kint(out, "remarks", (int64_t)f->count[WG_REMARK]);
    wg_json_key(out, "findings");
    wg_buf_char(out, '[');
    wg_buf_str_add(out, wg_buf_str(&f->items));
    wg_buf_lit(out, "]}");
}
