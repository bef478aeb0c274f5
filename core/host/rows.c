/* The route table: what serves is what the OpenAPI document lists. */
#include "inside.h"

#define MB (1u << 20)

const struct row rows[] = {
    {WG_METHOD_POST, "/v1/session", post_session, 0, ROW_OPEN | ROW_NO_AREA, 65536, "登录 Sign in",
     NULL, "SignIn", "Session"},
    {WG_METHOD_GET, "/v1/session", get_session, 0, ROW_NO_AREA, 0, "Who am I, what may I do", NULL,
     NULL, "Session"},
    {WG_METHOD_DELETE, "/v1/session", delete_session, 0, ROW_NO_AREA, 0,
     "退出 Sign out; the token is dead at once", NULL, NULL, NULL},

    {WG_METHOD_POST, "/v1/{area}/cases", post_case, 0, ROW_CITY, 0,
     "上报 Report a case; to the city: routed by its place", NULL, "Report", "Case"},
    {WG_METHOD_GET, "/v1/{area}/cases", get_cases, CASE_READERS | WG_PUBLIC, ROW_CITY, 0,
     "Cases by filter, in pages",
     "state:string category:string kind:string unit:string grid:string part:string source:string "
     "reporter:string "
     "lamp:string from:string to:string bbox:string q:string caller:string sort:string "
     "limit:integer "
     "cursor:string",
     NULL, "Cases"},
    {WG_METHOD_GET, "/v1/{area}/cases/{id}", get_case, CASE_READERS | WG_PUBLIC, ROW_CITY, 0,
     "A case; ETag is its version", NULL, NULL, "Case"},
    {WG_METHOD_GET, "/v1/{area}/cases/{id}/history", get_history, CASE_READERS | WG_PUBLIC,
     ROW_CITY, 0, "办理经过 Every event about it, oldest first", NULL, NULL, "History"},
    {WG_METHOD_GET, "/v1/{area}/cases/{id}/explain", get_explain, CASE_READERS, ROW_CITY, 0,
     "依据说明 Why each decision fell as it did", NULL, NULL, "Reasons"},
    {WG_METHOD_GET, "/v1/{area}/cases/{id}/clock", get_case_clock, CASE_READERS, ROW_CITY, 0,
     "时限对账单 Each span counted or not, and why", NULL, NULL, "Clock"},
    {WG_METHOD_POST, "/v1/{area}/cases/{id}/{action}", post_action, 0, ROW_CITY, 0,
     "A step of the flow", NULL, "Step", "Case"},
    {WG_METHOD_GET, "/v1/{area}/tasks", get_tasks, CASE_READERS, ROW_CITY, 0,
     "待办 What waits for me, most urgent first", "limit:integer cursor:string", NULL, "Tasks"},
    {WG_METHOD_PUT, "/v1/{area}/blobs", put_blob, CASE_READERS, ROW_SPOOL, 64 * MB,
     "A photo, sound or video; stored once", NULL, "File", "Blob"},
    {WG_METHOD_GET, "/v1/{area}/blobs/{sha256}", get_blob, CASE_READERS, 0, 0, "A stored file",
     NULL, NULL, "File"},
    {WG_METHOD_GET, "/v1/{area}/events", get_events, CASE_READERS, 0, 0,
     "The journal from an entry on: JSON Lines to its end, or server-sent events, which go on, "
     "where accepted",
     "after:integer", NULL, "Events"},

    {WG_METHOD_GET, "/v1/{area}/locate", get_locate, 0, ROW_CITY, 0,
     "County, street, community, grid, parts near by, who is responsible",
     "lon:number* lat:number*", NULL, "Place"},
    {WG_METHOD_GET, "/v1/{area}/responsibility", get_responsibility, 0, ROW_CITY, 0,
     "Who answers for this, here, and by what",
     "category:string* kind:string part:string lon:number* lat:number*", NULL, "Responsibility"},
    {WG_METHOD_POST, "/v1/{area}/import/{collection}", post_import, WG_ADMIN, ROW_SPOOL, 256 * MB,
     "Base data from GeoJSON, CSV or JSON: all of it or none", NULL, "File", "Entry"},

    {WG_METHOD_GET, "/v1/{area}/rules", get_rules, 0, 0, 0, "The pack in force", NULL, NULL,
     "Rules"},
    {WG_METHOD_GET, "/v1/{area}/categories", get_categories, 0, 0, 0,
     "Classes with their condition rows", "kind:string category:string", NULL, "Categories"},
    {WG_METHOD_GET, "/v1/{area}/units", get_units, 0, 0, 0, "Responsible units", NULL, NULL,
     "Units"},
    {WG_METHOD_GET, "/v1/{area}/calendar", get_calendar, 0, 0, 0, "Which days are worked, and why",
     "from:string to:string", NULL, "Days"},
    {WG_METHOD_GET, "/v1/{area}/clock", get_clock, 0, 0, 0, "When a limit is up, span by span",
     "from:string limit:number* unit:string*", NULL, "Clock"},

    {WG_METHOD_GET, "/v1/{area}/users", get_users, WG_ADMIN, 0, 0, "Accounts", NULL, NULL, "Users"},
    {WG_METHOD_POST, "/v1/{area}/users", post_user, WG_ADMIN, 0, 0, "A new account", NULL, "User",
     "Entry"},
    {WG_METHOD_PUT, "/v1/{area}/users/{user}", put_user, WG_ADMIN, 0, 0,
     "Change an account; without a password it keeps its own; its sessions end", NULL, "User",
     "Entry"},
    {WG_METHOD_GET, "/v1/{area}/status", get_status, 0, 0, 0, "How this area does, in figures",
     NULL, NULL, "Status"},

    {WG_METHOD_GET, "/healthz", get_healthz, 0, ROW_OPEN | ROW_NO_AREA, 0, "Alive", NULL, NULL,
     "Health"},
    {WG_METHOD_GET, "/readyz", get_readyz, 0, ROW_OPEN | ROW_NO_AREA, 0, "Ready, area by area",
     NULL, NULL, "Readiness"},
    {WG_METHOD_GET, "/metrics", get_metrics, 0, ROW_OPEN | ROW_NO_AREA, 0, "Prometheus text", NULL,
     NULL, "Metrics"},
    {WG_METHOD_GET, "/api", get_api, 0, ROW_OPEN | ROW_NO_AREA, 0, "This document", NULL, NULL,
     "Any"},
};
const size_t row_count = sizeof(rows) / sizeof(rows[0]);
