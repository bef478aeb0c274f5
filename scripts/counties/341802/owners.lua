-- 宣州区: vending and parking are the streets'.
return {
  { kind = "event", category = "0499", by = { "territory", "class" } },
  { kind = "event", category = "04", by = { "class", "territory" } },
}
