/* Evidence: a photo's facts are asked once and stand in the entry, and the marks follow from them.
 */
#include "desk_given.h"

/* A photo as PUT keeps it; salt makes it another. */
static void photo(struct county *c, const char *salt, int64_t taken_ms, int32_t lon, int32_t lat,
                  char name[WG_BLOB_NAME + 1])
{
    struct wg_media m = {.type = "image/jpeg",
                         .kind = WG_PHOTO,
                         .size = strlen(salt),
                         .taken_ms = taken_ms,
                         .placed = lon || lat,
                         .lon_e7 = lon,
                         .lat_e7 = lat};
    uint64_t size;
    put_bytes(IN(&c->f, "photo"), salt, strlen(salt));
    int fd = open(IN(&c->f, "photo"), O_RDONLY);
    CHECK_INT(wg_blob_put_fd(c->blobs, fd, &m, name, &size, &err), WG_OK);
    close(fd);
}

/* A body with so many names in its list. */
static char *body_of(char *out, size_t cap, const char *before, char (*name)[WG_BLOB_NAME + 1],
                     size_t count, const char *after)
{
    size_t n = (size_t)snprintf(out, cap, "%s", before);
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s\"%s\"", i ? "," : "", name[i]);
    snprintf(out + n, cap - n, "%s", after);
    return out;
}
#define REPORT_OF(names, count)                                                           \
    body_of((char[2400]){0}, 2400,                                                        \
            "{\"kind\":\"event\",\"category\":\"0111\",\"location\":{\"type\":\"Point\"," \
            "\"coordinates\":[118.52,30.02]},\"photos\":[",                               \
            names, count, "]}")
#define STEP_OF(names, count) body_of((char[2400]){0}, 2400, "{\"photos\":[", names, count, "]}")

static struct wg_buf last_entry(struct county *c)
{
    struct wg_buf b = WG_BUF_INIT;
    CHECK_INT(wg_journal_get(c->d->journal, c->d->n, &b, &err), WG_OK);
    wg_buf_char(&b, '\0');
    return b;
}

static void check_has(const struct wg_buf *b, const char *text, bool has)
{
    if ((strstr(b->p, text) != NULL) != has)
        CHECK_TEXT(b->p, text);
}

TEST(what_is_marked_follows_from_the_facts_and_is_decided_again_from_them)
{
    struct county c;
    char name[3][WG_BLOB_NAME + 1];
    int64_t now = wg_now_ms();
    given_county(&c);
    photo(&c, "good", now - 5 * WG_MINUTE_MS, 1185200000, 300201000, name[0]); /* 11 m */
    photo(&c, "late", now - 3 * WG_HOUR_MS, 1185200000, 300240000, name[1]);   /* 445 m */
    photo(&c, "mute", 0, 0, 0, name[2]);
    take_report(&c, REPORT_OF(name, 3));
    struct wg_buf e = last_entry(&c);
    check_has(&e, "[\"photo\",[\"", true);
    check_has(&e, "\"lon\":1185200000,\"lat\":300240000}", true);
    check_has(&e, "\"late\":true,\"far_m\":44", true);
    check_has(&e, "\"type\":\"image/jpeg\",\"taken\":null}", true);
    check_has(&e,
              "{\"k\":\"mark\",\"what\":\"photo_late\"},{\"k\":\"mark\",\"what\":\"photo_far\"}",
              true);
    wg_buf_free(&e);
    for (int i = 0; i < 3; i++) { /* what is kept beside them is not asked for again */
        char path[700];
        snprintf(path, sizeof(path), "%s/%.2s/%s.json", c.blobs, name[i], name[i]);
        CHECK_INT(unlink(path), 0);
    }
    check_audit(&c, GIVEN_ENTRIES + 1);
    county_done(&c);
}

TEST(what_is_late_and_far_is_the_packs_to_say)
{
    struct county c;
    char name[1][WG_BLOB_NAME + 1];
    given_county(&c);
    take_rules(&c, bundle_with("late_min = 30, far_m = 200", "late_min = 200, far_m = 9999"));
    photo(&c, "late", wg_now_ms() - 3 * WG_HOUR_MS, 1185200000, 300240000, name[0]);
    take_report(&c, REPORT_OF(name, 1));
    struct wg_buf e = last_entry(&c);
    check_has(&e, "\"k\":\"photo\"", true);
    check_has(&e, "\"k\":\"mark\"", false);
    wg_buf_free(&e);
    check_audit(&c, GIVEN_ENTRIES + 3);
    county_done(&c);
}

static void check_fault(struct county *c, struct wg_cmd *cmd, const char *pointer, const char *word)
{
    CHECK_INT(decide_one(c, cmd), WG_EINVAL);
    CHECK_TEXT(cmd->err.pointer, pointer);
    CHECK(strstr(cmd->err.text, word) != NULL);
    CHECK_INT(c->d->blob_hold, -1); /* nobody waits for us */
    cmd_free(cmd);
}

TEST(a_step_has_twenty_photos_and_a_case_a_hundred)
{
    static const struct {
        const char *act, *user, *unit;
        uint32_t role;
        const char *more;
    } way[] = {{"accept", "a-001", "", WG_ACCEPTOR, "]}"},
               {"file", "z-001", "", WG_CHIEF, "],\"condition\":\"1\"}"},
               {"dispatch", "p-001", "", WG_DISPATCHER, "],\"unit\":\"u-cg\"}"},
               {"acknowledge", "u-cg-1", "u-cg", WG_UNIT_ROLE, "]}"}};
    struct county c;
    char name[21][WG_BLOB_NAME + 1], salt[8], body[2400];
    given_county(&c);
    for (int i = 0; i < 21; i++) {
        snprintf(salt, sizeof(salt), "p%d", i);
        photo(&c, salt, 0, 0, 0, name[i]);
    }
    check_fault(&c, report(REPORT_OF(name, 21)), "/photos", "at most 20");
    uint64_t id = take_report(&c, REPORT_OF(name, 20));
    for (size_t i = 0; i < 4; i++)
        take(&c, step(way[i].act, id, way[i].user, way[i].unit, way[i].role,
                      body_of(body, sizeof(body), "{\"photos\":[", name, 20, way[i].more)));
    check_fault(&c, step("dispose", id, "u-cg-1", "u-cg", WG_UNIT_ROLE, STEP_OF(name, 1)),
                "/photos", "more than 100");
    take(&c, step("dispose", id, "u-cg-1", "u-cg", WG_UNIT_ROLE, "{\"photos\":[]}"));
    check_audit(&c, GIVEN_ENTRIES + 6);
    county_done(&c);
}

TEST(only_photos_sounds_and_videos_that_are_there_are_evidence)
{
    struct county c;
    char name[2][WG_BLOB_NAME + 1];
    given_county(&c);
    photo(&c, "there", 0, 0, 0, name[0]);
    CHECK_INT(wg_blob_put(c.blobs, WG_S("a,b\n"), name[1], &err), WG_OK); /* nothing beside it */
    check_fault(&c, report(REPORT_OF(name, 2)), "/photos/1", "PUT it first");
    memset(name[1], '0', WG_BLOB_NAME);
    check_fault(&c, report(REPORT_OF(name, 2)), "/photos/1", "PUT it first");
    struct wg_media data = {.type = "text/csv", .kind = WG_DATA};
    uint64_t size;
    int fd = open(IN(&c.f, "photo"), O_RDONLY);
    CHECK_INT(wg_blob_put_fd(c.blobs, fd, &data, name[1], &size, &err), WG_OK);
    close(fd);
    check_fault(&c, report(REPORT_OF(name, 2)), "/photos/0", "text/csv");
    county_done(&c);
}

TEST(a_blob_that_is_named_and_gone_or_changed_is_found_by_the_audit)
{
    struct county c;
    struct wg_audit audit;
    char name[2][WG_BLOB_NAME + 1], path[700];
    given_county(&c);
    photo(&c, "one", 0, 0, 0, name[0]);
    photo(&c, "two", 0, 0, 0, name[1]);
    take_report(&c, REPORT_OF(name, 2));
    take_report(&c, REPORT_OF(name, 1));
    county_close(&c);
    CHECK_INT(wg_replay_audit(&c.opts, NULL, NULL, &audit, &err), WG_OK);
    uint64_t all = audit.blobs;
    CHECK(all >= 2 + 6 &&
          audit.bad_blobs == 0); /* five editions, the rules, two photos, each once */
    snprintf(path, sizeof(path), "%s/%.2s/%s", c.blobs, name[0], name[0]);
    CHECK_INT(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/%.2s/%s", c.blobs, name[1], name[1]);
    chmod(path, 0600);
    flip_bit(path, 0, 0);
    CHECK_INT(wg_replay_audit(&c.opts, NULL, NULL, &audit, &err), WG_OK);
    CHECK(audit.blobs >= all && audit.bad_blobs >= 2 && audit.differ == 0);
    CHECK(strstr(audit.first, "entry 8 (report) names blob") && strstr(audit.first, name[0]));
    folder_drop(&c.f);
}

/* ---- entries from before there were facts about photos ---- */

static void replace(struct wg_buf *b, const char *old, const char *new)
{
    struct wg_buf out = WG_BUF_INIT;
    const char *at = b->p, *hit;
    size_t n = strlen(old);
    while ((hit = memmem(at, (size_t)(b->p + b->n - at), old, n))) {
        wg_buf_add(&out, at, (size_t)(hit - at));
        wg_buf_add(&out, new, strlen(new));
        at = hit + n;
    }
    wg_buf_add(&out, at, (size_t)(b->p + b->n - at));
    wg_buf_free(b);
    *b = out;
}

TEST(an_entry_of_an_earlier_version_folds_and_is_decided_as_it_was)
{
    struct county c;
    struct wg_buf e = WG_BUF_INIT, record = WG_BUF_INIT;
    struct wg_case k;
    char name[1][WG_BLOB_NAME + 1], in[200], prev[2][WG_HASH_TEXT + 1];
    given_county(&c);
    photo(&c, "old", wg_now_ms() - WG_DAY_MS, 0, 0, name[0]);
    take_report(&c, HERE);
    CHECK_INT(wg_journal_get(c.d->journal, c.d->n, &e, &err), WG_OK);
    memcpy(prev[1], c.d->prev, sizeof(prev[1]));
    const char *at = memmem(e.p, e.n, "\"prev\":\"", 8);
    snprintf(prev[0], sizeof(prev[0]), "%.*s", WG_HASH_TEXT, at + 8);
    snprintf(in, sizeof(in), "\"in\":{\"photos\":[\"%s\"],", name[0]);
    replace(&e, "{\"n\":8,", "{\"n\":9,");
    replace(&e, "-000001", "-000002");
    replace(&e, prev[0], prev[1]);
    replace(&e, "\"in\":{", in);
    struct wg_str bytes = wg_buf_str(&e);
    CHECK_INT(c.d->journal->ops->append(c.d->journal, 9, &bytes, 1, &err), WG_OK);
    county_reopen(&c);
    CHECK_INT(
        find_case(&c,
                  wg_case_id(341824, (uint32_t)wg_date_of(wg_local_day(wg_now_ms(), NULL)).year, 2),
                  &k, &record),
        WG_OK);
    CHECK(strstr(k.photos.p, "\"stage\":\"before\"}]") != NULL);
    check_audit(&c, GIVEN_ENTRIES + 2);
    wg_buf_free(&e);
    wg_buf_free(&record);
    county_done(&c);
}

RUN_ALL("desk_evidence")
