namespace RepoSentry.Dashboard.Texts;

/// <summary>Why what was asked for is refused, and what the audit log says of that.</summary>
internal static class AskingSentences
{
    public static readonly Sentence[] All =
    [
        // Who may ask.
        new("The {…}: ask an admin for another.", "{0}：请向管理员索取另一个。"),
        new("session has ended", "会话已结束"),
        new("bootstrap token is another one", "引导令牌已更换"),
        new("token of the session is not known", "会话的令牌未知"),
        new("token {} was revoked", "令牌 {0} 已被吊销"),
        new("token {} has expired", "令牌 {0} 已过期"),
        new("no such token", "没有这个令牌"),
        new("{…}: sign in again with POST /api/v1/session.", "{0}：请用 POST /api/v1/session 重新登录。"),
        new("The session is not known here", "此处不认识该会话"),
        new("{} is {}, and this needs {}.", "{0} 的角色是 {1}，而此操作需要 {2}。"),
        new("needs {}", "需要 {0}"),
        new("by a session, without its anti-forgery token", "来自会话，但缺少防伪令牌"),
        new("sent by a page of another site", "由其他站点的页面发出"),
        new("Only pages of this service itself may change anything: the Origin or Sec-Fetch-Site of the request names another site. Behind a proxy, set api.public_url.", "只有本服务自己的页面可以更改：请求的 Origin 或 Sec-Fetch-Site 属于其他站点。位于代理之后时，请设置 api.public_url。"),
        new("Too many tokens from this address were wrong: nothing is tried for {#} seconds.", "来自此地址的错误令牌过多：{0} 秒内不再尝试。"),
        new("At most {} requests in {} are answered (api.rate_limit): see Retry-After.", "{1} 内最多应答 {0} 个请求（api.rate_limit）：见 Retry-After。"),
        new("Without authentication only loopback names are answered, not {}; set api.public_url, or api.auth: token.", "未启用认证时只应答环回名，不应答 {0}；请设置 api.public_url 或 api.auth: token。"),
        new("Browser sessions need security.master_key, which seals their keys in the database: set it (openssl rand -base64 32 makes one), or send the token with each request.", "浏览器会话需要 security.master_key 来封存数据库中的密钥：请设置它（openssl rand -base64 32 可生成），或在每次请求中发送令牌。"),
        new("The keys of the sessions cannot be read or stored: see /readyz for the storage.", "会话的密钥无法读取或保存：存储的情况见 /readyz。"),
        new("Tokens cannot be read yet: the database is not open.", "尚不能读取令牌：数据库还未打开。"),
        new("Only /metrics is served here.", "此处只提供 /metrics。"),

        // Forms and queries.
        new("A form here is no larger than {#} KiB.", "此处的表单不得超过 {0} KiB。"),
        new("The form cannot be read: a field holds a character that no text has, or there are too many.", "表单无法读取：有字段含有文本中不会出现的字符，或字段过多。"),
        new("The request is not one that is taken here.", "此处不接受这样的请求。"),
        new("The log of the service tells more.", "详情见服务的日志。"),
        new("The service is starting or stopping.", "服务正在启动或停止。"),
        new("The service is stopping.", "服务正在停止。"),
        new("limit is a number from 1 to {#}", "limit 是 1 到 {0} 的数字"),
        new("cursor is not one that this API gave", "cursor 不是本 API 给出的"),
        new("type is one of {}", "type 可为 {0} 之一"),
        new("status is one of {}", "status 可为 {0} 之一"),
        new("standing is one of {}", "standing 可为 {0} 之一"),
        new("outcome is one of {}", "outcome 可为 {0} 之一"),
        new("kind is one of branch, tag, pull_request", "kind 可为 branch、tag、pull_request 之一"),
        new("status is dead or superseded", "status 可为 dead 或 superseded"),
        new("sort is name or changed", "sort 可为 name 或 changed"),
        new("order is oldest or newest", "order 可为 oldest 或 newest"),
        new("span is hour or day", "span 可为 hour 或 day"),
        new("since and until are times like 2026-11-24T12:00:00Z", "since 与 until 是时间，如 2026-11-24T12:00:00Z"),

        // Repositories.
        new("There is no repository {}.", "没有仓库 {0}。"),
        new("Repository {} is not watched any more: the configuration does not name it, and no discovery lists it. What is kept of it: repo show, event list --repo.", "仓库 {0} 已不再监视：配置中没有它，自动发现也未列出。仍保留的内容见 repo show、event list --repo。"),
        new("{} is paused: {…}.", "{0} 已暂停：{1}。"),
        new("{} stays paused: {…}.", "{0} 仍为暂停：{1}。"),
        new("enabled is false in the configuration: set it to true there, which holds from the next reload on", "配置中 enabled 为 false：请在那里改为 true，下次重新加载后生效"),
        new("enabled is false in the entry that came through the API: send it again with enabled: true (PUT /api/v1/repositories/{})", "经 API 添加的条目中 enabled 为 false：请以 enabled: true 重新提交（PUT /api/v1/repositories/{0}）"),
        new("resume it", "请先恢复"),
        new("enabled is false in the configuration", "配置中 enabled 为 false"),
        new("Nothing of {} is held.", "{0} 没有被扣留的内容。"),
        new("Choose one repository or more, {#} at most, and what shall be done. {#} were chosen, and nothing was done.", "请选择一个或多个仓库（最多 {0} 个）以及要执行的操作。已选择 {1} 个，未执行任何操作。"),
        new("The change could not be stored, nothing was changed: see /readyz.", "更改未能保存，没有任何变化：见 /readyz。"),

        // Events, deliveries, triggers.
        new("There is no event {}.", "没有事件 {0}。"),
        new("There is no delivery {}.", "没有投递 {0}。"),
        new("There is no trigger {}.", "没有触发器 {0}。"),
        new("Delivery {} was delivered: to send its event once more, replay it.", "投递 {0} 已送达：如需再次发送其事件，请重放。"),
        new("Delivery {} is {}: it is tried again by itself.", "投递 {0} 处于 {1} 状态：会自动重试。"),
        new("Trigger {} is not in the configuration: nothing could send it.", "触发器 {0} 不在配置中：无法发送。"),
        new("Event {} was owed to no trigger: name one.", "事件 {0} 没有应投递的触发器：请指明一个。"),
        new("Every delivery of event {} still waits, or its trigger is not in the configuration.", "事件 {0} 的每个投递都还在等待，或其触发器不在配置中。"),
        new("{#} characters or more of a commit, or a whole id", "提交号至少 {0} 个字符，或完整的 id"),
        new("Zeros stand for no commit: a ref that came or went.", "全零不代表任何提交：表示引用新建或删除。"),
        new("Nothing recorded has to do with {}.", "没有与 {0} 有关的记录。"),

        // Tokens.
        new("name: {…}", "name：{0}"),
        new("say how the token is called", "请填写令牌的名称"),
        new("a name has up to 63 letters, digits, dots, hyphens and underscores, and is no number", "名称最多 63 个字母、数字、点、连字符与下划线，且不是纯数字"),
        new("{} stands for callers without a token in the audit log: choose another name", "{0} 在审计日志中代表没有令牌的调用者：请换一个名称"),
        new("role is one of {}", "role 可为 {0} 之一"),
        new("expires_at is a time to come like 2027-11-24T12:00:00Z, or expires_in a duration like 90d", "expires_at 是将来的时间，如 2027-11-24T12:00:00Z；expires_in 是时长，如 90d"),
        new("A token {} is in use: revoke it first, or choose another name.", "令牌 {0} 正在使用：请先吊销，或换一个名称。"),
        new("No token in use is called {}.", "没有名为 {0} 的有效令牌。"),

        // What could not be done.
        new("The audit log cannot be written, and nothing is done without it: see /readyz for the storage.", "审计日志无法写入，没有它不执行任何操作：存储的情况见 /readyz。"),
        new("Nothing was done", "未执行任何操作"),
        new("Nothing was reloaded: {…}.", "未重新加载：{0}。"),
        new("this service was not started from a file", "本服务不是从文件启动的"),
        new("it could not be stored: {…}", "未能保存：{0}"),
        new("it could not be applied: the log says why", "未能生效：原因见日志"),
    ];
}
