-- 郎溪县: a small centre's bulletin comes later in the month.
return { bulletin = { day = 8 } }
