-- What rules see beyond plain Lua: `wangged --api` lists it, scripts/README.md explains it.
stds.wangge = {
  read_globals = {
    "county", "extend", "standard", "step", "require", "propose", "set", "ask", "order", "notify", "refuse",
    "pairs", "ipairs", "type", "tostring", "tonumber", "error", "assert", "select", "fill",
    math = { fields = { "abs", "min", "max", "floor", "tointeger" } },
    string = { fields = { "len", "sub", "upper", "lower", "reverse", "byte", "char", "rep", "find", "has", "starts", "ends",
                          "format" } },
    table = { fields = { "insert", "remove", "concat", "sort", "unpack" } },
    utf8 = { fields = { "len", "char" } },
  },
}
std = "wangge"
max_line_length = 130
