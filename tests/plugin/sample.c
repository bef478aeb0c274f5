/* A plugin as someone else would write it: nothing but wg.h, built out of tree. One route, one
 * effect, one function.
 *
 *   cc -shared -fPIC -I <prefix>/include sample.c -o sample.so
 *
 * Its config: { file = "where notes go", stubborn = true, silent = true }. A stubborn one fails
 * each note's first try; a silent one writes the note and never says that it is done. */
#define _GNU_SOURCE
#include <wg.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SAMPLE_ABI
#define SAMPLE_ABI WG_ABI
#endif

struct sample {
    char area[8], file[512], failed[64]; /* failed: the key of the note that was refused last */
    int stubborn, silent;
};

/* ---- its life ---- */

static int has(struct wg_str json, const char *text)
{
    return memmem(json.p, json.n, text, strlen(text)) != NULL;
}

static int sample_open(struct wg_county *county, struct wg_str config, void **self,
                       struct wg_err *err)
{
    static const char key[] = "\"file\":\"";
    struct sample *s = calloc(1, sizeof(*s));
    const char *at = memmem(config.p, config.n, key, sizeof(key) - 1);
    const char *end =
        at ? memchr(at + sizeof(key) - 1, '"', (size_t)(config.p + config.n - at) - sizeof(key) + 1)
           : NULL;
    if (!s || !end) {
        free(s);
        err->code = s ? WG_EINVAL : WG_ENOMEM;
        snprintf(err->text, sizeof(err->text), "sample: the config names no file");
        return err->code;
    }
    at += sizeof(key) - 1;
    snprintf(s->file, sizeof(s->file), "%.*s", (int)(end - at), at);
    snprintf(s->area, sizeof(s->area), "%s", wg_county_area(county));
    s->stubborn = has(config, "\"stubborn\":true");
    s->silent = has(config, "\"silent\":true");
    *self = s;
    wg_plugin_log("info", "sample", s->area);
    return WG_OK;
}

static void sample_close(void *self)
{
    free(self);
}

/* ---- what it adds ---- */

static void on_hello(struct wg_req *req, void *self)
{
    const struct sample *s = self;
    struct wg_str name = wg_req_query(req, "name");
    char body[200];
    int n = snprintf(body, sizeof(body), "{\"hello\":\"%s\",\"name\":\"%.*s\"}", s->area,
                     name.n < 100 ? (int)name.n : 100, name.p ? name.p : "");
    wg_reply(req, 200, "application/json", (struct wg_str){body, (size_t)n});
}

static void on_notify(const struct wg_effect_job *job, void *self)
{
    struct sample *s = self;
    FILE *f;
    if (s->stubborn && strcmp(s->failed, job->key) != 0) {
        snprintf(s->failed, sizeof(s->failed), "%s", job->key);
        wg_effect_done(job, 0, "not at once");
        return;
    }
    f = fopen(s->file, "a");
    if (f) {
        fprintf(f, "{\"key\":\"%s\",\"body\":%.*s}\n", job->key, (int)job->body.n, job->body.p);
        fclose(f);
    }
    if (!s->silent)
        wg_effect_done(job, f != NULL, f ? "" : "the file can't be opened");
}

static int l_double(struct wg_call *call)
{
    int64_t n;
    if (wg_call_count(call) != 1 || wg_call_int(call, 1, &n) < 0)
        return wg_call_fail(call, "takes one whole number");
    wg_call_answer_int(call, 2 * n);
    return WG_OK;
}

WG_PLUGIN(sample) = {
    .abi = SAMPLE_ABI,
    .name = "sample",
    .brief = "What a plugin may add, for the tests",
    .open = sample_open,
    .close = sample_close,
    .routes = (const struct wg_route[]){{"GET", "/sample/hello", on_hello, "A greeting"}, {0}},
    .effects = (const struct wg_effect[]){{"notify", on_notify}, {0}},
    .lua = (const struct wg_luafn[]){{"sample.double", l_double, "sample.double(n) -> n",
                                      "twice n"},
                                     {0}},
};
