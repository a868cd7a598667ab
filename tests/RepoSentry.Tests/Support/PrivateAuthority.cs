using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RepoSentry.Tests.Support;

/// <summary>An authority that no machine trusts, and a server's certificate for localhost by it.</summary>
internal sealed record PrivateAuthority(X509Certificate2 Server, string CaFile) : IDisposable
{
    public static PrivateAuthority Create()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=Test authority", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var root = rootRequest.CreateSelfSigned(from, to);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(root, from, to, [1, 2, 3, 4]);
        using var paired = issued.CopyWithPrivateKey(key);
        var caFile = Path.GetTempFileName();
        File.WriteAllText(caFile, root.ExportCertificatePem());
        return new PrivateAuthority(X509CertificateLoader.LoadPkcs12(paired.Export(X509ContentType.Pkcs12), null), caFile);
    }

    public void Dispose()
    {
        Server.Dispose();
        File.Delete(CaFile);
    }
}
