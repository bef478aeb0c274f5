/* The topology report of a collection in force: a job's, kept until the data change. One document
 * for people's programs and for a map: a GeoJSON FeatureCollection of the spots, with what was
 * counted as members beside them. */
#include "inside.h"

#include <stdlib.h>

struct topology {
    uint64_t mark; /* of the layer and the outlines that it is about */
    struct wg_buf text;
};

struct surveying {
    struct job job;
    struct task *task;
    struct wg_county *county;
    int collection;
    struct wg_force *force;
    struct wg_reading read;
    struct wg_topology found;
    int rc;
    struct wg_err err;
};

void topologies_free(struct wg_county *c)
{
    for (int k = 0; c->topology && k < WG_ALL; k++)
        wg_buf_free(&c->topology[k].text);
    free(c->topology);
    c->topology = NULL;
}

static uint64_t mark_of(const struct wg_ground *g, int collection)
{
    const struct wg_layer *counties = g->counties ? g->counties : g->layer[WG_COUNTIES];
    uint64_t mark = wg_layer_mark(g->layer[collection]);
    return mark * 0x9e3779b97f4a7c15u + (counties ? wg_layer_mark(counties) : 0);
}

static void survey_run(struct job *job)
{
    struct surveying *s = (struct surveying *)job;
    __atomic_store_n(&s->task->running, true, __ATOMIC_RELAXED);
    s->rc = wg_ground_topology(s->force->ground, s->collection, &s->read, &s->found, &s->err);
}

static void write_report(const struct surveying *s, struct wg_buf *b)
{
    wg_buf_lit(b, "{\"type\":\"FeatureCollection\"");
    wg_json_kstr(b, "area", wg_str_of(s->county->area));
    wg_json_kstr(b, "collection", wg_str_of(wg_collection_name(s->collection)));
    wg_json_ktime(b, "at", wg_now_ms());
    wg_json_kint(b, "count", (int64_t)wg_layer_count(s->force->ground->layer[s->collection]));
    wg_json_kint(b, "faults", (int64_t)s->found.faults);
    wg_json_key(b, "topology");
    wg_topology_counts(&s->found, b);
    wg_buf_lit(b, ",\"features\":[");
    wg_buf_str_add(b, wg_buf_str(&s->found.spots));
    wg_buf_lit(b, "]}");
}

static void survey_done(struct job *job)
{
    struct surveying *s = (struct surveying *)job;
    struct topology *all = s->county->topology, *t = all ? &all[s->collection] : NULL;
    struct wg_buf *b = &s->task->result;
    if (s->rc < 0) {
        task_failed(s->task, &s->err, (struct wg_str){NULL, 0});
    } else {
        write_report(s, b);
        if (t) {
            wg_buf_clear(&t->text);
            wg_buf_str_add(&t->text, wg_buf_str(b));
            t->mark = wg_buf_ok(&t->text) ? mark_of(s->force->ground, s->collection) : 0;
        }
        task_done(s->task, 200);
    }
    wg_topology_done(&s->found);
    wg_force_drop(s->force);
    free(s);
}

static void refuse(struct call *call, int code, const char *text)
{
    struct wg_err err = {0};
    wg_fail(&err, code, "%s", text);
    answer_err(call->req, code, &err, (struct wg_str){NULL, 0});
}

/* Told already, of these very layers. */
static bool answer_kept(struct call *call, const struct wg_ground *g, int collection)
{
    struct wg_county *c = call->county;
    struct wg_buf b = WG_BUF_INIT;
    if (!c->topology)
        c->topology = calloc(WG_ALL, sizeof(*c->topology));
    struct topology *t = c->topology ? &c->topology[collection] : NULL;
    if (!t || !t->text.n || t->mark != mark_of(g, collection))
        return false;
    wg_buf_str_add(&b, wg_buf_str(&t->text));
    answer_json(call->req, 200, &b);
    return true;
}

void get_topology(struct call *call)
{
    int collection = wg_collection_parse(wg_req_param(call->req, "collection"));
    if (collection < 0 || !wg_topology_is_of(collection)) {
        refuse(call, WG_ENOENT, "topology is of counties streets communities grids parts places");
        return;
    }
    struct wg_force *f = wg_desk_force(call->county->desk);
    struct surveying *s = NULL;
    if (!f->ground->layer[collection]) {
        refuse(call, WG_ENOENT, "nothing has been loaded for this collection yet");
    } else if (answer_kept(call, f->ground, collection)) {
        /* done */
    } else if (!(s = calloc(1, sizeof(*s))) ||
               !(s->task = task_new(call, "topology", wg_str_of(wg_collection_name(collection))))) {
        wg_reply_problem(call->req, 503, "out of memory");
    } else {
        s->county = call->county;
        s->collection = collection;
        s->force = f;
        s->task->reading = &s->read;
        s->task->size = wg_layer_count(f->ground->layer[collection]);
        s->job = (struct job){.run = survey_run, .done = survey_done};
        if (job_submit(call->county, &s->job) == WG_OK)
            return;
        wg_fail(&s->err, WG_EBUSY, "too many jobs wait; try again");
        task_failed(s->task, &s->err, (struct wg_str){NULL, 0});
    }
    free(s);
    wg_force_drop(f);
}
