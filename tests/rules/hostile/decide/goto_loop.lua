-- Trap: a loop without a loop statement
-- handler
do ::again:: goto again end
