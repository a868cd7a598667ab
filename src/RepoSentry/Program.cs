return await RepoSentry.Cli.RootCli.InvokeAsync(args);
