-- 宁国市: a supervised case costs a unit more.
return { deductions = { supervised = 1, supervised_unanswered = 2 } }
