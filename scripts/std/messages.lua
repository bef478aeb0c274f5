-- What is told to units and people. A city or county words a text anew under the same name; {…} are the values that it may
-- use, no others.
return {
  overdue = "案卷{id}超期未办结，责任单位{unit}",
  overdue_order = "超期自动督办",
  proxy_notice = "案卷{id}拟由{unit}代整改，费用由你单位承担",
  proxy_task = "案卷{id}由你单位代整改",
  supervised = "案卷{id}被督办，须回复",
  urged = "案卷{id}请抓紧办理（第{count}次催办）",
  resumed = "案卷{id}挂账到期，恢复办理",
  stage_late = "案卷{id}本环节超时",
}
