/* The collections that there are: ours, and those that counties' rules name. */
#include "spatial.h"

#include <pthread.h>
/* Those who see every case; others have their own lists of them. */
#define DESKS                                                                         \
    ((uint32_t)(WG_ACCEPTOR | WG_CHIEF | WG_DISPATCHER | WG_COORDINATOR | WG_LEADER | \
                WG_REVIEWER | WG_AUDITOR | WG_ADMIN))

static const struct collection listed[] = {
    {"counties", "县区", "县级行政区域的界线", ~0u, WG_ADMIN},
    {"streets", "街道", "街道、乡镇的界线", ~0u, WG_ADMIN},
    {"communities", "社区", "社区、村的界线", ~0u, WG_ADMIN},
    {"grids", "单元网格", "单元网格（GB/T 30428.1）", ~0u, WG_ADMIN},
    {"places", "地名地址", "地名、门楼牌、兴趣点", ~0u, WG_ADMIN},
    {"duties", "责任网格", "责任区域及其责任单位", SIGNED_IN, WG_ADMIN},
    {"parts", "部件", "城市部件：井盖、路灯、行道树等", SIGNED_IN, WG_ADMIN},
    {CASES, "案卷", "未结案卷，以及90日内结案的案卷", DESKS, 0, "opened", "closed"},
};

#define LISTED (sizeof(listed) / sizeof(listed[0]))

/* Layers of counties' own, as their rules name them: added and never changed, so that who has one
 * needs no lock. */
static struct {
    pthread_mutex_t lock;
    size_t count; /* atomic */
    struct own {
        struct collection c;
        char id[32], title[96];
    } own[OWN_MAX];
} learnt = {.lock = PTHREAD_MUTEX_INITIALIZER};

const struct collection *collection_at(size_t i)
{
    if (i < LISTED)
        return &listed[i];
    return i - LISTED < __atomic_load_n(&learnt.count, __ATOMIC_ACQUIRE) ? &learnt.own[i - LISTED].c
                                                                         : NULL;
}

size_t collection_index(const struct collection *c)
{
    size_t i = 0;
    while (collection_at(i) && collection_at(i) != c)
        i++;
    return i;
}

bool collection_is_own(const struct collection *c)
{
    return collection_index(c) >= LISTED;
}

const struct collection *collection_find(struct wg_str id)
{
    const struct collection *c;
    for (size_t i = 0; (c = collection_at(i)); i++)
        if (wg_str_is(id, c->id))
            return c;
    return NULL;
}

void collection_learn(struct wg_str id, struct wg_str title)
{
    if (collection_find(id))
        return;
    pthread_mutex_lock(&learnt.lock);
    struct own *o = &learnt.own[learnt.count];
    if (!collection_find(id) && learnt.count < OWN_MAX &&
        wg_str_copy(o->id, sizeof(o->id), id) == WG_OK &&
        wg_str_copy(o->title, sizeof(o->title), title) == WG_OK) {
        o->c = (struct collection){o->id, o->title, o->title, SIGNED_IN, WG_ADMIN, NULL, NULL};
        __atomic_store_n(&learnt.count, learnt.count + 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&learnt.lock);
}
