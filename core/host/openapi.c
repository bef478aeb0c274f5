/* The routes as OpenAPI 3.1, from the table that serves. */
#include "inside.h"

#include <stdio.h>

/* Schemas that more than one route shares, and what their fields must be. */
static const struct {
    const char *name, *json;
} schemas[] = {
    {"Any", "{\"type\":\"object\"}"},
    {"Problem", "{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\"],\"properties\":{"
                "\"type\":{\"type\":\"string\"},"
                "\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{"
                "\"type\":\"string\"},"
                "\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
                "\"pointer\":{\"type\":\"string\"},"
                "\"detail\":{\"type\":\"string\"}}}},\"allowed\":{\"type\":\"array\",\"items\":{"
                "\"type\":\"string\"}}}}"},
    {"SignIn", "{\"type\":\"object\",\"required\":[\"area\",\"user\",\"password\"],\"properties\":{"
               "\"area\":{\"type\":\"string\"},"
               "\"user\":{\"type\":\"string\"},\"password\":{\"type\":\"string\"}}}"},
    {"Session", "{\"type\":\"object\",\"properties\":{\"token\":{\"type\":\"string\"},\"expires\":{"
                "\"type\":\"string\",\"format\":"
                "\"date-time\"},\"csrf\":{\"type\":\"string\"},\"csrf_header\":{\"type\":"
                "\"string\"},\"user\":{\"type\":\"object\"},"
                "\"may\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}"},
    {"Point", "{\"type\":\"object\",\"required\":[\"type\",\"coordinates\"],\"properties\":{"
              "\"type\":{\"const\":\"Point\"},"
              "\"coordinates\":{\"type\":\"array\",\"minItems\":2,\"maxItems\":2,\"items\":{"
              "\"type\":\"number\"}}}}"},
    {"Report", "{\"type\":\"object\",\"required\":[\"kind\",\"category\",\"location\"],"
               "\"additionalProperties\":false,\"properties\":{"
               "\"kind\":{\"enum\":[\"part\",\"event\"]},\"category\":{\"type\":\"string\"},"
               "\"standard\":{\"type\":\"string\"},"
               "\"location\":{\"$ref\":\"#/components/schemas/"
               "Point\"},\"description\":{\"type\":\"string\",\"maxLength\":4000},"
               "\"address\":{\"type\":\"string\",\"maxLength\":400},\"part\":{\"type\":\"string\"},"
               "\"source\":{\"enum\":[\"collector\","
               "\"hotline\",\"public\",\"sms\",\"video\",\"vehicle\",\"leader\",\"media\","
               "\"other\"]},\"caller\":{\"type\":\"object\","
               "\"properties\":{\"name\":{\"type\":\"string\"},\"phone\":{\"type\":\"string\"}}},"
               "\"photos\":{\"type\":\"array\","
               "\"maxItems\":20,\"items\":{\"type\":\"string\"}},\"note\":{\"type\":\"string\"},"
               "\"occurred\":{\"type\":\"string\"},"

               "\"drill\":{\"type\":\"boolean\"}}}"},
    {"Step", "{\"type\":\"object\",\"properties\":{\"note\":{\"type\":\"string\"},\"photos\":{"
             "\"type\":\"array\",\"items\":{\"type\":"
             "\"string\"}},\"reason\":{\"type\":\"string\"},\"condition\":{\"type\":\"string\"},"
             "\"unit\":{\"type\":\"string\"},"
             "\"units\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
             "\"result\":{\"type\":\"string\"},\"days\":{\"type\":\"integer\"},"
             "\"until\":{\"type\":\"string\"},\"cost\":{\"type\":\"integer\"},"
             "\"into\":{\"type\":\"string\"},\"to\":{\"type\":\"string\"},"
             "\"category\":{\"type\":\"string\"},\"part\":{\"type\":\"string\"},"
             "\"address\":{\"type\":\"string\"},\"override\":{\"type\":\"string\"}}}"},
    {"Flow", "{\"type\":\"object\",\"properties\":{\"steps\":{\"type\":\"array\",\"items\":{"
             "\"type\":\"object\",\"properties\":{\"action\":{\"type\":\"string\"},\"name\":{"
             "\"type\":\"string\"},\"from\":{\"type\":\"array\"},\"to\":{},\"roles\":{\"type\":"
             "\"array\"},\"holder\":{\"type\":\"boolean\"},\"before_due\":{\"type\":"
             "\"boolean\"},\"need\":{\"type\":\"object\"},\"may\":{\"type\":"
             "\"object\"}}}}}}"},
    {"Case", "{\"type\":\"object\",\"required\":[\"id\",\"state\",\"version\",\"area\"],"
             "\"properties\":{\"id\":{\"type\":\"string\"},"
             "\"number\":{\"type\":[\"string\",\"null\"]},\"area\":{\"type\":\"string\"},"
             "\"version\":{\"type\":\"integer\"},\"standard\":"
             "{\"type\":\"string\"},\"kind\":{\"enum\":[\"part\",\"event\"]},\"category\":{"
             "\"type\":\"string\"},\"state\":{\"type\":"
             "\"string\"},\"lamp\":{\"enum\":[\"green\",\"yellow\",\"red\",\"grey\",\"blue\"]},"
             "\"unit\":{\"type\":[\"string\",\"null\"]},"
             "\"due\":{\"type\":[\"string\",\"null\"]},\"photos\":{\"type\":\"array\",\"items\":"
             "{\"$ref\":\"#/components/schemas/Photo\"}},\"location\":{\"$ref\":"
             "\"#/components/schemas/Point\"}}}"},
    {"Photo", "{\"type\":\"object\",\"properties\":{\"sha256\":{\"type\":\"string\"},"
              "\"stage\":{\"enum\":[\"before\",\"after\",\"check\",\"other\"]},\"by\":{"
              "\"type\":\"string\"},\"at\":{\"type\":\"string\"},\"type\":{\"type\":"
              "\"string\"},\"taken\":{\"type\":[\"string\",\"null\"]},\"late\":{\"type\":"
              "\"boolean\"},\"far_m\":{\"type\":\"integer\"}}}"},
    {"Cases", "{\"type\":\"object\",\"properties\":{\"cases\":{\"type\":\"array\",\"items\":{\"$"
              "ref\":\"#/components/schemas/Case\"}},"
              "\"next\":{\"type\":[\"string\",\"null\"]}}}"},
    {"Tasks", "{\"type\":\"object\",\"properties\":{\"tasks\":{\"type\":\"array\",\"items\":{\"$"
              "ref\":\"#/components/schemas/Case\"}},"
              "\"counts\":{\"type\":\"object\"},\"next\":{\"type\":[\"string\",\"null\"]}}}"},
    {"Clock", "{\"type\":\"object\",\"properties\":{\"due\":{\"type\":[\"string\",\"null\"]},"
              "\"statement\":{\"type\":\"array\",\"items\":{"
              "\"type\":\"object\",\"properties\":{\"from\":{\"type\":\"string\"},\"to\":{\"type\":"
              "\"string\"},\"counted\":{\"type\":"
              "\"boolean\"},\"why\":{\"type\":\"string\"}}}}}}"},
    {"User", "{\"type\":\"object\",\"required\":[\"user\",\"name\",\"password\",\"roles\"],"
             "\"properties\":{\"user\":{\"type\":\"string\"},"
             "\"name\":{\"type\":\"string\"},\"password\":{\"type\":\"string\",\"minLength\":8},"
             "\"roles\":{\"type\":\"array\",\"items\":{"
             "\"type\":\"string\"}},\"unit\":{\"type\":[\"string\",\"null\"]},\"streets\":{"
             "\"type\":[\"array\",\"null\"],\"maxItems\":16,\"items\":{\"type\":\"string\","
             "\"pattern\":\"^[0-9]{9}$\"},\"description\":\"on the map only what lies in "
             "these\"},\"disabled\":{\"type\":\"boolean\"}}}"},
    {"Blob", "{\"type\":\"object\",\"properties\":{\"sha256\":{\"type\":\"string\"},\"type\":{"
             "\"type\":\"string\"},\"size\":{\"type\":"
             "\"integer\"},\"taken\":{\"type\":\"string\",\"format\":\"date-time\"},"
             "\"location\":{\"$ref\":\"#/components/schemas/Point\"},\"camera\":{\"type\":"
             "\"string\"}}}"},
    {"Phase", "{\"type\":\"object\",\"required\":[\"phase\"],\"properties\":{\"phase\":{"
              "\"enum\":[\"prep\",\"build\",\"trial\",\"live\",\"extended\"]},\"note\":{\"type\":"
              "\"string\"}}}"},
    {"Job", "{\"type\":\"object\",\"required\":[\"id\",\"what\",\"state\",\"read\",\"share\"],"
            "\"properties\":{\"id\":{\"type\":\"string\"},\"state\":{\"enum\":[\"waiting\","
            "\"running\",\"done\",\"failed\"]},\"read\":{\"type\":\"integer\"},\"share\":{\"type\":"
            "\"number\"},\"result\":{\"type\":[\"object\",\"null\"]},\"problem\":{\"type\":["
            "\"object\",\"null\"]}}}"},
    {"Exemption",
     "{\"type\":\"object\",\"required\":[\"number\",\"reason\",\"until\",\"check\",\"where\"],"
     "\"properties\":{\"number\":{\"type\":\"string\"},\"reason\":{\"type\":\"string\"},"
     "\"until\":{\"type\":\"string\",\"format\":\"date\"},\"check\":{\"type\":\"string\"},"
     "\"where\":{\"type\":\"string\"}}}"},
    {"Approval", "{\"type\":\"object\",\"properties\":{\"note\":{\"type\":\"string\"},"
                 "\"migrate\":{\"type\":\"boolean\"}}}"},
    {"Key",
     "{\"type\":\"object\",\"required\":[\"key\"],\"properties\":{\"key\":{\"type\":\"string\"}}}"},
    {"Reasons", "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Reason\"}}"},
    {"Reason",
     "{\"type\":\"object\",\"description\":\"One decision. facts, pack, fired, not and again stand "
     "on "
     "the first item of each entry "
     "(seq).\",\"required\":[\"seq\",\"action\",\"decision\",\"because\","
     "\"rules\",\"clause\"],\"properties\":{\"seq\":{\"type\":\"integer\"},\"action\":{\"type\":"
     "\"string\"},\"decision\":{\"type\":\"string\"},\"value\":{},\"because\":{\"type\":\"array\","
     "\"items\":{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"},\"file\":{"
     "\"type\":\"string\"},\"line\":{\"type\":\"integer\"}}}},\"rules\":{\"type\":\"string\"},"
     "\"clause\":{\"type\":[\"object\",\"null\"],\"properties\":{\"condition\":{\"type\":"
     "\"string\"},"
     "\"text\":{\"type\":\"string\"},\"limit\":{\"type\":\"array\"},\"close\":{\"type\":["
     "\"string\","
     "\"null\"]},\"standard\":{\"enum\":[\"city\",\"county\"]},\"assumed\":{\"type\":\"boolean\"},"
     "\"source\":{\"type\":[\"object\",\"null\"]},\"campaign\":{\"type\":\"object\"}}},"
     "\"facts\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"what\":{"
     "\"type\":"
     "\"string\"},\"args\":{\"type\":\"array\"},\"answer\":{}}}},\"pack\":{\"type\":\"object\","
     "\"properties\":{\"hash\":{\"type\":[\"string\",\"null\"]},\"author\":{\"type\":[\"object\","
     "\"null\"]},"
     "\"approver\":{\"type\":[\"object\",\"null\"]},\"released\":{\"type\":[\"string\",\"null\"]},"
     "\"fenced\":{\"type\":\"boolean\"},\"answered\":{\"type\":\"string\"},\"why\":{\"type\":"
     "\"string\"}}},\"fired\":{\"type\":\"array\"},\"not\":{\"type\":\"array\",\"items\":{\"type\":"
     "\"object\"}},\"again\":{\"type\":\"boolean\"},\"error\":{\"type\":\"string\"}}}"},
    {"Entry", "{\"type\":\"object\",\"properties\":{\"entry\":{\"type\":\"integer\"}}}"},
};
#define SCHEMAS (sizeof(schemas) / sizeof(schemas[0]))

static const char *schema_of(const char *name)
{
    for (size_t i = 0; i < SCHEMAS; i++)
        if (strcmp(schemas[i].name, name) == 0)
            return name;
    return "Any";
}

static const char *media_of(const char *schema)
{
    return strcmp(schema, "File") == 0      ? "application/octet-stream"
           : strcmp(schema, "Metrics") == 0 ? "text/plain"
           : strcmp(schema, "Events") == 0  ? "text/event-stream"
                                            : "application/json";
}

static void write_content(struct wg_buf *b, const char *schema)
{
    const char *media = media_of(schema);
    wg_buf_fmt(b, "\"content\":{\"%s\":{\"schema\":", media);
    if (strcmp(media, "application/json") == 0)
        wg_buf_fmt(b, "{\"$ref\":\"#/components/schemas/%s\"}}}", schema_of(schema));
    else
        wg_buf_lit(b, "{\"type\":\"string\"}}}");
}

static void write_param(struct wg_buf *b, const char *name, size_t n, const char *in,
                        const char *type, size_t type_n, bool must)
{
    wg_json_sep(b);
    wg_buf_fmt(b,
               "{\"name\":\"%.*s\",\"in\":\"%s\",\"required\":%s,\"schema\":{\"type\":\"%.*s\"}}",
               (int)n, name, in, must ? "true" : "false", (int)type_n, type);
}

static void write_params(struct wg_buf *b, const struct row *r)
{
    wg_json_key(b, "parameters");
    wg_buf_char(b, '[');
    for (const char *p = r->pattern; (p = strchr(p, '{')); p++) {
        const char *end = strpbrk(p, "*}"); /* {rest*} is called rest */
        write_param(b, p + 1, (size_t)(end - p - 1), "path", "string", 6, true);
    }
    for (const char *q = r->query; q && *q;) {
        const char *colon = strchr(q, ':'), *end = strchr(q, ' ');
        size_t n = end ? (size_t)(end - q) : strlen(q);
        bool must = q[n - 1] == '*';
        write_param(b, q, (size_t)(colon - q), "query", colon + 1,
                    (size_t)(q + n - colon - 1) - must, must);
        q = end ? end + 1 : NULL;
    }
    wg_buf_char(b, ']');
}

static void write_operation(struct wg_buf *b, const struct row *r)
{
    static const struct {
        int method;
        const char *name;
    } methods[] = {{WG_METHOD_GET, "get"},       {WG_METHOD_POST, "post"},
                   {WG_METHOD_PUT, "put"},       {WG_METHOD_PATCH, "patch"},
                   {WG_METHOD_DELETE, "delete"}, {WG_METHOD_OPTIONS, "options"}};
    bool makes = strcmp(r->pattern, "/v1/{area}/cases") == 0 ||
                 (r->method == WG_METHOD_POST && strstr(r->pattern, "/session")) ||
                 (r->method == WG_METHOD_POST &&
                  (strstr(r->pattern, "/users") || strstr(r->pattern, "/import/")));
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (methods[i].method == r->method)
            wg_json_key(b, methods[i].name);
    wg_buf_char(b, '{');
    wg_json_kstr(b, "summary", wg_str_of(r->summary));
    write_params(b, r);
    if (r->roles) {
        wg_json_key(b, "x-roles");
        wg_roles_json(r->roles, b);
    }
    if (r->body) {
        wg_json_key(b, "requestBody");
        wg_buf_char(b, '{');
        write_content(b, r->body);
        wg_buf_char(b, '}');
    }
    wg_json_key(b, "security");
    wg_buf_str_add(b, r->flags & ROW_OPEN     ? WG_S("[]")
                      : r->flags & ROW_PUBLIC ? WG_S("[{},{\"token\":[]},{\"basic\":[]}]")
                                              : WG_S("[{\"token\":[]}]"));
    wg_json_key(b, "responses");
    wg_buf_fmt(b, "{\"%d\":{\"description\":\"done\"",
               !r->answer                                           ? 204
               : makes && r->method != WG_METHOD_GET                ? 201
               : r->method == WG_METHOD_PUT && r->flags & ROW_SPOOL ? 201
                                                                    : 200);
    if (r->answer) {
        wg_buf_char(b, ',');
        write_content(b, r->answer);
    }
    wg_buf_lit(b, "},\"default\":{\"description\":\"refused\",\"content\":{\"application/"
                  "problem+json\":{\"schema\":{\"$ref\":"
                  "\"#/components/schemas/Problem\"}}}}}}");
}

static void write_path(struct wg_buf *b, const char *pattern, const struct row *more)
{
    wg_json_sep(b);
    wg_buf_char(b, '"');
    for (const char *p = pattern; *p; p++)
        if (*p != '*')
            wg_buf_char(b, *p);
    wg_buf_lit(b, "\":{");
    for (size_t i = 0; i < row_count; i++)
        if (strcmp(rows[i].pattern, pattern) == 0)
            write_operation(b, &rows[i]);
    for (const struct row *r = more; r; r = r->more)
        if (strcmp(r->pattern, pattern) == 0)
            write_operation(b, r);
    wg_buf_char(b, '}');
}

void openapi_write(const struct row *more, struct wg_buf *b)
{
    wg_buf_lit(b, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Wangge "
                  "网格\",\"version\":\"1\",\"description\":"
                  "\"数字城管 server of a city and its counties\"},\"paths\":{");
    for (size_t i = 0; i < row_count; i++) {
        bool told = false;
        for (size_t k = 0; k < i; k++)
            told |= strcmp(rows[k].pattern, rows[i].pattern) == 0;
        if (!told)
            write_path(b, rows[i].pattern, more);
    }
    for (const struct row *r = more; r; r = r->more) {
        bool told = false;
        for (size_t k = 0; k < row_count; k++)
            told |= strcmp(rows[k].pattern, r->pattern) == 0;
        for (const struct row *k = more; k != r; k = k->more)
            told |= strcmp(k->pattern, r->pattern) == 0;
        if (!told)
            write_path(b, r->pattern, more);
    }
    wg_buf_lit(b, "},\"components\":{\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":"
                  "\"bearer\"},\"basic\":{\"type\":\"http\",\"scheme\":\"basic\"}},\"schemas\":{");
    for (size_t i = 0; i < SCHEMAS; i++) {
        wg_json_key(b, schemas[i].name);
        wg_buf_add(b, schemas[i].json, strlen(schemas[i].json));
    }
    wg_buf_lit(b, "}}}");
}

void wg_host_openapi(struct wg_buf *b)
{
    openapi_write(NULL, b);
}
