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
    {"streets", "CODE,CODE", "on the map only what lies in these; else all"},
    {"disabled", NULL, "may not sign in"},
    {NULL, NULL, NULL},
};
static const struct option replay_options[] = {
    {"audit", NULL, "decide everything again from the recorded facts, and compare"},
    {"rebuild", NULL, "fold all views anew, compare, and put the new ones in place"},
    {"config", "FILE", "the server's configuration (-c is the same)"},
    {NULL, NULL, NULL},
};
static const struct option config_options[] = {
    {"config", "FILE", "the server's configuration (-c is the same)"},
    {NULL, NULL, NULL},
};
static const struct option export_options[] = {
    {"config", "FILE", "of a county whole: the server's configuration (-c is the same)"},
    {"crs", "CODE", "of a collection: the system of the file, as an EPSG code; else 4490"},
    {NULL, NULL, NULL},
};
static const struct option topology_options[] = {
    {"out", "FILE", "the whole report as GeoJSON, for a map"},
    {NULL, NULL, NULL},
};

static const struct option import_options[] = {
    {"preview", NULL, "check everything, tell what would change, change nothing"},
    {"from", "DATE", "in force from this day on, today or before; else from now on"},
    {"key", "KEY", "Idempotency-Key; else a random one"},
    {"crs", "CODE",
     "what its places are in: an EPSG code, gcj02 or bd09; else degrees of CGCS2000, or as it "
     "says"},
    {"strict", NULL,
     "refuse gaps, overlaps and what lies outside of the county; else they are told"},
    {"layer", "NAME", "of a file with several"},
    {"encoding", "NAME", "of its texts, where the file does not say, e.g. GBK"},
    {"id", "FIELD", "the field that is the id; else id or code"},
    {"name", "FIELD", "the field that is the name; else name"},
    {NULL, NULL, NULL},
};
static const struct option tenant_options[] = {
    {"note", "TEXT", "why, for the record"},
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
     "  wangge do 341824-2026-000123 check result=pass photos=$(wangge put after.jpg)\n"
     "  wangge do 341824-2026-000123 countersign units:='[\"u-sz\",\"u-yl\"]'\n"
     "The standard flow (a county may add to it: wangge flow; holder: of the unit that has the "
     "case):\n"
     "  ACTION           步骤      WHO                       FROM                            "
     "NEEDS\n"
     "  ask_verify       核实      acceptor                  reported\n"
     "  verify           核实反馈  collector                 verifying                       "
     "result=yes|no|unclear\n"
     "  accept           受理      acceptor                  reported\n"
     "  reject           不予受理  acceptor                  reported                        "
     "reason\n"
     "  file             立案      chief                     accepted                        "
     "condition\n"
     "  refuse           不予立案  chief                     accepted                        "
     "reason\n"
     "  dispatch         派遣      dispatcher                filed returned disputed         unit\n"
     "  acknowledge      签收      unit (holder)             dispatched\n"
     "  send_back        退回      unit (holder)             dispatched disposing            "
     "reason\n"
     "  refuse_send_back 退回不准  dispatcher                returned                        "
     "reason\n"
     "  dispute          争议      unit (holder) dispatcher  dispatched disposing returned   "
     "[reason]\n"
     "  decide           裁定      coordinator               disputed                        unit\n"
     "  transfer         转办      unit (holder)             dispatched disposing            unit\n"
     "  countersign      会签      dispatcher                dispatched disposing            "
     "units\n"
     "  defer            延期      unit (holder)             disposing, before it is due     days\n"
     "  suspend          挂账      dispatcher                disposing                       "
     "until\n"
     "  proxy            代整改    dispatcher                dispatched disposing disputed   unit "
     "[cost]\n"
     "  grant / deny     同意      whom asked.of names       where something is asked        deny: "
     "reason\n"
     "  resume           恢复      dispatcher leader         suspended\n"
     "  dispose          处置反馈  unit (holder)             disposing\n"
     "  ask_check        核查      acceptor                  disposed\n"
     "  check            核查反馈  collector                 checking                        "
     "result=pass|fail|unclear\n"
     "  close            结案      chief                     checked\n"
     "  supervise        督办      leader chief              any open state\n"
     "  reply            督办回复  unit (holder)             any open state with an order    "
     "[note]\n"
     "  urge             催办      dispatcher                any open state\n"
     "  void             作废      chief                     any open state once filed       "
     "reason\n"
     "  merge / split    合并拆分  acceptor chief            any open state / merged         "
     "merge: into\n"
     "  withdraw         撤回      who took the last step    until the next is taken\n"
     "  add_evidence     附加证据  who deals with it         any open state                  "
     "photos or note\n"
     "  correct          更正      chief                     any open state, closed          "
     "[category condition part address]\n"
     "  callback         回访      acceptor                  closed, of a citizen            "
     "result=satisfied|dissatisfied|unreachable\n"
     "  appeal           申诉      unit (holder)             closed and late, once\n"
     "  uphold / dismiss 申诉结果  two reviewers             closed with an appeal\n"
     "  handover         移交      chief                     any open state                  "
     "to=AREA\n"
     "  receive          接收      chief of that county      handed over to it\n"
     "Every action takes note=TEXT and photos=SHA,SHA.\n",
     do_options},
    {"flow", "flow [ACTION]", "流程 the county's steps: who may, from which state, what is needed",
     run_flow, 0, 1, "  wangge flow\n  wangge flow defer\n", NULL},
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
    {"users",
     "users [list] | users add|set USER --name NAME --roles A,B [--unit ID] [--streets CODE,CODE]",
     "账号 accounts (admin's)", run_users, 0, 2,
     "The password comes from the terminal or as a line on standard input. set ends the account's "
     "sessions.\n"
     "  wangge users\n"
     "  wangge users add p-002 --name 派遣员二 --roles dispatcher\n"
     "  pwgen 20 1 | wangge users add u-cg-2 --name 城管二 --roles unit --unit u-cg\n",
     user_options},
    {"import", "import COLLECTION FILE [OPTIONS]", "导入 base data: all of it or none (admin's)",
     run_import, 2, 2,
     "Collections: counties streets communities grids duties parts places (.geojson, .geojsons, "
     ".csv), units people\n"
     "(.json, .csv), owners (.json). Every bad row is named, and then nothing is taken over.\n"
     "Layers also as .shp .gpkg .fgb .tab .mif .kml, or a .zip with one of them: GDAL's ogr2ogr "
     "(package gdal-bin) reads "
     "it here\n"
     "and turns it into degrees. GCJ-02 and BD-09 are turned by the server, and the edition says "
     "so.\n"
     "  wangge import grids grids.geojson\n"
     "  wangge import parts parts.csv --preview            what it would change\n"
     "  wangge import units units.csv --from 2026-11-01\n"
     "  wangge import grids 网格.zip --id BGCODE --name BGNAME --encoding GBK\n"
     "  wangge import parts survey.gpkg --layer 井盖 --crs 4549\n"
     "  wangge import places amap.csv --crs gcj02\n",
     import_options},
    {"editions", "editions COLLECTION", "版本 what of base data is and was in force", run_editions,
     1, 1, "  wangge editions parts\n", NULL},
    {"undo", "undo COLLECTION", "撤销 the edition before comes back into force (admin's)", run_undo,
     1, 1, "Undone by the same command.\n  wangge undo parts\n", NULL},
    {"quality", "quality", "数据质量 what is wrong with base data as a whole", run_quality, 0, 0,
     "  wangge quality\n"
     "  wangge quality --json | jq '.checks[] | select(.count > 0)'\n",
     NULL},
    {"topology", "topology COLLECTION [--out FILE.geojson]",
     "拓扑 gaps, overlaps, what lies outside of the county", run_topology, 1, 1,
     "Of counties, streets, communities, grids, parts, places, as they are in force: how many, how "
     "large, and the first "
     "of them.\n"
     "  wangge topology grids\n"
     "  wangge topology grids --out spots.geojson\n",
     topology_options},
    {"tenant", "tenant [PHASE] [--note TEXT]",
     "阶段 a county's phase; the city's admin moves it on", run_tenant, 0, 1,
     "Phases: prep 前期, build 建设, trial 试运行, live 正式, extended 扩面; one step at a time.\n"
     "  wangge tenant --area 341825\n"
     "  wangge tenant trial --area 341825 --note 试运行三个月\n",
     tenant_options},
    {"rules", "rules SUBCOMMAND [FOLDER] [OPTIONS]",
     "规则 a county's rules: check, compare, try, release", run_workshop, 1, ANY,
     "wangge rules help names the subcommands. FOLDER is scripts/counties/AREA, where it lies.\n"
     "  wangge rules check scripts/counties/341824\n",
     rules_options},
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
    {"export", "export COLLECTION FILE [--crs CODE] | export -c CONFIG AREA [FILE.tar]",
     "导出 a collection for a GIS; a county whole, or its journal as JSON Lines", run_export, 1, 2,
     "COLLECTION, as it is in force, from the server's map: .gpkg .shp .fgb .csv (by GDAL's "
     "ogr2ogr, package gdal-bin), "
     ".geojson,\n"
     ".geojsonl; all of it or no file.\n"
     "With FILE.tar: journal, blobs and vault, for adopt or as a backup; keep it as you keep the "
     "vault: words, names and\n"
     "phones of citizens and password hashes are in it. Without: every entry, oldest first, to "
     "standard output; there\n"
     "they are not. The server may run meanwhile.\n"
     "  wangge export parts parts.gpkg\n"
     "  wangge export grids 网格.shp --crs 4549\n"
     "  wangge export -c wangged.lua 341824 341824.tar\n"
     "  wangge export -c wangged.lua 341824 > 341824.jsonl\n",
     export_options},
    {"adopt", "adopt -c CONFIG FILE.tar", "接收 a county that export wrote, into a stopped server",
     run_adopt, 1, 1,
     "The area must stand in the configuration and have no folder yet. Everything is checked "
     "before "
     "it is in place: blobs\n"
     "by their content, the chain of entries, each decision again.\n"
     "  wangge adopt -c other.lua 341824.tar\n",
     config_options},
    {"clone", "clone -c CONFIG AREA NEWAREA", "复制 a new county after a template's", run_clone, 2,
     2,
     "Takes over units (posts without their holders), owners and the pack of rules; no cases, no "
     "people, no places. The new\n"
     "county begins in prep. Its scripts are a copy in scripts/counties/NEWAREA: what is edited "
     "there is its own.\n"
     "  wangge clone -c wangged.lua 341824 341822\n",
     config_options},
    {NULL, NULL, NULL, NULL, 0, 0, NULL, NULL},
};
