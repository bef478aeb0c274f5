-- 郎溪县: what nobody wants to own. One try next door, then someone decides.
local city = require "341800.rules"

return {
  -- 退回: the first time the unit next door, as in the city; what has been sent back before goes to a dispute at once.
  send_back = function(case, ctx)
    if case.send_backs < 1 then return city.on.send_back(case, ctx) end
    return propose { dispute = true, because = "第" .. case.send_backs + 1 .. "次退回，不再改派，转争议裁定" }
  end,
}
