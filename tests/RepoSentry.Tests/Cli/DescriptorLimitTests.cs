using RepoSentry.Cli;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Cli;

public sealed class DescriptorLimitTests
{
    [Theory]
    [InlineData("Max open files            256                  256                  files     ", true)]
    [InlineData("Max open files            1024                 524288               files     ", false)]
    [InlineData("Max open files            unlimited            unlimited            files     ", false)]
    [InlineData("Max processes             1                    1                    processes ", false)]
    public void A_limit_of_open_files_that_is_too_low_is_told_beforehand(string line, bool problem) =>
        (DescriptorLimit.Problem(["Limit                     Soft Limit           Hard Limit           Units     ", line]) is not null).ShouldBe(problem);

    [Fact]
    public void This_process_has_enough() => DescriptorLimit.Problem().ShouldBeNull();
}
