namespace RepoSentry.Dashboard.Texts;

/// <summary>What kinds, rules and triggers say of a repository, a ref or an event.</summary>
internal static class RuleSentences
{
    public static readonly Sentence[] All =
    [
        // Kinds of refs.
        new("no {…} are watched: the repository names none", "未监视{0}：仓库没有指明"),
        new("not looked at yet", "尚未查看"),
        new("{#} {…} are watched; this process has not seen the list in full yet, for the forge says that nothing is new", "监视 {0} 个{1}；平台称没有变化，本进程尚未看到完整列表"),
        new("watches {#} of {#} {…} in the last answer", "监视上次应答中 {1} 个{2}里的 {0} 个"),
        new("{…}; a look by Git asks only for names that begin with {*}, so others are not in its answer", "{0}；以 Git 查看时只请求以 {1} 开头的名字，其余不在应答中"),
        new("{…}; the server itself cannot read {}: they count as neither moved nor gone", "{0}；服务器自己也无法读取 {1}：既不算移动，也不算消失"),
        new("{…}; the server itself cannot read {} and {#} more: they count as neither moved nor gone", "{0}；服务器自己也无法读取 {1} 等，另有 {2} 个：既不算移动，也不算消失"),

        // Triggers.
        new("gets nothing from here: the repository names other triggers ({})", "不从这里接收：仓库指明了其他触发器（{0}）"),
        new("gets nothing from here: its events match no type that this repository can fire", "不从这里接收：其 events 与此仓库可能触发的类型都不符"),
        new("gets nothing of this ref: it is not watched", "不接收此引用：它未被监视"),
        new("will get the next one: nothing has happened yet", "将接收下一个事件：尚无变化"),
        new("did not get the last event: {}, for {…}", "未接收上一个事件：{0}，{1}"),
        new("did not get the last event: {} is not among its events", "未接收上一个事件：{0} 不在其 events 之列"),
        new("did not get the last event: it was not owed to it when it happened", "未接收上一个事件：发生时并不应投递给它"),
        new("has the last event", "已收到上一个事件"),
        new("has the last event ({})", "已收到上一个事件（{0}）"),
        new("gave the last event up: {…}", "已放弃上一个事件：{0}"),
        new("passed the last event over for a newer one", "跳过上一个事件，改发更新的"),
        new("waits to send the last event again: {…}", "等待重发上一个事件：{0}"),
        new("is about to send the last event", "即将发送上一个事件"),
        new("is sending the last event", "正在发送上一个事件"),
        new("has not sent the last event: {…}", "尚未发送上一个事件：{0}"),
        new("{…}; it is paused, so events wait ({…})", "{0}；触发器已暂停，事件在等待（{1}）"),
        new("{…}; events wait ({…})", "{0}；事件在等待（{1}）"),
        new("it is paused, so events wait ({…})", "触发器已暂停，事件在等待（{0}）"),
        new("events wait ({…})", "事件在等待（{0}）"),

        // Rules, and what they keep back.
        new("nothing has happened yet", "尚无变化"),
        new("kept the last event from every trigger: {…}", "拦下了上一个事件，未发往任何触发器：{0}"),
        new("was not decisive for the last event: {} was", "未决定上一个事件：由 {0} 决定"),
        new("is not asked about {}", "不适用于 {0}"),
        new("let the last event pass", "放行了上一个事件"),
        new("let the last event pass, for its {…} could not be learnt", "放行了上一个事件，因为未能获知其{0}"),
        new("files", "文件"),
        new("title", "标题"),
        new("message", "提交说明"),
        new("author", "作者"),
        new("the message of {} has \"{*}\"", "{0} 的提交说明含有 \"{1}\""),
        new("the title of {…} has \"{*}\"", "{0} 的标题含有 \"{1}\""),
        new("pull request {#}", "拉取请求 {0}"),
        new("pull request {#} is by {*}, whom \"{*}\" names", "拉取请求 {0} 的作者是 {1}，符合 \"{2}\""),
        new("{} is by {*}, whom \"{*}\" names", "{0} 的作者是 {1}，符合 \"{2}\""),
        new("no file differs", "没有文件变化"),
        new("none of the {#} changed files matches {*}: {*}", "{0} 个变化的文件都不匹配 {1}：{2}"),
        new("{*} has changed this ref {#} times within {#} minutes, again and again after a delivery", "{0} 在 {2} 分钟内更改此引用 {1} 次，一再发生在投递之后"),

        // The tester of rules.
        new("watched: open, at {}", "已监视：打开状态，位于 {0}"),
        new("not watched: pull_requests is false", "未监视：pull_requests 为 false"),
        new("not among those watched: closed, for a branch that branches does not name{…}", "不在监视之列：已关闭，或目标分支不在 branches 中{0}"),
        new(", or from a fork (pull_requests: forks watches those too)", "，或来自 fork（pull_requests: forks 时也监视）"),
        new("not watched: Git allows no such name", "未监视：Git 不允许这样的名字"),
        new("not watched: it is neither a branch nor a tag nor a pull request", "未监视：它既不是分支、标签，也不是拉取请求"),
        new("watched: only exclusions are named, and none matches", "已监视：只指明了排除项，且都不匹配"),
        new("watched: {} matches", "已监视：匹配 {0}"),
        new("not watched: {} excludes it", "未监视：被 {0} 排除"),
        new("not watched: no pattern matches", "未监视：没有匹配的模式"),
        new("{…}; its deletion is held", "{0}；其删除已被扣留"),
        new("{…}, as a tag; a branch of that name is watched too", "{0}（作为标签）；同名的分支也被监视"),
        new("{…}, as a tag; a branch of that name is not watched", "{0}（作为标签）；同名的分支不被监视"),
        new("{…}; the last look did not see it", "{0}；上次查看没有看到它"),
        new("{…}; at {}", "{0}；位于 {1}"),
    ];
}
