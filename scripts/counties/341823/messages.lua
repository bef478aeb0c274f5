-- 泾县: texts in its own words.
return {
  urged = "案卷{id}请抓紧办理，这是第{count}次催办，三次以上报县局",
  resumed = "案卷{id}挂账已到期，自今日起恢复计时，请继续办理",
}
