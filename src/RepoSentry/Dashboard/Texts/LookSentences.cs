namespace RepoSentry.Dashboard.Texts;

/// <summary>When a look is made, why then, what looks may spend, and what a repository's own state is.</summary>
internal static class LookSentences
{
    public static readonly Sentence[] All =
    [
        // Why the next look is when it is.
        new("never looked at: at once", "从未查看过：立即查看"),
        new("it was never looked at: at once", "从未查看过：立即查看"),
        new("the service has started: its place in the interval", "服务已启动：按其在间隔中的位置"),
        new("its configuration was changed", "其配置已更改"),
        new("the forge asked credential {} to wait", "平台要求凭据 {0} 等待"),
        new("the forge asked to wait", "平台要求等待"),
        new("the forge asked its credential to wait", "平台要求其凭据等待"),
        new("the last look failed ({…}): try {#} of {#}", "上次查看失败（{0}）：第 {1} 次尝试，共 {2} 次"),
        new("the last look could not be stored", "上次查看的结果未能保存"),
        new("looks fail ({#} in a row)", "查看连续失败 {0} 次"),
        new("asked for while a look was under way", "查看进行中又被请求"),
        new("the forge has archived it: looked at each polling.max_interval", "平台已将其归档：每隔 polling.max_interval 查看一次"),
        new("its own polling_interval", "自己的 polling_interval"),
        new("polling.interval", "polling.interval 间隔"),
        new("{…}, {#} times as long: the budget of credential {} is short", "{0}，拉长为 {1} 倍：凭据 {2} 的配额不足"),
        new("an operator asked for it", "操作者要求查看"),
        new("an operator resumed it", "操作者已恢复"),
        new("credential {} waits {} more ({…})", "凭据 {0} 还需等待 {1}（{2}）"),
        new("{…}; Git is asked in its place: {…}", "{0}；改用 Git 查看：{1}"),
        new("{…}; a look at {} is made for it too: they watch the same remote", "{0}；对 {1} 的查看也用于它：它们监视同一远程"),
        new("{…}; Git as fallback: {…}", "{0}；改用 Git 也未成功：{1}"),
        new("the pushes of {} are listed about every {#} s, and whatever is listed is looked at at once", "约每 {1} 秒列出一次 {0} 的推送，列出的仓库立即查看"),
        new("the adaptive policy expects {#} changes a day just now{…}: its turn is about {#} s after its last look", "自适应策略预计目前每天有 {0} 次变化{1}：约在上次查看 {2} 秒后轮到它"),

        // What looks may spend.
        new("repositories with a polling_interval of their own want {#} looks a second where there are {#}: each waits {#} times as long", "有自己 polling_interval 的仓库每秒需查看 {0} 次，只有 {1} 次可用：各自等待 {2} 倍的时间"),
        new("each repository of credential {} has an interval of its own", "凭据 {0} 的每个仓库都有自己的间隔"),
        new("polling.interval of {} is kept for all {#} of credential {}", "凭据 {2} 的全部 {1} 个仓库都能保持 polling.interval {0}"),
        new("polling.interval of {} is kept for all {#} of credential {}, looked at {#} at a time", "凭据 {2} 的全部 {1} 个仓库都能保持 polling.interval {0}，每次同时查看 {3} 个"),
        new(", looked at {#} at a time", "，每次同时查看 {0} 个"),
        new(", priority {#}", "，优先级 {0}"),
        new("credential {} has {#} looks a second where polling.interval needs {#}: they are spread{…}, nobody waits longer than {}", "凭据 {0} 每秒可查看 {1} 次，polling.interval 需要 {2} 次：查看被摊开{3}，等待不超过 {4}"),
        new("credential {} has {#} looks a second where polling.interval needs {#}: they are spread{…}, nobody waits longer than {}, which is beyond polling.max_interval", "凭据 {0} 每秒可查看 {1} 次，polling.interval 需要 {2} 次：查看被摊开{3}，等待不超过 {4}，已超出 polling.max_interval"),
        new("credential {} has a share of {#} of what polling.interval needs: nobody waits longer than {}", "凭据 {0} 只有 polling.interval 所需的 {1}：等待不超过 {2}"),
        new("credential {} has a share of {#} of what polling.interval needs: nobody waits longer than {}, which is beyond polling.max_interval", "凭据 {0} 只有 polling.interval 所需的 {1}：等待不超过 {2}，已超出 polling.max_interval"),
        new("the forge lists the pushes of {#} owners with {#} repositories, and what it does not list (deletions, tags) is seen within {}", "平台列出 {0} 个所有者、{1} 个仓库的推送；未列出的（删除、标签）在 {2} 内发现"),
        new("{#} whose looks fail are tried beside them", "另有 {0} 个查看失败的仓库在旁重试"),

        // What is held, and other notices.
        new("{#} of {#} {…} are missing since {}: their deletions are held until three equal looks over ten minutes, or `reposentry repo release {}`", "{1} 个{2}中有 {0} 个自 {3} 起不见了：其删除已被扣留，直到十分钟内三次查看结果相同，或执行 `reposentry repo release {4}`"),
        new("branches", "分支"),
        new("tags", "标签"),
        new("pull requests", "拉取请求"),
        new("pull requests are not looked at while Git stands in for the forge's interface: {…}", "Git 代替平台接口期间不查看拉取请求：{0}"),
        new("{} was changed {#} times within {#} minutes by {*}, again and again after a delivery: does a pipeline start itself? Name its author in ignore_authors, or a text of its messages in skip_messages{…}", "{0} 在 {2} 分钟内被 {3} 更改 {1} 次，一再发生在投递之后：流水线是否在触发自己？请将其作者写入 ignore_authors，或将其提交说明中的文字写入 skip_messages{4}"),
        new("; until then what {*} does there is recorded and not delivered, until {#} minutes are quiet", "；在此之前，{0} 在那里的更改只记录、不投递，直到安静 {1} 分钟"),
        new("no complete answer within polling.timeout of {#} s", "在 polling.timeout 的 {0} 秒内没有完整的应答"),
        new("the filter needs too long for a ref name of {#} characters: simplify the globs or branch_regex", "过滤规则处理 {0} 个字符的引用名耗时过长：请简化通配符或 branch_regex"),

        // Discovery.
        new("{#} of {#} repositories are gone at once: that is believed when three listings over ten minutes agree ({#} so far), and they are watched until then", "{1} 个仓库中有 {0} 个同时消失：十分钟内三次列表一致才予采信（目前 {2} 次），在此之前继续监视"),
        new("what was listed could not be stored: {…}", "列出的结果未能保存：{0}"),
        new("listing failed in a way that was not expected: the log says why", "列出仓库时出现意外失败：原因见日志"),
        new("provider \"{}\" cannot list repositories", "平台 \"{0}\" 不能列出仓库"),
        new("the globs of include and exclude need too long for the name {}: simplify them", "include 与 exclude 的通配符处理名字 {0} 耗时过长：请简化"),
        new("{} has no \"{}\" whose repositories this credential may list: check the name, and what the token may read", "{0} 上没有此凭据可列出其仓库的 \"{1}\"：请检查名字以及令牌可读取的范围"),
        new("{} tells of {#} repositories and listed {#}: no complete listing", "{0} 称有 {1} 个仓库，却只列出 {2} 个：列表不完整"),
    ];
}
