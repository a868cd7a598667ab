namespace RepoSentry.SystemTests.Support;

/// <summary>A private certificate authority and one server certificate from it, made by openssl.</summary>
internal static class TestAuthority
{
    /// <summary>Writes <c>ca.pem</c>, <c>server.pem</c> and <c>server.key</c>.</summary>
    public static void Create(string folder)
    {
        string[] key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        OpenSsl(folder, ["req", "-x509", .. key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority"]);
        OpenSsl(folder, ["req", .. key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"]);
        File.WriteAllText(Path.Combine(folder, "names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
        OpenSsl(folder, ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem"]);
    }

    private static void OpenSsl(string folder, string[] arguments) => TestGit.Run("openssl", folder, arguments);
}
