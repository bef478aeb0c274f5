-- 宣州区: texts in its own words.
return {
  supervised = "案卷{id}被督办，请于当日回复办理情况",
  overdue = "案卷{id}已超期，责任单位{unit}，请立即办结",
}
