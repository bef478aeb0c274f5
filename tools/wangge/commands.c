/* The commands: what each takes, and the help that explains it. */
#include "wangge.h"

static const struct option report_options[] = {
    {"kind", "KIND", "part 部件 or event 事件"},
    {"category", "CODE", "class, e.g. 0110 (wangge categories)"},
    {"at", "LON,LAT", "degrees"},
    {"description", "TEXT", "what is the matter"},
    {"address", "TEXT", "where, in words"},
    {"part", "ID", "the part's code"},
    {"source", "SOURCE",
     "hotline public sms video vehicle leader media other; a collector says nothing"},
    {"photo", "FILE|SHA256", "a file to send, or one that was sent; may be repeated"},
    {"body", "FILE", "the whole report as JSON; - is standard input"},
    {"key", "KEY", "Idempotency-Key; else a random one"},
    {NULL, NULL, NULL},
};
static const struct option do_options[] = {
    {"key", "KEY", "Idempotency-Key; else a random one"},
    {"if-match", "VERSION", "only if the case is at this version"},
    {NULL, NULL, NULL},
};
static const struct option tail_options[] = {
    {"after", "N",
     "begin after this entry; 0 is the whole journal. Else: only what comes from now on"},
    {"count", "N", "stop after so many"},
    {NULL, NULL, NULL},
};
static const struct option user_options[] = {
    {"name", "NAME", "as people know them"},
    {"roles", "A,B", "roles, with commas"},
    {"unit", "ID", "a must for the role unit"},
    {"disabled", NULL, "may not sign in"},
    {NULL, NULL, NULL},
};
static const struct option replay_options[] = {
    {"audit", NULL, "decide everything again from the recorded facts, and compare"},
    {"rebuild", NULL, "fold all views anew, compare, and put the new ones in place"},
    {"config", "FILE", "the server's configuration (-c is the same)"},
    {NULL, NULL, NULL},
};
static const struct option export_options[] = {
    {"config", "FILE", "the server's configuration (-c is the same)"},
    {NULL, NULL, NULL},
};

#define ANY 64

const struct command commands[] = {
    {"login", "login AREA USER [--url URL]",
     "登录 sign in; the token is kept in a file for you alone", run_login, 2, 2,
     "  wangge login 341824 z-001\n"
     "  wangge login 341824 z-001 --url http://10.0.0.5:12319\n"
     "  pass show wangge | wangge login 341824 admin       the password as a line on standard "
     "input\n",
     NULL},
    {"logout", "logout", "退出 sign out; the token is dead at once", run_logout, 0, 0,
     "  wangge logout\n", NULL},
    {"whoami", "whoami", "我是谁 who am I, what may I do", run_whoami, 0, 0, "  wangge whoami\n",
     NULL},
    {"report", "report --kind KIND --category CODE --at LON,LAT [OPTIONS] | --body FILE",
     "上报 report a case", run_report, 0, 0,
     "  wangge report --kind event --category 0110 --at 118.594,30.065 --description 墙角散落垃圾 "
     "--photo a.jpg\n"
     "  wangge report --body report.json                   a caller's name and phone only go this "
     "way\n"
     "An open outcome (503, a broken line) is asked about once more with the same key.\n",
     report_options},
    {"cases", "cases [KEY=VALUE …]", "案卷 cases by filter", run_cases, 0, ANY,
     "Filters: state category kind unit grid part source reporter lamp from to bbox q caller; sort "
     "(opened, -opened, due),\n"
     "limit (to 1000), cursor (from the page before). state, lamp, kind and source take several, "
     "with commas.\n"
     "  wangge cases state=disposing,dispatched unit=u-cg sort=due\n"
     "  wangge cases from=2026-11-01 lamp=red limit=1000 --json\n",
     NULL},
    {"case", "case ID", "一个案卷 one case", run_case, 1, 1, "  wangge case 341824-2026-000123\n",
     NULL},
    {"history", "history ID", "办理经过 every step of a case", run_history, 1, 1,
     "  wangge history 341824-2026-000123\n", NULL},
    {"explain", "explain ID", "依据说明 why each decision fell as it did", run_explain, 1, 1,
     "  wangge explain 341824-2026-000123\n", NULL},
    {"clock", "clock ID | clock limit=N unit=UNIT [from=TIME]",
     "时限对账单 what counted and what did not", run_clock, 1, 3,
     "Units: emergency_minute emergency_hour emergency_day work_hour work_day calendar_hour.\n"
     "  wangge clock 341824-2026-000123\n"
     "  wangge clock limit=1.5 unit=work_day from=2026-09-30T16:00:00+08:00\n",
     NULL},
    {"do", "do ID ACTION [KEY=VALUE …]", "办理 take a step with a case", run_do, 2, ANY,
     "Values are texts; photos=SHA,SHA is a list, days=3 a number, key:=JSON anything else.\n"
     "  wangge do 341824-2026-000123 accept note=属实\n"
     "  wangge do 341824-2026-000123 file condition=1 --if-match 2\n"
     "  wangge do 341824-2026-000123 dispatch unit=u-cg\n"
     "  wangge do 341824-2026-000123 check result=pass photos=$(wangge put after.jpg)\n",
     do_options},
    {"tasks", "tasks [limit=N]", "待办 what waits for me, most urgent first", run_tasks, 0, 2,
     "  wangge tasks\n", NULL},
    {"locate", "locate LON LAT", "定位 which grid, whose responsibility", run_locate, 2, 2,
     "  wangge locate 118.594 30.065\n", NULL},
    {"tail", "tail [--after N] [--count N]",
     "日志 the journal as it grows; goes on after a broken line", run_tail, 0, 0,
     "  wangge tail\n"
     "  wangge tail --after 1042 --json | jq -r .do\n",
     tail_options},
    {"units", "units", "责任单位 units", run_units, 0, 0, "  wangge units\n", NULL},
    {"categories", "categories [kind=KIND] [category=CODE]",
     "类别 classes and their condition rows", run_categories, 0, 2,
     "  wangge categories kind=event\n", NULL},
    {"status", "status", "概况 how the area does, in figures", run_status, 0, 0,
     "  wangge status\n", NULL},
    {"users", "users [list] | users add|set USER --name NAME --roles A,B [--unit ID]",
     "账号 accounts (admin's)", run_users, 0, 2,
     "The password comes from the terminal or as a line on standard input. set ends the account's "
     "sessions.\n"
     "  wangge users\n"
     "  wangge users add p-002 --name 派遣员二 --roles dispatcher\n"
     "  pwgen 20 1 | wangge users add u-cg-2 --name 城管二 --roles unit --unit u-cg\n",
     user_options},
    {"import", "import COLLECTION FILE", "导入 base data: all of it or none (admin's)", run_import,
     2, 2,
     "Collections: counties streets communities grids duties parts places (.geojson, .csv), units "
     "owners (.json).\n"
     "  wangge import grids grids.geojson\n"
     "  wangge import parts parts.csv\n",
     NULL},
    {"put", "put FILE", "上传 a photo, sound or video; prints its name", run_put, 1, 1,
     "  wangge put before.jpg\n", NULL},
    {"replay", "replay --audit|--rebuild -c CONFIG [AREA …]", "重放 check a stopped server's data",
     run_replay, 0, ANY,
     "Without the server: its data folder is locked while this runs. Progress goes to standard "
     "error.\n"
     "Exit 1 where anything differs.\n"
     "  wangge replay --audit -c wangged.lua\n"
     "  wangge replay --rebuild -c wangged.lua 341824\n",
     replay_options},
    {"export", "export -c CONFIG AREA", "导出 a stopped server's journal as JSON Lines", run_export,
     1, 1,
     "Every entry of an area, oldest first, to standard output. Words, names and phones of "
     "citizens and password\n"
     "hashes are not in it: entries only name their places in the vault, which a backup must copy "
     "as well.\n"
     "  wangge export -c wangged.lua 341824 > 341824.jsonl\n",
     export_options},
    {NULL, NULL, NULL, NULL, 0, 0, NULL, NULL},
};
