namespace RepoSentry.Dashboard.Texts;

/// <summary>Health, storage, and what a reload changed or why it did not.</summary>
internal static class SystemSentences
{
    public static readonly Sentence[] All =
    [
        // What belongs together: a name and what is said of it, a message and what to do.
        new("{}: {…}", "{0}：{1}"),
        new("{…} ({…})", "{0}（{1}）"),
        new("{…} (and {#} more)", "{0}（另有 {1} 项）"),
        new("and {#} more", "另有 {0} 项"),

        // Health.
        new("{#} of {#} repositories cannot be looked at", "{1} 个仓库中有 {0} 个无法查看"),
        new("{#} of {#} repositories fail", "{1} 个仓库中有 {0} 个失败"),
        new("{#} of {#}, {} for one: {…}", "{1} 个中有 {0} 个，例如 {2}：{3}"),
        new("not open yet", "尚未打开"),
        new("Stopping", "正在停止"),
        new("the worker of trigger {} ended by itself", "触发器 {0} 的工作循环自行结束"),
        new("the {} ended by itself", "{0} 自行结束"),

        // Storage.
        new("the disk of {} is full: free some space, work goes on by itself", "{0} 所在的磁盘已满：请腾出空间，工作会自动继续"),
        new("{} is read-only: give the service write access to the file and its folder", "{0} 为只读：请给予服务对该文件及其文件夹的写权限"),
        new("the disk of {} fails ({*})", "{0} 所在的磁盘出错（{1}）"),
        new("{} is corrupt or no SQLite database: restore a backup", "{0} 已损坏或不是 SQLite 数据库：请恢复备份"),
        new("{} is corrupt or no SQLite database: restore a backup, or choose another storage.sqlite.path", "{0} 已损坏或不是 SQLite 数据库：请恢复备份，或选择其他 storage.sqlite.path"),
        new("{} cannot be opened ({*}): give the service write access to the file and its folder, or change storage.sqlite.path", "{0} 无法打开（{1}）：请给予服务对该文件及其文件夹的写权限，或更改 storage.sqlite.path"),
        new("{} is on a network file system ({}), where SQLite loses data: choose a storage.sqlite.path on a local disk", "{0} 位于网络文件系统（{1}），SQLite 在其上会丢失数据：请选择本地磁盘上的 storage.sqlite.path"),
        new("{} cannot be used ({*}): give the service write access to it, or change storage.sqlite.path", "{0} 无法使用（{1}）：请给予服务写权限，或更改 storage.sqlite.path"),
        new("{} is polled by {}: only one poller may use a SQLite file. Stop that one first, or give this one a storage.sqlite.path of its own", "{0} 正由 {1} 使用：一个 SQLite 文件只能由一个轮询进程使用。请先停止它，或为本进程设置自己的 storage.sqlite.path"),
        new("waiting for {}, which is polled by {}", "正在等待 {0}，它由 {1} 使用"),
        new("{}.lock cannot be written ({*}): give the service write access to the folder, or change storage.sqlite.path", "{0}.lock 无法写入（{1}）：请给予服务对该文件夹的写权限，或更改 storage.sqlite.path"),
        new("{} cannot be used: {*}", "{0} 无法使用：{1}"),
        new("{} has schema {#}, this executable knows {#}: it was written by a newer version; run that one, or restore a backup made before the upgrade", "{0} 的结构版本为 {1}，本程序只认识到 {2}：它由更新的版本写入；请运行该版本，或恢复升级前的备份"),
        new("{} is a database of another program: choose another storage.sqlite.path", "{0} 是其他程序的数据库：请选择其他 storage.sqlite.path"),
        new("the database is closed", "数据库已关闭"),

        // Reload, and configuration that is not in force.
        new("trigger {} added", "新增触发器 {0}"),
        new("trigger {} changed", "更改触发器 {0}"),
        new("trigger {} removed", "移除触发器 {0}"),
        new("provider {} added", "新增平台 {0}"),
        new("provider {} changed", "更改平台 {0}"),
        new("provider {} removed", "移除平台 {0}"),
        new("repository {} added", "新增仓库 {0}"),
        new("repository {} changed", "更改仓库 {0}"),
        new("repository {} removed", "移除仓库 {0}"),
        new("discovery {} added", "新增自动发现 {0}"),
        new("discovery {} changed", "更改自动发现 {0}"),
        new("discovery {} removed", "移除自动发现 {0}"),
        new("{} {*} -> {*}", "{0} 由 {1} 改为 {2}"),
        new("{…}: the configuration before stays in force", "{0}：之前的配置继续生效"),
        new("a change of the configuration could not be stored: {…}", "配置的更改未能保存：{0}"),
        new("a change of the configuration could not be applied: the log says why", "配置的更改未能生效：原因见日志"),
        new("{…} of the file are gone from it: that is not taken over while the service runs", "文件中的{0}都不见了：服务运行期间不予采用"),
        new("all {#} repositories", "全部 {0} 个仓库"),
        new("all {#} discoveries", "全部 {0} 个自动发现"),
        new("all {#} triggers", "全部 {0} 个触发器"),
        new("if the file was cut, write it whole; if it is meant, restart the service", "如果文件被截断，请完整写入；如果确有此意，请重新启动服务"),
        new("security.master_key {…}; nothing is sealed with it, and the next start fails", "security.master_key {0}；不会用它封存，且下次启动会失败"),
        new("needs at least {#} characters in each line", "每行至少需要 {0} 个字符"),
        new("{…}; without it the next start fails", "{0}；缺少它则下次启动会失败"),
        new("{…}; without it those who are signed in have to sign in again", "{0}；缺少它则已登录者须重新登录"),
        new("{…} sealed with the key {}, which is no line of security.master_key as it is now (it has {}): put it back as a line of its own", "{0}由密钥 {1} 封存，它已不是 security.master_key 中的一行（现有 {2}）：请将其作为单独一行放回"),
        new("tokens of repositories that came through the API are", "通过 API 添加的仓库的令牌"),
        new("keys of browser sessions are", "浏览器会话的密钥"),
    ];
}
