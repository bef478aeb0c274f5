/** Behind trace.c: a file of rules as a tracer sees it: which functions it has, which branches, and
 * where an outcome is made or returned. Read from its text, for compiled code does not say so. */
#ifndef WG_RULES_TRACE_H
#define WG_RULES_TRACE_H

#include "rules/state.h"

enum branch_kind { BRANCH_IF, BRANCH_ELSEIF, BRANCH_ELSE, BRANCH_LOOP };

struct branch {
    enum branch_kind kind;
    int func, parent;           /**< the branch around it in the same function; -1: none */
    int chain;                  /**< of an else or elseif: the branch before it; -1 */
    int line, then_line;        /**< of its first word, and of then or do */
    int first, last;            /**< lines of its body; first 0: it is empty */
    bool target, leaves;        /**< an outcome is made or returned in it; it has a return */
    struct wg_str head;         /**< "if … then" */
    uint64_t no_at, yes_at;     /**< when it last was false, or true; 0: never */
    struct wg_buf now, no, yes; /**< members of the values then */
};

/** Where an outcome is made (propose{…} …) or something is returned. */
struct target {
    int func, branch; /**< branch: the innermost one around it; -1: none */
    int line, last;
    bool maker, hit;
    struct wg_str text;
};

struct function {
    int line, last;
    bool ran, handler;
    int exit; /**< the branch that its last call came back from; -1 */
};

struct source {
    struct wg_str name, text;
    const char *lua; /**< Lua's own name of it: the same text, the same address */
    struct function *func;
    struct branch *branch;
    struct target *target;
    size_t funcs, branches, targets, func_cap, branch_cap, target_cap;
    bool failed;
    struct source *next;
};

/** Read it; false: out of memory. The branches' buffers are the caller's: source_done. */
bool source_read(struct source *s, struct wg_arena *a);
void source_done(struct source *s);

/** The values of the names in its condition, where the hook is, go to b->now. trace_values.c */
void branch_values(lua_State *L, lua_Debug *ar, struct branch *b);

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_TEXT, TOKEN_OTHER };
struct token {
    enum token_kind kind;
    struct wg_str s;
    int line;
};
struct lexer {
    const char *p, *end;
    int line;
};
struct token token_next(struct lexer *l);
static inline bool token_is(const struct token *t, const char *s)
{
    return t->kind != TOKEN_TEXT && wg_str_is(t->s, s);
}
bool token_reserved(const struct token *t);

#endif
