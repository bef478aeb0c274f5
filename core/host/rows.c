/* The route table: what serves is what the OpenAPI document lists. */
#include "inside.h"

#define MB (1u << 20)

#define RULE_READERS \
    (WG_RULE_AUTHOR | WG_RULE_APPROVER | WG_ADMIN | WG_LEADER | WG_CHIEF | WG_AUDITOR)

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
    {WG_METHOD_PUT, "/v1/{area}/blobs", put_blob,
     CASE_READERS | WG_PUBLIC | WG_ADMIN | WG_RULE_AUTHOR, ROW_SPOOL, MB,
     "A photo, sound or video, known by its content; stored once", NULL, "File", "Blob"},
    {WG_METHOD_GET, "/v1/{area}/blobs/{sha256}", get_blob,
     CASE_READERS | WG_PUBLIC | WG_ADMIN | WG_RULE_AUTHOR | WG_RULE_APPROVER, 0, 0,
     "A stored file, or a range of it, for who may see a case that names it", NULL, NULL, "File"},
    {WG_METHOD_GET, "/v1/{area}/events", get_events, CASE_READERS, 0, 0,
     "The journal from an entry on: JSON Lines to its end, or server-sent events, which go on, "
     "where accepted",
     "after:integer", NULL, "Events"},

    {WG_METHOD_GET, "/v1/{area}/locate", get_locate, 0, ROW_CITY, 0,
     "County, street, community, grid, parts near by, who is responsible; at: on that day",
     "lon:number* lat:number* at:string", NULL, "Place"},
    {WG_METHOD_GET, "/v1/{area}/responsibility", get_responsibility, 0, ROW_CITY, 0,
     "Who answers for this, here, and by what; at: on that day",
     "category:string* kind:string part:string lon:number* lat:number* at:string", NULL,
     "Responsibility"},
    {WG_METHOD_POST, "/v1/{area}/import/{collection}", post_import, WG_ADMIN, ROW_SPOOL, 256 * MB,
     "导入 Base data from GeoJSON, GeoJSON Text Sequences, CSV or JSON: all of it or none. "
     "preview=1 changes nothing; strict=1 refuses gaps, overlaps and what lies outside of the "
     "county; crs says what the places are in (4549, gcj02, bd09; else degrees "
     "of "
     "CGCS2000). With Prefer: respond-async, 202 and a job",
     "preview:string from:string crs:string strict:string", "File", "Imported"},
    {WG_METHOD_GET, "/v1/{area}/editions/{collection}", get_editions, READERS | WG_ADMIN, 0, 0,
     "版本 Editions of base data, the newest first", NULL, NULL, "Editions"},
    {WG_METHOD_POST, "/v1/{area}/editions/{collection}/undo", post_undo, WG_ADMIN, 0, 0,
     "撤销 The edition before comes into force again; that can be undone, too", NULL, NULL,
     "Imported"},
    {WG_METHOD_GET, "/v1/{area}/quality", get_quality, WG_ADMIN | WG_LEADER | WG_CHIEF, 0, 0,
     "数据质量 What is wrong with base data as a whole. With Prefer: respond-async, 202 and a job",
     NULL, NULL, "Quality"},
    {WG_METHOD_GET, "/v1/{area}/topology/{collection}", get_topology,
     WG_ADMIN | WG_LEADER | WG_CHIEF, 0, 0,
     "拓扑检查 Gaps, overlaps and what lies outside of the county, as GeoJSON: the first 1,000 "
     "spots "
     "and how many there are. With Prefer: respond-async, 202 and a job",
     NULL, NULL, "Topology"},
    {WG_METHOD_GET, "/v1/{area}/jobs/{job}", get_job,
     WG_ADMIN | WG_LEADER | WG_CHIEF | WG_RULE_AUTHOR | WG_RULE_APPROVER, 0, 0,
     "A job that was asked for: how far it is, what came of it", NULL, NULL, "Job"},
    {WG_METHOD_GET, "/v1/{area}/people", get_people, WG_ADMIN, 0, 0,
     "人员 People, with or without an account", NULL, NULL, "People"},
    {WG_METHOD_GET, "/v1/{area}/tenant", get_tenant, 0, 0, 0,
     "阶段 In which phase the county is, since when, and what it lacks", NULL, NULL, "Tenant"},
    {WG_METHOD_POST, "/v1/{area}/tenant", post_tenant, WG_ADMIN, ROW_BY_CITY, 0,
     "The county goes on to its next phase: by the city's admin", NULL, "Phase", "Entry"},

    {WG_METHOD_GET, "/v1/{area}/rules", get_rules, 0, 0, 0,
     "The pack in force: hash, since when, who wrote and who approved it; rules that failed", NULL,
     NULL, "Rules"},
    {WG_METHOD_POST, "/v1/{area}/rules", post_rules, WG_RULE_AUTHOR, ROW_SPOOL, 8 * MB,
     "草案 A draft: a tar of the county's folder, tried step by step; kept by its hash, or refused "
     "with file, line and reason. With Prefer: respond-async, 202 and a job",
     "note:string hash:string", "File", "Draft"},
    {WG_METHOD_GET, "/v1/{area}/rules/calendar", get_rules_calendar, RULE_READERS, 0, 0,
     "The national calendar that the server goes by, as standards/calendar.json is", NULL, NULL,
     "Any"},
    {WG_METHOD_GET, "/v1/{area}/rules/drafts", get_drafts, RULE_READERS, 0, 0,
     "草案 Drafts, and how far each came", NULL, NULL, "Drafts"},
    {WG_METHOD_GET, "/v1/{area}/rules/releases", get_releases, RULE_READERS, 0, 0,
     "发布记录 All that came into force, and who signed it", NULL, NULL, "Releases"},
    {WG_METHOD_POST, "/v1/{area}/rules/rollback", post_rollback,
     WG_RULE_AUTHOR | WG_RULE_APPROVER | WG_ADMIN, 0, 0,
     "回滚 The release before comes back into force", NULL, NULL, "Released"},
    {WG_METHOD_POST, "/v1/{area}/rules/backtest", post_backtest,
     WG_RULE_AUTHOR | WG_RULE_APPROVER | WG_LEADER, ROW_SPOOL, 8 * MB,
     "回测 Recorded decisions under a draft (a tar in the body, or hash): what would have been "
     "otherwise, case by case and in sum. Accept, or as: json, csv, html. With Prefer: "
     "respond-async, 202 and a job",
     "from:string to:string hash:string as:string", "File", "Backtest"},
    {WG_METHOD_GET, "/v1/{area}/rules/exemptions", get_exemptions, RULE_READERS, 0, 0,
     "豁免 What the city lets this county do otherwise, and until when", NULL, NULL, "Exemptions"},
    {WG_METHOD_POST, "/v1/{area}/rules/exemptions", post_exemption, WG_RULE_APPROVER, ROW_BY_CITY,
     0,
     "豁免 By the city's approver: {number, reason, until, check, where}, as the guard named them; "
     "the same number again changes it",
     NULL, "Exemption", "Entry"},
    {WG_METHOD_PUT, "/v1/{area}/rules/key", put_key, WG_RULE_AUTHOR | WG_RULE_APPROVER, 0, 0,
     "My own key, with which I sign from now on: {\"key\": \"ed25519:…\"}", NULL, "Key", "Entry"},
    {WG_METHOD_DELETE, "/v1/{area}/rules/keys/{user}", delete_key, WG_ADMIN, 0, 0,
     "Somebody's key is taken away; they may give another", NULL, NULL, "Entry"},
    {WG_METHOD_GET, "/v1/{area}/rules/{hash}", get_draft, RULE_READERS, 0, 0,
     "A draft or a revision, with the report of its checks", NULL, NULL, "Draft"},
    {WG_METHOD_GET, "/v1/{area}/rules/{hash}/files", get_rules_files, RULE_READERS, 0, 0,
     "Its files: {area, city, files: [[name, text]]}", NULL, NULL, "Bundle"},
    {WG_METHOD_GET, "/v1/{area}/rules/{hash}/migration", get_migration, RULE_READERS, 0, 0,
     "迁移预览 What would become of each running case under these rules", NULL, NULL, "Migration"},
    {WG_METHOD_POST, "/v1/{area}/rules/{hash}/approve", post_approve, WG_RULE_APPROVER, 0, 0,
     "批准 By another person than its author: swapped in whole between two commands. {note, "
     "migrate}: "
     "with migrate, running cases go along",
     NULL, "Approval", "Released"},
    {WG_METHOD_GET, "/v1/{area}/flow", get_flow, 0, 0, 0,
     "标准流程 Each step: who may take it, from which state, and what it needs", NULL, NULL,
     "Flow"},
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
