-- Trap: the string table through table.insert
table.insert(string, 1)
