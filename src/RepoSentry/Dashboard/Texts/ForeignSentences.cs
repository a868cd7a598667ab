namespace RepoSentry.Dashboard.Texts;

/// <summary>What .NET and the operating system say of connections; and what is a server's own, which stays as it is.</summary>
internal static class ForeignSentences
{
    public static readonly Sentence[] All =
    [
        new("{#} {}: {*}", null),
        new("{#} : {*}", null),
        new("Connection refused ({})", "连接被拒绝（{0}）"),
        new("Connection refused", "连接被拒绝"),
        new("Connection timed out ({})", "连接超时（{0}）"),
        new("Connection timed out", "连接超时"),
        new("Connection reset by peer", "连接被对方重置"),
        new("Broken pipe", "连接已断开"),
        new("No route to host ({})", "没有到主机的路由（{0}）"),
        new("No route to host", "没有到主机的路由"),
        new("Network is unreachable ({})", "网络不可达（{0}）"),
        new("Network is unreachable", "网络不可达"),
        new("Name or service not known ({})", "名字或服务未知（{0}）"),
        new("Name or service not known", "名字或服务未知"),
        new("Resource temporarily unavailable ({})", "资源暂时不可用（{0}）"),
        new("Temporary failure in name resolution", "名字解析暂时失败"),
        new("The response ended prematurely. (ResponseEnded)", "应答提前结束。(ResponseEnded)"),
        new("An error occurred while sending the request. ({…})", "发送请求时出错。（{0}）"),
        new("An error occurred while sending the request.", "发送请求时出错。"),
        new("Unable to read data from the transport connection: {…}.", "无法从连接读取数据：{0}。"),
        new("Unable to write data to the transport connection: {…}.", "无法向连接写入数据：{0}。"),
        new("The remote certificate is invalid because of errors in the certificate chain: {*}", "远端证书无效，证书链有误：{0}"),
        new("The remote certificate is invalid according to the validation procedure: {*}", "远端证书未通过验证：{0}"),
    ];
}
