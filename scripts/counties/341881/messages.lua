-- 宁国市: texts in its own words.
return { stage_late = "案卷{id}本环节已超时，请立即办理" }
