namespace RepoSentry.Dashboard.Texts;

/// <summary>Why an event waits or was given up, what halts a trigger, and what Tekton made of it.</summary>
internal static class DeliverySentences
{
    public static readonly Sentence[] All =
    [
        // Why a delivery waits.
        new("attempt {#} is under way", "第 {0} 次尝试正在进行"),
        new("the configuration no longer has trigger {}: it becomes a dead letter", "配置中已没有触发器 {0}：将成为死信"),
        new("the service is stopping: it is sent after the next start", "服务正在停止：下次启动后发送"),
        new("the trigger is paused ({…}): it is sent when somebody resumes it", "触发器已暂停（{0}）：恢复后发送"),
        new("the breaker is open, {…}; a probe goes every {#} s, and what waits follows the first that arrives", "断路器已打开，{0}；每 {1} 秒探测一次，第一次送达后继续发送等待中的事件"),
        new("one older event of this ref goes first: {…}", "此引用有一个更早的事件先发送：{0}"),
        new("{#} older events of this ref go first; of the oldest: {…}", "此引用有 {0} 个更早的事件先发送；其中最早的：{1}"),
        new("it is being sent", "正在发送"),
        new("it is about to be sent", "即将发送"),
        new("attempt {#} failed ({…}); the next one {…}", "第 {0} 次尝试失败（{1}）；下一次{2}"),
        new("is due", "已到期"),
        new("is at {}", "在 {0}"),
        new("as many others are being sent as max_in_flight allows: {#}", "正在发送其他 {0} 个，已达 max_in_flight 的上限"),
        new("it is one of {#} that take their turn, {#} a second (requests_per_second)", "它是依次发送的 {0} 个之一，每秒 {1} 个（requests_per_second）"),

        // What halts a trigger.
        new("paused by an operator", "由操作者暂停"),
        new("the receiver fails", "接收方出错"),
        new("the receiver fails: {…}", "接收方出错：{0}"),
        new("the receiver answered 410 Gone", "接收方应答 410 Gone"),
        new("the receiver refused {#} deliveries in a row for good: look at their answers, then resume", "接收方连续彻底拒绝了 {0} 个投递：请查看其应答，然后恢复"),
        new("trigger {} was removed from the configuration", "触发器 {0} 已从配置中移除"),

        // Errors of attempts.
        new("given up after retry.max_age {}: {…}", "超过 retry.max_age {0} 后放弃：{1}"),
        new("the trigger failed: {}", "触发器内部出错：{0}"),
        new("410 Gone: the receiver is gone for good", "410 Gone：接收方已永久消失"),
        new("{#}: redirects are not followed; set the trigger's url to {*}", "{0}：不跟随重定向；请将触发器的 url 设为 {1}"),
        new("{#} {*}: no answer text", "{0} {1}：没有应答正文"),
        new("the host name cannot be resolved: {…}", "主机名无法解析：{0}"),
        new("TLS failed: {…} (a private authority goes into ca_file)", "TLS 失败：{0}（私有颁发机构请写入 ca_file）"),
        new("the receiver does not answer in HTTP", "接收方没有以 HTTP 应答"),
        new("the receiver sends more headers than fit", "接收方发来的响应头过多"),
        new("the receiver closed the connection without an answer", "接收方未应答就关闭了连接"),
        new("not sent: the value of {} has a line break, which a header cannot carry", "未发送：{0} 的值含有换行，请求头不能携带"),
        new("not sent: what follows whsec_ in the secret is not base64", "未发送：密钥中 whsec_ 之后的内容不是 base64"),
        new("cut by a stop of the service before the answer came", "服务停止，在应答到达之前中断"),
        new("cut by a stop of the service before it ended", "服务停止，在其结束之前中断"),
        new("no answer within {#} s", "{0} 秒内没有应答"),
        new("not run: there is no program {}", "未运行：没有程序 {0}"),
        new("not run: {} is no program (a script begins with a line such as #!/bin/sh)", "未运行：{0} 不是程序（脚本应以 #!/bin/sh 这样的一行开头）"),
        new("not run: {*}", "未运行：{0}"),
        new("killed: it did not end within {#} s", "已终止：{0} 秒内没有结束"),
        new("exit code {#}: no output", "退出码 {0}：没有输出"),
        new("exit code {#}: {*}", "退出码 {0}：{1}"),
        new("ended by signal {#}: no output", "被信号 {0} 结束：没有输出"),
        new("ended by signal {#}: {*}", "被信号 {0} 结束：{1}"),
        new("it ended, and its exit code went elsewhere", "已结束，但未取得退出码"),

        // What Tekton made of it.
        new("the EventListener failed: it does not say why", "EventListener 失败：未说明原因"),
        new("the EventListener failed: {*}", "EventListener 失败：{0}"),
        new("the EventListener created its objects; no run has reported yet", "EventListener 已创建对象；尚无运行报告状态"),
        new("accepted but nothing ran: no trigger of the EventListener matched, or an interceptor refused (look at its log for this eventID)", "已接受但没有运行：EventListener 没有匹配的触发器，或被拦截器拒绝（请在其日志中查找此 eventID）"),
        new("the EventListener read it; what came of it is not known", "EventListener 已读取；后续结果未知"),
    ];
}
