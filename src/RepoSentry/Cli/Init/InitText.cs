using System.Text;
using RepoSentry.Configuration;

namespace RepoSentry.Cli.Init;

/// <summary>The answers as a commented configuration.</summary>
internal static class InitText
{
    public static string Of(InitAnswers answers)
    {
        var text = new StringBuilder(GoConversion.SchemaLine).Append('\n')
            .Append("# Written by `reposentry init`. `reposentry validate` checks it; the service takes changes over while it runs.\n")
            .Append("# Secrets stand here as references only: ${NAME}, env:NAME, file:PATH, k8s:namespace/name#key, vault:path#key.\n\n")
            .Append("# Who asks the API: any address but a loopback one asks for a token (reposentry token create).\n")
            .Append("api:\n  listen: ").Append(Quoted(answers.Listen)).Append("\n\n")
            .Append("# No repository waits longer than this for its next look, while the forge's limit allows.\n")
            .Append("polling:\n  interval: ").Append(YamlText.Scalar(answers.Interval)).Append("\n\n")
            .Append("# One entry for each forge and credential; the first that matches a repository's URL is used.\n")
            .Append("providers:\n  - name: ").Append(answers.Type).Append("\n    type: ").Append(answers.Type).Append("\n    url: ").Append(Quoted(answers.ForgeUrl)).Append('\n');
        text.Append(answers.Token is { } token ? $"    token: {Quoted(token)}\n" : "    # token: \"${GITHUB_TOKEN}\"   # none: public repositories only, and few requests an hour\n").Append('\n')
            .Append("# Where pushes go: a Tekton EventListener, in the shape that its forge would have sent.\n")
            .Append("tekton:\n  event_listener_url: ").Append(Quoted(answers.Listener)).Append('\n')
            .Append(answers.Secret is { } secret ? $"  secret: {Quoted(secret)}\n" : "  # secret: \"${WEBHOOK_SECRET}\"   # none: the EventListener cannot tell who sends\n").Append('\n')
            .Append("# What is watched. In globs * stops at a slash, ** does not, a leading ! excludes. The first look is a silent baseline.\nrepositories:\n");
        foreach (var (name, url) in answers.Named())
        {
            text.Append("  - name: ").Append(YamlText.Scalar(name)).Append("\n    url: ").Append(Quoted(url)).Append("\n    branches: [").AppendJoin(", ", answers.Branches.Select(Quoted)).Append("]\n    tags: []   # [\"v*\"] fires for tags too\n");
        }

        return text.ToString();
    }

    private static string Quoted(string text) => YamlText.Quoted(text);
}
